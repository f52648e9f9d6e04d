"""Commands on a node and its fleet: init, invite, join, up, status."""

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from credimus.cli.client import Client, home_of, post_bytes
from credimus.cli.key import new_passphrase, opener
from credimus.cli.options import AsJson, Common, seconds_of
from credimus.cli.output import Outcome, complain, print_json, say, table

Power = Literal["propose", "vote", "admit", "expel"]
Link = Literal["tls", "quic", "tcp"]
Level = Literal["debug", "info", "warning", "error"]
Scheme = Literal["majority", "supermajority", "byzantine", "turnout", "credence"]
LISTEN = "127.0.0.1:7447"
API = "127.0.0.1:8701"
UNITS_PER_S = 100_000
"""What each member of a new fleet may write by default: a bound for the worst, not for the usual.
[measured: a belief costs its proposer some 5 units, an elector less than 1]"""
_FORKED = "identity-forked: this folder is an old copy, and writes no more (credimus doctor)"
PASSPHRASE = Parameter(
    help="Protects the node's key: a file of mode 0600 whose first line is the passphrase."
)
FOLDER = "The node's folder. Default: $CREDIMUS_HOME, or the user's data folder."


def init(
    home: Annotated[Path, Parameter(help="A new folder for the node.")],
    *,
    fleet: Annotated[str, Parameter(help="A name for the fleet.")],
    name: Annotated[str, Parameter(help="A name for this node.")],
    listen: Annotated[str, Parameter(help="host:port for links from other nodes.")] = LISTEN,
    api: Annotated[str, Parameter(help="host:port of the HTTP API; port 0 takes any.")] = API,
    link: Annotated[Link, Parameter(help="tcp is neither encrypted nor authenticated.")] = "tls",
    address: Annotated[str | None, Parameter(help="Where others dial, if not --listen.")] = None,
    admission: Annotated[
        str, Parameter(help="Who admits, for ever: members, founder, or as many members as N.")
    ] = "members",
    admissions_per_day: Annotated[
        int, Parameter(help="Admissions by one member that count in a day; 0 for any number.")
    ] = 0,
    member_units_per_s: Annotated[
        int,
        Parameter(
            help="How much each member may write, for ever: an operation costs about 2 units, a "
            "block 8. 0 for no limit."
        ),
    ] = UNITS_PER_S,
    category_limit: Annotated[
        list[str],
        Parameter(
            negative="",
            help="How many beliefs of a category each member may state, for ever: alert=10/50 (a "
            "second, at once) or alert=60/hour/5. Repeatable.",
        ),
    ] = [],  # noqa: B006 - cyclopts copies it
    passphrase_file: Annotated[Path | None, PASSPHRASE] = None,
    output: AsJson = AsJson(),
) -> Outcome:
    """Found a fleet: make the folder of its first node.

    Example: credimus init ./n0 --fleet harbour --name n0
    """
    from credimus.runtime.joining.chartering import charter_of
    from credimus.runtime.joining.joining import Plan, found_home
    from credimus.runtime.joining.limiting import limit_of

    plan = Plan(
        name=name, listen=listen, api=api, link=link, address=address,
        passphrase=None if passphrase_file is None else new_passphrase(passphrase_file),
    )  # fmt: skip
    charter = charter_of(admission, admissions_per_day)
    made = found_home(
        home_of(home), fleet, plan, member_units_per_s, charter, limit=limit_of(category_limit)
    )
    return _made(home, made, f"Founded fleet {fleet}.")


