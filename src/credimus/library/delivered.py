"""Who has acknowledged a message."""

import msgspec

from credimus.api.shapes.messages import Receiver, SentMessage


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """Who has acknowledged a message, and who has not (yet, or any more)."""

    acknowledged: list[Receiver]
    """Their applications have finished with it; `result` and `text` are what they gave."""
    missing: list[Receiver]
    """`state` says how far it has come, `reason` why it was given up."""

    def __bool__(self) -> bool:
        """Whether all have acknowledged it."""
        return not self.missing


def delivered_of(view: SentMessage) -> Delivered:
    """What a message has come to."""
    return Delivered(
        acknowledged=[one for one in view.to if one.state == "done"],
        missing=[one for one in view.to if one.state != "done"],
    )
