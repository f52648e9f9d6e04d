"""Messages between applications: over the library, over HTTP, over restarts."""

import asyncio
from base64 import b64decode, b64encode
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from desk import Desk, founded, play, settings_of, until
from elsewhere import KEYS, admit_them
from served import ask

import credimus
from credimus.api.shapes.messages import WaitingMessage
from credimus.kernel.codec import encode
from credimus.library.node import Node
from credimus.protocol.delivery.envelope import seal_content, seal_reply
from credimus.protocol.delivery.interface import Content, Mode, Outcome, Reply
from credimus.runtime.daemon import Daemon
from credimus.runtime.home import Home


def run(scene: Any) -> None:
    asyncio.run(asyncio.wait_for(scene, 60))


def come(daemon: Daemon, number: int = 1, payload: bytes = b"open", **changes: Any) -> str:
    """A message of a member that is only here reaches the node; its id."""
    sender = KEYS[0].node_id
    fields = {
        "fleet": daemon.node.fleet, "sender": sender, "receiver": daemon.node.id,
        "number": number, "lowest": 1, "mode": Mode.EXACTLY_ONCE, "posted_ms": 1,
        "expires_ms": 1 << 50, "payload": payload,
    }  # fmt: skip
    envelope = seal_content(KEYS[0], Content(**{**fields, **changes}))
    daemon.driver.deliver([(sender, encode(envelope))])
    return f"{sender.hex()}-{number}"


def acknowledge(daemon: Daemon, number: int, result: bytes, by: int = 0) -> None:
    """A member's application has finished with a message of the node."""
    receiver = KEYS[by].node_id
    reply = Reply(
        fleet=daemon.node.fleet, receiver=receiver, sender=daemon.node.id, number=number,
        outcome=Outcome.DONE, result=result,
    )  # fmt: skip
    daemon.driver.deliver([(receiver, encode(seal_reply(KEYS[by], reply)))])


# --- the library


def test_several_and_all_acknowledge_each_for_itself() -> None:
    async def answer(node: Node, result: str) -> None:
        async for message in node.inbox():
            await message.done(f"{result}: {message.text}")

    async def scene() -> None:
        async with credimus.fleet_of(["scout", "truck", "crane"]) as fleet:
            scout = fleet["scout"]
            readers = [
                asyncio.create_task(answer(fleet[name], name)) for name in ("truck", "crane")
            ]
            several = await scout.send(["truck", "crane"], "hello")
            told = await several.delivered(10)
            assert {one.name: one.text for one in told.acknowledged} == {
                "truck": "truck: hello", "crane": "crane: hello",
            }  # fmt: skip
            assert told
            assert told.missing == []
            by_id = {one.name: one.id for one in scout.members()}
            one = await scout.send(by_id["crane"], "by id", mode="at-least-once")
            assert [who.name for who in (await one.delivered(10)).acknowledged] == ["crane"]
            every = await scout.send("all", b"\xff", mode="at-most-once")
            unknown = await every.delivered(10)
            assert [who.state for who in unknown.missing] == ["sent", "sent"]
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)

    run(scene())


def test_each_message_goes_to_one_reader_and_what_is_left_to_the_next() -> None:
    async def scene() -> None:
        async with credimus.fleet_of(["scout", "truck"]) as fleet:
            scout, truck = fleet.values()
            await scout.send("truck", "1")
            await scout.send("truck", "2")
            async with aclosing(truck.inbox()) as one, aclosing(truck.inbox()) as other:
                first, second = await anext(one), await anext(other)
                assert [first.text, second.text] == ["1", "2"]
                await second.done()
            async with aclosing(truck.inbox()) as later:
                again = await anext(later)
                assert (again.text, again.id) == ("1", first.id)
                await again.done()
                await first.done("too late")  # finished already; it stays as it was
            assert truck._daemon.mailbox.claimed == set()

    run(scene())


def test_a_key_makes_one_message_of_two() -> None:
    async def scene() -> None:
        async with credimus.fleet_of(["scout", "truck"]) as fleet:
            scout, truck = fleet.values()
            first = await scout.send("truck", "pay", key="invoice 7")
            again = await scout.send("truck", "pay", key="invoice 7")
            assert first.id == again.id
            with pytest.raises(credimus.Conflict, match="another message"):
                await scout.send("truck", "pay more", key="invoice 7")
            assert (await anext(truck.inbox())).text == "pay"

    run(scene())


