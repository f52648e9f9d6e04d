"""What somebody does about a damaged disk: put in an empty one, and have the computer admitted."""

from credimus.kernel.instant import MILLISECOND
from credimus.sim.fleet import Fleet
from credimus.sim.host import Host, safe_elsewhere

_ASK_NS = 500 * MILLISECOND


def repair(fleet: Fleet, host: Host) -> None:
    """Replace or recover the disk of a node that refuses to start; nothing when it is sound.

    What the fleet decided comes back from the peers, every block verified at the door. The old keys
    are gone with the disk: who may have forgotten what he signed must not sign again.
    """
    if host.node is None and host.disk.is_damaged and host.recovers:
        recover(fleet, host)
    elif host.node is None and host.disk.is_damaged:
        fleet.replace(host)
        _ask(fleet, host, host.replaced_count, 0)


def recover(fleet: Fleet, host: Host) -> None:
    """Keep what is intact on a damaged disk, and go on with it."""
    fleet.crash(host)
    before, safe = host.disk.synced_ids(), safe_elsewhere(host, fleet.hosts)
    now = host.now(fleet.agenda.now_ns)
    altered = host.recover_disk(fleet.id, fleet.config_of(host), now.wall_ms)
    alone = frozenset(before - safe - host.disk.synced_ids())
    fleet.chronicle.note("recover", host.place)
    for watcher in fleet.watchers:
        watcher.recovered(host, frozenset(altered) - safe, alone)
    fleet.start(host)


def is_outside(host: Host) -> bool:
    """Whether a computer with a new disk has not been admitted yet."""
    keys = host.running.state.roster.keys
    return bool(host.replaced_count) and any(one.node_id not in keys for one in host.signers)


def _ask(fleet: Fleet, host: Host, identity: int, asked_count: int) -> None:
    """Ask one member after another until the new keys have been admitted; who has left since stays
    away."""
    if host.replaced_count != identity:
        return
    if host.node is not None and not is_outside(host):
        return
    if host.node is not None:
        sponsors = [other for other in fleet.up if other is not host]
        if sponsors:
            fleet.admit(host.place, sponsors[asked_count % len(sponsors)].place)
    fleet.agenda.after(_ASK_NS, _ask, fleet, host, identity, asked_count + 1)
