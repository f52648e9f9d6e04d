"""Values that merge: usable alone, without the rest of credimus.

Every type is a join semilattice (see `Lattice`): replicas that have taken in the same updates, in
any order and any number of times, hold the same value and write the same bytes.
"""

from credimus.crdt.context import CausalContext, VersionVector
from credimus.crdt.counter import PNCounter
from credimus.crdt.deltas import DeltaBuffer, Interval
from credimus.crdt.dot import Dot
from credimus.crdt.lattice import Lattice
from credimus.crdt.orset import ORSet, Version
from credimus.crdt.registers import LWWRegister, MVRegister

__all__ = [
    "CausalContext",
    "DeltaBuffer",
    "Dot",
    "Interval",
    "LWWRegister",
    "Lattice",
    "MVRegister",
    "ORSet",
    "PNCounter",
    "Version",
    "VersionVector",
]
