"""What only links over a network must keep: strangers stay out, errors name what to do."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import zenoh
from posts import FLEET, Post, connected, free_address, node_of, until

from credimus.kernel.errors import CredimusError
from credimus.kernel.ids import NodeId
from credimus.runtime.identity.credentials import LinkPaths
from credimus.runtime.joining.authority import Authority
from credimus.runtime.transport import zenoh as transport_module
from credimus.runtime.transport.zenoh import ZenohConfig, ZenohTransport

STRANGER_S = 1.0
"""How long strangers try: several rounds of dialling, which begins again after 0.1 s."""


def equipped(folder: Path, authority: Authority, number: int) -> LinkPaths:
    own = folder / str(number)
    own.mkdir()
    return authority.equip(own, node_of(number))


def linked(
    number: int, listen: str, peers: tuple[str, ...], paths: LinkPaths | None,
    shut_out: tuple[NodeId, ...] = (),
) -> Post:  # fmt: skip
    config = ZenohConfig(
        fleet=FLEET,
        node=node_of(number),
        link="tls" if paths else "tcp",
        listen=listen,
        peers=peers,
        credentials=paths,
        shut_out=shut_out,
    )
    return Post(node_of(number), lambda post: ZenohTransport(config, post.hear))


def test_a_stranger_neither_hears_nor_is_heard(tmp_path: Path) -> None:
    """Its certificate is of another authority; it both dials a node and is dialled by one."""
    ours, other = Authority.create(FLEET), Authority.create(FLEET)
    addresses = [free_address() for _ in range(3)]

    async def scene() -> None:
        dialled = linked(0, addresses[0], (), equipped(tmp_path, ours, 0))
        dialling = linked(1, addresses[1], (addresses[2],), equipped(tmp_path, ours, 1))
        stranger = linked(2, addresses[2], (addresses[0],), equipped(tmp_path, other, 2))
        posts = [dialled, dialling, stranger]
        for post in posts:
            await post.transport.open()
        try:
            loop = asyncio.get_running_loop()
            enough = loop.time() + STRANGER_S

            def tried() -> bool:
                for post in posts:
                    post.transport.broadcast(b"anyone there?")
                    for peer in posts:
                        post.transport.send(peer.node, b"and you?")
                return loop.time() > enough

            await until(tried)
            for post in posts:
                assert post.heard == []
                assert post.transport.neighbours() == frozenset()
        finally:
            for post in posts:
                await post.transport.close()

    asyncio.run(scene())


def test_who_is_shut_out_neither_hears_nor_is_heard(tmp_path: Path) -> None:
    """Its certificate is of the same authority; the others hear each other all the while."""
    authority = Authority.create(FLEET)
    addresses = [free_address() for _ in range(3)]
    paths = [equipped(tmp_path, authority, number) for number in range(3)]
    gone = (node_of(2),)

    async def scene() -> None:
        posts = [
            linked(0, addresses[0], (), paths[0], gone),
            linked(1, addresses[1], (addresses[0], addresses[2]), paths[1], gone),
            linked(2, addresses[2], (addresses[0],), paths[2]),
        ]
        for post in posts:
            await post.transport.open()
        try:
            loop = asyncio.get_running_loop()
            enough = loop.time() + STRANGER_S

            def tried() -> bool:
                for post in posts:
                    post.transport.broadcast(b"anyone there?")
                    for peer in posts:
                        post.transport.send(peer.node, b"and you?")
                return loop.time() > enough and all(post.heard for post in posts[:2])

            await until(tried)
            for post in posts[:2]:
                assert {sender for sender, _ in post.heard} <= {posts[0].node, posts[1].node}
                assert node_of(2) not in post.transport.neighbours()
            assert posts[2].heard == []
        finally:
            for post in posts:
                await post.transport.close()

    asyncio.run(scene())


def test_a_node_without_a_certificate_stays_out(tmp_path: Path) -> None:
    """Plain TCP at a TLS port brings nothing, and the port goes on serving members."""
    authority = Authority.create(FLEET)
    address = free_address()

    async def scene() -> None:
        first = linked(0, address, (), equipped(tmp_path, authority, 0))
        second = linked(1, free_address(), (address,), equipped(tmp_path, authority, 1))
        await first.transport.open()
        host, port = address.split(":")
        for noise in (b"GET / HTTP/1.0\r\n\r\n", bytes(4_096), b""):
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(noise)
            writer.close()
            await writer.wait_closed()
        try:
            await second.transport.open()
            await connected(first, second)
            second.transport.broadcast(b"a member")
            await until(lambda: first.payloads() == [b"a member"])
        finally:
            await first.transport.close()
            await second.transport.close()

    asyncio.run(scene())


@pytest.mark.parametrize("link", ["tcp", "tls"])
def test_a_port_in_use_is_named(link: str, tmp_path: Path) -> None:
    address = free_address()
    paths = equipped(tmp_path, Authority.create(FLEET), 0) if link == "tls" else None

    async def scene() -> None:
        first = linked(0, address, (), paths)
        await first.transport.open()
        try:
            await refused(linked(1, address, (), paths), "port-in-use", address)
        finally:
            await first.transport.close()

    asyncio.run(scene())


@pytest.mark.parametrize(
    "listen", ["nowhere.invalid:7447", "127.0.0.1", "127.0.0.1:99999", "192.0.2.1:7447"]
)
def test_an_address_that_is_not_ours_is_named(listen: str) -> None:
    asyncio.run(refused(linked(0, listen, (), None), "address-unusable", listen))


@pytest.mark.parametrize("which", ["authority", "certificate", "key"])
@pytest.mark.parametrize("content", [None, b"nonsense"])
def test_an_unusable_certificate_file_is_named(
    which: str, content: bytes | None, tmp_path: Path
) -> None:
    paths = equipped(tmp_path, Authority.create(FLEET), 0)
    broken: Path = getattr(paths, which)
    broken.unlink()
    if content is not None:
        broken.write_bytes(content)
    said = "backup" if content else str(broken)
    asyncio.run(refused(linked(0, free_address(), (), paths), "certificate-unusable", said))


def test_a_tls_link_without_credentials_is_refused() -> None:
    config = ZenohConfig(fleet=FLEET, node=node_of(0), link="tls")
    post = Post(node_of(0), lambda post: ZenohTransport(config, post.hear))
    asyncio.run(refused(post, "certificate-unusable", "init"))


async def refused(post: Post, code: str, said: str) -> None:
    """Opening fails with that code and words, and leaves nothing to close."""
    with pytest.raises(CredimusError) as problem:
        await post.transport.open()
    assert problem.value.code == code
    assert said in problem.value.message
    await post.transport.close()


CHILD = textwrap.dedent("""
    import asyncio, sys
    from pathlib import Path
    from credimus.runtime.identity.credentials import LinkPaths
    from credimus.runtime.transport.zenoh import ZenohConfig, ZenohTransport

    folder, dial, node, closing = sys.argv[1:]

    async def main():
        done = asyncio.Event()

        def hear(batch):
            for sender, payload in batch:
                if payload == b"ping":
                    transport.send(sender, b"pong")
                if payload == b"end":
                    done.set()

        config = ZenohConfig(
            fleet=b"fleet-under-test", node=bytes.fromhex(node), peers=(dial,),
            credentials=LinkPaths.inside(Path(folder)),
        )
        transport = ZenohTransport(config, hear)
        await transport.open()
        await asyncio.wait_for(done.wait(), 30)
        if closing == "close":
            await transport.close()

    asyncio.run(main())
