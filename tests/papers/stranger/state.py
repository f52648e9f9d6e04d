"""beliefs.md and state-fingerprint.md: which claims live, and the 32 bytes of a state."""

from collections import defaultdict
from typing import Any

from stranger.checkpoints import checkpoints_fingerprint
from stranger.identifiers import belief_id, fingerprint, mp
from stranger.members import View, members_fingerprint
from stranger.roster import Fleet
from stranger.rounds import Rounds
from stranger.sets import Dots, set_bytes


def state_fingerprint(fleet: Fleet) -> bytes:
    rounds = Rounds(fleet)
    return fingerprint(
        b"credimus state",
        members_fingerprint(roster_of(fleet)),
        beliefs_fingerprint(fleet, rounds),
        rounds.fingerprint(),
        enclosures_fingerprint(fleet),
        checkpoints_fingerprint(fleet),
        *reconciliations_fingerprint(fleet),
    )


def enclosures_fingerprint(fleet: Fleet) -> bytes:
    given: dict[tuple[bytes, bytes], set] = defaultdict(set)
    for block, (_, _, key_name, ephemeral, boxes) in fleet.said(21):
        for reader, closed in boxes:
            given[key_name, reader].add((block.author, ephemeral, closed))
    boxes = [(*which, sorted(those)) for which, those in sorted(given.items())]
    return fingerprint(b"credimus enclosures", mp(boxes))


def reconciliations_fingerprint(fleet: Fleet) -> list[bytes]:
    """reconciliations.md: one part, or none where nobody said any."""
    said: dict[tuple, dict] = defaultdict(lambda: defaultdict(set))
    gone: dict[tuple, dict] = defaultdict(dict)
    for block, (tag, beliefs, rounds, *kind) in fleet.said(13, 23):
        pair, dot = (tuple(beliefs), tuple(rounds)), (block.stamp, block.author)
        if tag == 13:
            said[pair][tuple(kind)].add(dot)
        else:
            key = (*kind, block.author)
            gone[pair][key] = max(block.stamp, gone[pair].get(key, 0))
    entries = []
    for pair in sorted({*said, *gone}):
        withdrawn = gone[pair]
        standing = {
            kind: [dot for dot in dots if dot[0] > withdrawn.get((*kind, dot[1]), -1)]
            for kind, dots in said[pair].items()
        }
        firsts = sorted([*kind, *min(dots)] for kind, dots in standing.items() if dots)
        last = sorted([s, f, stamp, by] for (s, f, by), stamp in withdrawn.items())
        entries.append([*pair, firsts, *([last] if last else [])])
    return [fingerprint(b"credimus reconciliations", mp(entries))] if entries else []


def roster_of(fleet: Fleet) -> View:
    """The fleet's roster: all views together."""
    members = View()
    for view in fleet.views.values():
        members = members.joined(view)
    return members


def claims_of(fleet: Fleet, rounds: Rounds) -> Dots:
    """The set of claims."""
    claims: dict[tuple[bytes, int], list] = defaultdict(list)
    for block, one in fleet.said(4, 5):
        if one[0] == 4:
            _, counter, content, category, confidence, evidence, ttl_ms = one
            key = belief_id(content, category)
            record = [1, content, category, confidence, block.stamp, evidence, ttl_ms]
        else:
            _, counter, source, relation, target = one
            key, record = bytes([relation]) + source + target, [2, *one[2:], block.stamp]
        if (key, record) not in claims[block.author, counter]:
            claims[block.author, counter].append((key, record))
    retracted = {(b.author, c) for b, one in fleet.said(6) for c in one[1]}
    listed = rounds.removed()
    dots: Dots = dict.fromkeys(retracted)
    for dot, said in claims.items():
        gone = dot in retracted or len(said) > 1
        key, record = said[0]
        rejected = record[0] == 1 and any(
            record[4] < stamp for which, belief, stamp in listed if (which, belief) == (dot, key)
        )
        dots[dot] = None if gone or rejected else said[0]
    return dots


def beliefs_fingerprint(fleet: Fleet, rounds: Rounds) -> bytes:
    dots = claims_of(fleet, rounds)
    origins: dict[bytes, Any] = {}
    for block, one in fleet.said(4):
        identifier = belief_id(one[2], one[3])
        origin = (identifier, (block.stamp, block.author, one[1]), one[2])
        origins[identifier] = min(origin, origins.get(identifier, origin))
    retracted: dict[bytes, list] = defaultdict(list)
    for block, one in fleet.said(6):
        retracted[block.author].append((block.stamp, one[2], one[1]))
    return fingerprint(
        b"credimus beliefs",
        set_bytes(dots),
        mp(sorted(origins.values())),
        mp(sorted((who, sorted(what)) for who, what in retracted.items())),
    )
