"""Rules of an incident that span its entries. Pure; each function gives what is wrong, in words."""

from collections.abc import Iterator

from credimus.demo.scenario import Relation, Retraction, Scenario, Statement, asserters
from credimus.kernel import limits
from credimus.state.identity import normalised


def problems(scenario: Scenario) -> Iterator[str]:
    """What is wrong, one sentence each; nothing when all is well."""
    yield from _nodes(scenario)
    seen: dict[bytes, str] = {}
    handles: set[str] = set()
    for one in scenario.statement:
        if one.id in handles:
            yield f"statement {one.id!r} is there twice; give each an id of its own"
        handles.add(one.id)
        same = seen.setdefault(normalised(one.says), one.id)
        if same != one.id:
            yield f"statement {one.id!r} says again what {same!r} says; say it once"
        yield from _statement(one, scenario)
    for relation in scenario.relation:
        yield from _relation(relation, scenario, handles)
    for retraction in scenario.retraction:
        yield from _retraction(retraction, scenario, handles)
    yield from _faults(scenario)


def _nodes(scenario: Scenario) -> Iterator[str]:
    names = scenario.names
    for name in names:
        if names.count(name) > 1:
            yield f"node {name!r} is there twice; give each a name of its own"


def _statement(one: Statement, scenario: Scenario) -> Iterator[str]:
    what = f"statement {one.id!r}"
    yield from _knowers(one, scenario)
    if len(set(one.by)) != len(one.by):
        yield f"{what} names an asserter twice"
    if len(one.says.encode()) > limits.BELIEF_BYTES_MAX:
        yield f"{what} has more than {limits.BELIEF_BYTES_MAX} bytes"
    if not normalised(one.says):
        yield f"{what} says nothing"
    yield from _lengths(one, what)
    for later in one.later:
        if later.at <= one.at:
            yield f"{what}: {later.by!r} comes later, but at {later.at} s"
        yield from _down(what, later.by, later.at, scenario)
    for name in one.by:
        yield from _down(what, name, one.at, scenario)


def _lengths(one: Statement, what: str) -> Iterator[str]:
    """What would be refused for its bytes, although it has few letters."""
    for reason in (*one.known.values(), *one.denied.values()):
        if len(reason.encode()) > limits.REASON_BYTES_MAX:
            yield f"{what}: a reason has more than {limits.REASON_BYTES_MAX} bytes"
    for item in one.evidence:
        if len(item.content.encode()) > limits.EVIDENCE_BYTES_MAX:
            yield f"{what}: evidence has more than {limits.EVIDENCE_BYTES_MAX} bytes"


def _knowers(one: Statement, scenario: Scenario) -> Iterator[str]:
    what = f"statement {one.id!r}"
    for name in [*one.by, *one.known, *one.denied, *(later.by for later in one.later)]:
        if name not in scenario.names:
            yield _stranger(what, name, scenario)
    for name in sorted(one.known.keys() & one.denied.keys()):
        yield f"{what}: {name!r} can not both know it and deny it"
    for name in sorted(asserters(one) & one.denied.keys()):
        yield f"{what}: {name!r} asserts what it knows to be false"


def _relation(one: Relation, scenario: Scenario, handles: set[str]) -> Iterator[str]:
    what = f"relation {one.source!r} {one.relation} {one.target!r}"
    if one.by not in scenario.names:
        yield _stranger(what, one.by, scenario)
    for handle in (one.source, one.target):
        if handle not in handles:
            yield f"{what}: there is no statement {handle!r}"
        elif scenario.find(handle).at > one.at:
            yield f"{what}: it is said at {one.at} s, before {handle!r} is asserted"
    if one.source == one.target:
        yield f"{what}: a statement can not be related to itself"
    yield from _down(what, one.by, one.at, scenario)


def _retraction(one: Retraction, scenario: Scenario, handles: set[str]) -> Iterator[str]:
    what = f"retraction of {one.statement!r}"
    if one.statement not in handles:
        yield f"{what}: there is no such statement"
        return
    statement = scenario.find(one.statement)
    if one.by not in statement.by:
        yield f"{what}: {one.by!r} did not assert it"
    if one.at <= statement.at:
        yield f"{what}: it comes at {one.at} s, before the statement"
    yield from _down(what, one.by, one.at, scenario)


def _faults(scenario: Scenario) -> Iterator[str]:
    kill, cut = scenario.kill, scenario.cut
    if kill is not None:
        if kill.node not in scenario.names:
            yield _stranger("kill", kill.node, scenario)
        if kill.restart_at <= kill.at:
            yield "kill: restart_at must come after at"
    if cut is not None:
        if cut.node not in scenario.names:
            yield _stranger("cut", cut.node, scenario)
        if cut.heal_at <= cut.at:
            yield "cut: heal_at must come after at"
    both = kill is not None and cut is not None and kill.node == cut.node
    if both and kill and cut and kill.at < cut.heal_at and cut.at < kill.restart_at:
        yield f"{kill.node!r} is killed while it is cut off; choose another node or another time"


def _down(what: str, name: str, at: float, scenario: Scenario) -> Iterator[str]:
    kill = scenario.kill
    if kill is not None and kill.node == name and kill.at <= at < kill.restart_at:
        yield (
            f"{what} is by {name!r} at {at} s, but that node is dead from {kill.at} s to "
            f"{kill.restart_at} s"
        )


def _stranger(what: str, name: str, scenario: Scenario) -> str:
    return f"{what} names {name!r}, which is no node; the nodes are {', '.join(scenario.names)}"