""")


def spawn(paths: LinkPaths, dial: str, number: int, ending: str) -> subprocess.Popen[bytes]:
    folder, node = str(paths.key.parent), node_of(number).hex()
    return subprocess.Popen([sys.executable, "-c", CHILD, folder, dial, node, ending])


@pytest.mark.parametrize("ending", ["close", "leave open"])
def test_a_process_ends_whether_it_closed_or_not(ending: str, tmp_path: Path) -> None:
    """No thread of the engine holds up the interpreter's exit."""
    authority, address = Authority.create(FLEET), free_address()

    async def scene() -> None:
        post = linked(0, address, (), equipped(tmp_path, authority, 0))
        await post.transport.open()
        child = spawn(equipped(tmp_path, authority, 1), address, 1, ending)
        try:
            await until(lambda: post.transport.neighbours() == {node_of(1)})
            post.transport.broadcast(b"end")
            await until(lambda: child.poll() is not None)
            assert child.returncode == 0
        finally:
            child.kill()
            child.wait()
            await post.transport.close()

    asyncio.run(scene())


def test_a_peer_that_was_stuck_is_reached_again(tmp_path: Path) -> None:
    """A link that was congested until messages were lost carries later ones."""
    authority, address = Authority.create(FLEET), free_address()

    async def scene() -> None:
        post = linked(0, address, (), equipped(tmp_path, authority, 0))
        await post.transport.open()
        child = spawn(equipped(tmp_path, authority, 1), address, 1, "close")
        try:
            await until(lambda: post.transport.neighbours() == {node_of(1)})
            os.kill(child.pid, signal.SIGSTOP)
            for _ in range(20_000):
                post.transport.broadcast(bytes(1_000))
            os.kill(child.pid, signal.SIGCONT)

            def answered() -> bool:
                post.transport.broadcast(b"ping")
                return bool(post.heard)

            await until(answered)
        finally:
            child.kill()
            child.wait()
            await post.transport.close()

    asyncio.run(scene())


def test_a_link_that_carries_nothing_is_cut_and_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """One dialler is a bare engine, which keeps its link alive and never says who it is: so looks
    a dial that ended just when its time was over."""
    monkeypatch.setattr(transport_module, "TEND_S", 0.02)
    addresses = [free_address() for _ in range(3)]
    lost: list[str] = []

    def note(event: zenoh.LinkEvent) -> None:
        if event.kind == zenoh.SampleKind.DELETE:
            lost.append(str(event.link.dst))

    async def scene() -> None:
        posts = [
            linked(0, addresses[0], (), None),
            linked(1, addresses[1], (addresses[0],), None),
        ]
        for post in posts:
            await post.transport.open()
        engine = zenoh.Config()
        settings = transport_module.engine_settings(
            ZenohConfig(
                fleet=FLEET, node=node_of(2), link="tcp", listen=addresses[2], peers=(addresses[0],)
            )
        )
        for name, value in settings.items():
            engine.insert_json5(name, json.dumps(value))
        mute = await asyncio.to_thread(zenoh.open, engine)
        try:
            mute.info.declare_link_events_listener(zenoh.handlers.Callback(note, indirect=False))
            await connected(*posts)
            await until(lambda: len(lost) > 1)  # it came back, and was cut again
            posts[1].transport.broadcast(b"and ours is there")
            await until(lambda: bool(posts[0].heard))
            await connected(*posts)
        finally:
            await asyncio.to_thread(mute.close)
            for post in posts:
                await post.transport.close()
        assert set(lost) == {f"tcp/{addresses[0]}"}

    asyncio.run(scene())
