"""Every public thing of the library has an example in its docstring, and the examples run."""

import ast
import asyncio
import doctest
import inspect
import io
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from desk import founded
from served import ask, served

import credimus
from credimus.library.membering import MemberCalls
from credimus.library.messages import Messaging
from credimus.library.node import Node
from credimus.library.remote_membering import RemoteMemberCalls
from credimus.library.renewing import KeyCalls

PARSER = doctest.DocTestParser()


def public(owner: type) -> list[Any]:
    """A class and its public methods."""
    methods = [
        getattr(owner, name)
        for name, found in vars(owner).items()
        if not name.startswith("_") and not isinstance(found, property) and callable(
            getattr(owner, name)
        )
    ]  # fmt: skip
    return [owner, *methods]


HERE = [
    *public(credimus.Node),
    *public(Messaging)[1:],
    *public(MemberCalls)[1:],
    *public(KeyCalls)[1:],
    *public(credimus.Receipt),
]
ELSEWHERE = [
    *public(credimus.RemoteNode),
    *public(RemoteMemberCalls)[1:],
    *public(credimus.RemoteReceipt),
    credimus.connect,
]
VALUES = [
    credimus.Ballot, credimus.Similarity, credimus.fleet_of, *public(credimus.Message),
    *public(credimus.MessageReceipt),
]  # fmt: skip
TOLD_ELSEWHERE = {"Delivered", "RemoteMessage", "RemoteMessageReceipt"}
"""Needs two nodes and what the values show: tests/api/test_messages.py uses them."""


def examples_of(thing: Any) -> list[doctest.Example]:
    """The examples of its docstring; there is at least one."""
    found = PARSER.get_examples(inspect.getdoc(thing) or "")
    assert found, f"{thing.__qualname__} has no example"
    return found


async def play(thing: Any, names: dict[str, Any]) -> None:
    """Run the examples one after the other, as `python -m asyncio` would."""
    for example in examples_of(thing):
        code = compile(example.source, thing.__qualname__, "single", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        said = io.StringIO()
        with redirect_stdout(said):
            outcome = eval(code, names)  # noqa: S307 - our own docstrings
            if inspect.iscoroutine(outcome):
                await outcome
        assert said.getvalue() == example.want, example.source


def named(thing: Any) -> str:
    return str(thing.__qualname__)


def test_nothing_of_the_library_is_left_out() -> None:
    told = {named(thing) for thing in (*HERE, *ELSEWHERE, *VALUES)}
    for name in credimus.__all__:
        thing = getattr(credimus, name)
        if getattr(thing, "__module__", "").startswith("credimus.library"):
            assert named(thing) in told | TOLD_ELSEWHERE


@pytest.mark.parametrize("thing", HERE, ids=named)
def test_examples_of_a_node_here(thing: Any, tmp_path: Path) -> None:
    async def main() -> None:
        async with served(founded(tmp_path)) as daemon:
            names = {"node": Node(daemon), "credimus": credimus}
            if thing.__name__ == "open":
                (tmp_path / "elsewhere").mkdir()
                names["elsewhere"] = founded(tmp_path / "elsewhere").folder
            await play(thing, names)

    asyncio.run(asyncio.wait_for(main(), 60))


@pytest.mark.parametrize("thing", ELSEWHERE, ids=named)
def test_examples_of_a_node_elsewhere(thing: Any, tmp_path: Path) -> None:
    def script(daemon: Any) -> None:
        node = credimus.connect(daemon.url, daemon.token)
        names = {"node": node, "credimus": credimus, "url": daemon.url, "token": daemon.token}
        asyncio.run(play(thing, names))

    ask(tmp_path, script)


@pytest.mark.parametrize("thing", VALUES, ids=named)
def test_examples_of_values(thing: Callable[..., Any]) -> None:
    asyncio.run(play(thing, {"credimus": credimus}))
