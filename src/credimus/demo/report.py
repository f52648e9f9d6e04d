"""What a played incident came to, for people. Pure but for the console that it is given."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from credimus.demo.result import CutEnd, KillEnd, Outcome, Times

_WIDE, _WIDEST = 116, 140
_STYLES = {"accepted": "green", "rejected": "magenta", "expired": "yellow"}


def report(outcome: Outcome, console: Console) -> None:
    """Print everything that is worth knowing."""
    if outcome.nodes:
        _report_play(outcome, console)
    if outcome.failures:
        _heading(console, "What failed")
        for failure in outcome.failures:
            console.print(Text(f"  {failure}", style="red"))
        console.print(Text(f"  The nodes' logs: {outcome.folder}/logs"), soft_wrap=True)
    if outcome.nodes:
        _heading(console, "Where to look next")
        for line in _next(outcome):
            console.print(Text(f"  {line}"), soft_wrap=True)
    console.print()
    console.print(_summary(outcome), soft_wrap=True)


def _report_play(outcome: Outcome, console: Console) -> None:
    console.print()
    console.print(_verdicts(outcome, console.width))
    _heading(console, "What happened")
    for about, line in _events(outcome):
        console.print(Text.assemble(f"  {about:<9} ", line), soft_wrap=True)
    _heading(console, "State fingerprints")
    width = max((len(node.name) for node in outcome.nodes), default=0)
    for node in outcome.nodes:
        console.print(
            Text.assemble(f"  {node.name:<{width}}  ", (node.fingerprint, "cyan")), soft_wrap=True
        )


def _verdicts(outcome: Outcome, width: int) -> Table:
    """Statements and verdicts; on a narrow terminal without what can be spared."""
    wide = width >= _WIDE
    table = Table(
        title=outcome.title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False,
        padding=(0, 1), title_style="bold", width=min(width, _WIDEST),
    )  # fmt: skip
    table.add_column("statement", no_wrap=True, overflow="ellipsis", ratio=1)
    if wide:
        table.add_column("category", no_wrap=True, width=14)
    table.add_column(
        "asserted by", no_wrap=True, overflow="ellipsis", width=16 if width >= 90 else 8
    )
    table.add_column("votes", no_wrap=True, width=5)
    table.add_column("verdict", no_wrap=True, width=10)
    table.add_column("expected", no_wrap=True, width=8)
    for one in outcome.statements:
        category = [Text(one.category, style="dim")] if wide else []
        verdict = one.verdict + (" *" if one.retracted else "")
        table.add_row(
            Text(one.content),
            *category,
            Text(", ".join(one.asserted_by)),
            Text(f"{one.accept}/{one.reject}/{one.abstain}"),
            Text(verdict, style=_STYLES.get(one.verdict, "")),
            Text(one.expected, style="dim" if one.held else "bold red"),
        )
    back = ", *: taken back" if any(one.retracted for one in outcome.statements) else ""
    table.caption = f"votes: accept/reject/abstain in the last round{back}"
    table.caption_justify = "left"
    return table


def _events(outcome: Outcome) -> list[tuple[str, str]]:
    """What happened: whom or what it is about, and a line."""
    decisions, seconds = outcome.decisions, outcome.seconds
    lines = [
        ("decided", f"at once: {_times(decisions.at_once)}"),
        ("", f"later, as a node was away or a new round needed: {_times(decisions.waited)}"),
    ]
    if outcome.kill is not None:
        lines += _killed(outcome.kill)
    if outcome.cut is not None:
        lines += _cut(outcome.cut)
    took = (
        f"{seconds.total:.1f} s: {seconds.set_up:.1f} to set up, {seconds.played:.1f} to play, "
        f"{seconds.settled:.1f} until all was at rest"
    )
    return [*lines, ("time", took)]


def _times(times: Times) -> str:
    if not times.count:
        return "none"
    return f"{times.count} statements, p50 {_duration(times.p50_ms)}, p99 {_duration(times.p99_ms)}"


def _duration(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds < 1_000 else f"{milliseconds / 1_000:.1f} s"


def _killed(kill: KillEnd) -> list[tuple[str, str]]:
    away = (
        f"killed (SIGKILL, process {kill.pid}), away for {kill.down_s:.1f} s; meanwhile the others "
        f"decided {kill.decided_meanwhile} of {kill.asserted_meanwhile} new statements"
    )
    back = (
        f"started again (process {kill.pid_after}); it fetched the {kill.missed_blocks} blocks it "
        f"had missed within {kill.caught_up_s:.2f} s"
    )
    return [(kill.node, away), ("", back)]


def _cut(cut: CutEnd) -> list[tuple[str, str]]:
    away = (
        f"cut off for {cut.cut_s:.1f} s; meanwhile the others decided {cut.decided_outside} of "
        f"{cut.asserted_outside} new statements, {cut.node} {cut.decided_inside} of its "
        f"{len(cut.inside)}"
    )
    inside = ", ".join(f"{name} {verdict}" for name, verdict in cut.inside.items())
    back = (
        f"healed; both sides knew all within {cut.caught_up_s:.2f} s, and the missing votes "
        "decided the rest"
    )
    return [
        (cut.node, away),
        *([("", f"behind the cut: {inside}")] if inside else []),
        ("", back),
    ]


def _next(outcome: Outcome) -> list[str]:
    folder = outcome.folder
    if not (outcome.kept or outcome.failures):
        return [
            "credimus demo --keep ./arden     keeps the nodes' folders, to start them again",
            "credimus up --help               what a node can be told",
            "examples/incident.toml           who knew what; yours: credimus demo --scenario FILE",
        ]
    first = outcome.nodes[0]
    return [
        f"credimus up {first.home}",
        f"credimus beliefs --home {first.home} --verdict rejected",
        f"credimus status --home {first.home}",
        f"{folder}/knowledge     what each node knew",
        f"{folder}/logs          what each node said",
    ]


def _summary(outcome: Outcome) -> Text:
    if not outcome.nodes:
        return Text("the incident could not be played to its end", style="bold red")
    count, held = len(outcome.statements), outcome.expected.held
    agree = f"all {len(outcome.nodes)} nodes agree" if outcome.agree else "the nodes do NOT agree"
    text = f"{agree}; {held} of {count} expected verdicts hold"
    return Text(text, style="bold green" if outcome.good else "bold red")


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold"))
