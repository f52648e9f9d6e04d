"""A member that watches over a fleet of four, and what others sign."""

from credimus.kernel.effects import Effects
from credimus.kernel.entropy import Entropy
from credimus.kernel.instant import SECOND, Instant, Now
from credimus.protocol.vigilance.interface import (
    Accusation,
    Charge,
    Claim,
    FaultFound,
    Kind,
    NamesIgnored,
    SignedCame,
    Standing,
    StateClaim,
    VigilanceConfig,
    ViolationSeen,
    Withheld,
)
from credimus.protocol.vigilance.judging import (
    VERSION,
)
from credimus.protocol.vigilance.machine import Vigilance, Watched
from credimus.protocol.vigilance.sealing import frontier_digest, seal_charge, seal_claim
from strategies import FLEET, GENESIS, MEMBERS, SIGNERS, WALL_MS, Replica

CONFIG = VigilanceConfig()
LIAR, WITNESS, THIRD = 1, 2, 3
FALSE = b"f" * 32


def at(seconds: float) -> Now:
    return Now(Instant(int(seconds * SECOND)), WALL_MS + int(seconds * 1_000))


class Desk:
    """The vigilance of one member of a fleet of four, and what it told."""

    def __init__(self, place: int = 0, config: VigilanceConfig = CONFIG) -> None:
        self.replica = Replica().take_all([GENESIS])
        self.machine = Vigilance(
            config,
            Watched(FLEET, self.replica.lace, self.replica.state),
            SIGNERS[place],
            [MEMBERS[place]],
            Entropy(b"desk").stream("vigilance"),
        )
        self.told: list[object] = []

    def tick(self, seconds: float) -> Effects:  # type: ignore[type-arg]
        effects = self.machine.tick(at(seconds))
        self.told += effects.emit
        return effects

    def rest(self, seconds: int) -> list[Claim]:
        """Let time pass from 0 on; the claims that were shown."""
        shown = []
        for second in range(seconds + 1):
            sends = self.tick(second).send
            shown += [one.message for one in sends if isinstance(one.message, Claim)]
        return shown

    def take(self, message: Claim | Accusation, seconds: float = 0, sender: int = LIAR) -> list:  # type: ignore[type-arg]
        effects = self.machine.handle(SignedCame(MEMBERS[sender], message), at(seconds))
        self.told += effects.emit
        return [one.message for one in effects.send]

    def find(self, found: FaultFound | NamesIgnored | Withheld, seconds: float = 0) -> None:
        self.told += self.machine.handle(found, at(seconds)).emit

    def standing(self, place: int, seconds: float = 0) -> Standing:
        book = {one.member: one.standing for one in self.machine.conduct(at(seconds).instant)}
        return book.get(MEMBERS[place], Standing.CLEAR)

    def seen(self) -> list[tuple[Kind, int]]:
        return [
            (one.kind, len(one.accusers)) for one in self.told if isinstance(one, ViolationSeen)
        ]


def claim_of(place: int, fingerprint: bytes = FALSE, stamp_ms: int = WALL_MS) -> StateClaim:
    """A claim of the blocks of everybody here: the genesis."""
    replica = Replica().take_all([GENESIS])
    digest = frontier_digest(replica.lace.frontier(), replica.state.checkpoints.fingerprint())
    return StateClaim(FLEET, MEMBERS[place], stamp_ms, VERSION, 1, digest, fingerprint)


def claimed(place: int, fingerprint: bytes = FALSE, stamp_ms: int = WALL_MS) -> Claim:
    return seal_claim(SIGNERS[place], claim_of(place, fingerprint, stamp_ms))


def charge_of(accuser: int, accused: int, kind: Kind, shown: tuple[Claim, ...] = ()) -> Accusation:
    said = Charge(FLEET, MEMBERS[accuser], WALL_MS, MEMBERS[accused], kind, "it did", shown)
    return seal_charge(SIGNERS[accuser], said)


def over_limit(place: int = LIAR) -> FaultFound:
    return FaultFound(MEMBERS[THIRD], "over-limit", "too much", MEMBERS[place])
