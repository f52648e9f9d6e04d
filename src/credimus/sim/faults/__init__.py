"""All kinds of trouble that a scenario can name. A new kind is a class in a module here, and a
line in the union below."""

from typing import TypeAlias

from credimus.sim.faults.clocks import ClockDrift, ClockJump
from credimus.sim.faults.computers import Crash, Flood, Pause, Rotation, Slow
from credimus.sim.faults.deceit import Accuse, FalseState, Impersonate, TwoStates
from credimus.sim.faults.disks import BitFlip, FullDisk
from credimus.sim.faults.floods import Clamour, Hail, Torrent
from credimus.sim.faults.lies import (
    CloseTwice,
    DoubleVote,
    FalseFrontier,
    Forge,
    Fork,
    Garbage,
    Replay,
    Stack,
    Withhold,
)
from credimus.sim.faults.links import BadLink, Bridge, Flapping, OneWay, Partition, Ragged
from credimus.sim.faults.operators import Reunite
from credimus.sim.faults.slander import Expulsion, FalseEvidence, Overreach, Slander

AnyFault: TypeAlias = (
    Partition | OneWay | Bridge | Ragged | Flapping | BadLink
    | Crash | Pause | Slow | Flood | Rotation
    | BitFlip | FullDisk
    | ClockJump | ClockDrift
    | DoubleVote | CloseTwice | Fork | Forge | Withhold | FalseFrontier | Replay | Garbage | Stack
    | Slander | FalseEvidence | Overreach | Expulsion
    | Torrent | Clamour | Hail
    | FalseState | TwoStates | Accuse | Impersonate
    | Reunite
)  # fmt: skip

__all__ = (
    "Accuse",
    "AnyFault",
    "BadLink",
    "BitFlip",
    "Bridge",
    "Clamour",
    "ClockDrift",
    "ClockJump",
    "CloseTwice",
    "Crash",
    "DoubleVote",
    "Expulsion",
    "FalseEvidence",
    "FalseFrontier",
    "FalseState",
    "Flapping",
    "Flood",
    "Forge",
    "Fork",
    "FullDisk",
    "Garbage",
    "Hail",
    "Impersonate",
    "OneWay",
    "Overreach",
    "Partition",
    "Pause",
    "Ragged",
    "Replay",
    "Reunite",
    "Rotation",
    "Slander",
    "Slow",
    "Stack",
    "Torrent",
    "TwoStates",
    "Withhold",
)
