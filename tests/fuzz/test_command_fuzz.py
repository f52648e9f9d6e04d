"""Any command is written, or refused with its reason, and nothing in between."""

from hypothesis import given
from hypothesis import strategies as st

from credimus.kernel.codec import encode
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import CredimusError
from credimus.kernel.instant import Instant, Now
from credimus.node.commands import (
    AdmitMember,
    AssertBelief,
    CastVote,
    FinishMessage,
    LeaveFleet,
    ProposeBelief,
    RelateBeliefs,
    RetractBelief,
    SendMessage,
    Written,
)
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.protocol.delivery.interface import Mode
from credimus.protocol.sync.interface import Blocks
from credimus.state.identity import belief_id
from credimus.state.operations import (
    Aggregation,
    Choice,
    Evidence,
    Relation,
    Rules,
    Scheme,
)
from strategies import (
    BELIEFS,
    ELECTORATES,
    FLEET,
    GENESIS,
    LATER_MS,
    MEMBERS,
    PROPOSALS,
    RULES,
    SIGNERS,
    make_block,
)

NOW = Now(Instant(0), LATER_MS)
SETTING = make_block(SIGNERS[1], (*ELECTORATES, *PROPOSALS), None, [GENESIS])


def new_node(number: int) -> Node:
    """A node of a founded fleet."""
    node = Node(FLEET, [SIGNERS[number]], Config(), Entropy(b"fuzz"))
    node.restore([GENESIS.wire, SETTING.wire])
    return node


texts = st.sampled_from(["", "it rains", "Fan 1 hums", "x" * 1_025, "\ud800", "é" * 600]) | st.text(
    max_size=40
)
identifiers = st.sampled_from(
    [*BELIEFS, belief_id("it rains", "general"), b"", b"?" * 16]
) | st.binary(max_size=20)
numbers = st.sampled_from([0, 1, 500_000, 1_000_000]) | st.integers(-(1 << 70), 1 << 70)
authors = st.none() | st.sampled_from(MEMBERS[:2]) | st.binary(max_size=20)
rules = (
    st.none()
    | st.builds(
        lambda scheme, aggregation, quorum: Rules(
            scheme,
            *((3, 4) if scheme in (Scheme.SUPERMAJORITY, Scheme.TURNOUT) else (0, 1)),
            aggregation,
            quorum,
        ),
        st.sampled_from([one for one in Scheme if one is not Scheme.CREDENCE]),
        st.sampled_from([one for one in Aggregation if one is not Aggregation.SKILL]),
        numbers,
    )
    | st.sampled_from(RULES[7:])
)
electors = st.none() | st.lists(st.sampled_from(MEMBERS) | st.binary(max_size=17), max_size=4).map(
    tuple
)
commands = st.one_of(
    st.builds(
        AssertBelief,
        author=authors,
        content=texts,
        category=st.none() | st.sampled_from(["general", "general\n", "Ä", ""]) | texts,
        confidence=numbers,
        evidence=st.lists(st.builds(Evidence, texts, texts), max_size=12).map(tuple),
        ttl_ms=numbers,
        propose=st.booleans(),
        rules=rules,
        electors=electors,
    ),
    st.builds(ProposeBelief, author=authors, belief=identifiers, rules=rules, electors=electors),
    st.builds(
        CastVote,
        author=authors,
        belief=identifiers,
        choice=st.sampled_from(Choice),
        confidence=numbers,
        reason=texts,
    ),
    st.builds(RetractBelief, author=authors, belief=identifiers, reason=texts),
    st.builds(
        RelateBeliefs,
        author=authors,
        source=identifiers,
        relation=st.sampled_from(Relation),
        target=identifiers,
    ),
    st.builds(
        AdmitMember,
        author=authors,
        public_key=st.sampled_from([SIGNERS[5].public]) | st.binary(max_size=33),
        name=texts,
        address=texts,
    ),
    st.builds(
        SendMessage,
        author=authors,
        to=st.lists(st.sampled_from(MEMBERS) | st.binary(max_size=17), max_size=4).map(tuple),
        payload=st.sampled_from([bytes(32_768), bytes(32_769)]) | st.binary(max_size=9),
        mode=st.sampled_from(Mode),
        ttl_ms=st.none() | st.sampled_from([1_000, 60_000]) | numbers,
        key=st.sampled_from([b"", b"key", bytes(129)]),
    ),
    st.builds(
        FinishMessage,
        sender=identifiers,
        number=numbers,
        result=st.sampled_from([b"", bytes(4_096), bytes(4_097)]),
    ),
    st.builds(LeaveFleet, author=st.just(b"?" * 16), reason=texts),
)


@given(st.lists(commands, min_size=1, max_size=6))
def test_any_command_is_written_or_refused_and_what_is_written_can_be_read(sayings: list) -> None:
    node, other = new_node(0), new_node(1)
    for command in sayings:
        author = node.authors[0]
        before = len(author._open), len(author._votes)
        try:
            assert isinstance(node.execute(command, NOW), Written)
        except CredimusError as error:
            assert error.code  # noqa: PT017 - being written is as welcome
            assert (len(author._open), len(author._votes)) == before
    written = node.collect(NOW).persist
    other.receive(node.id, encode(Blocks(tuple(block.wire for block in written))), NOW)
    assert not other.faults
    assert all(block.id in other.lace for block in written)
