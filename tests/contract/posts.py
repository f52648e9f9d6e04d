"""The stage of the transport tests: posts (a transport and what it heard) in one place."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

from credimus.kernel.ids import FleetId, NodeId
from credimus.runtime.joining.authority import Authority
from credimus.runtime.transport.interface import Received, Transport, peers_to_dial
from credimus.runtime.transport.memory import MemoryHub
from credimus.runtime.transport.zenoh import ZenohConfig, ZenohTransport

FLEET = FleetId(b"fleet-under-test")
PATIENCE_S = 8.0


class Post:
    """One node: its transport and what it heard."""

    def __init__(self, node: NodeId, build: Callable[["Post"], Transport]) -> None:
        self.node = node
        self.heard: list[Received] = []
        self.batches: list[int] = []
        self.transport = build(self)

    def hear(self, batch: list[Received]) -> None:
        self.heard += batch
        self.batches.append(len(batch))

    def payloads(self) -> list[bytes]:
        return [payload for _, payload in self.heard]


class Place:
    """Builds the posts of one fleet over one kind of transport, and closes them all."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self._folder = folder
        self._hub = MemoryHub()
        self._authority = Authority.create(FLEET)
        self._addresses: dict[NodeId, str] = {}
        self._posts: list[Post] = []

    async def post(self, number: int) -> Post:
        """An open post; it dials the posts of smaller number that were ever open."""
        post = Post(node_of(number), self.build)
        self._posts.append(post)
        await post.transport.open()
        return post

    async def mesh(self, count: int) -> list[Post]:
        """Open posts, each connected with all others."""
        posts = [await self.post(number) for number in range(count)]
        await connected(*posts)
        return posts

    async def close(self) -> None:
        for post in self._posts:
            await post.transport.close()

    def build(self, post: Post) -> Transport:
        if self.kind == "memory":
            return self._hub.transport(post.node, post.hear)
        folder = self._folder / post.node.hex()
        folder.mkdir(exist_ok=True)
        address = self._addresses.setdefault(post.node, free_address())
        config = ZenohConfig(
            fleet=FLEET,
            node=post.node,
            link="tcp" if self.kind == "tcp" else "tls",
            listen=address,
            peers=tuple(peers_to_dial(post.node, self._members())),
            credentials=self._authority.equip(folder, post.node),
        )
        return ZenohTransport(config, post.hear)

    def _members(self) -> list[tuple[int, NodeId, str]]:
        return [(node[0], node, address) for node, address in self._addresses.items()]


def node_of(number: int) -> NodeId:
    return NodeId(bytes([number + 1]) * 16)


def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


async def until(holds: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Return when it holds; fail when it does not within the bound."""

    async def poll() -> None:
        while not holds():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(poll(), patience_s)


async def connected(*posts: Post) -> None:
    everyone = {post.node for post in posts}
    await until(
        lambda: all(post.transport.neighbours() == everyone - {post.node} for post in posts)
    )
