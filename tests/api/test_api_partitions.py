"""A split, as HTTP tells it: refusals, receipts, health, the diary, events."""

from pathlib import Path

from desk import Desk, play

from credimus.kernel import limits
from credimus.kernel.effects import Effects
from credimus.kernel.ids import BeliefId, NodeId
from credimus.protocol.membership.interface import PeerDead
from credimus.protocol.partition.interface import (
    Level,
    PartitionChanged,
    PartitionHealed,
    Sight,
)
from credimus.runtime.driver import now
from credimus.state.events import BeliefsReconciled
from credimus.state.operations import Finding, Strategy

OTHERS = tuple(NodeId(bytes([n]) * 16) for n in range(1, 5))


def split(desk: Desk, level: Level) -> None:
    """Have the node of a desk believe that four others are out of reach."""
    partition, own = desk.daemon.node.partition, desk.daemon.node.id
    partition._steadiness.level = level
    partition._sight = Sight(
        members=tuple(sorted((own, *OTHERS))), reachable=(own,), cut=(), one_way=(),
        groups=((own,), *((one,) for one in OTHERS)),
    )  # fmt: skip


def test_a_severe_split_refuses_writes_as_a_problem_and_reads_work(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        known = await desk.post("/v1/beliefs", content="it rains", key="one")
        assert (known["standing"], known["reason"]) == ("normal", "")
        split(desk, Level.SEVERE)
        one = f"/v1/beliefs/{known['belief']}"
        for path, body in (
            ("/v1/beliefs", {"content": "it snows"}),
            (f"{one}/retract", {}),
            (f"{one}/votes", {"choice": "accept"}),
        ):
            problem = await desk.refusal(path, 503, **body)
            assert (problem["code"], problem["definite"], problem["retry"]) == (
                "partitioned", True, True
            )  # fmt: skip
            assert "1 of 5 members is in reach" in problem["detail"]
        again = await desk.post("/v1/beliefs", content="it rains", key="one")
        assert again["belief"] == known["belief"], "it was written before"
        assert (await desk.get(one))["content"] == "it rains"
        assert (await desk.client.get("/readyz")).status_code == 200
        health = await desk.get("/health")
        assert (health["partition"], health["status"]) == ("severe", "degraded")
        text = (await desk.client.get("/metrics")).text
        assert "credimus_partition_level 3.0" in text
        assert "credimus_partition_refused_total 3.0" in text

    play(tmp_path, scene)


def test_a_tentative_receipt_says_so_also_when_it_is_repeated(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        split(desk, Level.PARTIAL)
        first = await desk.post("/v1/beliefs", content="it rains", key="one")
        assert first["standing"] in ("quorum", "tentative")
        assert first["reason"].startswith("1 of 5 members is in reach")
        split(desk, Level.NONE)
        again = await desk.post("/v1/beliefs", content="it rains", key="one")
        assert (again["standing"], again["reason"]) == (first["standing"], first["reason"])
        later = await desk.get(f"/v1/receipts/{first['sequence']}")
        assert later["standing"] is None, "not remembered without a key"

    play(tmp_path, scene)


def test_the_diary_and_the_present_are_one_answer(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        calm = await desk.get("/v1/partitions")
        assert (calm["level"], calm["reachable"], calm["members"]) == ("none", 1, 1)
        assert (calm["reason"], calm["partitions"]) == ("", [])
        assert (calm["policy"], calm["strategy"]) == ("guarded", "multi_value")
        split(desk, Level.SEVERE)
        apart = await desk.get("/v1/partitions")
        assert (apart["level"], apart["reachable"], apart["members"]) == ("severe", 1, 5)
        assert len(apart["groups"]) == 5

    play(tmp_path, scene)


def test_what_was_too_much_to_be_reconciled_is_told(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        partition = desk.daemon.node.partition
        apart = partition._reconciling
        many = limits.RECONCILED_BELIEFS_MAX + 2
        for number in range(many):
            apart.accepted(BeliefId(number.to_bytes(16, "big")), None)
        split(desk, Level.MINOR)
        partition._changed(Level.NONE, now(), Effects())
        for number in range(many, many + 3):
            apart.accepted(BeliefId(number.to_bytes(16, "big")), None)
        (entry,) = (await desk.get("/v1/partitions"))["partitions"]
        assert entry["uncompared"] == 3, "those of this split"
        text = (await desk.client.get("/metrics")).text
        assert "credimus_partition_uncompared_total 5.0" in text

    play(tmp_path, scene)


def test_what_the_node_saw_by_itself_is_told_between_the_facts(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        said = await desk.post("/v1/beliefs", content="it rains", wait_for="decided")
        feed, node = desk.daemon.feed, desk.daemon.node
        before = feed.cursor(feed.newest)
        number = feed.number
        reconciled = BeliefsReconciled(
            bytes.fromhex(said["belief"]), OTHERS[1], (OTHERS[1], OTHERS[2]),  # type: ignore[arg-type]
            Strategy.LAST_WRITER, Finding.CONTRADICTORY, node.id,
        )  # fmt: skip
        changed = PartitionChanged(
            level=Level.MINOR, before=Level.NONE, reachable_count=4, member_count=5,
            lopsided=False, reason="4 of 5",
        )  # fmt: skip
        split(desk, Level.MINOR)
        node.partition._changed(Level.NONE, now(), Effects())
        episode = node.partition.episode()
        assert episode is not None
        feed.note([PeerDead(OTHERS[0]), changed, PartitionHealed(episode=episode), reconciled])
        assert feed.number == number + 1, "only the reconciliation is a fact"
        page = await desk.get("/v1/events", after=before)
        dead, minor, healed, both = page["events"]
        assert (dead["kind"], dead["member"]) == ("dead", OTHERS[0].hex())
        assert (minor["kind"], minor["level"], minor["reason"]) == ("partition", "minor", "4 of 5")
        assert (healed["kind"], healed["partition"]["worst"]) == ("healed", "none")
        assert (both["kind"], both["belief"], both["other"], both["strategy"]) == (
            "reconciled", said["belief"], OTHERS[1].hex(), "last_writer"
        )  # fmt: skip
        rest = await desk.get("/v1/events", after=minor["cursor"])
        assert [one["kind"] for one in rest["events"]] == ["healed", "reconciled"]

    play(tmp_path, scene)
