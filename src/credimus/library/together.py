"""A whole fleet in this process, for trying out, teaching and testing: no network, nothing kept.

The nodes are real: keys, signatures, stores, in a folder that is gone afterwards. Only the links
are replaced, by memory.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from credimus.kernel.errors import UsageError
from credimus.library.comparing import Similarity
from credimus.library.judging import Judge
from credimus.library.loading import loaded
from credimus.library.node import Node
from credimus.library.renewing import Lives, living
from credimus.runtime.daemon import Daemon
from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import Ask
from credimus.runtime.joining.admitting import admit
from credimus.runtime.joining.joining import Plan, found_home, join_home
from credimus.runtime.joining.limiting import limit_of
from credimus.runtime.joining.ticket import ticket_text
from credimus.runtime.settings.settings import SchemeName, read_settings
from credimus.runtime.transport.memory import MemoryHub
from credimus.state.member_operations import Limit

_FIRST_PORT = 7447
"""Nobody listens at these addresses; each member has one of its own."""
_TICKET_S = 600


@asynccontextmanager
async def fleet_of(
    members: Mapping[str, Judge | None] | Iterable[str],
    *,
    scheme: SchemeName = "byzantine",
    category_limits: Sequence[str] = (),
    similarity: Similarity | None = None,
) -> AsyncIterator[dict[str, Node]]:
    """A fleet of new nodes, by name, each with how it votes.

    Args:
        members: names, or names with judges; who has none votes by its own assertions.
        scheme: of the rounds that they open.
        category_limits: what each may state of some categories, as `credimus init` takes them:
            `alert=10/50` is ten a second and fifty at once, `alarm=60/hour/5` sixty an hour.
        similarity: how all of them judge statements that were accepted apart, as for `Node.open`.

    Raises:
        UsageError: `bad-limit`.

    Example:
        >>> def doubts(inquiry):
        ...     return "reject" if "open" in inquiry.content else "accept"
        >>> async with credimus.fleet_of({"scout": None, "truck": doubts}) as fleet:
        ...     receipt = await fleet["scout"].assert_belief("the bridge is closed")
        ...     await receipt.decided(timeout=5)
        'accepted'
    """
    judges = dict(members) if isinstance(members, Mapping) else dict.fromkeys(members)
    if not judges:
        raise UsageError("bad-field", "a fleet needs at least one member; name some.")
    hub = MemoryHub()
    limit = limit_of(category_limits)
    lives: dict[str, Lives] = {}
    with TemporaryDirectory(prefix="credimus-") as folder:
        async with AsyncExitStack() as stack:
            for number, (name, judge) in enumerate(judges.items()):
                home = Home(Path(folder) / f"n{number}")
                first = next((one.daemon for one in lives.values()), None)
                plan = Plan(name=name, listen=f"127.0.0.1:{_FIRST_PORT + number}")
                await _make(home, plan, first, limit)
                begin = partial(_started, home, (judge, similarity), scheme, hub)
                lives[name] = await stack.enter_async_context(living(begin))
            for one in lives.values():
                daemon = one.daemon
                while len(daemon.node.state.roster.current) < len(judges):
                    await daemon.feed.wait(daemon.feed.newest)
            yield {name: Node(one.daemon, one) for name, one in lives.items()}


async def _make(home: Home, plan: Plan, first: Daemon | None, limit: Limit | None) -> None:
    """The folder of a further member; it founds the fleet when there is no first."""
    if first is None:
        found_home(home, "fleet", plan, limit=limit)
        return
    roster = first.node.state.roster
    assert roster.founder is not None  # noqa: S101 - it has founded the fleet itself
    key = roster.keys[roster.founder]
    ticket = first.tickets.issue("http://here", first.node.fleet, key, _TICKET_S)
    loop = asyncio.get_running_loop()

    def ask(_: str, body: bytes) -> bytes:
        return asyncio.run_coroutine_threadsafe(admit(first, body), loop).result()

    await asyncio.to_thread(join_home, home, ticket_text(ticket), plan, ask)


async def _started(
    home: Home,
    given: tuple[Judge | None, Similarity | None],
    scheme: SchemeName,
    hub: MemoryHub,
    ask: Ask | None,
) -> Daemon:
    settings = read_settings(home.config)
    voting = msgspec.structs.replace(settings.voting, scheme=scheme)
    settings = msgspec.structs.replace(settings, voting=voting)
    judge, similarity = given
    daemon = loaded(home, settings, judge, ask, similarity)
    try:
        transport = hub.transport(daemon.node.id, daemon.driver.deliver)
        await transport.open()
        await daemon.links.adopt(transport)
        daemon.begin()
    except BaseException:
        await daemon.close()
        raise
    return daemon
