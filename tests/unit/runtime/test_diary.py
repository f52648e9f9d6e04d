"""The diary of splits outlives the process, is bounded, and says what a stop cut short."""

import logging

import pytest

from credimus.kernel import limits
from credimus.kernel.errors import StorageError
from credimus.kernel.ids import BeliefId, NodeId, RoundId
from credimus.protocol.partition.interface import (
    Absence,
    Cause,
    Change,
    Episode,
    Level,
    PartitionChanged,
    PartitionHealed,
    Reconciled,
)
from credimus.runtime.diary import FAMILY, PartitionDiary
from credimus.runtime.store.interface import FACT_BYTES_MAX
from credimus.runtime.store.memory import MemoryStore
from credimus.state.operations import Finding, Strategy
from credimus.state.voting.verdict import Verdict

NODE, ID = NodeId(b"\x07" * 16), b"\x01" * 16


def entry(began_ms: int = 1, healed_ms: int | None = 9, count: int = 1) -> Episode:
    return Episode(
        began_ms=began_ms,
        healed_ms=healed_ms,
        level=Level.NONE,
        worst=Level.SEVERE,
        lopsided=True,
        member_count=5,
        absences=(
            Absence(member=NODE, cause=Cause.CUT, since_ms=1 << 41, back_ms=1 << 41, block_count=3),
        )
        * count,
        groups=((NODE,) * count,),
        block_count=4,
        belief_count=2,
        far_belief_count=1,
        changes=(
            Change(
                belief=BeliefId(ID), round=RoundId(ID), before=None, after=Verdict.ACCEPTED,
                why="with the votes of " + "n" * 100,
            ),
        )
        * count,
        left_out_count=0,
        reconciled=(
            Reconciled(
                beliefs=(BeliefId(ID), BeliefId(ID)), strategy=Strategy.CONSENSUS,
                finding=Finding.CONTRADICTORY, author=NODE,
            ),
        )
        * count,
    )  # fmt: skip


def worse(level: Level) -> PartitionChanged:
    return PartitionChanged(
        level=level, before=Level.NONE, reachable_count=1, member_count=5, lopsided=False, reason=""
    )


def test_a_healed_split_is_there_after_a_restart() -> None:
    store = MemoryStore()
    diary = PartitionDiary(store, lambda: None)
    diary.note([PartitionHealed(episode=entry())])
    assert diary.entries == [entry()]
    assert PartitionDiary(store, lambda: None).entries == [entry()]


def test_a_split_that_a_stop_cut_short_says_so() -> None:
    store = MemoryStore()
    begun = entry(5, healed_ms=None)
    diary = PartitionDiary(store, lambda: begun)
    diary.note([worse(Level.MINOR), worse(Level.SEVERE)])
    assert diary.entries == [], "it goes on"
    (again,) = PartitionDiary(store, lambda: None).entries
    assert (again.began_ms, again.healed_ms, again.cut_short) == (5, None, True)
    diary.note([worse(Level.NONE), PartitionHealed(episode=entry(5))])
    assert PartitionDiary(store, lambda: None).entries == [entry(5)], "in place of what was begun"


def test_the_newest_are_kept() -> None:
    store = MemoryStore()
    diary = PartitionDiary(store, lambda: None)
    for number in range(limits.EPISODES_MAX + 3):
        diary.note([PartitionHealed(episode=entry(number))])
    kept = [one.began_ms for one in diary.entries]
    assert kept == list(range(3, limits.EPISODES_MAX + 3))
    assert [one.began_ms for one in PartitionDiary(store, lambda: None).entries] == kept


def test_the_largest_entry_fits_a_fact() -> None:
    store = MemoryStore()
    PartitionDiary(store, lambda: None).note(
        [PartitionHealed(episode=entry(count=limits.EPISODE_CHANGES_MAX))]
    )
    ((_, value),) = store.facts(FAMILY)
    assert len(value) < FACT_BYTES_MAX
    assert limits.EPISODE_MEMBERS_MAX == limits.EPISODE_CHANGES_MAX


def test_what_can_not_be_kept_or_read_is_logged_and_harms_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Full(MemoryStore):
        def remember(self, key: str, value: bytes, kept: int = 0) -> None:  # noqa: ARG002
            raise StorageError("disk-full", "the disk is full")

    with caplog.at_level(logging.WARNING):
        diary = PartitionDiary(Full(), lambda: None)
        diary.note([PartitionHealed(episode=entry())])
        assert diary.entries == [entry()]
        store = MemoryStore()
        store.remember(f"{FAMILY}/1", b"\xff")
        assert PartitionDiary(store, lambda: None).entries == []
    assert "the disk is full" in caplog.text
    assert "can not be read" in caplog.text