def join(
    home: Annotated[Path, Parameter(help="A new folder for the node.")],
    ticket: Annotated[str, Parameter(help="What `credimus invite` printed at a member.")],
    *,
    name: Annotated[str, Parameter(help="A name for this node.")],
    listen: Annotated[str, Parameter(help="host:port for links from other nodes.")] = LISTEN,
    api: Annotated[str, Parameter(help="host:port of the HTTP API; port 0 takes any.")] = API,
    link: Annotated[Link, Parameter(help="tcp is neither encrypted nor authenticated.")] = "tls",
    address: Annotated[str | None, Parameter(help="Where others dial, if not --listen.")] = None,
    passphrase_file: Annotated[Path | None, PASSPHRASE] = None,
    output: AsJson = AsJson(),
) -> Outcome:
    """Join a fleet with a ticket: make the folder of a further node.

    Example: credimus join ./n1 credimus1-... --name n1 --listen 127.0.0.1:7448 --api 127.0.0.1:8702
    """
    from credimus.runtime.joining.joining import Plan, join_home
    from credimus.runtime.joining.ports import check_ports

    plan = Plan(
        name=name, listen=listen, api=api, link=link, address=address,
        passphrase=None if passphrase_file is None else new_passphrase(passphrase_file),
    )  # fmt: skip
    plan.check()
    folder = home_of(home)
    folder.check_free()
    check_ports(plan)
    made = join_home(folder, ticket, plan, post_bytes)
    return _made(home, made, f"Joined fleet {made.fleet_name}.")


def invite(
    *,
    expires: Annotated[str, Parameter(help="Life of the ticket: 90s, 15m, 1h, 2d.")] = "1h",
    address: Annotated[
        str | None,
        Parameter(
            help="URL that the joiner asks, such as https://10.0.0.7:8701 (http only where the API "
            "speaks no TLS); the node's own by default."
        ),
    ] = None,
    may: Annotated[
        list[Power],
        Parameter(negative="", help="All it may say; everything when none. Repeatable."),
    ] = [],  # noqa: B006 - cyclopts copies it
    category: Annotated[
        list[str], Parameter(negative="", help="Where it may propose and vote. Repeatable.")
    ] = [],  # noqa: B006 - cyclopts copies it
    common: Common = Common(),
) -> Outcome:
    """Print a ticket with which one node can join the fleet.

    Example: credimus invite --home ./n0 --expires 15m
    """
    life_s = seconds_of(expires, "--expires")
    made = Client(home_of(common.home)).post(
        "/v1/tickets",
        expires_s=life_s,
        address=address,
        may=may or None,
        categories=category or None,
    )

    def show() -> None:
        say(made["ticket"])
        if made["warning"]:
            complain(f"warning: {made['warning']}.")

    return Outcome(made, show)


def up(
    home: Annotated[Path | None, Parameter(help=FOLDER)] = None,
    *,
    link: Annotated[Link | None, Parameter(help="Override how links are made.")] = None,
    knowledge: Annotated[
        Path | None,
        Parameter(
            help="TOML file with what this node knows: [[fact]] content, holds, and if wanted "
            "confidence and reason."
        ),
    ] = None,
    unknown: Annotated[
        Literal["accept", "abstain", "next"] | None,
        Parameter(help="The vote on what it does not know; next asks the next evaluator."),
    ] = None,
    scheme: Annotated[Scheme | None, Parameter(help="Of rounds opened here.")] = None,
    timeout_ms: Annotated[int | None, Parameter(help="Life of rounds opened here.")] = None,
    attempts_max: Annotated[
        int | None, Parameter(help="Rounds opened by itself on a belief whose rounds expire.")
    ] = None,
    passphrase_file: Annotated[
        Path | None, Parameter(help="File with the passphrase of the node's key; see key protect.")
    ] = None,
    log_level: Level = "warning",
    output: AsJson = AsJson(),
) -> Outcome:
    """Run a node in the foreground until SIGINT or SIGTERM.

    An option goes before its environment variable, that before config.toml.
    Example: credimus up ./n0
    """
    from credimus.cli.running import run

    known = None if knowledge is None else str(knowledge.expanduser().absolute())
    options = {
        "node.link": ("--link", link),
        "voting.knowledge": ("--knowledge", known),
        "voting.unknown": ("--unknown", unknown),
        "voting.scheme": ("--scheme", scheme),
        "voting.timeout_ms": ("--timeout-ms", timeout_ms),
        "voting.attempts_max": ("--attempts-max", attempts_max),
    }

    def announce(where: dict[str, Any]) -> None:
        if output.json:
            print_json("up", "data", where)
        else:
            say(
                f"{where['name']} ({where['node'][:12]}) of fleet {where['fleet_name']}: links on "
                f"{where['listen']} ({where['link']}), API on {where['api']}. Stop with Ctrl-C."
            )

    ended = run(home_of(home), options, log_level, announce, opener(passphrase_file))
    return Outcome(None if output.json else ended, lambda: say("stopped"))


