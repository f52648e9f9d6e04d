"""Members over HTTP: who may what, expulsion, admission by several, powers of tickets."""

from pathlib import Path

import pytest
from desk import Desk, free_address, play
from served import ask

import credimus
from credimus.kernel.errors import UsageError
from credimus.kernel.ids import node_id
from credimus.lace.seal import SeedSigner
from credimus.node.commands import AdmitMember, LeaveFleet
from credimus.runtime.daemon import Daemon
from credimus.runtime.home import Home
from credimus.runtime.joining.chartering import charter_of
from credimus.runtime.joining.joining import Plan, found_home
from credimus.runtime.joining.limiting import limit_of
from credimus.runtime.joining.ticket import make_request, parse_ticket
from credimus.state.member_operations import CategoryLimit, Limit

GUEST = SeedSigner(b"\x31" * 32)
GUEST_ID = node_id(GUEST.public).hex()
THIRD = SeedSigner(b"\x32" * 32)
EVERYTHING = ["propose", "vote", "admit", "expel"]


def founded_with(folder: Path, admission: str, per_day: int = 0) -> Home:
    """A fleet that admits so."""
    home = Home(folder / "n0")
    plan = Plan(name="n0", listen=free_address(), api="127.0.0.1:0")
    found_home(home, "harbour", plan, charter=charter_of(admission, per_day))
    return home


async def admit(desk: Desk, *guests: SeedSigner) -> None:
    for guest in guests:
        command = AdmitMember(public_key=guest.public, name="guest")
        await desk.daemon.driver.submit(command).local()


