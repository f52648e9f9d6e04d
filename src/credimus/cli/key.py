"""Commands on a node's key: key rotate."""

from credimus.cli.client import home_of
from credimus.cli.options import Common
from credimus.cli.output import Outcome, complain, say


def rotate(*, common: Common = Common()) -> Outcome:
    """Give a stopped node a new key: it stays the same member, under a new id.

    The old key is kept beside the new one, and signs nothing any more. A crash in between is mended
    by the next start, or by rotating again.
    Example: credimus key rotate --home ./n0
    """
    from credimus.runtime.rotating import rotate_key

    home = home_of(common.home)
    made = rotate_key(home)
    data = {"home": str(home), "old": made.old.hex(), "new": made.new.hex()}

    def show() -> None:
        say(f"{data['old']} is now {data['new']}. Start the node with: credimus up {home}")
        complain("The old key is kept as node.key.<its id>. The others learn of it once it runs.")

    return Outcome(data, show)
