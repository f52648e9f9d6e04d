"""Commands about certificates: certificate, verify, trust. Only verify needs no node."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from credimus.cli.beliefs import Belief, path_id
from credimus.cli.client import Client, home_of
from credimus.cli.options import AsJson, Common
from credimus.cli.output import Outcome, say, table
from credimus.kernel.errors import NotFound
from credimus.kernel.limits import CERTIFICATE_BYTES_MAX

if TYPE_CHECKING:
    from credimus.certificate import Trust, Verified


def certificate(belief: Belief, *, common: Common = Common()) -> Outcome:
    """Print the certificate of a decided belief: a file that proves the verdict to strangers.

    Example: credimus certificate 3f9c02aa > c.json
    """
    path = f"/v1/beliefs/{path_id(belief)}/certificate"
    text = Client(home_of(common.home)).get_text(path)
    return Outcome(json.loads(text), lambda: say(text.rstrip("\n")))


def verify_(
    file: Annotated[Path, Parameter(help="What `credimus certificate` printed.")],
    *,
    trust: Annotated[
        str, Parameter(help="The fleet: its id, or a file with what `credimus trust` printed.")
    ],
    output: AsJson = AsJson(),
) -> Outcome:
    """Check a certificate with nothing but the file and the fleet that is trusted.

    Exit code 0 when it holds, whichever the outcome; 1 when it does not.

    Example: credimus verify c.json --trust FLEET.pub
    """
    from credimus.certificate import verify

    verified = verify(_read(file), _trusted(trust))
    return Outcome(_facts(verified), lambda: _show(verified))


def trust(*, common: Common = Common()) -> Outcome:
    """Print the line by which others know this fleet; publish it.

    Example: credimus trust --home ./n0 > FLEET.pub
    """
    found = Client(home_of(common.home)).get("/v1/fleet")
    return Outcome(found, lambda: say(found["trust"].rstrip("\n")))


def _trusted(given: str) -> "Trust":
    """The fleet that is meant: by its id, where it looks like one, or by its file."""
    from credimus.certificate import read_trust

    bare = len(given) == 32 and given.isalnum() and not Path(given).exists()
    return read_trust(given if bare else _read(Path(given)).decode(errors="replace"))


def _read(path: Path) -> bytes:
    """A file's bytes; of one that is too long, enough to be refused."""
    try:
        with path.expanduser().open("rb") as file:
            return file.read(CERTIFICATE_BYTES_MAX + 1)
    except OSError as problem:
        raise NotFound("no-such-file", f"{path} can not be read: {problem.strerror}") from None


def _facts(verified: "Verified") -> dict[str, Any]:
    import msgspec

    facts: dict[str, Any] = msgspec.to_builtins(verified.certificate)
    del facts["proof"]
    votes = [
        {
            "elector": one.node.hex(),
            "name": one.name,
            "choice": one.choice,
            "admitted_by": one.admitted_by,
        }
        for one in verified.voters
    ]
    return {
        **facts, "votes": votes, "not_shown": verified.silent, "not_proved": verified.unproved,
    }  # fmt: skip


def _show(verified: "Verified") -> None:
    stated = verified.certificate
    rows = [
        ("statement", stated.statement),
        ("category", stated.category),
        ("outcome", stated.outcome),
        ("fleet", f"{stated.fleet_name} {stated.fleet}"),
        ("scheme", f"{stated.scheme}, {stated.threshold}, votes {stated.aggregation}"),
        ("value", f"{stated.value} of {stated.value_max}, {stated.value_needed} needed"),
        ("answers", f"{stated.voted} of {stated.electors} electors, {stated.quorum} needed"),
        *(
            (one.choice, f"{one.name} {one.node.hex()}, admitted by {one.admitted_by or '?'}")
            for one in verified.voters
        ),
        *((("not shown", ", ".join(verified.silent)),) if verified.silent else ()),
    ]
    table("The certificate holds.", (), rows)
    say("\nIt does not prove:")
    for sentence in verified.unproved:
        say(f"- {sentence}")
