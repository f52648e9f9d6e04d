"""Any bytes to the API give an answer or a problem document, never a failure of our own."""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "api"))

from desk import Desk, desk, founded
from wire import Reply, told

from credimus.api.table import ENDPOINTS

PATHS = sorted({one.path for one in ENDPOINTS if one.path != "/v1/events/stream"})
NAMES = (
    "If-None-Match", "Idempotency-Key", "Content-Type", "Last-Event-ID", "Content-Length",
    "Transfer-Encoding", "Connection", "Expect", "Accept", "Cookie",
)  # fmt: skip
WORDS = st.sampled_from(
    ["content", "limit", "cursor", "choice", "wait_for", "scopes", "name", "accept", "local", "1",
     "confidence", "belief", "order", "kind", "target", "relation", "open", "text", "expires_s"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS,
    lambda inner: st.lists(inner) | st.dictionaries(WORDS | st.text(), inner),
    max_leaves=12,
)
BODIES = st.binary() | JSON.map(lambda value: json.dumps(value).encode())
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40)
QUERIES = st.text(st.characters(min_codepoint=33, max_codepoint=126)) | st.lists(
    st.tuples(WORDS, WORDS | st.text("%&=+x0-9é", max_size=8))
).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.Runner, Desk]]:
    """A node that stays up for all examples, on a loop of its own."""
    with asyncio.Runner() as runner:
        stands = desk(founded(tmp_path_factory.mktemp("fuzz")))
        one = runner.run(stands.__aenter__())
        belief = runner.run(one.post("/v1/beliefs", content="it rains"))["belief"]
        PATHS.append(f"/v1/beliefs/{belief}")
        yield runner, one
        runner.run(stands.__aexit__(None, None, None))


def check(replies: list[Reply]) -> None:
    for one in replies:
        assert one.status < 500 or one.status == 503, one
        assert b"Traceback" not in one.body
        if one.status >= 400:
            assert one.headers["content-type"] == "application/problem+json"
            problem = one.json
            assert problem["status"] == one.status
            assert problem["type"] == f"urn:credimus:error:{problem['code']}"
            assert problem["detail"]


@settings(max_examples=100)
@given(raw=st.binary(max_size=300), tail=st.sampled_from([b"", b"\r\n\r\n"]))
def test_any_bytes(stage: tuple[asyncio.Runner, Desk], raw: bytes, tail: bytes) -> None:
    runner, one = stage
    check(runner.run(told(one.daemon, [raw + tail], 0.02)))


@settings(max_examples=150)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "X"]),
    target=st.tuples(st.integers(0, 1 << 16), QUERIES),
    headers=st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=3),
    body=BODIES,
    cut=st.integers(0, 400),
)
def test_any_query_headers_and_body(
    stage: tuple[asyncio.Runner, Desk],
    method: str,
    target: tuple[int, str],
    headers: list[tuple[str, str]],
    body: bytes,
    cut: int,
) -> None:
    runner, one = stage
    place, query = target
    path = PATHS[place % len(PATHS)] + (f"?{query}" if query else "")
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: node",
        f"Authorization: Bearer {one.daemon.token}",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    raw = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body
    chunks = [raw[:cut], raw[cut:]] if cut % 2 else [raw]
    check(runner.run(told(one.daemon, chunks, 0.2)))
