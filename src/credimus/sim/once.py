"""A simulation verifies each signature once, not once per node: the answer is the same everywhere.

A third of the time of a run, and more the larger the fleet. Only what verified is remembered.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from credimus.lace import seal
from credimus.node import ingress
from credimus.sim.saboteurs.patching import patched

_REMEMBERED_MAX = 1_000_000
"""Signatures remembered; past it the memory begins anew. [guess: some 200 MB]"""


@contextmanager
def signatures_checked_once() -> Iterator[None]:
    """While this lasts, all nodes of this process share what they verified."""
    verified: set[tuple[bytes, bytes, bytes]] = set()  # for membership only
    check = seal.check_signature

    def check_once(public_key: bytes, message: bytes, signature: bytes, what: object) -> None:
        shown = (public_key, message, signature)
        if shown not in verified:
            check(public_key, message, signature, what)
            if len(verified) >= _REMEMBERED_MAX:
                verified.clear()
            verified.add(shown)

    with patched(ingress, "check_signature", check_once):
        yield
