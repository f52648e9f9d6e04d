"""The other workloads, judged by the answers of nodes as Maelstrom's checkers do, and refusals."""

from typing import Any

import pytest

from credimus.bench.maelstrom_arena import Arena
from credimus.kernel.entropy import Entropy
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.maelstrom.modes import Mode

NAMES = ["n0", "n1", "n2", "n3", "n4"]


def begun(workload: str) -> Arena:
    arena = Arena(workload, Mode.FAST, len(NAMES), 20)
    arena.begin()
    return arena


def cut_and_heal(arena: Arena, turn: int) -> None:
    """Cut two nodes from three in the middle third of sixty turns."""
    if turn == 20:
        arena.cut([NAMES[:2], NAMES[2:]])
    elif turn == 40:
        arena.heal()
    arena.agenda.run_for(50 * MILLISECOND)


def test_every_element_that_was_acknowledged_is_in_every_final_read() -> None:
    arena, added = begun("g-set"), []
    for turn in range(60):
        cut_and_heal(arena, turn)
        element: Any = [turn, f"na\u0308me {turn}"] if turn % 3 else turn
        answer = arena.ask(NAMES[turn % 5], {"type": "add", "element": element})
        assert answer["type"] == "add_ok"
        added.append(element)
    apart = {len(arena.ask(name, {"type": "read"})["value"]) for name in NAMES}
    arena.agenda.run_for(10 * SECOND)
    for name in NAMES:
        final = arena.ask(name, {"type": "read"})["value"]
        assert len(final) == len(added), f"{apart} before"
        assert all(element in final for element in added)


def test_a_node_that_is_cut_off_for_long_adds_all_the_same() -> None:
    """Only all nodes of a fleet that decides would refuse: these promise to arrive, no more."""
    arena = begun("g-set")
    arena.cut([NAMES[:1], NAMES[1:]])
    for turn in range(8):
        answer = arena.ask(NAMES[0], {"type": "add", "element": turn})
        assert answer["type"] == "add_ok"
        arena.agenda.run_for(15 * SECOND)
    arena.heal()
    arena.agenda.run_for(30 * SECOND)
    assert arena.ask(NAMES[4], {"type": "read"})["value"] == list(range(8))


def test_an_element_that_two_nodes_add_is_one() -> None:
    arena = begun("g-set")
    for name in NAMES[:2]:
        arena.ask(name, {"type": "add", "element": {"b": 1, "a": [2]}})
    arena.agenda.run_for(2 * SECOND)
    assert arena.ask("n4", {"type": "read"})["value"] == [{"a": [2], "b": 1}]


def test_the_counter_is_the_sum_of_all_that_was_added_and_never_out_of_bounds() -> None:
    arena, stream = begun("pn-counter"), Entropy(b"counter").stream("deltas")
    least = most = total = 0
    for turn in range(60):
        cut_and_heal(arena, turn)
        delta = stream.between(-5, 5)
        answer = arena.ask(NAMES[turn % 5], {"type": "add", "delta": delta})
        assert answer["type"] == "add_ok"
        total, least, most = total + delta, least + min(delta, 0), most + max(delta, 0)
        seen = arena.ask(stream.choose(NAMES), {"type": "read"})["value"]
        assert least <= seen <= most
    arena.agenda.run_for(10 * SECOND)
    assert {arena.ask(name, {"type": "read"})["value"] for name in NAMES} == {total}


def test_echo_says_the_same_again() -> None:
    payload = {"deep": [1, None, "Please echo 35"]}
    answer = begun("echo").ask("n3", {"type": "echo", "echo": payload})
    assert (answer["type"], answer["echo"]) == ("echo_ok", payload)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"type": "broadcast"}, 12),
        ({"type": "broadcast", "message": "x" * 2_000}, 12),
        ({"type": "topology", "topology": 7}, 12),
        ({"type": "add", "element": 1}, 10),
        ({"type": "cas", "key": 1, "from": 1, "to": 2}, 10),
        ({"type": "init", "node_id": "n1", "node_ids": ["n1"]}, 12),
    ],
)
def test_what_can_not_be_done_is_refused_with_maelstroms_code(
    body: dict[str, Any], code: int
) -> None:
    arena = begun("broadcast")
    answer = arena.ask("n1", body)
    assert (answer["type"], answer["code"]) == ("error", code)
    assert answer["text"]
    assert arena.ask("n1", {"type": "read"})["messages"] == []


@pytest.mark.parametrize("names", [["n2"], ["n1", "n1"], []])
def test_an_init_that_can_not_be_meant_is_refused(names: list[str]) -> None:
    arena = Arena("broadcast", Mode.FAST, 1, 0)
    answer = arena.ask("n0", {"type": "init", "node_id": "n1", "node_ids": names})
    assert answer["code"] == 12
    assert arena.ask("n0", {"type": "read"})["code"] == 11, "a node without a name serves nobody"


def test_a_proposed_topology_is_taken_note_of() -> None:
    answer = begun("broadcast").ask("n1", {"type": "topology", "topology": {"n1": ["n2"]}})
    assert answer["type"] == "topology_ok"
