"""Wrongs of members, as HTTP, the library, the events and the command line tell them."""

from pathlib import Path
from typing import get_args

import pytest
from desk import Desk, play

from credimus.api.shapes.violations import HeldName, KindName
from credimus.cli.violations import _show
from credimus.kernel.effects import Effects
from credimus.kernel.ids import NodeId
from credimus.node.events import NodeEvent
from credimus.protocol.vigilance.interface import (
    FaultFound,
    Kind,
    MemberParoled,
    Standing,
    StateDoubted,
)
from credimus.runtime.driver import now

OTHER = NodeId(b"o" * 16)


def test_every_kind_and_standing_has_its_word_on_the_wire() -> None:
    assert {kind.word for kind in Kind} == set(get_args(KindName))
    assert {one.word for one in Standing} == set(get_args(HeldName))


def test_a_wrong_is_shown_told_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scene(desk: Desk) -> None:
        daemon = desk.daemon
        vigilance = daemon.node.vigilance
        empty = await desk.get("/v1/violations")
        assert empty == {"threshold": 8, "witnesses": 2, "members": [], "violations": []}
        _show(empty)
        daemon.node.state.roster.keys[OTHER] = b"k" * 32
        before = (await desk.get("/v1/events"))["cursor"]
        events: list[NodeEvent] = []
        for code, signer in (("malformed", None), ("over-limit", OTHER), ("over-limit", OTHER)):
            found = FaultFound(OTHER, code, "it was so", signer)
            events += vigilance.handle(found, now()).emit
        events += [MemberParoled(OTHER), StateDoubted((daemon.node.id, OTHER))]
        daemon.driver._finish(Effects(emit=events))
        shown = await desk.get("/v1/violations")
        (held,) = shown["members"]
        assert (held["standing"], held["points"], held["quarantined"]) == ("quarantined", 8, 1)
        assert 29_000 < held["left_ms"] <= 30_000
        told = {one["kind"]: (one["signed"], one["count"]) for one in shown["violations"]}
        assert told == {"over-limit": (True, 2), "malformed": (False, 1)}
        _show(shown)
        page = await desk.get("/v1/events", after=before)
        local = [
            (one["kind"], one.get("reason"))
            for one in page["events"]
            if one["kind"] in ("violation", "quarantined", "paroled", "doubted")
        ]
        assert local == [
            ("violation", "malformed: it was so"),
            ("violation", "over-limit: it was so"),
            ("quarantined", "for 30 s, because of over-limit"),
            ("paroled", None),
            ("doubted", f"n0, {OTHER.hex()[:12]} claim another state"),
        ]
        text = (await desk.client.get("/metrics")).text
        assert 'credimus_members_held{standing="quarantined"} 1.0' in text
        assert "credimus_violations_total 2.0" in text

    play(tmp_path, scene)
    printed = capsys.readouterr().out
    assert "Nothing was found against anybody." in printed
    assert "malformed (by name)" in printed
    assert "8 of 8" in printed
