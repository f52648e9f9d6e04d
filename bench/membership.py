"""Figures of membership, by its machines alone in virtual time: `python bench/membership.py`.

How soon a crash is noticed, how often the living are doubted under loss, what it costs when nothing
happens, how soon all know. Everything but the CPU time is a function of the seeds.
"""

import sys
import time
from statistics import median

from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.protocol.membership.interface import (
    Claim,
    MembershipConfig,
    Notice,
    PeerDead,
    PeerSuspected,
    Status,
)
from credimus.sim.clock import moment
from credimus.sim.network import CALM, Weather
from credimus.sim.swarm import Swarm, SwarmConfig

LOSSY = Weather(loss_ppm=100_000)
PIGGYBACK_ONLY = MembershipConfig(notice_gap_ns=10**15)


def main() -> None:
    """Print all of it; `quick` as an argument takes fewer seeds and a shorter hour."""
    quick = "quick" in sys.argv
    for members, seeds in ((5, 40), (20, 20), (100, 5)):
        for skew_ms, weather in ((0, CALM), (250, CALM), (0, LOSSY)):
            detection(members, range(seeds // 5 if quick else seeds), skew_ms, weather)
    false_alarms(600 if quick else 3_600)
    for members in (5, 20, 100):
        idle(members)
    for machine in (MembershipConfig(), PIGGYBACK_ONLY):
        dissemination(100, machine, range(1 if quick else 5))
    for members, side in ((5, 1), (5, 2), (20, 3), (20, 10)):
        split(members, side)


def settled(config: SwarmConfig, seed: int, seconds: int = 6) -> Swarm:
    """A swarm some seconds old."""
    swarm = Swarm(config, seed)
    swarm.run_for(seconds * SECOND)
    swarm.seen.clear()
    return swarm


def detection(members: int, seeds: range, skew_ms: int, weather: Weather) -> None:
    """From a crash to the first suspicion, and to the last of the others holding it for dead."""
    suspected, dead = [], []
    config = SwarmConfig(members=members, skew_ms_max=skew_ms, weather=weather)
    for seed in seeds:
        swarm = settled(config, seed)
        swarm.run_for(seed * 77 * MILLISECOND)
        swarm.seen.clear()
        place, at = seed % members, swarm.agenda.now_ns
        swarm.crash(place)
        swarm.run_for(10 * SECOND)
        suspected.append(swarm.first_suspected_ns(place, at) or 0)
        dead.append(swarm.all_dead_ns(place, at) or 0)
    assert all(suspected)
    assert all(dead)
    loss = weather.loss_ppm // 10_000
    print(
        f"crash among {members:3}, clocks within {skew_ms:3} ms, loss {loss:2} %, "
        f"{len(seeds):2} seeds: suspected after {shown(suspected)}, dead for all after "
        f"{shown(dead)}"
    )


def shown(times_ns: list[int]) -> str:
    """Median and greatest, in seconds."""
    return f"{median(times_ns) / SECOND:.2f} s (at most {max(times_ns) / SECOND:.2f} s)"


def false_alarms(seconds: int) -> None:
    """Twenty members, a tenth of all messages lost, nobody crashes."""
    swarm = Swarm(SwarmConfig(members=20, weather=LOSSY), 1)
    begun = deaths = 0
    cpu = time.process_time()
    for _ in range(seconds // 10):
        swarm.run_for(10 * SECOND)
        deaths += sum(isinstance(one.event, PeerDead) for one in swarm.seen)
        begun += sum(
            isinstance(one.event, PeerSuspected) and one.event.by == swarm.members[one.place]
            for one in swarm.seen
        )
        swarm.seen.clear()
    cpu = time.process_time() - cpu
    probes = sum(swarm.machine(place).counts.probes for place in range(20))
    print(
        f"20 members, 10 % loss, {seconds} s: {begun * 3_600 / seconds:.0f} false suspicions and "
        f"{deaths * 3_600 / seconds:.0f} false deaths an hour, in {probes} probes; "
        f"{swarm.network.message_count / 20 / seconds:.1f} messages and "
        f"{swarm.network.byte_count / 20 / seconds:.0f} bytes a node and second; "
        f"{1e6 * cpu / 20 / seconds:.0f} us of CPU a node and second, network included"
    )


def idle(members: int) -> None:
    """What it costs when nothing happens, long after the start."""
    swarm = settled(SwarmConfig(members=members), 1, 180)
    messages, sent = swarm.network.message_count, swarm.network.byte_count
    cpu = time.process_time()
    swarm.run_for(60 * SECOND)
    cpu = (time.process_time() - cpu) / members / 60
    messages_s = (swarm.network.message_count - messages) / members / 60
    bytes_s = (swarm.network.byte_count - sent) / members / 60
    print(
        f"{members:3} idle members: {messages_s:.1f} messages and {bytes_s:.0f} bytes sent a node "
        f"and second; largest message since the start {swarm.largest} bytes; {1e6 * cpu:.0f} us of "
        "CPU a node and second, network included"
    )


def dissemination(members: int, machine: MembershipConfig, seeds: range) -> None:
    """From one member hearing that another came back to all knowing it."""
    times = []
    for seed in seeds:
        swarm = settled(SwarmConfig(members=members, machine=machine), seed, 30)
        at, about = swarm.agenda.now_ns, swarm.members[1]
        now = moment(at, 0)
        if machine.notice_gap_ns < SECOND:  # a suspicion: its subject refutes to all
            view = swarm.machine(0).peer(about)
            assert view is not None
            doubt = Claim(about, view.incarnation, Status.SUSPECT, swarm.members[2])
            swarm.bring(2, 1, Notice(1, (doubt,)))
        else:
            news = Claim(about, now.wall_ms, Status.ALIVE, about)
            swarm.bring(2, 0, Notice(1, (news,)))
        while any(
            view.incarnation < now.wall_ms
            for place in range(members)
            if (view := swarm.machine(place).peer(about)) is not None
        ):
            swarm.run_for(MILLISECOND)
        times.append(swarm.agenda.now_ns - at)
    how = "told to all" if machine.notice_gap_ns < SECOND else "travelling with probes alone"
    print(f"news {how}: known to all of {members} after {shown(times)}")


def split(members: int, side: int) -> None:
    """From a clean split to each side holding the other for dead, and back."""
    swarm = settled(SwarmConfig(members=members), 1, 20)
    swarm.network.isolate(range(side), range(members))

    def until(small_side: bool | None) -> float:
        began = swarm.agenda.now_ns
        while swarm.agenda.now_ns - began < 60 * SECOND:
            swarm.run_for(10 * MILLISECOND)
            if all(
                (view.status is Status.DEAD)
                is (small_side is not None and (swarm.place[view.peer] < side) is not (p < side))
                and view.status is not Status.SUSPECT
                for p in range(members)
                if small_side is None or (p < side) is small_side
                for view in swarm.machine(p).snapshot()
            ):
                break
        return (swarm.agenda.now_ns - began) / SECOND

    large, more = until(small_side=False), until(small_side=True)
    swarm.network.heal()
    print(
        f"{side} of {members} split off: the larger side knows after {large:.1f} s, the smaller "
        f"after {large + more:.1f} s; all alive again {until(None):.1f} s after the healing"
    )


if __name__ == "__main__":
    main()