def test_a_founder_that_leads_sets_what_members_may_say(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await admit(desk, GUEST)
        given = {"may": ["vote", "propose"], "categories": ["observation"]}
        receipt = await desk.post(f"/v1/members/{GUEST_ID[:8]}/powers", **given)
        assert receipt["sequence"] == desk.blocks
        _, guest = await desk.get("/v1/members")
        assert (guest["standing"], guest["may"]) == ("member", ["propose", "vote"])
        assert guest["categories"] == ["observation"]
        bad = await desk.refusal(
            f"/v1/members/{GUEST_ID}/powers", 422, may=["vote"], categories=["Not One"]
        )
        assert bad["code"] == "bad-category"

    play(tmp_path, scene, founded_with(tmp_path, "founder"))


def test_expulsion_takes_more_than_two_thirds(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await admit(desk, GUEST)
        me, guest = await desk.get("/v1/members")
        assert (guest["may"], guest["categories"]) == (EVERYTHING, [])
        path = f"/v1/members/{guest['id']}"
        assert (await desk.refusal(f"{path}/powers", 403, may=[]))["code"] == "forbidden"
        assert (await desk.refusal(f"{path}/admit", 409))["code"] == "already-a-member"
        own = await desk.refusal(f"/v1/members/{me['id']}/expel", 422)
        assert own["code"] == "expels-itself"
        assert (await desk.refusal("/v1/members/0000/expel", 404))["code"] == "unknown-member"
        assert (await desk.refusal("/v1/members/xy/expel", 404))["code"] == "unknown-member"
        await desk.post(f"{path}/expel", reason="stolen")
        assert len(await desk.get("/v1/members")) == 2, "one of two"
        assert (await desk.refusal(f"{path}/expel", 409))["code"] == "already-said"
        entry = (await desk.get("/v1/log", kind="expel"))["entries"][0]
        assert entry["summary"] == f"said that {GUEST_ID[:12]} is to go, as one voice: stolen"

    play(tmp_path, scene)


def test_newcomers_wait_for_the_words_of_several(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await admit(desk, GUEST, THIRD)
        third = node_id(THIRD.public).hex()
        shown = await desk.get("/v1/members", all="true")
        assert [one["standing"] for one in shown] == ["member", "member", "pending"]
        assert len(await desk.get("/v1/members")) == 2
        await desk.post(f"/v1/members/{third}/admit")
        assert len(await desk.get("/v1/members")) == 2, "one member has one word"

    play(tmp_path, scene, founded_with(tmp_path, "2"))


def test_a_day_has_so_many_admissions(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await admit(desk, GUEST)
        with pytest.raises(Exception, match="has admitted 1 today"):
            await admit(desk, THIRD)

    play(tmp_path, scene, founded_with(tmp_path, "members", 1))


def test_a_ticket_gives_what_it_says(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        made = await desk.post("/v1/tickets", may=["vote"], address="http://127.0.0.1:1")
        ticket = parse_ticket(made["ticket"], 0)
        request = make_request(ticket, GUEST.public, "guest", ("127.0.0.1:7",))
        answer = await desk.client.post("/v1/join", content=request)
        assert answer.status_code == 200
        _, guest = await desk.get("/v1/members")
        assert guest["may"] == ["vote"]
        await desk.daemon.driver.submit(LeaveFleet()).local()
        refused = await desk.client.post("/v1/tickets", json={})
        assert refused.json()["code"] == "not-a-member"

    play(tmp_path, scene)


def test_rules_of_admission_in_words() -> None:
    assert charter_of("members", 0) is charter_of("1", 0) is None
    for admission, per_day in (("nobody", 0), ("0", 0), ("9999", 0), ("members", -1)):
        with pytest.raises(UsageError):
            charter_of(admission, per_day)


def test_members_are_named_by_a_name_that_one_alone_has(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await admit(desk, GUEST)
        await desk.post("/v1/members/guest/powers", may=["vote"])
        _, guest = await desk.get("/v1/members")
        assert guest["may"] == ["vote"]
        own = AdmitMember(public_key=THIRD.public, name=GUEST_ID[:6])
        await desk.daemon.driver.submit(own).local()
        both = await desk.refusal(f"/v1/members/{GUEST_ID[:6]}/powers", 409, may=[])
        assert both["code"] == "ambiguous-member", "nobody names itself like another's id"
        await desk.post(f"/v1/members/{GUEST_ID}/powers", may=["vote", "propose"])
        await admit(desk, SeedSigner(b"\x33" * 32))
        assert (await desk.refusal("/v1/members/guest/expel", 409))["code"] == "ambiguous-member"

    play(tmp_path, scene, founded_with(tmp_path, "founder"))


def test_a_limit_by_category_refuses_with_the_wait_and_other_categories_go_on(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path / "n0")
    plan = Plan(name="n0", listen=free_address(), api="127.0.0.1:0")
    found_home(home, "harbour", plan, limit=limit_of(["alarm=60/hour/2"]))

    async def scene(desk: Desk) -> None:
        for number in range(2):
            await desk.post("/v1/beliefs", content=f"shed {number} burns", category="alarm")
        refusal = await desk.refusal("/v1/beliefs", 429, content="shed 3 burns", category="alarm")
        assert refusal["code"] == "rate-limited"
        assert 55_000 < refusal["retry_after_ms"] <= 60_000
        await desk.post("/v1/beliefs", content="shed 3 stands", category="report")
        (door,) = (await desk.get("/v1/status"))["doors"]["categories"]
        assert door == {"category": "alarm", "per_hour": 60, "burst": 2, "left": 0}

    play(tmp_path, scene, home)


def test_limits_in_words() -> None:
    assert limit_of([]) is None
    words = ["gossip=1/minute", "alert=10/50", "alarm=60/hour/5", "rumour=0.5", "fact=3"]
    assert limit_of(words) == Limit(
        (
            CategoryLimit("alarm", 60, 5),
            CategoryLimit("alert", 36_000, 50),
            CategoryLimit("fact", 10_800, 180),
            CategoryLimit("gossip", 60, 1),
            CategoryLimit("rumour", 1_800, 30),
        )
    )
    for bad in (
        "alert", "alert=", "alert=x", "alert=0", "alert=10/0", "alert=1/2/3", "alert=1/day",
        "alert=10001", "alert=1/1000001", "alert=0.0001", "alert=nan", "alert=inf", "=1", "Alert=1",
        "alert=1/hour/2/3",
    ):  # fmt: skip
        with pytest.raises(UsageError) as problem:
            limit_of([bad])
        assert problem.value.code == "bad-limit"
    with pytest.raises(UsageError, match="once"):
        limit_of(["alert=1", "alert=2"])


def test_a_name_with_blanks_and_letters_beyond_ascii_goes_over_http(tmp_path: Path) -> None:
    def script(daemon: Daemon) -> None:
        node = credimus.connect(daemon.url, daemon.token)
        with pytest.raises(credimus.NotFound, match="'ärger & co'"):
            node.expel("ärger & co")
        for bad in ("", "a/b", "{id}"):
            with pytest.raises(credimus.UsageError) as problem:
                node.grant(bad, [])
            assert problem.value.code == "bad-member-id"

    ask(tmp_path, script)
