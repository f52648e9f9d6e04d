"""When a member vouches for all, and who does."""

from credimus.kernel.effects import Effects
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import SECOND, Instant, Now
from credimus.protocol.vouching.choosing import Task, task_of
from credimus.protocol.vouching.interface import MembersChanged, SayTogether, VouchingConfig
from credimus.protocol.vouching.machine import Vouching
from credimus.state.member_operations import AdmissionRule, Appoint, Charter, Powers, Vouch
from credimus.state.operations import Admit, Leave, Publish
from member_decisions import IDS, KEYS, History

CONFIG = VouchingConfig(turn_ns=10 * SECOND)


def fleet(count: int = 6, charter: Charter | None = None) -> History:
    """The founder admitted all others, one by one."""
    history = History(*([charter] if charter else []))
    for number in range(1, count):
        for by in range(min(number, 1 if charter is None else charter.quorum)):
            history.admit(by, number)
    return history


def task(history: History, who: int, scattered_max: int = 3) -> Task | None:
    return task_of(history.state, history.lace, [IDS[who]], scattered_max)


def whom(found: Task | None) -> set[NodeId]:
    assert found is not None
    return {
        next(one for one, key in zip(IDS, KEYS, strict=True) if key.public == said.public_key)
        for said in found.operations
        if isinstance(said, Vouch)
    }


def at(s: float) -> Now:
    return Now(Instant(round(s * SECOND)), 0)


def vouching(history: History, *own: int) -> Vouching:
    ids = [IDS[one] for one in own]
    machine = Vouching(CONFIG, history.state, history.lace, ids)
    assert machine.deadline() is None
    machine.handle(MembersChanged(), at(100))
    return machine


def test_who_admitted_last_vouches_for_all_others_at_once() -> None:
    history = fleet()
    machine = vouching(history, 0)
    assert machine.deadline() == at(100).instant
    (said,) = machine.tick(at(100)).emit
    assert isinstance(said, SayTogether)
    assert said.author == IDS[0]
    assert [one.name for one in said.operations if isinstance(one, Vouch)] == [
        f"n{IDS.index(node)}" for node in sorted(IDS[1:6])
    ]
    history.say(0, *said.operations)
    assert machine.deadline() == at(110).instant
    assert not machine.tick(at(110))
    assert machine.deadline() is None, "nothing is left to do"
    history.admit(4, 6)
    history.vouch(0, 1, 2, 3, 4, 5)
    history.admit(4, 7)
    assert task(history, 4) is None, "two stand by themselves"
    history.say(1, Leave(""))
    history.vouch(0, 2, 3)
    for place, who in enumerate((4, 0, 2, 3)):
        found = task(history, who, scattered_max=1)
        assert found is not None
        assert found.rank == place


def test_the_next_waits_for_the_one_before() -> None:
    history = fleet()
    machine = vouching(history, 2)
    assert not machine.tick(at(100))
    assert machine.deadline() == at(120).instant, "the third in turn"
    machine.handle(MembersChanged(), at(115))
    assert machine.deadline() == at(115).instant, "its turn may have come"
    assert not machine.tick(at(115))
    (said,) = machine.tick(at(120)).emit
    assert whom(Task(said.author, 0, said.operations, 5)) == {IDS[one] for one in (1, 3, 4, 5)}
    other = vouching(history, 3)
    other.tick(at(100))
    history.vouch(0, 1, 2, 3, 4, 5)
    assert not other.tick(at(130))
    assert other.deadline() is None


def test_who_proposes_vouches_before_though_it_is_not_its_turn() -> None:
    history = fleet()
    machine = vouching(history, 2)
    (said,) = machine.proposing(at(100)).emit
    assert whom(Task(said.author, 0, said.operations, 5)) == {IDS[one] for one in (1, 3, 4, 5)}
    history.say(2, *said.operations)
    assert not machine.proposing(at(101)).emit
    assert machine.tick(at(110)) == Effects()
    assert machine.deadline() is None


def test_who_proposes_waits_for_others_where_few_blocks_admit_all() -> None:
    history = History()
    history.say(0, *(Admit(KEYS[one].public, f"n{one}", "") for one in range(1, 6)))
    assert task(history, 2) is not None
    assert not vouching(history, 2).proposing(at(100)).emit


def test_what_could_not_be_written_is_said_again() -> None:
    machine = vouching(fleet(), 0)
    assert machine.tick(at(100)).emit
    assert not machine.tick(at(105)).emit
    assert machine.tick(at(110)).emit


def test_few_members_are_left_as_they_are() -> None:
    assert task(fleet(4), 0) is None
    assert task(fleet(5), 0) is not None


