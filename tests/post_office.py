"""Delivery machines on a desk: every message waits until the test says what becomes of it."""

from collections.abc import Iterable

from credimus.kernel.effects import Record
from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import NodeId, fleet_id
from credimus.kernel.instant import MILLISECOND, Instant, Now
from credimus.lace.seal import SeedSigner
from credimus.node.commands import AdmitMember, RotateKey
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.protocol.delivery.interface import (
    Answer,
    AnswerCame,
    DeliveryConfig,
    DeliveryEffects,
    DeliveryEvent,
    DeliveryMessage,
    EnvelopeCame,
    Finish,
    Mode,
    Post,
    PostedView,
)
from credimus.protocol.delivery.machine import Delivery
from credimus.state.membership.evidence import rotation_message
from credimus.state.membership.roster import Roster
from credimus.state.operations import Found

SIGNERS = [SeedSigner(bytes((number + 1,)) * 32) for number in range(4)]
LATER = [[SeedSigner(bytes((101 + 10 * n + m,)) * 32) for m in range(2)] for n in range(4)]
"""The keys that each takes later."""
NONCE = b"post-office-test"
FLEET = fleet_id(SIGNERS[0].public, NONCE)
IDS = [signer.node_id for signer in SIGNERS]
WALL_MS = 1_700_000_000_000


def roster_of(count: int) -> Roster:
    """The roster of a fleet with the first so many signers."""
    return registry_of(count).state.roster


def registry_of(count: int) -> Node:
    """A node that hosts them all, and so writes for each."""
    hosted = [*SIGNERS[:count], *(key for keys in LATER[:count] for key in keys)]
    node = Node(FLEET, hosted, Config(), Entropy(b"roster"))
    node.found(Found("post", NONCE, SIGNERS[0].public, "n0", "", 0))
    moment = Now(Instant(0), WALL_MS)
    node.collect(moment)
    for number in range(1, count):
        node.execute(AdmitMember(public_key=SIGNERS[number].public, name=f"n{number}"), moment)
    node.collect(moment)
    return node


class Office:
    """Some members, each with a disk; `mail` is what is under way: receiver and message."""

    def __init__(self, count: int = 2, config: DeliveryConfig | None = None) -> None:
        self.registry = registry_of(count)
        self.roster = self.registry.state.roster
        self.signers = list(SIGNERS)
        self.config = config or DeliveryConfig()
        self.count = count
        self.now_ms = 1_000
        self.lives = [0] * count
        self.rotations = [0] * count
        self.disks: list[dict[str, bytes]] = [{} for _ in range(count)]
        self.mail: list[tuple[int, DeliveryMessage]] = []
        self.events: list[list[DeliveryEvent]] = [[] for _ in range(count)]
        self.machines = [self._machine(number) for number in range(count)]

    @property
    def now(self) -> Now:
        return Now(Instant(self.now_ms * MILLISECOND), WALL_MS + self.now_ms)

    # --- what happens

    def post(
        self,
        payload: bytes = b"hello",
        mode: Mode = Mode.EXACTLY_ONCE,
        *,
        by: int = 0,
        to: Iterable[int] = (1,),
        ttl_ms: int | None = None,
        key: bytes = b"",
    ) -> int:
        """Send a message; its number."""
        asked = Post(
            to=tuple(self.signers[one].node_id for one in to),
            payload=payload,
            mode=mode,
            ttl_ms=ttl_ms,
            key=key,
        )
        number, effects = self.machines[by].post(asked, self.now)
        self.carry(by, effects)
        return number

    def finish(self, number: int, result: bytes = b"", *, at: int = 1, sender: int = 0) -> None:
        """The application has finished."""
        asked = Finish(sender=IDS[sender], number=number, result=result)
        self.carry(at, self.machines[at].finish(asked))

    def rotate(self, number: int) -> None:
        """A member takes a new key: all know it at once, and it begins again with that."""
        old = self.signers[number]
        new = LATER[number][self.rotations[number]]
        self.rotations[number] += 1
        proof = new.sign(rotation_message(FLEET, old.node_id, new.public))
        command = RotateKey(author=old.node_id, public_key=new.public, proof=proof)
        self.registry.execute(command, self.now)
        self.registry.collect(self.now)
        self.signers[number] = new
        self.restart(number)

    def arrive(self, receiver: int, message: DeliveryMessage) -> None:
        """A message reaches a member."""
        came = AnswerCame(message) if isinstance(message, Answer) else EnvelopeCame(message)
        self.carry(receiver, self.machines[receiver].handle(came, self.now))

    def settle(self) -> None:
        """Let all that is under way arrive, in order."""
        while self.mail:
            self.arrive(*self.mail.pop(0))

    def wait(self, ms: int, step_ms: int = 50) -> None:
        """Let time pass; what is due is under way then."""
        until = self.now_ms + ms
        while self.now_ms < until:
            self.now_ms = min(until, self.now_ms + step_ms)
            for number, machine in enumerate(self.machines):
                due = machine.deadline()
                if due is not None and due <= self.now.instant:
                    self.carry(number, machine.tick(self.now))

    def restart(self, number: int) -> Delivery:
        """Lose all that is not on disk."""
        self.lives[number] += 1
        self.machines[number] = self._machine(number)
        return self.machines[number]

    def carry(self, number: int, effects: DeliveryEffects) -> None:
        """Persist, then send, then emit."""
        keep(self.disks[number], effects.remember)
        for send in effects.send:
            assert send.to is not None
            ids = [signer.node_id for signer in self.signers]
            if send.to in ids:  # else under an id that nobody has any more
                self.mail.append((ids.index(send.to), send.message))
        self.events[number] += effects.emit

    # --- asking

    def view(self, number: int, of: int = 0) -> PostedView:
        """One of a member's own messages."""
        view = self.machines[of].posted(number)
        assert view is not None
        return view

    def waiting(self, at: int = 1) -> list[bytes]:
        """The payloads that wait at a member, oldest first."""
        return [held.payload for held in self.machines[at].read(0, 10_000)]

    def told(self, kind: type, at: int = 1) -> list[int]:
        """The numbers that events of a kind named."""
        return [event.number for event in self.events[at] if isinstance(event, kind)]

    def _machine(self, number: int) -> Delivery:
        chance = Entropy(f"{number} {self.lives[number]}".encode()).stream("delivery")
        machine = Delivery(self.config, FLEET, self.signers[number], self.roster, chance)
        disk = self.disks[number]
        machine.recall(lambda family: facts_of(disk, family))
        machine.resume(self.now)
        return machine


def keep(disk: dict[str, bytes], records: Iterable[Record]) -> None:
    """As a store does: the newest last."""
    for one in records:
        disk.pop(one.key, None)
        if one.value is not None:
            disk[one.key] = one.value


def facts_of(disk: dict[str, bytes], family: str) -> list[tuple[str, bytes]]:
    """Keys and values of a family."""
    return [(key, value) for key, value in disk.items() if key.rpartition("/")[0] == family]


def sender_of(number: int) -> NodeId:
    """The id of a member."""
    return IDS[number]
