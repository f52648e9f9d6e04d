"""Who is a member, judged in the past of each block."""

import itertools

import pytest

from credimus.lace.block import Block
from credimus.state.events import MemberAdmitted, MemberLeft
from credimus.state.operations import Admit, Assert, Found, Leave
from strategies import FOUND, GENESIS, MEMBERS, SIGNERS, Replica, make_block

SAID = [Assert(1, "it rains", "general", 5)]
NEW, NEWCOMER = SIGNERS[4], MEMBERS[4]
ADMITS = Admit(NEW.public, "new", "")


def agreed(*blocks: Block) -> Replica:
    """The state that every order of arrival gives."""
    replicas = [Replica().take_all([GENESIS, *order]) for order in itertools.permutations(blocks)]
    assert len({one.state.fingerprint() for one in replicas}) == 1
    assert all(one.outcomes == replicas[0].outcomes for one in replicas)
    return replicas[0]


def members(replica: Replica) -> set[bytes]:
    """Everybody in the roster now."""
    return set(replica.state.roster.current.by_id)


def test_the_genesis_names_the_fleet_and_its_first_members() -> None:
    roster = agreed().state.roster
    assert (roster.fleet_name, roster.founder) == ("test fleet", MEMBERS[0])
    assert set(roster.current.by_id) == set(MEMBERS[:4])
    assert roster.current.by_id[MEMBERS[1]].admitted_by == MEMBERS[0]


def test_any_member_admits_and_from_then_on_the_new_one_writes() -> None:
    admits = make_block(SIGNERS[2], [ADMITS], None, [GENESIS])
    first = make_block(NEW, SAID, None, [admits])
    early = make_block(NEW, SAID, None, [GENESIS])
    replica = agreed(admits, first, early)
    assert NEWCOMER in members(replica)
    assert replica.outcomes[first.id] == "taken"
    assert replica.outcomes[early.id] == "not-a-member", "its own past did not know it"


def test_who_left_writes_no_more_but_what_is_concurrent_counts() -> None:
    leaves = make_block(SIGNERS[1], [Leave("tired")], None, [GENESIS])
    after = make_block(SIGNERS[1], SAID, leaves)
    beside = make_block(SIGNERS[1], SAID, None, [GENESIS])
    replica = agreed(leaves, after, beside)
    assert MEMBERS[1] not in members(replica)
    assert replica.outcomes[after.id] == "not-a-member"
    assert replica.outcomes[beside.id] == "taken"


def test_an_admission_that_the_leaver_had_not_seen_wins_over_leaving() -> None:
    one = make_block(SIGNERS[1], [Admit(NEW.public, "one", "")], None, [GENESIS])
    other = make_block(SIGNERS[2], [Admit(NEW.public, "other", "")], None, [GENESIS])
    leaves = make_block(NEW, [Leave("")], None, [one])
    assert agreed(one, other, leaves).state.roster.current.by_id[NEWCOMER].name == "other"
    later = make_block(NEW, SAID, leaves, [other])
    assert agreed(one, other, leaves, later).outcomes[later.id] == "taken"


def test_admitting_a_member_says_nothing_so_its_leaving_stands() -> None:
    leaves = make_block(SIGNERS[1], [Leave("")], None, [GENESIS])
    again = make_block(SIGNERS[2], [Admit(SIGNERS[1].public, "back", "")], None, [GENESIS])
    assert MEMBERS[1] not in members(agreed(leaves, again))


def test_of_two_admissions_the_newer_by_stamp_is_shown() -> None:
    one = make_block(SIGNERS[1], [Admit(NEW.public, "one", "")], None, [GENESIS])
    other = make_block(
        SIGNERS[2], [Admit(NEW.public, "other", "")], None, [GENESIS],
        header_stamp=one.header.stamp + 1,
    )  # fmt: skip
    assert agreed(one, other).state.roster.current.by_id[NEWCOMER].name == "other"
    third = make_block(NEW, [Admit(NEW.public, "third", "here:1")], None, [one, other])
    known = agreed(one, other, third).state.roster.current.by_id[NEWCOMER]
    assert (known.name, known.address, known.admitted_by) == ("third", "here:1", NEWCOMER)


