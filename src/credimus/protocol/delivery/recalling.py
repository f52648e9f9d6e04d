"""Takes up outbox and inbox from what the disk holds."""

from collections.abc import Iterable

from credimus.kernel.errors import StorageError
from credimus.kernel.ids import NodeId
from credimus.protocol.delivery.inbox import Inbox
from credimus.protocol.delivery.outbox import Outbox
from credimus.protocol.delivery.records import (
    COPY,
    COUNTER,
    FLOOR,
    IN,
    OUT,
    REPLAY,
    CopyRow,
    HeldRow,
    PostedRow,
    WindowRow,
    member_of,
    name_of,
    number_of,
    read_row,
)


def recall(facts: Iterable[tuple[str, bytes]], outbox: Outbox, inbox: Inbox) -> None:
    """Give each row to whom it belongs, in whatever order they come; of one family they keep
    theirs, so that messages wait in the order in which they came.

    Raises:
        StorageError: `corrupt`.
    """
    rows: dict[str, list[tuple[str, str, bytes]]] = {}
    for key, value in facts:
        rows.setdefault(key.rpartition("/")[0], []).append((key, name_of(key), value))
    for key, _, value in rows.pop("delivery", []):
        if key == COUNTER:
            outbox.recall_counter(read_row(key, value, int))
    ended: dict[int, dict[NodeId, CopyRow]] = {}
    for key, name, value in rows.pop(COPY, []):
        digits, _, receiver = name.partition("-")
        end = read_row(key, value, CopyRow)
        ended.setdefault(number_of(digits), {})[member_of(receiver)] = end
    posted = [
        (number_of(name), read_row(key, value, PostedRow)) for key, name, value in rows.pop(OUT, [])
    ]
    for number, row in sorted(posted, key=lambda one: one[0]):
        outbox.recall(number, row, ended.pop(number, {}))
    for key, name, value in rows.pop(FLOOR, []):
        inbox.recall_floor(member_of(name), read_row(key, value, int))
    for key, name, value in rows.pop(REPLAY, []):
        inbox.recall_window(member_of(name), read_row(key, value, WindowRow))
    for key, name, value in rows.pop(IN, []):
        sender, _, digits = name.partition("-")
        inbox.recall_held(member_of(sender), number_of(digits), read_row(key, value, HeldRow))
    if rows:
        raise StorageError("corrupt", f"facts of delivery in unknown families: {sorted(rows)}.")
