"""Writes errors.md from the sources: `python docs/protocol/make_errors.py`."""

import ast
from collections.abc import Iterator
from pathlib import Path

import credimus
from credimus.kernel import errors
from credimus.kernel.errors import CredimusError
from credimus.runtime.store import failures

PAGE = Path(__file__).with_name("errors.md")
SOURCES = Path(credimus.__file__).parent

HEAD = """# Errors

<!-- made by make_errors.py from the calls in src/credimus; do not edit -->

Every error has a stable code, the same in Python, on the wire, in HTTP problem details and in
`--json`.
The class tells whose wrong it was, whether the call certainly did not happen, and whether the same
call may succeed later.

| class | meaning | certainly did not happen | try again | HTTP |
|---|---|---|---|---|
"""
CODES = """
Where one code is raised in several places, each meaning stands in its own line.
`…` stands for what differs from case to case.
`HttpError` is what HTTP itself refuses, with the status that HTTP has for it.

| code | class | meaning | mending |
|---|---|---|---|
"""
MENDING = {
    "UsageError": "Change the call.",
    "NotFound": "Check the name; the block that brings it may not have come yet.",
    "Conflict": "Look at the present state first.",
    "NotPermitted": "Ask somebody who may.",
    "PeerFault": "Nothing here: the peer's fault is counted and its message dropped.",
    "Unavailable": "Try again soon.",
    "StorageError": "Look at the disk, then start the node again.",
    "HttpError": "Change the request.",
    "InternalError": "Report it as a bug, with the message.",
}


def classes(kind: type[CredimusError] = CredimusError) -> Iterator[type[CredimusError]]:
    """The tree of kernel/errors.py without its root, parents first."""
    for sub in kind.__subclasses__():
        if sub.__module__ == errors.__name__:
            yield sub
            yield from classes(sub)


def calls() -> Iterator[tuple[str, str, ast.expr | None]]:
    """(code, class, message) of every error that is made with a code written out, where it is made
    or where the function is called that makes it."""
    modules = [ast.parse(path.read_text()) for path in sorted(SOURCES.rglob("*.py"))]
    names = {kind.__name__: kind.__name__ for kind in classes()} | {"HttpError": "HttpError"}
    for node in (node for module in modules for node in ast.walk(module)):
        if isinstance(node, ast.ClassDef):  # a class of a module of its own, told as its parent
            parent = next((names[ast.unparse(one)] for one in node.bases
                           if ast.unparse(one) in names), None)  # fmt: skip
            names |= {} if parent is None or node.name in names else {node.name: parent}
    for module in modules:
        for node in ast.walk(module):
            if (made := _made(node, names)) is not None and isinstance(made.args[0], ast.Constant):
                if isinstance(made.args[0].value, str):
                    yield made.args[0].value, names[_name(made)], _message(made)
            elif isinstance(node, ast.FunctionDef):
                yield from _passed(node, module, names)


def _passed(
    function: ast.FunctionDef, module: ast.Module, names: dict[str, str]
) -> Iterator[tuple[str, str, ast.expr | None]]:
    """The same of errors whose code is an argument of the function that makes them."""
    places = [one.arg for one in function.args.args]
    for node in ast.walk(function):
        made = _made(node, names)
        if made is None or not isinstance(made.args[0], ast.Name) or made.args[0].id not in places:
            continue
        place = places.index(made.args[0].id)
        for call in ast.walk(module):
            if isinstance(call, ast.Call) and _name(call) == function.name:
                given = call.args[place] if len(call.args) > place else None
                if isinstance(given, ast.Constant) and isinstance(given.value, str):
                    yield given.value, names[_name(made)], _message(made)


def _made(node: ast.AST, names: dict[str, str]) -> ast.Call | None:
    """The call, where it makes an error."""
    return node if isinstance(node, ast.Call) and node.args and _name(node) in names else None


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _message(made: ast.Call) -> ast.expr | None:
    return made.args[1] if made.args[1:] else None


def words(message: ast.expr | None) -> str:
    """A message with its changing parts left out."""
    if isinstance(message, ast.Constant):
        return str(message.value)
    if isinstance(message, ast.JoinedStr):
        return "".join(map(_part, message.values))
    if isinstance(message, ast.BinOp):
        return words(message.left) + words(message.right)
    return "…"


def _part(part: ast.expr) -> str:
    """What stands there always, also where the advice has a name; `…` for the rest, which may be a
    whole sentence."""
    if isinstance(part, ast.Constant):
        return str(part.value)
    named = part.value if isinstance(part, ast.FormattedValue) else part
    name = getattr(named, "attr", getattr(named, "id", ""))
    if name in ("GIVE_UP", "RESTORE"):
        return str(getattr(failures, name))
    is_sentence = isinstance(named, ast.Call) and _name(named) in ("sentence", "ended")
    return "…." if is_sentence else "…"


def row(code: str, kind: str, message: ast.expr | None) -> str:
    """One line of the table: a message says what happened, then what to do."""
    text = " ".join(words(message).replace("|", "/").split())
    cuts = [at for at in (text.find("; "), text.find(". ")) if at >= 0]
    meaning, mending = text, ""
    if cuts:
        meaning, mending = text[: min(cuts)], text[min(cuts) + 2 :]
    mending = mending[:1].upper() + mending[1:] or MENDING[kind]
    return f"| `{code}` | {kind} | {meaning.rstrip('.')} | {mending.rstrip('.')}. |"


def page() -> str:
    """The text of errors.md."""
    kinds = [
        f"| {kind.__name__} | {(kind.__doc__ or '').splitlines()[0]} "
        f"| {'yes' if kind.definite else 'no'} | {'yes' if kind.retry else 'no'} | {kind.status} |"
        for kind in classes()
    ]
    rows = sorted({row(*call) for call in calls()})
    return HEAD + "\n".join(kinds) + "\n" + CODES + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
