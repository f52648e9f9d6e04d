"""The grid reaches everybody once, and links pace what they carry."""

from base64 import b64encode

import msgspec
import pytest

from credimus.kernel.codec import encode
from credimus.kernel.instant import Instant
from credimus.maelstrom.grid import Grid
from credimus.maelstrom.links import WIRES_BYTES_MAX, Links
from credimus.maelstrom.member import Lobby
from credimus.maelstrom.modes import Mode
from credimus.node.supply import read_message
from credimus.protocol.sync.interface import Blocks
from credimus.sim.clock import moment


@pytest.mark.parametrize("count", [*range(1, 31), 99, 100, 101])
def test_a_block_reaches_every_other_node_once_in_at_most_two_hops(count: int) -> None:
    grid = Grid(count)
    for author in range(count):
        first = grid.first(author)
        second = [end for holder in first for end in grid.onward(author, holder)]
        assert sorted([*first, *second]) == [one for one in range(count) if one != author]
        assert all(not grid.onward(author, end) for end in second), "the second hop is the last"


def test_no_node_is_in_the_middle() -> None:
    grid = Grid(25)
    assert {len(grid.first(author)) for author in range(25)} == {8}
    loads = [sum(len(grid.onward(author, one)) for author in range(25)) for one in range(25)]
    assert len(set(loads)) == 1


def test_the_first_goes_at_once_and_what_follows_waits_for_its_period_together() -> None:
    links = Links(period_ns=100)
    assert links.deadline() is None
    links.put("a", b"first")
    assert links.take(Instant(1_000)) == [("a", [b"first"])]
    links.put("a", b"second")
    links.put_block("a", b"block one")
    links.put_block("a", b"block two")
    links.put("b", b"other")
    assert links.take(Instant(1_050)) == [("b", [b"other"])]
    assert links.deadline() == 1_100
    ((peer, (blocks, second)),) = links.take(Instant(1_100))
    assert (peer, second) == ("a", b"second")
    assert read_message(blocks) == Blocks((b"block one", b"block two"))
    assert links.deadline() is None


def test_many_blocks_are_told_in_several_payloads() -> None:
    links = Links(period_ns=0)
    wires = [bytes([number]) * (WIRES_BYTES_MAX // 2) for number in range(5)]
    for wire in wires:
        links.put_block("a", wire)
    ((_, payloads),) = links.take(Instant(0))
    told = [read_message(payload) for payload in payloads]
    assert [len(one.wires) for one in told if isinstance(one, Blocks)] == [2, 2, 1]
    assert [wire for one in told if isinstance(one, Blocks) for wire in one.wires] == wires


def carried(sender: str, payloads: list[str]) -> bytes:
    body = {"type": "credimus", "payloads": payloads}
    return msgspec.json.encode({"src": sender, "dest": "n1", "body": body})


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"no JSON",
        b'{"src": "c1"}',
        b'{"src": "c1", "dest": "n1", "body": 7}',
        b'{"src": "c1", "dest": "n1", "body": {"msg_id": 1}}',
        carried("n9", [""]),
        carried("n2", ["no base64!"]),
        carried("n2", ["////"]),
        carried("n2", [b64encode(encode(Blocks((b"no block",)))).decode()]),
    ],
)
def test_a_line_that_means_nothing_changes_nothing(line: bytes) -> None:
    lobby, now = Lobby("broadcast", Mode.FAST), moment(0, 0)
    lobby.hear(line, now)
    init = {"type": "init", "msg_id": 1, "node_id": "n1", "node_ids": ["n1", "n2"]}
    lobby.hear(msgspec.json.encode({"src": "c1", "dest": "n1", "body": init}), now)
    assert lobby.member is not None
    before = lobby.member.node.state.fingerprint()
    answers = [msgspec.json.decode(one) for one in lobby.hear(line, now)]
    assert [one for one in answers if one["dest"] == "c1"] == []
    assert lobby.member.node.state.fingerprint() == before