def test_it_is_said_again_when_enough_have_changed() -> None:
    history = fleet(5)
    history.vouch(0, 1, 2, 3, 4)
    assert task(history, 0) is None
    history.say(1, Leave(""))
    for number in (5, 6):
        history.admit(0, number)
    history.say(2, Admit(KEYS[2].public, "renamed", ""))
    assert task(history, 0) is None, "three stand by themselves"
    history.admit(0, 7)
    assert whom(task(history, 0)) == {IDS[one] for one in (2, 3, 4, 5, 6, 7)}
    assert task(history, 0, scattered_max=4) is None


def test_a_word_under_a_wrong_name_does_not_count() -> None:
    history = fleet()
    history.say(1, *(Vouch(KEYS[one].public, "mallory") for one in (2, 3, 4, 5)))
    assert task(history, 0) is not None


def test_when_the_founder_has_left_the_oldest_goes_first() -> None:
    history = fleet()
    history.say(0, Leave(""))
    assert [task(history, one).rank for one in (1, 2, 5)] == [0, 1, 4]  # type: ignore[union-attr]
    assert task(history, 0) is None


def test_who_may_not_admit_does_not_vouch() -> None:
    history = fleet(6, Charter(AdmissionRule.FOUNDER))
    assert task(history, 0) is not None
    assert task(history, 1) is None
    history = fleet()
    history.expose(1, 0)
    assert task(history, 0) is None, "exposed"
    assert task(history, 1).rank == 0  # type: ignore[union-attr]


def test_what_a_member_may_say_is_said_with_it() -> None:
    history = fleet(7, Charter(AdmissionRule.FOUNDER))
    history.vouch(0, 1, 2, 3, 4, 5, 6)
    assert task(history, 0, scattered_max=0) is None
    limited = Powers(vote=False)
    history.say(0, Appoint(KEYS[3].public, "n3", "", limited))
    found = task(history, 0, scattered_max=0)
    assert found is not None
    words = [one for one in found.operations if isinstance(one, Vouch)]
    assert [one.powers for one in words if one.public_key == KEYS[3].public] == [limited]
    assert {one.powers for one in words if one.public_key != KEYS[3].public} == {None}
    history.say(0, *found.operations)
    assert task(history, 0, scattered_max=0) is None


def test_who_may_not_say_everything_vouches_for_nobody() -> None:
    """Readers would not take more from it than it may say itself."""
    history = fleet()
    history.say(0, Appoint(KEYS[6].public, "n6", "", Powers(expel=False)))
    assert task(history, 6) is None
    assert task(history, 1) is not None


def test_under_a_quorum_as_many_vouch() -> None:
    history = fleet(6, Charter(AdmissionRule.QUORUM, 2))
    assert [task(history, one).rank for one in range(4)] == [0, 0, 1, 2]  # type: ignore[union-attr]
    history.vouch(0, 1, 2, 3, 4, 5)
    assert task(history, 0) is None
    assert [task(history, one).rank for one in (1, 2)] == [0, 1]  # type: ignore[union-attr]
    history.vouch(2, 1, 3, 4, 5)
    assert task(history, 1) is None


def test_under_a_quorum_the_founder_goes_first_and_tells_the_electorate() -> None:
    history = fleet(6, Charter(AdmissionRule.QUORUM, 2))
    for by in (2, 3):
        history.admit(by, 6)
    history.decide(0, 1, 2, 3, 4, 5, 6)
    found = [task(history, who) for who in (0, 3, 2)]
    assert [one.rank for one in found if one] == [0, 0, 2]
    assert [isinstance(one.operations[-1], Publish) for one in found if one] == [True, False, True]


def test_more_are_vouched_for_than_one_may_admit_in_a_day() -> None:
    history = History(Charter(AdmissionRule.MEMBERS, per_day=3))
    for by, number in ((0, 1), (0, 2), (0, 3), (1, 4), (1, 5)):
        history.admit(by, number)
    assert whom(task(history, 1)) == {IDS[one] for one in (2, 3, 4, 5)}  # and the founder


def test_the_electorate_of_all_is_published_once_more() -> None:
    history = fleet()
    assert not any(isinstance(one, Publish) for one in task(history, 0).operations)  # type: ignore[union-attr]
    history.decide(0, 1, 2, 3, 4, 5)
    *words, last = task(history, 0).operations  # type: ignore[union-attr]
    assert isinstance(last, Publish)
    assert {one.member for one in last.electors} == set(IDS[:6])
    assert all(isinstance(one, Vouch) for one in words)
    history.admit(0, 6)
    assert isinstance(task(history, 0).operations[-1], Vouch)  # type: ignore[union-attr]
