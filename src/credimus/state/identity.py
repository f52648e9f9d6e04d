"""When two statements are the same belief: equal category and equal normalised content.

The fold normalises bytes only, so that no version of Unicode tables can split a fleet; a node
brings what its own callers write to composed form (NFC) before it asserts.
"""

import unicodedata
from functools import lru_cache

from credimus.kernel.ids import ID_BYTES, BeliefId, fingerprint


def normalised(content: str) -> bytes:
    """UTF-8 bytes with ASCII letters in lower case, spaces folded, closing dots dropped."""
    return b" ".join(content.encode().lower().split()).rstrip(b". ")


@lru_cache(maxsize=4_096)
def belief_id(content: str, category: str) -> BeliefId:
    """The 128-bit id of a belief."""
    return BeliefId(
        fingerprint(b"credimus belief", category.encode(), normalised(content))[:ID_BYTES]
    )


def as_written(content: str) -> str:
    """What a caller wrote, in composed form and without outer spaces."""
    return unicodedata.normalize("NFC", content).strip()
