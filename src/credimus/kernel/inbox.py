"""Messages of many senders, taken in turns: one who floods fills his own share, and waits alone.

While few messages wait, they are taken as they came and nobody is counted.
"""

from collections import deque
from collections.abc import Sequence

from credimus.kernel import limits
from credimus.kernel.ids import NodeId

Message = tuple[NodeId, bytes]


class Inbox:
    """What waits for one node.

    Invariant: at most `INBOX_MAX` messages, and none is added to `INBOX_BYTES_MAX` bytes; beyond
    the first `INBOX_FREE` each sender has at most `INBOX_SHARE_MAX`. Messages of one sender are
    taken in the order in which they came.
    """

    __slots__ = ("_bytes", "_counts", "_waiting", "dropped_count")

    def __init__(self) -> None:
        self._waiting: deque[Message] = deque()
        self._counts: dict[NodeId, int] = {}
        """What each sender has waiting beyond the free part."""
        self._bytes = 0
        self.dropped_count = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, messages: Sequence[Message]) -> int:
        """Let these wait. Returns how many of them, the newest of those with too many, do not."""
        waiting = self._waiting
        size = self._bytes + sum([len(payload) for _, payload in messages])
        if len(waiting) + len(messages) <= limits.INBOX_FREE and size <= limits.INBOX_BYTES_MAX:
            waiting.extend(messages)
            self._bytes = size
            return 0
        dropped_count = 0
        for message in messages:
            if self._has_room(message[0]):
                waiting.append(message)
                self._bytes += len(message[1])
            else:
                dropped_count += 1
        self.dropped_count += dropped_count
        return dropped_count

    def take(self) -> list[Message]:
        """The messages of the next step: all, or when they are many one of each sender in turn
        until it is enough, of nobody too many."""
        waiting = self._waiting
        few = len(waiting) <= 2 * limits.TURN_ROUNDS_MAX
        if few and self._bytes <= limits.TURN_BYTES_MAX:
            taken = list(waiting)
            self.clear()
            return taken
        queues: dict[NodeId, deque[bytes]] = {}
        for sender, payload in waiting:
            queues.setdefault(sender, deque()).append(payload)
        taken = _in_turns(queues)
        for sender, payload in taken:
            self._bytes -= len(payload)
            if self._counts.get(sender):
                self._counts[sender] -= 1
        self._waiting = deque(
            (sender, payload) for sender, queue in queues.items() for payload in queue
        )
        if not self._waiting:
            self._counts.clear()
        return taken

    def clear(self) -> None:
        """Forget all that waits."""
        self._waiting.clear()
        self._bytes = 0
        if self._counts:
            self._counts.clear()

    def _has_room(self, sender: NodeId) -> bool:
        count = len(self._waiting)
        if self._bytes >= limits.INBOX_BYTES_MAX:
            return False
        if count < limits.INBOX_FREE:
            return True
        own = self._counts.get(sender, 0)
        if own >= limits.INBOX_SHARE_MAX or count >= limits.INBOX_MAX:
            return False
        self._counts[sender] = own + 1
        return True


def _in_turns(queues: dict[NodeId, deque[bytes]]) -> list[Message]:
    """One of each sender, round by round, until it is enough; taken from the queues."""
    taken: list[Message] = []
    size = 0
    for _ in range(limits.TURN_ROUNDS_MAX):
        for sender, queue in queues.items():
            if queue:
                payload = queue.popleft()
                taken.append((sender, payload))
                size += len(payload)
        if len(taken) >= limits.TURN_MESSAGES_MAX or size >= limits.TURN_BYTES_MAX:
            break
        if not any(queues.values()):
            break
    return taken
