"""checkpoints.md: the words over the first checkpoint, before one is in force."""

from stranger.identifiers import fingerprint, mp
from stranger.roster import Fleet


def checkpoint_id(said: list) -> bytes:
    """Of an `Attest`; everything but the attempt is named."""
    _, base, _, cut, electors, retention_ms, snapshot = said
    return fingerprint(b"credimus checkpoint", mp([base, cut, electors, retention_ms, snapshot]))


def checkpoints_fingerprint(fleet: Fleet) -> bytes:
    proposals = {
        checkpoint_id(one): [14, one[1], 0, *one[3:]] for _, one in fleet.said(14) if not one[1]
    }
    attested = {
        (one[2], checkpoint_id(one), block.author)
        for block, one in fleet.said(14)
        if not one[1]
    }  # fmt: skip
    certified = {(one[2], one[3], block.author) for block, one in fleet.said(15) if not one[1]}
    line = [
        b"",
        [],
        [proposals[one] for one in sorted(proposals)],
        sorted(attested),
        sorted(certified),
    ]
    return fingerprint(b"credimus checkpoints", mp(line))
