"""Commands about messages of applications, as delivery takes them."""

from typing import assert_never

from credimus.kernel.instant import Now
from credimus.node.commands import FinishMessage, MessageCommand, SendMessage
from credimus.protocol.delivery.interface import DeliveryEffects, Finish, Post
from credimus.protocol.delivery.machine import Delivery


def deliver(delivery: Delivery, command: MessageCommand, now: Now) -> tuple[int, DeliveryEffects]:
    """The number of the message that was sent, 0 for one that was finished; and what is to be done.

    Raises:
        UsageError, NotFound, Conflict, Unavailable: nothing was changed.
    """
    match command:
        case SendMessage():
            post = Post(
                to=command.to,
                payload=command.payload,
                mode=command.mode,
                ttl_ms=command.ttl_ms,
                key=command.key,
            )
            return delivery.post(post, now)
        case FinishMessage():
            finish = Finish(sender=command.sender, number=command.number, result=command.result)
            return 0, delivery.finish(finish)
        case _:
            assert_never(command)