def test_an_inbox_ends_with_its_node(tmp_path: Path) -> None:
    async def scene() -> None:
        home = founded(tmp_path)
        daemon = Daemon.load(home, settings_of(home))
        daemon.begin()
        waiting = asyncio.create_task(anext(Node(daemon).inbox()))
        await asyncio.sleep(0)
        await daemon.close()
        with pytest.raises(credimus.Unavailable, match="stopping"):
            await waiting

    run(scene())


def test_inbox_and_outbox_survive_a_restart(tmp_path: Path) -> None:
    home = founded(tmp_path)
    kept: dict[str, str] = {}

    async def before(desk: Desk) -> None:
        await admit_them(desk.daemon)
        node = Node(desk.daemon)
        sent = await node.send(KEYS[0].node_id.hex(), "remember me")
        answered = await node.send(KEYS[1].node_id.hex(), "answer me")
        acknowledge(desk.daemon, 2, b"answered", by=1)
        assert (await answered.delivered(5)).acknowledged[0].text == "answered"
        kept.update(sent=sent.id, answered=answered.id)
        for number in (1, 2):
            come(desk.daemon, number, b"message %d" % number)
        message = await anext(node.inbox())
        await message.done("finished")
        kept["waits"] = f"{message.sender}-2"
        await until(lambda: desk.daemon.node.delivery.waiting_count == 1)

    async def after(desk: Desk) -> None:
        node = Node(desk.daemon)
        assert [one.state for one in node.sent(kept["sent"]).view().to] == ["waiting"]
        (receiver,) = node.sent(kept["answered"]).view().to
        assert (receiver.state, receiver.text) == ("done", "answered")
        come(desk.daemon, 1, b"message 1")  # repeated, and finished
        message = await anext(node.inbox())
        assert (message.id, message.text, message.again) == (kept["waits"], "message 2", True)
        await until(lambda: desk.daemon.node.delivery.counts.repeated == 1)
        assert desk.daemon.node.delivery.waiting_count == 1
        new = await node.send(KEYS[0].node_id.hex(), "new")
        assert int(new.id.partition("-")[2]) > 2

    play(tmp_path, before, home)
    play(tmp_path, after, home)


# --- HTTP