def test_nobody_renames_or_moves_another_member() -> None:
    founder = Admit(SIGNERS[0].public, "mallory", "mallory.example:1")
    newcomer = Admit(NEW.public, "again", "mallory.example:2")
    lies = make_block(SIGNERS[1], [founder, ADMITS, newcomer], None, [GENESIS])
    again = make_block(SIGNERS[2], [newcomer, founder], None, [lies])
    roster = agreed(lies, again).state.roster.current
    assert (roster.by_id[MEMBERS[0]].name, roster.by_id[MEMBERS[0]].address) == ("n0", "")
    assert (roster.by_id[NEWCOMER].name, roster.by_id[NEWCOMER].address) == ("new", "")
    assert roster.by_id[NEWCOMER].admitted_by == MEMBERS[1]


def test_who_left_may_be_admitted_anew_by_anybody() -> None:
    leaves = make_block(SIGNERS[1], [Leave("")], None, [GENESIS])
    back = make_block(SIGNERS[2], [Admit(SIGNERS[1].public, "back", "")], None, [leaves])
    assert agreed(leaves, back).state.roster.current.by_id[MEMBERS[1]].name == "back"


def test_many_admissions_of_one_block_make_one_view() -> None:
    keys = [number.to_bytes(32, "big") for number in range(1_000)]
    admits = make_block(SIGNERS[1], [Admit(key, "", "") for key in keys], None, [GENESIS])
    replica = Replica().take_all([GENESIS, admits])
    assert len(members(replica)) == 1_004
    assert len(replica.state.roster._interned) == 3, "nobody, the genesis and this"


def test_both_branches_of_a_forked_admission_stay() -> None:
    one = make_block(SIGNERS[1], [Admit(NEW.public, "one", "")], None, [GENESIS])
    other = make_block(SIGNERS[1], [Admit(SIGNERS[5].public, "two", "")], None, [GENESIS])
    both = make_block(SIGNERS[2], SAID, None, [one, other])
    fourth = make_block(NEW, SAID, None, [both])
    fifth = make_block(SIGNERS[5], SAID, None, [both])
    replica = agreed(one, other, both, fourth, fifth)
    assert {replica.outcomes[block.id] for block in (fourth, fifth)} == {"taken"}
    assert {NEWCOMER, MEMBERS[5]} <= members(replica)


def test_a_founder_that_founds_twice_gives_one_name() -> None:
    again = make_block(
        SIGNERS[0], [Found("second", FOUND.nonce, FOUND.public_key, "", "", FOUND.left_out_max)],
        header_stamp=GENESIS.header.stamp - 1,
    )  # fmt: skip
    replicas = [Replica().take_all(order) for order in ((GENESIS, again), (again, GENESIS))]
    assert {one.state.roster.fleet_name for one in replicas} == {"second"}
    assert len({one.state.fingerprint() for one in replicas}) == 1


@pytest.mark.parametrize("signer", SIGNERS[4:])
def test_a_stranger_can_not_admit_itself(signer: object) -> None:
    block = make_block(signer, [Admit(signer.public, "me", "")], None, [GENESIS])
    replica = agreed(block)
    assert replica.outcomes[block.id] == "not-a-member"
    assert len(members(replica)) == 4


def test_changes_are_told() -> None:
    replica = Replica().take_all([GENESIS])
    admitted = replica.take(make_block(SIGNERS[2], [ADMITS], None, [GENESIS]))
    assert [e.node for one in admitted for e in one.events if isinstance(e, MemberAdmitted)] == [
        NEWCOMER
    ]
    left = replica.take(make_block(SIGNERS[1], [Leave("")], None, [GENESIS]))
    assert [e.node for one in left for e in one.events if isinstance(e, MemberLeft)] == [MEMBERS[1]]


def test_a_view_is_that_of_the_past_of_its_block() -> None:
    admits = make_block(SIGNERS[2], [ADMITS], None, [GENESIS])
    beside = make_block(SIGNERS[1], SAID, None, [GENESIS])
    replica = agreed(admits, beside)
    roster, lace = replica.state.roster, replica.lace
    assert NEWCOMER in roster.view(lace.place(admits.id))
    assert NEWCOMER not in roster.view(lace.place(beside.id))
    assert roster.current.to_bytes() == roster.view(lace.place(admits.id)).to_bytes()
