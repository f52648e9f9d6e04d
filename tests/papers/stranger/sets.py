"""beliefs.md: the canonical bytes of a set, and the join of two."""

from stranger.identifiers import mp

Dots = dict[tuple[bytes, int], tuple[bytes, list] | None]
"""Dot -> (key, record), or None when it was seen and removed."""


def runs_of(counters: list[int]) -> list[int]:
    bounds: list[int] = []
    for counter in sorted(counters):
        if bounds and bounds[-1] == counter:
            bounds[-1] = counter + 1
        else:
            bounds += [counter, counter + 1]
    return bounds


def column(items: list, kind: int) -> tuple[list, bytes]:
    parts = items if kind == 0 else [mp(item) for item in items]
    lengths = [len(part) for part in parts]
    if lengths and lengths[0] and len(set(lengths)) == 1:
        return [kind, 0, lengths[0]], b"".join(parts)
    width = next(w for w in (1, 2, 4, 8) if max(lengths, default=0) < 1 << 8 * w)
    packed = b"".join(length.to_bytes(width, "little") for length in lengths)
    return [kind, width, 0], packed + b"".join(parts)


def set_bytes(dots: Dots) -> bytes:
    """The canonical bytes of a set whose keys are byte strings and whose records are arrays."""
    names = sorted({author for author, _ in dots})
    rows = [
        [name, runs_of([c for a, c in dots if a == name]),
         runs_of([c for (a, c), held in dots.items() if a == name and held])]
        for name in names
    ]  # fmt: skip
    live = [held for _, held in sorted(dots.items(), key=lambda item: item[0]) if held]
    keys, key_bytes = column([key for key, _ in live], 0)
    records, record_bytes = column([record for _, record in live], 1 if live else 0)
    header = mp([1, rows, keys, records])
    return len(header).to_bytes(4, "big") + header + key_bytes + record_bytes


def joined(one: Dots, other: Dots) -> Dots:
    both = dict(one)
    for dot, held in other.items():
        if dot not in both:
            both[dot] = held
        elif both[dot] is not None:
            both[dot] = None if held is None else min(both[dot], held, key=mp)
    return both
