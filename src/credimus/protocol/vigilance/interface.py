"""What vigilance listens to, and what it asks for."""

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from credimus.kernel.ids import BlockId, NodeId, RoundId
from credimus.kernel.instant import MILLISECOND, SECOND


class VigilanceConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How soon an equivocation that was seen is proven, and by how many."""

    step_ns: int = 200 * MILLISECOND
    """Between the turns of two members: each waits for those drawn before it. Range above 0.
    [guess: a block reaches everybody within some 100 ms]"""
    again_ns: int = 5 * SECOND
    """From a turn to the next one, where nothing came of it. [guess]"""


# --- inputs


class Suspicion(msgspec.Struct, frozen=True, gc=False):
    """Blocks that are held show an equivocation."""

    culprit: NodeId
    fork: tuple[BlockId, BlockId] | None = None
    """Two blocks at one place of the culprit's chain."""
    round: RoundId | None = None
    """Or a round in which it answered twice."""


class Suspected(msgspec.Struct, frozen=True, gc=False):
    """Some equivocations were seen."""

    suspicions: Sequence[Suspicion]


VigilanceInput: TypeAlias = Suspected

# --- events


class EvidenceWanted(msgspec.Struct, frozen=True, gc=False):
    """It is this node's turn to prove an equivocation: whoever has the bytes of its blocks makes an
    `Expose` of them (certificate/evidencing.py) and has the node say it."""

    author: NodeId
    """The hosted member that is to say it."""
    suspicion: Suspicion


VigilanceEvent: TypeAlias = EvidenceWanted
