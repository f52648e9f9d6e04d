"""From what a step says to payloads on the links."""

from collections.abc import Iterable

from credimus.kernel.effects import Send
from credimus.kernel.errors import UsageError
from credimus.node.supply import Outgoing, WiresOf, payload_of
from credimus.node.telling.shielding import Shield
from credimus.runtime.transport.interface import Transport


def send_all(
    sends: Iterable[Send[Outgoing]], transport: Transport, shield: Shield, wires: WiresOf
) -> int:
    """Hand messages to the links, in their order.

    Returns:
        how many were too large to be sent, and were not.

    Raises:
        StorageError: `corrupt`, for a block that was to be sent.
    """
    unsent_count = 0
    for send in sends:
        payload = shield.wrapped(payload_of(send.message, wires), send.to)
        try:
            if send.to is None:
                transport.broadcast(payload)
            else:
                transport.send(send.to, payload, send.wake)
        except UsageError:
            unsent_count += 1
    return unsent_count
