"""Runs several things side by side: the first that fails ends the others, and is what is raised."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any


async def together(work: Iterable[Coroutine[Any, Any, Any]]) -> None:
    """Run all to their end.

    Raises:
        The first exception, after the others were cancelled.
    """
    try:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
