"""How long to wait for an answer: twice as long each time, and never quite alike for two.

Source: M. Brooker, "Exponential backoff and jitter" (2015), the variant with equal jitter.
"""

from credimus.kernel.entropy import Stream
from credimus.protocol.delivery.interface import DeliveryConfig


def wait_ns(config: DeliveryConfig, unanswered: int, chance: Stream) -> int:
    """The wait after so many sendings in a row without an answer, 1 or more: between one half and
    the whole of `base_ns * 2 ** (unanswered - 1)`, which is at most `patience_ns_max`."""
    doublings = min(unanswered - 1, config.patience_ns_max.bit_length())
    whole = min(config.base_ns << doublings, config.patience_ns_max)
    return whole // 2 + chance.below(whole - whole // 2 + 1)


def patience_ns(config: DeliveryConfig, chance: Stream) -> int:
    """The wait while the receiver's application works."""
    whole = config.patience_ns_max
    return whole // 2 + chance.below(whole - whole // 2 + 1)
