"""Plays an incident from beginning to end; whatever happens, no process is left behind."""

import asyncio
import contextlib
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from credimus.demo.ending import Ending
from credimus.demo.play import Play
from credimus.demo.result import Outcome, Seconds
from credimus.demo.scenario import Scenario
from credimus.demo.stage import Stage
from credimus.demo.telling import Teller
from credimus.kernel.errors import Conflict, CredimusError, StorageError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def play_incident(scenario: Scenario, teller: Teller, keep: Path | None = None) -> Outcome:
    """Play a scenario on real nodes.

    Args:
        keep: a new folder for homes and logs that stays; a temporary one when None, which stays
            only when something went wrong.

    Raises:
        Conflict: `folder-not-empty`.
        KeyboardInterrupt: it was asked to stop, by SIGINT, SIGTERM or SIGHUP.
    """
    with _folder(keep) as folder:
        stage = Stage(scenario, folder, teller)
        try:
            outcome = asyncio.run(_interruptible(stage, kept=keep is not None))
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None
        finally:
            stage.end_now()
        if keep is None and outcome.good:
            shutil.rmtree(folder, ignore_errors=True)
        return outcome


async def _interruptible(stage: Stage, *, kept: bool) -> Outcome:
    """Play; a signal cancels it once, so that the nodes are ended in order."""
    loop = asyncio.get_running_loop()
    playing = loop.create_task(_play(stage, kept=kept))
    for number in _SIGNALS:
        loop.add_signal_handler(number, playing.cancel)
    try:
        return await playing
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


async def _play(stage: Stage, *, kept: bool) -> Outcome:
    """Everything between the first process and the last; what breaks is part of the outcome."""
    play = Play(stage)
    ending = Ending(play)
    showing = asyncio.create_task(stage.show_for_ever())
    try:
        seconds = await _acts(stage, play, ending)
        return await ending.outcome(seconds, kept=kept)
    except CredimusError as problem:
        return ending.broken(problem, kept=kept)
    finally:
        showing.cancel()
        try:
            await play.close()
        finally:
            await asyncio.shield(stage.end())


async def _acts(stage: Stage, play: Play, ending: Ending) -> Seconds:
    """Set up, play, come to rest; returns how long each took."""
    begun = time.monotonic()
    stage.teller.tell("step", f"{len(stage.members)} nodes in {stage.folder}")
    await stage.set_up()
    ready = time.monotonic()
    await play.run()
    played = time.monotonic()
    stage.teller.tell("step", "all is said; waiting until the fleet is at rest", play.clock.second)
    await ending.settle()
    settled = time.monotonic()
    return Seconds(
        set_up=round(ready - begun, 2),
        played=round(played - ready, 2),
        settled=round(settled - played, 2),
        total=round(settled - begun, 2),
    )


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """A folder of our own; a temporary one goes when it was interrupted, and stays on an error.

    Raises:
        Conflict: `folder-not-empty`.
        StorageError: `disk-failed`.
    """
    try:
        if keep is None:
            folder = Path(tempfile.mkdtemp(prefix="credimus-demo-"))
        else:
            folder = keep.expanduser().absolute()
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise Conflict("folder-not-empty", f"{folder} holds something; name a new folder.")
    except FileExistsError:
        raise Conflict("folder-not-empty", f"{keep} is a file; name a new folder.") from None
    except OSError as problem:
        raise StorageError("disk-failed", f"{keep}: {problem.strerror}.") from None
    try:
        yield folder
    except KeyboardInterrupt:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
        raise
