"""A switch with long and bad cables, for kernels without netem: run in a namespace of its own.

`python late_switch.py PORTS DELAY_MS LOSS_PERCENT` makes so many TAP devices, prints their names as
one line of JSON, and carries frames between them until it is killed.
"""

import fcntl
import heapq
import json
import os
import random
import selectors
import struct
import sys
import time

FRAME_BYTES_MAX = 2_048
WAITING_MAX = 20_000
"""Frames under way at once; past it the newest is lost."""
_TUNSETIFF = 0x400454CA
_IFF_TAP, _IFF_NO_PI = 0x0002, 0x1000
_BROADCAST = 1


def tap(name: str) -> int:
    """The descriptor of a new TAP device."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH", name.encode(), _IFF_TAP | _IFF_NO_PI))
    return device


class Switch:
    """Learns who is where, and carries each frame late, or not at all."""

    def __init__(self, ports: list[int], delay_s: float, loss_percent: float) -> None:
        self._ports = ports
        self._delay_s = delay_s
        self._loss_percent = loss_percent
        self._known: dict[bytes, int] = {}
        self._waiting: list[tuple[float, int, int, bytes]] = []
        self._taken_count = 0
        self._chance = random.Random(1)

    def run(self) -> None:
        """Carry frames for ever."""
        selector = selectors.DefaultSelector()
        for port in self._ports:
            selector.register(port, selectors.EVENT_READ)
        while True:
            due = self._waiting[0][0] - time.monotonic() if self._waiting else None
            for key, _ in selector.select(None if due is None else max(0.0, due)):
                self._take(key.fd)
            now = time.monotonic()
            while self._waiting and self._waiting[0][0] <= now:
                _, _, port, frame = heapq.heappop(self._waiting)
                try:
                    os.write(port, frame)
                except OSError:  # its host is down, or takes no more
                    continue

    def _take(self, port: int) -> None:
        try:
            frame = os.read(port, FRAME_BYTES_MAX)
        except OSError:
            return
        to, sender = frame[:6], frame[6:12]
        self._known[sender] = port
        known = None if to[0] & _BROADCAST else self._known.get(to)
        ports = [known] if known is not None else [one for one in self._ports if one != port]
        for one in ports:
            lost = self._chance.uniform(0, 100) < self._loss_percent
            if lost or len(self._waiting) >= WAITING_MAX:
                continue
            self._taken_count += 1
            entry = time.monotonic() + self._delay_s, self._taken_count, one, frame
            heapq.heappush(self._waiting, entry)


def main(count: int, delay_ms: float, loss_percent: float) -> None:
    """Make the ports, name them, carry."""
    names = [f"tap{place}" for place in range(count)]
    ports = [tap(name) for name in names]
    print(json.dumps(names), flush=True)
    Switch(ports, delay_ms / 1_000, loss_percent).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
