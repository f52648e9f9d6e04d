"""Certificates: a verdict that a stranger checks offline, from one file and the id of the fleet.

    make_certificate    at a node that holds the blocks
    verify              anywhere: nothing here needs a node, a disk or a network
    fork_evidence, round_evidence   what proves that a member equivocated

A certificate shows some operations of some signed blocks, each with its Merkle path to its header;
what it proves is what the ordinary folds make of them (state/), so no rule stands twice.
"""

from credimus.certificate.archive import Archive
from credimus.certificate.document import Certificate
from credimus.certificate.evidencing import fork_evidence, round_evidence
from credimus.certificate.making import make_certificate
from credimus.certificate.trust import FleetKey, Trust, fleet_key, read_trust, trust_text
from credimus.certificate.verifying import Verified, Voter, verify

__all__ = [
    "Archive",
    "Certificate",
    "FleetKey",
    "Trust",
    "Verified",
    "Voter",
    "fleet_key",
    "fork_evidence",
    "make_certificate",
    "read_trust",
    "round_evidence",
    "trust_text",
    "verify",
]
