"""`credimus bench orset`: how fast and how small the OR-Set is, on records like beliefs.

Each figure is the best of several runs in one process, as `timeit` advises (what is slower was
disturbed by other programs); the medians stand beside them. Making the records is not timed. The
cyclic collector is on and untouched: bytes and ints are not among what it tracks.
"""

import gc
import time
import tracemalloc
from collections.abc import Callable
from hashlib import shake_256
from statistics import median
from typing import Any

from credimus.crdt import ORSet
from credimus.kernel.entropy import Entropy, Stream

Pairs = list[tuple[bytes, bytes]]
Set = ORSet[bytes, bytes]

RUNS = 7
DELTA = 100
_BATCH = 1_000
_DRAW = 250
_VOCABULARY = (
    b"door robot sensor north valve open closed moving battery tower reports above below normal "
    b"drifting since the of"
)
_WORDS = (_VOCABULARY.split() * 15)[:256]


def bench_orset(size: int) -> dict[str, Any]:
    """The figures for sets of `size` elements.

    Returns:
        adds_per_s, removes_per_s; merge_s of two replicas of `size` that share half; serialize_s,
        deserialize_s; delta_ms, the slower side of making (with its bytes) and of taking in a delta
        of 100 on top of `size`, and delta_ms_at_10x the same on top of ten times that;
        bytes_per_element of memory, key and record included, by tracemalloc; payload_ratio, bytes
        written to bytes of keys and records; empty_bytes written after removing everything.
    """
    stream = Entropy(b"bench orset").stream("records")
    pairs = make_pairs(size, stream)
    more = make_pairs(size // 2 + 10 * DELTA, stream)
    times = {
        **_changes(pairs),
        "merge_s": _merge(pairs, more[: size // 2]),
        **_bytes(pairs),
        **_delta("delta_ms", pairs, more),
        **_delta("delta_ms_at_10x", make_pairs(10 * size, stream), more),
    }
    best = {name: _figure(name, min(taken), size) for name, taken in times.items()}
    medians = {name: _figure(name, median(taken), size) for name, taken in times.items()}
    return {
        **best,
        **_sizes(pairs),
        "bytes_per_element": _memory(size, stream),
        "medians": medians,
        "size": size,
        "runs": RUNS,
        "payload_bytes_per_element": round(sum(map(_weight, pairs)) / size, 1),
        "garbage_collector": "on" if gc.isenabled() else "off",
    }


def make_pairs(count: int, stream: Stream) -> Pairs:
    """Distinct 16-byte ids with belief-like records of 290 to 350 bytes, 320 on average."""
    made = []
    for _ in range(0, count, _BATCH):
        draws = shake_256(stream.octets(32)).digest(_BATCH * _DRAW)
        made += [_pair(draws[at : at + _DRAW]) for at in range(0, len(draws), _DRAW)]
    return made[:count]


def _pair(draw: bytes) -> tuple[bytes, bytes]:
    """An id; author, stamp, confidence, content and evidence, as an encoded assertion has them."""
    content = b" ".join(map(_WORDS.__getitem__, draw[16:32]))[:72].ljust(72)
    return draw[:16], b"".join([b"\x96", draw[32:73], content, draw[73:249], bytes(draw[249] % 61)])


def _weight(pair: tuple[bytes, bytes]) -> int:
    return len(pair[0]) + len(pair[1])


def _filled(pairs: Pairs, replica: bytes) -> Set:
    made: Set = ORSet(replica)
    add = made.add
    for key, record in pairs:
        add(key, record)
    return made


def _emptied(full: Set, pairs: Pairs) -> Set:
    remove = full.remove
    for key, _ in pairs:
        remove(key)
    return full


def _figure(name: str, seconds: float, size: int) -> float:
    """A time in the unit that the name ends in."""
    if name.endswith("_per_s"):
        return round(size / seconds)
    return round(seconds * 1000, 4) if "_ms" in name else round(seconds, 5)


def _changes(pairs: Pairs) -> dict[str, list[float]]:
    adds = []
    removes = []
    for _ in range(RUNS):
        took, full = _timed(_filled, pairs, b"replica-a")
        adds.append(took)
        took, full = _timed(_emptied, full, pairs)
        removes.append(took)
    return {"adds_per_s": adds, "removes_per_s": removes}


def _merge(pairs: Pairs, more: Pairs) -> list[float]:
    """Both replicas hold `len(pairs)`; the shared half was read from bytes on one side."""
    half = len(pairs) // 2
    shared = _filled(pairs[:half], b"replica-s")
    theirs: Set = ORSet.from_bytes(shared.to_bytes(), b"replica-b")
    for key, record in more:
        theirs.add(key, record)
    took = []
    for _ in range(RUNS):
        mine = shared.copy(b"replica-a")
        for key, record in pairs[half:]:
            mine.add(key, record)
        took.append(_timed(mine.merge, theirs)[0])
    return took


def _bytes(pairs: Pairs) -> dict[str, list[float]]:
    full = _filled(pairs, b"replica-a")
    writes = []
    reads = []
    for _ in range(RUNS):
        took, raw = _timed(full.to_bytes)
        writes.append(took)
        took, copy = _timed(ORSet.from_bytes, raw, b"replica-b")
        reads.append(took)
        del copy, raw
    return {"serialize_s": writes, "deserialize_s": reads}


def _delta(name: str, pairs: Pairs, more: Pairs) -> dict[str, list[float]]:
    """Batches of `DELTA` adds, each sent as bytes from one replica to another."""
    ours = _filled(pairs, b"replica-a")
    theirs = ours.copy(b"replica-b")
    makes = []
    takes = []
    for start in range(0, 10 * DELTA, DELTA):
        before = ours.version()
        for key, record in more[start : start + DELTA]:
            ours.add(key, record)
        took, raw = _timed(lambda since: ours.delta_since(since).to_bytes(), before)
        makes.append(took)
        took, _ = _timed(lambda raw: theirs.merge(ORSet.from_bytes(raw)), raw)
        takes.append(took)
    slower = makes if median(makes) > median(takes) else takes
    return {name: slower, f"{name}_make": makes, f"{name}_take": takes}


def _sizes(pairs: Pairs) -> dict[str, Any]:
    full = _filled(pairs, b"replica-a")
    ratio = len(full.to_bytes()) / max(sum(map(_weight, pairs)), 1)
    return {
        "payload_ratio": round(ratio, 5),
        "empty_bytes": len(_emptied(full, pairs).to_bytes()),
    }


def _memory(size: int, stream: Stream) -> float:
    """Traced bytes of a set that was filled from records which nothing else holds."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        made = _filled(make_pairs(size, stream), b"replica-a")
        return round((tracemalloc.get_traced_memory()[0] - before) / max(len(made), 1), 1)
    finally:
        tracemalloc.stop()


def _timed(work: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - start, result
