"""The node over HTTP: status, members, tickets and joining, links, health, metrics, the door."""

import asyncio
from pathlib import Path

import httpx
import msgspec
import pytest
from desk import Desk, assert_problem, desk, founded, free_address, play, until

from credimus.api.endpoint import BODY_BYTES_MAX
from credimus.kernel.errors import Conflict, CredimusError, NotPermitted, PeerFault
from credimus.node.commands import AdmitMember
from credimus.runtime.driver import now
from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import NodeKey
from credimus.runtime.joining.joining import Ask, Plan, join_home
from credimus.runtime.joining.ticket import make_request, make_ticket, open_answer, parse_ticket
from credimus.runtime.joining.tickets import Tickets, now_wall_ms

PLAN = Plan(name="n1", listen=free_address(), api="127.0.0.1:0")


def ask_through(client: httpx.AsyncClient, loop: asyncio.AbstractEventLoop) -> Ask:
    """Posts from another thread to the node of this loop."""

    def ask(url: str, body: bytes) -> bytes:
        path = httpx.URL(url).path
        posted = asyncio.run_coroutine_threadsafe(client.post(path, content=body), loop)
        answer = posted.result(10)
        if answer.status_code >= 400:
            problem = answer.json()
            raise NotPermitted(problem["code"], problem["detail"])
        return answer.content

    return ask


async def joined(one: Desk, home: Home, word: str, plan: Plan = PLAN) -> None:
    ask = ask_through(one.client, asyncio.get_running_loop())
    await asyncio.to_thread(join_home, home, word, plan, ask)


def test_the_status_tells_how_the_node_is(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await desk.post("/v1/beliefs", content="the north gate is open", wait_for="decided")
        status = await desk.get("/v1/status")
        assert status["node"] == desk.daemon.node.id.hex()
        assert status["fleet_name"] == "harbour"
        assert status["fingerprint"] == desk.daemon.node.state.fingerprint().hex()
        assert status["rounds"]["accepted"] == status["decided"] == status["beliefs"] == 1
        assert status["members"] == 1
        assert status["faults"] == []
        assert status["failure"] is None
        assert status["links_open"] is False
        members = await desk.get("/v1/members")
        assert [(one["name"], one["self"], one["connected"]) for one in members] == [
            ("n0", True, True)
        ]

    play(tmp_path, scene)


def test_only_the_probes_need_no_token(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        del desk.client.headers["Authorization"]
        for path in ("/livez", "/readyz"):
            assert await desk.get(path) == {"status": "ok"}
        for path in ("/health", "/metrics", "/v1/log", "/v1/events", "/v1/tokens"):
            assert (await desk.refusal(path, 401, "GET"))["code"] == "token-missing"

    play(tmp_path, scene)


def test_a_node_whose_token_is_gone_starts_with_a_new_one(tmp_path: Path) -> None:
    home = founded(tmp_path)
    old = home.token.read_text()
    home.token.unlink()

    async def scene(desk: Desk) -> None:
        assert (await desk.get("/v1/status"))["members"] == 1
        assert home.token.read_text() == desk.daemon.token + "\n" != old

    play(tmp_path, scene, home)


def test_health_and_metrics(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        desk.daemon.driver.node.receive(desk.daemon.node.id, b"\xff", now())
        health = await desk.get("/health")
        assert (health["cluster_size"], health["expected"], health["quorum"]) == (1, 1, True)
        text = (await desk.client.get("/metrics")).text
        assert "credimus_blocks 1.0" in text
        assert 'credimus_faults_total{code="malformed"' in text
        assert 'credimus_rounds{verdict="accepted"} 0.0' in text

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "token-missing"),
        ("Basic abc", "token-missing"),
        ("Bearer ", "token-missing"),
        ("Bearer credimus-token-wrong", "token-wrong"),
        ("Bearer é", "token-wrong"),
    ],
)
def test_without_the_token_nothing_is_told(tmp_path: Path, header: str | None, code: str) -> None:
    async def scene(desk: Desk) -> None:
        del desk.client.headers["Authorization"]
        for method, path in (("GET", "/v1/status"), ("POST", "/v1/beliefs"), ("POST", "/v1/links")):
            headers = {"Authorization": header.encode()} if header is not None else {}
            answer = await desk.client.request(method, path, headers=headers, json={})
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert_problem(answer)
            assert answer.json()["code"] == code
            assert desk.daemon.token not in answer.text

    play(tmp_path, scene)


