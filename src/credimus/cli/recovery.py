"""`credimus recover` and `credimus recovery`: mend a damaged store, and see how far that is."""

import time
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from credimus.cli.client import Client, home_of
from credimus.cli.options import AsJson, Common, moment_text
from credimus.cli.output import Outcome, complain, pairs, say
from credimus.cli.progress import progress

_LOOK_S = 0.5


def recover(
    home: Annotated[Path | None, Parameter(help="The node's folder.")] = None,
    *,
    output: AsJson = AsJson(),
) -> Outcome:
    """Keep what is intact of a damaged store, under the same identity; the node must not run.

    The old database goes into the folder `recovery`. Start the node afterwards: it fetches the rest
    from its peers, and writes nothing before it knows all that it has signed.
    Example: credimus recover ./n0
    """
    from credimus.cli.key import opener
    from credimus.runtime.identity.credentials import load_node_key
    from credimus.runtime.recovering import recover as recovered
    from credimus.runtime.settings.settings import read_settings

    folder = home_of(home)
    folder.check_made()
    key = load_node_key(folder.key, opener(None))
    done = recovered(folder, read_settings(folder.config), key)
    session = done.session
    data = {
        "home": str(folder),
        "intact": session.intact_count,
        "waiting": session.loose_count,
        "awaited": len(session.awaited),
        "accounted": session.is_accounted,
        "records_lost": done.altered_facts,
        "aside": str(done.aside),
    }
    return Outcome(data, lambda: _told(data))


def recovery(
    *,
    follow: Annotated[bool, Parameter(negative="", help="Go on until it has ended.")] = False,
    common: Common = Common(),
) -> Outcome:
    """Show how far a recovery or a reunion of the node is.

    A reunion brings together what parts of a split decided apart: see `recovery plan`.

    Example: credimus recovery --follow
    """
    client = Client(home_of(common.home))
    found = client.get("/v1/recovery")
    if follow:
        with progress("recovery") as told:
            while _goes_on(found):
                done, total = _far(found)
                if told is not None:
                    told(done, total)
                elif not common.json:
                    for line in _lines(found):
                        complain(line)
                time.sleep(_LOOK_S)
                found = client.get("/v1/recovery")
    return Outcome(
        {"recovery": found["recovery"], "reunion": found["reunion"]}, lambda: _show_both(found)
    )


def reunion_line(found: dict[str, Any]) -> str:
    """How far a reunion is, in a line."""
    words = (
        f"reunion by {found['strategy']}: {found['phase']}, {found['health']}, "
        f"{found['steps']} of {found['steps_total']}"
    )
    if found["outvoted"]:
        words += f", {found['outvoted']} outvoted"
    if found["remaining_ms"] is not None:
        words += f", some {found['remaining_ms'] / 1_000:.0f} s left"
    return f"{words}; {found['why']}" if found["why"] else words


def _goes_on(found: dict[str, Any]) -> bool:
    recovery, reunion = found["recovery"], found["reunion"]
    return (recovery is not None and recovery["health"] not in ("ended", "stuck")) or (
        reunion is not None and reunion["health"] not in ("ended", "undone")
    )


def _far(found: dict[str, Any]) -> tuple[int, int]:
    """How much is done, and of how much, of what goes on."""
    recovery, reunion = found["recovery"], found["reunion"]
    if recovery is not None and recovery["health"] not in ("ended", "stuck"):
        return _done(recovery)
    return reunion["steps"], reunion["steps_total"]


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [] if found["recovery"] is None else [_line(found["recovery"])]
    return lines + ([] if found["reunion"] is None else [reunion_line(found["reunion"])])


def _show_both(found: dict[str, Any]) -> None:
    if found["reunion"] is None or found["recovery"] is not None:
        _show(found["recovery"])
    if found["reunion"] is not None:
        _show_reunion(found["reunion"])


def _show_reunion(found: dict[str, Any]) -> None:
    say(reunion_line(found))
    rows = [("plan", found["plan"]), ("began", moment_text(found["began_ms"]))]
    if found["ended_ms"]:
        rows.append(("ended", moment_text(found["ended_ms"])))
    rows.append(("come to", f"{found['resolved']}, {found['pending']} not yet"))
    rows.append(("known to", f"{found['synchronized']} of {found['others']} other members"))
    pairs(rows)


def _told(data: dict[str, Any]) -> None:
    say(f"{data['intact']} blocks are intact; {data['waiting']} of them wait for others.")
    if data["accounted"]:
        say(f"{data['awaited']} altered blocks are fetched from peers by their names.")
    else:
        say("Not every row can be accounted for: all members are asked what they hold of this "
            "node's, before it writes.")  # fmt: skip
    if data["records_lost"]:
        say(f"Records that are lost: {', '.join(data['records_lost'])}")
    say(f"The old database is in {data['aside']}. Start the node, then see `credimus recovery`.")


def _show(found: dict[str, Any] | None) -> None:
    if found is None:
        say("This node has not had to recover.")
        return
    say(_line(found))
    rows = [("began", moment_text(found["began_ms"]))]
    if found["ended_ms"]:
        rows.append(("ended", moment_text(found["ended_ms"])))
    if not found["ended_ms"]:
        costs = [
            f"{one['way']} {one['blocks']} blocks, {one['bytes']} bytes"
            for one in found["ways"]
            if one["possible"]
        ]
        rows.append(("costs", "; ".join(costs)))
    if found["unanswered"]:
        rows.append(("waits for", ", ".join(one["name"] for one in found["unanswered"])))
    pairs(rows)
    if found["health"] == "stuck":
        say(
            "A member holds a block of this node's whose predecessor is nowhere any more, so that "
            "whatever this node wrote would contradict it. Join the fleet anew, from an empty "
            "folder; what only this node had said stays in the folder `recovery`."
        )


def _line(found: dict[str, Any]) -> str:
    done, total = _done(found)
    words = f"{found['cause']}, {found['way']}: {found['phase']}, {found['health']}, "
    words += f"{done} of {total}"
    if found["phase"] == "gathering" and not found["snapshot_size"]:
        words += " blocks"
    if found["unanswered"]:
        words += f", {len(found['unanswered'])} members have not answered"
    if found["remaining_ms"] is not None:
        words += f", some {found['remaining_ms'] / 1_000:.0f} s left"
    return words if found["writes"] else f"{words}; nothing is written meanwhile"


def _done(found: dict[str, Any]) -> tuple[int, int]:
    """How much is done, and of how much."""
    if found["snapshot_size"]:
        return found["snapshot_bytes"], found["snapshot_size"]
    if found["phase"] == "gathering":
        return found["blocks"], found["blocks_total"]
    return found["steps"], found["steps_total"]
