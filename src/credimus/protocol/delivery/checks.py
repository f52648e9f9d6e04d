"""What an application may send: each rule broken is a UsageError that says how to mend it. Pure."""

from credimus.kernel import limits
from credimus.kernel.errors import UsageError
from credimus.protocol.delivery.interface import Finish, Mode, Post


def check_post(asked: Post) -> None:
    """Refuse a message that could not travel.

    Raises:
        UsageError: `no-receivers`, `too-many-receivers`, `message-too-long`, `out-of-range`,
            `key-unusable`.
    """
    if not asked.to:
        raise UsageError("no-receivers", "there is nobody to send to; name at least one member.")
    if len(asked.to) > limits.MESSAGE_RECEIVERS_MAX:
        raise UsageError(
            "too-many-receivers",
            f"{len(asked.to)} receivers; at most {limits.MESSAGE_RECEIVERS_MAX} are taken. Send "
            "to some of them at a time.",
        )
    if len(asked.payload) > limits.MESSAGE_BYTES_MAX:
        raise UsageError(
            "message-too-long",
            f"the message has {len(asked.payload)} bytes, at most {limits.MESSAGE_BYTES_MAX} are "
            "taken; send it in parts, or send where it can be fetched.",
        )
    shortest, longest = limits.MESSAGE_TTL_MS_MIN, limits.MESSAGE_TTL_MS_MAX
    if asked.ttl_ms is not None and not shortest <= asked.ttl_ms <= longest:
        raise UsageError(
            "out-of-range", f"a message is tried for {shortest} ms at least, {longest} ms at most."
        )
    if len(asked.key) > limits.MESSAGE_KEY_BYTES_MAX:
        raise UsageError(
            "key-unusable",
            f"a key has 1 to {limits.MESSAGE_KEY_BYTES_MAX} bytes, not {len(asked.key)}.",
        )
    if asked.key and asked.mode is Mode.AT_MOST_ONCE:
        raise UsageError(
            "key-unusable",
            "a message of mode at-most-once is not remembered, so a key would promise nothing; "
            "leave it out, or take another mode.",
        )


def check_finish(asked: Finish) -> None:
    """Refuse a result that could not travel.

    Raises:
        UsageError: `result-too-long`.
    """
    if len(asked.result) > limits.MESSAGE_RESULT_BYTES_MAX:
        raise UsageError(
            "result-too-long",
            f"the result has {len(asked.result)} bytes, at most {limits.MESSAGE_RESULT_BYTES_MAX} "
            "are taken; send a message instead.",
        )