def test_whatever_is_sent_a_problem_document_answers(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        cases = [
            ("GET", "/nowhere", b"", 404, "no-such-path"),
            ("DELETE", "/v1/beliefs", b"", 405, "no-such-method"),
            ("POST", "/v1/beliefs", b"{", 400, "bad-json"),
            ("POST", "/v1/beliefs", b"\xff\xfe", 400, "bad-json"),
            ("POST", "/v1/beliefs", b'{"content":"\\ud800"}', 400, "bad-json"),
            ("POST", "/v1/beliefs", b"[" * 30_000, 422, "bad-field"),
            ("POST", "/v1/beliefs", b" " * (BODY_BYTES_MAX + 1), 413, "body-too-large"),
            ("POST", "/v1/join", b"x" * 5_000, 413, "body-too-large"),
            ("POST", "/v1/join", b"", 403, "ticket-wrong"),
            ("GET", "/v1/beliefs?colour=red", b"", 422, "bad-field"),
            ("GET", "/v1/beliefs?limit=0", b"", 422, "bad-field"),
            ("GET", "/v1/beliefs?limit=5&limit=6", b"", 422, "bad-field"),
            ("GET", "/v1/beliefs?verdict=maybe", b"", 422, "bad-field"),
            ("GET", "/v1/beliefs?cursor=x", b"", 422, "bad-cursor"),
            ("POST", "/v1/links", b"{}", 422, "bad-field"),
            ("POST", "/v1/tickets", b'{"expires_s":0}', 422, "out-of-range"),
            ("POST", "/v1/tickets", b'{"expires_s":1e9}', 422, "out-of-range"),
            ("POST", "/v1/tickets", b'{"address":"ftp://x"}', 422, "address-unusable"),
        ]
        for method, path, body, status, code in cases:
            answer = await desk.client.request(method, path, content=body)
            assert (answer.status_code, answer.json()["code"]) == (status, code), (path, body[:40])
            assert_problem(answer)
        assert desk.blocks == 1

    play(tmp_path, scene)


def test_who_joins_under_a_name_that_is_taken_is_told(tmp_path: Path) -> None:
    async def scene(one: Desk) -> None:
        ask = ask_through(one.client, asyncio.get_running_loop())
        for name, namesakes in (("n1", ()), ("n0", (one.daemon.node.id,))):
            word = (await one.post("/v1/tickets"))["ticket"]
            plan = Plan(name=name, listen=free_address(), api="127.0.0.1:0")
            made = await asyncio.to_thread(
                join_home, Home(tmp_path / f"as-{name}"), word, plan, ask
            )
            assert made.namesakes == namesakes

    play(tmp_path, scene)


def test_a_ticket_that_no_other_machine_can_use_is_told(tmp_path: Path) -> None:
    async def scene(one: Desk) -> None:
        for listen, address, is_told in (
            ("127.0.0.1:7447", None, False),
            ("10.0.0.7:7447", None, True),
            ("10.0.0.7:7447", "http://localhost:8701", True),
            ("10.0.0.7:7447", "https://10.0.0.7:8701/", False),
            ("127.0.0.1:7447", "https://[::]:8701", True),
        ):
            node = msgspec.structs.replace(one.daemon.settings.node, listen=listen)
            one.daemon.settings = msgspec.structs.replace(one.daemon.settings, node=node)
            given = {} if address is None else {"address": address}
            made = await one.post("/v1/tickets", **given)
            assert (made["warning"] is not None) == is_told
            ticket = parse_ticket(made["ticket"], now_wall_ms())
            assert made["address"] == ticket.address

    play(tmp_path, scene)


def test_an_address_that_a_present_member_has_is_refused_and_spends_no_ticket(
    tmp_path: Path,
) -> None:
    async def scene(one: Desk) -> None:
        word = (await one.post("/v1/tickets"))["ticket"]
        own = one.daemon.settings.node.listen
        with pytest.raises(CredimusError, match="ticket is still good") as caught:
            await joined(one, Home(tmp_path / "n1"), word, Plan(name="n1", listen=own))
        assert caught.value.code == "address-taken"
        assert not (tmp_path / "n1").exists()
        assert one.blocks == 1
        await joined(one, Home(tmp_path / "n1"), word)
        again = (await one.post("/v1/tickets"))["ticket"]
        await joined(one, Home(tmp_path / "n2"), again)  # n1 is not there: n2 takes its place
        assert [found["address"] for found in await one.get("/v1/members")] == [
            own, PLAN.listen, PLAN.listen,
        ]  # fmt: skip

    play(tmp_path, scene)


def test_a_ticket_makes_one_member(tmp_path: Path) -> None:
    async def scene(one: Desk) -> None:
        word = (await one.post("/v1/tickets"))["ticket"]
        home = Home(tmp_path / "n1")
        await joined(one, home, word)
        assert [found["name"] for found in await one.get("/v1/members")] == ["n0", "n1"]
        assert {path.name for path in home.folder.iterdir()} == {
            "node.key", "fleet-ca.crt", "fleet-ca.key", "link.crt", "link.key", "credimus.db",
            "credimus.db.lock", "token", "config.toml",
        }  # fmt: skip
        for name in ("node.key", "fleet-ca.key", "link.key", "token"):
            assert (home.folder / name).stat().st_mode & 0o777 == 0o600
        async with desk(home) as other:
            assert other.daemon.fingerprint() == one.daemon.fingerprint()
            assert other.daemon.node.id in other.daemon.node.state.roster.current
        with pytest.raises(NotPermitted) as caught:
            await joined(one, Home(tmp_path / "n2"), word)
        assert caught.value.code == "ticket-used"
        assert not (tmp_path / "n2").exists()
        assert len(await one.get("/v1/members")) == 2
        assert sorted(path.name for path in tmp_path.iterdir()) == ["n0", "n1"]

    play(tmp_path, scene)


def test_the_same_joiner_may_ask_again_when_the_answer_got_lost(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        word = (await desk.post("/v1/tickets"))["ticket"]
        ticket = parse_ticket(word, now_wall_ms())
        request = make_request(ticket, NodeKey(b"\x01" * 32).public, "n1", ("127.0.0.1:7448",))
        first, second = [await desk.client.post("/v1/join", content=request) for _ in range(2)]
        assert first.status_code == second.status_code == 200
        assert open_answer(ticket, first.content) == open_answer(ticket, second.content)
        assert desk.blocks == 2

    play(tmp_path, scene)


def test_tickets_survive_a_restart_and_expire(tmp_path: Path) -> None:
    home = founded(tmp_path)
    words: list[str] = []

    async def before(desk: Desk) -> None:
        words.extend([(await desk.post("/v1/tickets", expires_s=60))["ticket"] for _ in range(2)])

    async def after(desk: Desk) -> None:
        await joined(desk, Home(tmp_path / "n1"), words[0])
        an_hour_later = now_wall_ms() + 3_600_000
        desk.daemon.tickets = Tickets(desk.daemon.store, lambda: an_hour_later)
        with pytest.raises(NotPermitted) as caught:
            await joined(desk, Home(tmp_path / "n2"), words[1])
        assert caught.value.code == "ticket-expired"
        assert desk.daemon.tickets.waiting_count() == 1
        await desk.post("/v1/tickets")
        assert desk.daemon.tickets.waiting_count() == 1, "the expired ones were let go"
        assert len(await desk.get("/v1/members")) == 2

    play(tmp_path, before, home)
    play(tmp_path, after, home)


def test_an_altered_or_foreign_request_spends_no_ticket(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        ticket = parse_ticket((await desk.post("/v1/tickets"))["ticket"], now_wall_ms())
        request = make_request(ticket, NodeKey(b"\x01" * 32).public, "n1", ("127.0.0.1:7448",))
        foreign = make_ticket("http://node", ticket.fleet, ticket.fleet_key, now_wall_ms() + 60_000)
        wrong = [
            request[:-1] + bytes([request[-1] ^ 1]),
            make_request(foreign, NodeKey(b"\x01" * 32).public, "n1", ()),
        ]
        for body in wrong:
            answer = await desk.client.post("/v1/join", content=body)
            assert answer.status_code == 403
            assert answer.json()["code"] == "ticket-wrong"
        assert desk.daemon.tickets.waiting_count() == 1
        assert desk.blocks == 1

    play(tmp_path, scene)


def test_a_failed_join_leaves_nothing_behind(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        word = (await desk.post("/v1/tickets"))["ticket"]
        home = Home(tmp_path / "n1")

        def lying(_: str, __: bytes) -> bytes:
            return b"\x00" * 500

        with pytest.raises(PeerFault):
            join_home(home, word, PLAN, lying)
        with pytest.raises(CredimusError) as caught:
            join_home(home, word[:-1] + ("a" if word[-1] != "a" else "b"), PLAN, lying)
        assert caught.value.code == "ticket-malformed"
        with pytest.raises(Conflict) as taken:
            join_home(desk.daemon.home, word, PLAN, lying)
        assert taken.value.code == "folder-not-empty"
        assert [path.name for path in tmp_path.iterdir()] == ["n0"]

    play(tmp_path, scene)


def test_links_are_taken_down_and_up_again(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        assert await desk.post("/v1/links", open=True) == {"open": True, "dialled": []}
        assert await desk.post("/v1/links", open=False) == {"open": False, "dialled": []}
        await desk.post("/v1/beliefs", content="alone, it goes on", wait_for="decided")
        assert (await desk.post("/v1/links", open=True))["open"]
        assert (await desk.get("/v1/status"))["links_open"]

    play(tmp_path, scene)


def test_a_node_dials_who_was_admitted_before_it(tmp_path: Path) -> None:
    async def scene(one: Desk) -> None:
        home = Home(tmp_path / "n1")
        await joined(one, home, (await one.post("/v1/tickets"))["ticket"])
        assert (await one.post("/v1/links", open=True))["dialled"] == []
        async with desk(home) as other:
            assert (await other.post("/v1/links", open=True))["dialled"] == [
                one.daemon.settings.node.listen
            ]
            neighbours = other.daemon.links.neighbours
            await until(lambda: neighbours() == [one.daemon.node.id])
            receipt = await other.post(
                "/v1/beliefs", content="the north gate is open", wait_for="replicated:2"
            )
            assert receipt["replicas"] == 2

    play(tmp_path, scene)


def test_links_are_opened_anew_when_there_is_somebody_to_dial(tmp_path: Path) -> None:
    """A new address makes a member the last to be admitted: from then on it dials the others."""

    async def scene(desk: Desk) -> None:
        assert (await desk.post("/v1/links", open=True))["dialled"] == []
        node, driver, links = desk.daemon.node, desk.daemon.driver, desk.daemon.links
        other = AdmitMember(public_key=NodeKey(b"\x01" * 32).public, name="n1", address="[::1]:9")
        await driver.submit(other).local()
        assert links.dialled == ()
        own = node.authors[0].public_key
        await driver.submit(AdmitMember(public_key=own, name="n0", address=free_address())).local()
        await links.follow_roster()
        assert links.dialled == ("[::1]:9",)
        assert links.are_open

    play(tmp_path, scene)
