"""The saboteurs of what must hold of splits; see saboteurs.py."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from credimus.protocol.partition.interface import Permit
from credimus.protocol.partition.machine import Partition
from credimus.protocol.partition.reconciling import Reconciling
from credimus.sim.fleet import Fleet
from credimus.sim.patching import patched


@contextmanager
def a_policy_that_permits_everything(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Whatever the level, writes are taken as ever."""

    def ever(*_: Any) -> Permit:
        return Permit()

    with patched(Partition, "permit", ever):
        yield


@contextmanager
def a_node_that_never_looks_around(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Who went away is not seen to have gone."""

    def nothing(*_: Any) -> None:
        return None

    with patched(Partition, "_look", nothing):
        yield


@contextmanager
def a_fleet_that_never_reconciles(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """What was accepted apart stays as it is."""

    def nothing(self: Reconciling, *_: Any) -> None:
        self._search_due = None

    with patched(Reconciling, "_search", nothing):
        yield
