"""credimus: a leaderless belief-consensus engine.

    async with credimus.Node.open("n0") as node:              # a node in this process
        receipt = await node.assert_belief("route 9 is blocked", confidence=0.9)
        verdict = await receipt.decided(timeout=5)

    credimus.connect("n0").assert_belief("route 9 is blocked")   # one that runs already

    async with credimus.fleet_of(["scout", "truck"]) as fleet:   # a whole fleet, to try out

What is public is named in `__all__`. Names are loaded when they are first used, so that importing
the package, or a part such as `credimus.crdt`, loads nothing else.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from credimus.api.errors import Waited
    from credimus.api.shapes.answers import (
        BeliefDetail,
        BeliefItem,
        BeliefPage,
        Event,
        Status,
    )
    from credimus.api.shapes.members import MemberItem
    from credimus.kernel.errors import (
        Conflict,
        CredimusError,
        InternalError,
        NotFound,
        NotPermitted,
        PeerFault,
        StorageError,
        Unavailable,
        UsageError,
    )
    from credimus.library.comparing import Similarity
    from credimus.library.delivered import Delivered
    from credimus.library.judging import Ballot, Judge
    from credimus.library.messages import Message, MessageReceipt
    from credimus.library.node import Node
    from credimus.library.receipt import Receipt
    from credimus.library.remote import RemoteNode, connect
    from credimus.library.remote_messages import RemoteMessage, RemoteMessageReceipt
    from credimus.library.remote_receipt import RemoteReceipt
    from credimus.library.together import fleet_of
    from credimus.runtime.evaluating.inquiry import Inquiry
    from credimus.state.operations import Evidence
    from credimus.why.explanation import Explanation

__version__ = "0.1.0"
__all__ = [
    "Ballot",
    "BeliefDetail",
    "BeliefItem",
    "BeliefPage",
    "Conflict",
    "CredimusError",
    "Delivered",
    "Event",
    "Evidence",
    "Explanation",
    "Inquiry",
    "InternalError",
    "Judge",
    "MemberItem",
    "Message",
    "MessageReceipt",
    "Node",
    "NotFound",
    "NotPermitted",
    "PeerFault",
    "Receipt",
    "RemoteMessage",
    "RemoteMessageReceipt",
    "RemoteNode",
    "RemoteReceipt",
    "Similarity",
    "Status",
    "StorageError",
    "Unavailable",
    "UsageError",
    "Waited",
    "connect",
    "fleet_of",
]
_ERRORS = (
    "Conflict", "CredimusError", "InternalError", "NotFound", "NotPermitted", "PeerFault",
    "StorageError", "Unavailable", "UsageError",
)  # fmt: skip
_SHAPES = ("BeliefDetail", "BeliefItem", "BeliefPage", "Event", "Status")
_MODULES = {
    **dict.fromkeys(_ERRORS, "kernel.errors"),
    **dict.fromkeys(_SHAPES, "api.shapes.answers"),
    **dict.fromkeys(("Ballot", "Judge"), "library.judging"),
    **dict.fromkeys(("RemoteNode", "connect"), "library.remote"),
    **dict.fromkeys(("Message", "MessageReceipt"), "library.messages"),
    **dict.fromkeys(("RemoteMessage", "RemoteMessageReceipt"), "library.remote_messages"),
    "Delivered": "library.delivered",
    "Evidence": "state.operations",
    "Explanation": "why.explanation",
    "Inquiry": "runtime.evaluating.inquiry",
    "MemberItem": "api.shapes.members",
    "Node": "library.node",
    "Receipt": "library.receipt",
    "RemoteReceipt": "library.remote_receipt",
    "Similarity": "library.comparing",
    "Waited": "api.errors",
    "fleet_of": "library.together",
}
"""Where each public name lives (PEP 562)."""


def __getattr__(name: str) -> object:
    """A public name, loaded now."""
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module 'credimus' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - nothing is loaded before it is asked for

    found: object = getattr(import_module(f"credimus.{module}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """What is public, and what is loaded."""
    return sorted({*__all__, *globals()})
