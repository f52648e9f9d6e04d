"""Turns commands about messages into what the delivery machine is asked."""

from typing import Any

from credimus.kernel.effects import Effects
from credimus.kernel.errors import NotFound
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import Now
from credimus.node.commands import FinishMessage, SendMessage, Written
from credimus.node.writing import Writing
from credimus.protocol.delivery.interface import Finish, Post
from credimus.protocol.delivery.machine import Delivery


def deliver(
    command: SendMessage | FinishMessage,
    delivery: Delivery,
    writing: Writing,
    own: NodeId,
    now: Now,
) -> tuple[Written, Effects[Any, Any, Any]]:
    """What was asked of the machine, and what that does.

    Args:
        own: the node itself; members that it hosts send no messages.
    """
    if isinstance(command, FinishMessage):
        finish = Finish(sender=command.sender, number=command.number, result=command.result)
        return Written(own), delivery.finish(finish)
    if writing.author_of(command).id != own:
        raise NotFound("not-hosted", "a hosted member sends no messages; its node does.")
    post = Post(
        to=command.to,
        payload=command.payload,
        mode=command.mode,
        ttl_ms=command.ttl_ms,
        key=command.key,
    )
    number, effects = delivery.post(post, now)
    return Written(own, message=number), effects
