"""What must hold of how members hold each other, as sentences; each is proven by a saboteur."""

from credimus.kernel.entropy import Stream
from credimus.kernel.ids import short
from credimus.node.node import NodeEffects
from credimus.protocol.vigilance.interface import Kind, MemberQuarantined, Standing
from credimus.sim.checkers.checker import Checker
from credimus.sim.faults.deceit import claims_falsely
from credimus.sim.fleet import Fleet
from credimus.sim.host import Host
from credimus.sim.watcher import Done


class an_honest_member_is_never_quarantined(Checker):  # noqa: N801 - a sentence
    """Whatever is lost, cut, slandered or said in its name: no honest node quarantines an honest
    member."""

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:  # noqa: ARG002
        """Look who is to be heard no more."""
        hit = [event for event in effects.emit if type(event) is MemberQuarantined]
        if not hit or host.lies:
            return
        hosts = self.watch.fleet.hosts
        liars = {one.id for one in hosts if one.lies}
        honest = {key.node_id for one in hosts for key in one.signers} - liars
        for event in hit:
            if event.member in honest:
                self.fail(f"node {host.place}: {short(event.member)}, for {event.kind.word}")


class a_liar_about_its_state_is_noticed(Checker):  # noqa: N801 - a sentence
    """Whose node claims a false state at rest has that held against it by every honest node that
    holds the same blocks, unless it is quarantined there already."""

    def finish(self, stream: Stream) -> None:  # noqa: ARG002
        """Ask everybody."""
        for host, liar in unnoticed(self.watch.fleet):
            self.fail(f"node {host.place} has not noticed what node {liar.place} claims")


def unnoticed(fleet: Fleet) -> list[tuple[Host, Host]]:
    """Honest nodes, and liars about their state of whom they know nothing yet."""
    liars = [one for one in fleet.up if one.lies and claims_falsely(one.running)]
    return [
        (host, liar)
        for liar in liars
        for host in fleet.up
        if not host.lies and _could_know(host, liar) and not _knows(fleet, host, liar)
    ]


def _could_know(host: Host, liar: Host) -> bool:
    one, other = host.running, liar.running
    members = one.state.roster.current
    return (
        liar.id in members and host.id in members and one.lace.frontier() == other.lace.frontier()
    )


def _knows(fleet: Fleet, host: Host, liar: Host) -> bool:
    now = host.now(fleet.agenda.now_ns)
    vigilance = host.running.vigilance
    kinds = {one.kind for one in vigilance.violations(now) if one.member == liar.id and one.count}
    if kinds & {Kind.FALSE_CLAIM, Kind.CONTRADICTION}:
        return True
    return any(
        one.standing is Standing.QUARANTINED
        for one in vigilance.conduct(now.instant)
        if one.member == liar.id
    )


VIGILANT: tuple[type[Checker], ...] = (
    an_honest_member_is_never_quarantined,
    a_liar_about_its_state_is_noticed,
)
