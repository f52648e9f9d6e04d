"""The description is current, whole, and what the API does; schemathesis tries to disprove it."""

import asyncio
import json
import runpy
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import httpx
import pytest
from desk import Desk, desk, founded, play
from hypothesis import HealthCheck, given, settings

from credimus.api.openapi import describe
from credimus.api.table import ENDPOINTS

DOCUMENT = describe(ENDPOINTS)
COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"
EXAMPLES = 25
STREAM = "/v1/events/stream"


def test_the_committed_copy_is_current() -> None:
    made = runpy.run_path(str(COMMITTED.with_name("make_openapi.py")))
    assert COMMITTED.read_text() == made["page"](), "run: .venv/bin/python docs/make_openapi.py"


def test_it_is_served_without_a_token(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        del desk.client.headers["Authorization"]
        assert await desk.get("/openapi.json") == json.loads(COMMITTED.read_text())

    play(tmp_path, scene)


def test_every_endpoint_says_what_it_is_for() -> None:
    operations = [one for path in DOCUMENT["paths"].values() for one in path.values()]
    assert len({one["operationId"] for one in operations}) == len(ENDPOINTS)
    assert all(len(one["summary"]) > 10 for one in operations)
    assert DOCUMENT["openapi"] == "3.1.0"


def test_every_reference_leads_somewhere() -> None:
    def references(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            for key, value in node.items():
                if key == "$ref":
                    yield value
                else:
                    yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    found = set(references(DOCUMENT))
    assert found
    for one in found:
        place: Any = DOCUMENT
        for step in one.removeprefix("#/").split("/"):
            place = place[step]


class Stage:
    """A node on a loop of its own, asked from the test's thread."""

    def __init__(self, folder: Path) -> None:
        self._ready: Future[Desk] = Future()
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run, args=(folder,))
        self._thread.start()
        self.desk = self._ready.result(30)

    def ask(self, method: str, url: str, **rest: Any) -> httpx.Response:
        """One request, in the loop of the node."""
        asking = self.desk.client.request(method, url, **rest)
        return asyncio.run_coroutine_threadsafe(asking, self._loop).result(30)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(30)
        self._loop.close()

    def _run(self, folder: Path) -> None:
        async def main() -> None:
            async with desk(founded(folder)) as one:
                await one.post("/v1/beliefs", content="it rains", wait_for="decided")
                self._ready.set_result(one)
                await self._end.wait()

        self._loop.run_until_complete(main())


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("openapi"))
    yield made
    made.close()


ENDS_THE_NODE = "/v1/key/rotate"
OPERATIONS = [
    (one.method, one.path) for one in ENDPOINTS if one.path not in (STREAM, ENDS_THE_NODE)
]


NAMES = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_headers_conformance", "response_schema_conformance", "negative_data_rejection",
)  # fmt: skip
"""What is checked of every answer. Not that all data of the right shape is accepted: a belief may
be unknown, a threshold may not fit its scheme."""


def with_our_token() -> dict[str, Any]:
    """The description less who may ask: we ask with a token; test_api_tokens.py asks without."""
    open_to_all: dict[str, Any] = json.loads(json.dumps(DOCUMENT))
    for methods in open_to_all["paths"].values():
        for operation in methods.values():
            operation["security"] = []
    return open_to_all


def takes_anything(method: str, path: str) -> bool:
    operation = DOCUMENT["paths"][path][method.lower()]
    return bool(operation["parameters"] or operation.get("requestBody"))


def sent_of(case: Any) -> dict[str, Any]:
    """A case as httpx sends it: with our token, and without waiting for what may never come."""
    given = case.as_transport_kwargs()
    sent = {name: given[name] for name in ("params", "json", "cookies") if name in given}
    ours = ("authorization", "user-agent")
    headers = {k: v for k, v in dict(given.get("headers") or {}).items() if k.lower() not in ours}
    sent["headers"] = {name: str(value).encode("utf-8") for name, value in headers.items()}
    if isinstance(given.get("data"), bytes | str):
        sent["content"] = given["data"]
    params = sent.get("params")
    if isinstance(params, dict) and isinstance(params.get("timeout"), int | float):
        sent["params"] = {**params, "timeout": min(params["timeout"], 0.01)}
    body = sent.get("json")
    if isinstance(body, dict) and isinstance(body.get("wait_for"), str):
        sent["json"] = {**body, "wait_for": "local"} if body["wait_for"] == "decided" else body
    return sent


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_the_api_does_what_it_says(stage: Stage, method: str, path: str, mode: str) -> None:
    schemathesis = pytest.importorskip(
        "schemathesis", reason="schemathesis is not installed: pip install schemathesis"
    )
    operation = schemathesis.openapi.from_dict(with_our_token())[path][method]
    if mode == "NEGATIVE" and (path == "/v1/join" or not takes_anything(method, path)):
        pytest.skip("it takes nothing that could be of a wrong shape")
    schemathesis.checks.load_all_checks()
    checks = [schemathesis.checks.CHECKS.get_one(name) for name in NAMES]
    refusals = schemathesis.checks.CHECKS.get_one("negative_data_rejection")

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=schemathesis.GenerationMode[mode]))
    def check(case: Any) -> None:
        answer = stage.ask(case.method, case.formatted_path, **sent_of(case))
        # Too long is a refusal, too; the check of refusals does not know that status.
        known = [one for one in checks if answer.status_code != 413 or one is not refusals]
        case.validate_response(answer, checks=known)

    check()
