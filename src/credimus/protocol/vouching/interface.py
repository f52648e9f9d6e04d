"""What vouching is told, what it says, its settings."""

from typing import TypeAlias

import msgspec

from credimus.kernel.effects import Effects
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import SECOND
from credimus.state.operations import Operation


class VouchingConfig(msgspec.Struct, frozen=True, kw_only=True):
    """When members are vouched for together."""

    turn_ns: int = 3 * SECOND
    """How much later the next member does it where the one before has not, and when it is tried
    again where it could not be written. Range above 0. [guess: longer than a block is under
    way]"""
    scattered_max: int = 3
    """So many admissions may be left that a certificate shows one by one; under a quorum each
    member has several. 0 and up. [guess: each costs a certificate some 140 bytes more; a block for
    every fourth that comes, 45 bytes for each member of the fleet]"""


# --- inputs


class MembersChanged(msgspec.Struct, frozen=True, gc=False):
    """Members came or went, or a checkpoint let blocks go."""


# --- events


class SayTogether(msgspec.Struct, frozen=True, gc=False):
    """These operations are to be said in one block, with nothing else, or not at all."""

    author: NodeId
    operations: tuple[Operation, ...]


VouchingEffects: TypeAlias = Effects[None, None, SayTogether]
