"""Whatever a webhook sends is a ballot, a question left to others, or a failure with a code."""

import asyncio
import json  # writes NaN too, which is no JSON
from collections.abc import Callable

from hypothesis import example, given
from hypothesis import strategies as st

from credimus.kernel import limits
from credimus.kernel.errors import Unavailable
from credimus.protocol.voting.interface import Answer, Ballot
from credimus.runtime.evaluating.posting import read_answer
from credimus.runtime.evaluating.steps import checked
from credimus.runtime.evaluating.webhook import read_reply
from credimus.state.operations import Choice

CODES = {"evaluator-malformed", "evaluator-oversized", "evaluator-refused"}
GOOD = b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"choice": "reject"}'
PIECES = (
    b"HTTP/1.1 ", b"200", b"307", b"103", b" OK", b"\r\n", b"\r\n\r\n", b"Content-Length: ",
    b"Transfer-Encoding: chunked", b":", b"0", b"14", b"20", b"99999", b";",
    b'{"choice": "reject"}', b'{"choice":"accept","confidence":', b"1e400", b"NaN",
    b"-1", b"}", b"\xff", b"\x00", b"\n",
)  # fmt: skip
wires = st.one_of(
    st.binary(max_size=200),
    st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join),
    st.tuples(st.integers(0, len(GOOD)), st.integers(0, len(GOOD)), st.binary(max_size=3)).map(
        lambda cut: GOOD[: cut[0]] + cut[2] + GOOD[cut[1] :]
    ),
)


def outcome(read: Callable[[], Answer]) -> Answer | str:
    """The answer that is read, or the code of the failure."""
    try:
        return read()
    except Unavailable as failure:
        return failure.code


def of_wire(wire: bytes) -> Answer | str:
    """What comes of these bytes on the connection."""

    async def main() -> Answer:
        reader = asyncio.StreamReader(limit=limits.EVALUATOR_ANSWER_BYTES_MAX)
        reader.feed_data(wire)
        reader.feed_eof()
        return read_reply(await read_answer(reader))

    return outcome(lambda: asyncio.run(main()))


def assert_usable(answer: Answer | str) -> None:
    if isinstance(answer, str):
        assert answer in CODES
    else:
        assert checked(answer) is answer


@given(wires)
@example(GOOD)
@example(GOOD.replace(b"Content-Length: 20", b"Transfer-Encoding: chunked"))
def test_any_bytes_on_the_connection(wire: bytes) -> None:
    assert_usable(of_wire(wire))


def test_the_good_one_is_good() -> None:
    assert of_wire(GOOD) == Ballot(Choice.REJECT)


texts = st.text(max_size=600) | st.just("x" * 513) | st.just("ä" * 300)
values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), texts,
    st.sampled_from(["accept", "reject", "abstain", "next", "ask"]),
)  # fmt: skip


@given(
    st.dictionaries(st.sampled_from(["choice", "confidence", "reason", "x"]), values, max_size=4)
)
def test_any_object_as_a_body(reply: dict[str, object]) -> None:
    body = json.dumps(reply).encode()
    assert_usable(outcome(lambda: read_reply(body)))


@given(st.binary(max_size=64))
def test_any_bytes_as_a_body(body: bytes) -> None:
    assert_usable(outcome(lambda: read_reply(body)))