def test_a_message_is_sent_and_looked_at_over_http(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await admit_them(desk.daemon)
        receiver = KEYS[0].node_id.hex()
        sent = await desk.post("/v1/messages", to=[receiver[:6]], text="open the gate", ttl_s=60)
        assert (sent["mode"], sent["settled"]) == ("exactly-once", False)
        assert sent["expires_ms"] - sent["posted_ms"] == 60_000
        assert [(one["member"], one["state"]) for one in sent["to"]] == [(receiver, "waiting")]
        acknowledge(desk.daemon, 1, b"\xffdone")
        looked = await desk.get(f"/v1/messages/{sent['id']}", timeout=5)
        assert (looked["settled"], looked["to"][0]["state"]) == (True, "done")
        assert (b64decode(looked["to"][0]["result"]), looked["to"][0]["text"]) == (
            b"\xffdone",
            None,
        )
        every = await desk.post("/v1/messages", to="all", payload=b64encode(b"\x00").decode())
        assert len(every["to"]) == 2
        listed = await desk.get("/v1/messages/sent", limit=1)
        assert [one["id"] for one in listed] == [every["id"]]

    play(tmp_path, scene)


def test_messages_wait_until_they_are_done_over_http(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await admit_them(desk.daemon)
        assert (await desk.get("/v1/messages"))["messages"] == []
        name = come(desk.daemon)
        page = await desk.get("/v1/messages", timeout=5)
        (message,) = page["messages"]
        assert (message["id"], message["text"], message["name"]) == (name, "open", "other")
        assert b64decode(message["payload"]) == b"open"
        assert page["cursor"] == message["cursor"]
        assert (await desk.get("/v1/messages", after=page["cursor"]))["messages"] == []
        assert (await desk.get("/v1/messages"))["messages"] == [message]
        for _ in range(2):  # again is as once
            assert await desk.post(f"/v1/messages/{name}/done", text="it is open") == {"id": name}
        assert (await desk.get("/v1/messages"))["messages"] == []
        come(desk.daemon, 2, mode=Mode.AT_MOST_ONCE)
        page = await desk.get("/v1/messages", timeout=5)
        assert [one["mode"] for one in page["messages"]] == ["at-most-once"]
        assert (await desk.get("/v1/messages"))["messages"] == []
        stale = page["cursor"].replace(page["cursor"][:4], "beef")
        come(desk.daemon, 3)
        await until(lambda: desk.daemon.node.delivery.waiting_count == 1)
        assert len((await desk.get("/v1/messages", after=stale))["messages"]) == 1

    play(tmp_path, scene)


def test_what_can_not_be_asked_over_http(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await admit_them(desk.daemon)
        one, us = KEYS[0].node_id.hex(), desk.daemon.node.id.hex()
        at = "/v1/messages"
        for status, code, body in (
            (404, "unknown-member", {"to": ["nobody"], "text": "x"}),
            (409, "ambiguous-member", {"to": ["other"], "text": "x"}),
            (422, "no-receivers", {"to": [], "text": "x"}),
            (422, "to-itself", {"to": [us], "text": "x"}),
            (422, "bad-field", {"to": [one]}),
            (422, "bad-field", {"to": [one], "text": "x", "payload": "eA=="}),
            (422, "bad-field", {"to": [one], "text": "x", "mode": "twice"}),
            (422, "message-too-long", {"to": [one], "text": "x" * 32_769}),
            (422, "out-of-range", {"to": [one], "text": "x", "ttl_s": 0.5}),
            (422, "key-unusable", {"to": [one], "text": "x", "mode": "at-most-once", "key": "k"}),
        ):
            problem = await desk.refusal(at, status, **body)  # type: ignore[arg-type]
            assert problem["code"] == code, body
        for path, status, code in (
            (f"{at}/nonsense", 422, "bad-message-id"),
            (f"{at}/{one}-1", 422, "not-our-message"),
            (f"{at}/{us}-999", 404, "unknown-message"),
            (f"{at}?after=nonsense", 422, "bad-cursor"),
        ):
            problem = await desk.refusal(path, status, "GET")
            assert problem["code"] == code, path
        problem = await desk.refusal(f"{at}/{one}-1/done", 404)
        assert problem["code"] == "unknown-message"
        name = come(desk.daemon)
        await until(lambda: desk.daemon.node.delivery.waiting_count == 1)
        problem = await desk.refusal(f"{at}/{name}/done", 422, text="x" * 4_097)
        assert problem["code"] == "result-too-long"

    play(tmp_path, scene)


def test_a_token_needs_the_scope_for_messages(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        made = await desk.post("/v1/tokens", name="reader", scopes=["read", "assert", "vote"])
        headers = {"Authorization": f"Bearer {made['token']}"}
        for method, path in (("GET", "/v1/messages"), ("POST", "/v1/messages")):
            answer = await desk.client.request(method, path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")
        assert (await desk.client.get("/v1/messages/sent", headers=headers)).json() == []

    play(tmp_path, scene)


def test_metrics_count_messages(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await admit_them(desk.daemon)
        come(desk.daemon)
        await until(lambda: desk.daemon.node.delivery.waiting_count == 1)
        await desk.post("/v1/messages", to="all", text="hello")
        text = (await desk.client.get("/metrics")).text
        assert "credimus_application_inbox 1.0" in text
        assert "credimus_application_outbox 1.0" in text
        assert "credimus_application_messages_sendings_total 2.0" in text

    play(tmp_path, scene)


# --- the library elsewhere


def test_a_script_sends_reads_and_finishes(tmp_path: Path) -> None:
    def script(daemon: Daemon) -> None:
        node = credimus.connect(daemon.url, daemon.token)
        receipt = node.send(KEYS[0].node_id.hex(), b"\x00\x01", key="once")
        assert node.send(KEYS[0].node_id.hex(), b"\x00\x01", key="once").id == receipt.id
        told = receipt.delivered(timeout=0.05)
        assert not told
        assert [one.state for one in told.missing] == ["waiting"]
        assert "waiting" in repr(node.sent(receipt.id))
        (message,) = list(node.inbox(idle_s=0))
        assert isinstance(message.view, WaitingMessage)
        assert (message.payload, message.text, message.name) == (b"open", "open", "other")
        assert message.id in repr(message) or message.id[:12] in repr(message)
        message.done(b"\x02")
        assert list(node.inbox(idle_s=0)) == []
        with pytest.raises(credimus.UsageError, match="no message"):
            node.sent("../../etc")

    async def prepare(desk: Desk) -> None:
        await admit_them(desk.daemon)
        come(desk.daemon)
        await until(lambda: desk.daemon.node.delivery.waiting_count == 1)

    home: Home = founded(tmp_path)
    play(tmp_path, prepare, home)
    ask(tmp_path, script, home)
