"""Which numbers of one sender were seen, as far back as a fixed window reaches.

What is older than the window counts as seen: a message may be lost, and never comes twice.

Source: RFC 4303, section 3.4.3 (the anti-replay window of IPsec).
"""

import msgspec

from credimus.kernel import limits

_WIDTH = limits.REPLAY_WINDOW


class Window(msgspec.Struct, gc=False):
    """The highest number that was seen, and a bit for each of those below it.

    Invariant: bit 0 stands for `highest`, bit k for `highest - k`; k is below REPLAY_WINDOW.
    """

    highest: int = 0
    bits: int = 0

    def has(self, number: int) -> bool:
        """Whether a number was seen, or is too old to know."""
        back = self.highest - number
        return back >= 0 and (back >= _WIDTH or bool(self.bits >> back & 1))

    def add(self, number: int) -> None:
        """Note a number that `has` denied."""
        ahead = number - self.highest
        if ahead <= 0:
            self.bits |= 1 << -ahead
        else:
            self.bits = self.bits << min(ahead, _WIDTH) & (1 << _WIDTH) - 1 | 1
            self.highest = number
