"""Ways through others, and relays: one where that will do, else the shortest, never in a loop."""

import msgspec
import pytest

from credimus.kernel import limits
from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import SECOND, Instant, Now
from credimus.protocol.dissemination.interface import Counts, DisseminationConfig, Relay
from credimus.protocol.dissemination.relaying import Relaying
from credimus.protocol.dissemination.routes import Wanted, next_hop

A, B, C, D, E = (NodeId(letter * 16) for letter in (b"a", b"b", b"c", b"d", b"e"))
NOW = Now(Instant(5 * SECOND), 1_000_000)


class Links:
    """Who hears whom, from pairs (speaker, hearer)."""

    def __init__(self, *pairs: tuple[NodeId, NodeId]) -> None:
        self._pairs = set(pairs)

    def hears(self, hearer: NodeId, speaker: NodeId) -> bool:
        """Whether the pair is there."""
        return (speaker, hearer) in self._pairs

    def heard_by(self, speaker: NodeId) -> tuple[NodeId, ...]:
        """All hearers."""
        return tuple(sorted(to for one, to in self._pairs if one == speaker))

    def add(self, *pairs: tuple[NodeId, NodeId]) -> None:
        """These hear each other from now on."""
        self._pairs |= set(pairs)

    def there(self) -> tuple[NodeId, ...]:
        """All but the first."""
        return B, C, D, E

    def trip_us(self, _: NodeId) -> None:
        """Not measured."""

    def unheard(self) -> list[NodeId]:
        """Nobody."""
        return []

    def matrix(self) -> "Links":
        """These."""
        return self


def hop(links: Links, target: NodeId, *avoided: NodeId, hops_max: int = 4) -> NodeId | None:
    return next_hop(Wanted(A, target, avoided, hops_max), links, {})


def test_the_straight_way_goes_before_all_others() -> None:
    assert hop(Links((A, B), (A, C), (C, B)), B) == B


def test_one_relay_goes_before_several() -> None:
    links = Links((A, C), (C, D), (D, B), (A, E), (E, B))
    assert hop(links, B) == E
    assert hop(links, B, E) == C, "the longer way, where the short one is barred"
    assert hop(links, B, E, D) is None


def test_a_way_has_a_length() -> None:
    links = Links((A, C), (C, D), (D, E), (E, B))
    assert hop(links, B, hops_max=4) == C
    assert hop(links, B, hops_max=3) is None


def test_of_equal_ways_the_least_loaded_is_taken_and_then_the_least() -> None:
    links = Links((A, C), (A, D), (A, E), (C, B), (D, B))
    wanted = Wanted(A, B, (), 4)
    assert next_hop(wanted, links, {}) == C
    assert next_hop(wanted, links, {C: 1}) == D
    assert next_hop(wanted, links, {C: 1, D: 1}) == C
    assert next_hop(wanted, links, {C: 1, D: 1, E: 0}) == C, "E leads nowhere"


def test_nobody_is_reached_who_was_passed_or_is_unknown() -> None:
    assert hop(Links((A, B)), B, B) is None
    assert hop(Links(), B) is None
    assert hop(Links((A, C), (C, A)), A) is None


def relaying(links: Links, own: NodeId = C) -> tuple[Relaying, Counts]:
    counts = Counts()
    return Relaying(DisseminationConfig(), own, links, counts), counts


def message(**changes: object) -> Relay:
    usual = Relay(A, B, (A,), 3, NOW.wall_ms + 500, b"inside")
    return msgspec.structs.replace(usual, **changes)


def test_a_message_goes_a_step_further_and_says_who_had_it() -> None:
    machine, counts = relaying(Links((C, D), (D, B)))
    sent = machine.pass_on(A, message(), NOW)
    assert sent is not None
    assert sent.to == D
    assert sent.message == message(path=(A, C), hops_left=2)
    assert (counts.relayed, counts.relays_refused) == (1, 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"path": (A, C)}, {"path": (A, D, D)}, {"path": (D,)}, {"path": (A, D)},
        {"hops_left": 0}, {"hops_left": 8}, {"expires_ms": NOW.wall_ms - 1},
        {"expires_ms": NOW.wall_ms + 60_001}, {"target": A}, {"target": E},
    ],
)  # fmt: skip
def test_what_is_old_was_here_or_leads_nowhere_is_let_go(changes: dict[str, object]) -> None:
    machine, counts = relaying(Links((C, D), (D, B)))
    assert machine.pass_on(A, message(**changes), NOW) is None
    assert (counts.relayed, counts.relays_refused) == (0, 1)


def test_each_peer_is_carried_for_within_bounds() -> None:
    machine, counts = relaying(Links((C, B)))
    most = limits.RELAYS_PER_SECOND_MAX
    sent = [machine.pass_on(A, message(), NOW) for _ in range(most + 5)]
    assert sum(one is not None for one in sent) == most
    assert machine.pass_on(D, message(), NOW), "another has bounds of its own"
    large = message(payload=b"x" * limits.RELAY_BYTES_MAX)
    fitting = limits.RELAY_BYTES_PER_SECOND_MAX // limits.RELAY_BYTES_MAX
    sent = [machine.pass_on(E, large, NOW) for _ in range(fitting + 1)]
    assert [one is not None for one in sent] == [True] * fitting + [False]
    later = Now(Instant(NOW.instant + SECOND), NOW.wall_ms)
    assert machine.pass_on(A, message(), later)
    assert counts.relays_refused == 6


def test_our_own_messages_go_around_the_straight_way() -> None:
    machine, counts = relaying(Links((A, B), (A, C), (C, B), (A, D), (D, B)), A)
    first = machine.envelope(B, "message", NOW)
    assert first is not None
    assert first.to == C, "not B: it may not hear us, whatever the matrix says"
    assert (first.message.path, first.message.hops_left) == ((A,), 3)
    second = machine.envelope(B, "message", NOW, (C,))
    assert second is not None
    assert second.to == D
    assert machine.envelope(B, "message", NOW, (C, D)) is None
    assert counts.enveloped == 2


def test_a_node_that_carries_nothing_balances_by_the_second_too() -> None:
    links = Links((A, C), (C, B))
    machine, _ = relaying(links, A)
    for _ in range(5):
        machine.envelope(B, "message", NOW)
    links.add((A, D), (D, B))
    later = Now(Instant(6 * SECOND), NOW.wall_ms + 1_000)
    sends = [machine.envelope(B, "message", later) for _ in range(4)]
    assert [one.to for one in sends if one is not None] == [C, D, C, D]


def test_no_relay_ever_comes_twice_to_anybody_whatever_all_believe() -> None:
    names = [NodeId(bytes([place]) * 16) for place in range(8)]
    for seed in range(50):
        draws = Entropy(b"links %d" % seed).stream("")
        pairs = [(one, to) for one in names for to in names if one != to]
        machines = {
            one: relaying(Links(*draws.sample(pairs, draws.below(len(pairs)))), one)[0]
            for one in names
        }
        sender, target = draws.sample(names, 2)
        under_way = Relay(sender, target, (sender,), 4, NOW.wall_ms + 500, b"")
        at, passed = draws.choose(names), [sender]
        while at != target:
            sent = machines[at].pass_on(passed[-1], under_way, NOW)
            if sent is None:
                break
            passed.append(at)
            assert sent.to not in passed
            at, under_way = sent.to, sent.message
        assert len(passed) <= limits.RELAY_PATH_MAX
