"""Answers a node's wish for evidence from the bytes of its blocks, which its driver holds."""

from credimus.certificate import Archive, fork_evidence, round_evidence
from credimus.certificate.archive import WiresOf
from credimus.node.commands import ExposeMember
from credimus.node.node import Node
from credimus.protocol.vigilance.interface import EvidenceWanted


def exposure_wanted(node: Node, wanted: EvidenceWanted, wires_of: WiresOf) -> ExposeMember | None:
    """The command that proves an equivocation; None where the blocks at hand do not, or no more.

    Args:
        wires_of: the wires of some blocks, by id.
    """
    suspicion = wanted.suspicion
    if suspicion.culprit in node.state.roster.current.exposed:
        return None
    archive = Archive(node.fleet, node.lace, node.state, wires_of)
    if suspicion.fork is not None:
        exposure = fork_evidence(archive, *suspicion.fork)
    elif suspicion.round is not None:
        exposure = round_evidence(archive, suspicion.culprit, suspicion.round)
    else:
        return None
    return None if exposure is None else ExposeMember(author=wanted.author, exposure=exposure)
