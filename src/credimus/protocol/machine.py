"""The contract of a machine: inputs in, effects out, one next deadline."""

from typing import Any, Protocol, TypeVar

from credimus.kernel.effects import Effects
from credimus.kernel.instant import Instant, Now

Input_contra = TypeVar("Input_contra", contravariant=True)


class Machine(Protocol[Input_contra]):
    """Validates first, mutates last; knows no clock, no chance but its own stream, no I/O."""

    def handle(self, event: Input_contra, now: Now) -> Effects[Any, Any, Any]:
        """Take one input."""
        ...

    def deadline(self) -> Instant | None:
        """The next moment the machine cares about."""
        ...

    def tick(self, now: Now) -> Effects[Any, Any, Any]:
        """A deadline may have passed; called late, never early."""
        ...