def status(*, common: Common = Common()) -> Outcome:
    """Show how the node is: members, links, rounds, faults, fingerprint.

    Example: credimus status --home ./n0
    """
    found = Client(home_of(common.home)).get("/v1/status")
    return Outcome(found, lambda: _show_status(found))


def _made(home: Path, made: Any, headline: str) -> Outcome:
    folder = str(home_of(home))
    data = {
        "home": folder,
        "fleet": made.fleet.hex(),
        "fleet_name": made.fleet_name,
        "node": made.node.hex(),
        "blocks": made.block_count,
    }

    def show() -> None:
        say(f"{headline} Start the node with: credimus up {folder}")
        if made.namesakes:
            complain(
                f"warning: member {made.namesakes[0].hex()[:12]} has the same name. Commands and "
                "rules that name a member then need an id; a name of its own is easier."
            )

    return Outcome(data, show)


def _show_status(found: dict[str, Any]) -> None:
    links = f"{len(found['neighbours'])} connected" if found["links_open"] else "down (by order)"
    failure = found["failure"]
    rows = [
        ("node", f"{found['name']} {found['node']}"),
        ("fleet", f"{found['fleet_name']} {found['fleet']}"),
        ("members", f"{found['members']}, {links}"),
        ("peers", _peers_line(found["peers"])),
        ("links", f"{found['listen']} ({found['link']})"),
        ("API", found["api"]),
        ("beliefs", f"{found['beliefs']}, {found['decided']} decided"),
        ("rounds", ", ".join(f"{n} {word}" for word, n in found["rounds"].items() if n) or "none"),
        ("blocks", f"{found['blocks']}, {found['orphans']} waiting for others"),
        ("faults", ", ".join(f"{f['count']} {f['code']}" for f in found["faults"]) or "none"),
        *_door_rows(found["doors"]),
        *_evaluator_rows(found["evaluating"]),
        ("failure", failure["message"] if failure else _FORKED if found["forked"] else "none"),
        ("fingerprint", found["fingerprint"]),
    ]
    table("", (), rows)


def _peers_line(peers: list[dict[str, Any]]) -> str:
    """How many are alive and how near; by name those who are not."""
    alive = [one for one in peers if one["status"] == "alive"]
    trips = sorted(one["rtt_us"] for one in alive if one["rtt_us"] is not None)
    near = f" ({trips[0] / 1e3:.1f} to {trips[-1] / 1e3:.1f} ms)" if trips else ""
    unknown = sum(one["status"] == "unknown" for one in peers)
    parts = [f"{len(alive)} alive{near}"]
    parts += [f"{p['name']} {p['status']}" for p in peers if p["status"] in ("suspect", "dead")]
    return ", ".join([*parts, f"{unknown} unknown"] if unknown else parts)


def _door_rows(doors: dict[str, Any]) -> list[tuple[str, str]]:
    """What was refused and who is left alone; nothing where all is well."""
    parts = []
    if doors["units_per_s_max"]:
        parts.append(f"{doors['units_left']} units left ({doors['units_per_s_max']} a second)")
    parts += [
        f"{one['left']} {one['category']} left ({one['per_hour']} an hour, {one['burst']} at once)"
        for one in doors["categories"]
    ]
    if doors["ignored"]:
        parts.append(f"{doors['ignored']} messages ignored")
    if doors["refused"]:
        parts.append(f"{doors['refused']} requests refused")
    parts += [
        f"{one['kind']} {one['name']} {one['state']} ({one['opened']} times open)"
        for one in doors["breakers"]
    ]
    return [("doors", ", ".join(parts))] if parts else []


def _evaluator_rows(evaluating: dict[str, Any] | None) -> list[tuple[str, str]]:
    """One row for each slow evaluator."""
    rows = []
    for one in evaluating["evaluators"] if evaluating is not None else ():
        failures = ", ".join(f"{count} {code}" for code, count in one["failures"].items())
        answers = f"{one['asked']} asked, {one['answered']} answered, {one['left']} left"
        rows.append((one["name"], f"{answers}, {failures or 'no failure'}"))
    return rows
