"""Certificates of the links: there, of this node and this fleet, and not running out."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from credimus.kernel.errors import CredimusError
from credimus.kernel.ids import NodeId
from credimus.runtime.doctor.finding import Finding, of_error, ok, problem, warning
from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import (
    LinkPaths,
    name_of_key,
    read_file,
    read_private_file,
)
from credimus.runtime.joining.authority import Authority

CHECK = "certificates"
EXPIRY_DAYS_LOW = 90
"""Days before a certificate runs out from which on it is told. [guess]"""
_ANEW = "join anew in an empty folder with a ticket of a member"


def check_certificates(home: Home, now: datetime | None = None) -> list[Finding]:
    """Whether other members will take this node's certificate."""
    paths = LinkPaths.inside(home.folder)
    try:
        node = name_of_key(home.key).node_id
        Authority.load(home.folder)
        authority = x509.load_pem_x509_certificate(read_file(paths.authority))
        certificate = x509.load_pem_x509_certificate(read_file(paths.certificate))
        key = serialization.load_pem_private_key(read_private_file(paths.key), password=None)
    except CredimusError as error:
        return [of_error(CHECK, error)]
    except (ValueError, TypeError) as error:
        return [problem(CHECK, f"a certificate or its key is not intact PEM: {error}", _ANEW)]
    found = _of_this_node(certificate, authority, node)
    if key.public_key() != certificate.public_key():
        found.append(problem(CHECK, "link.key does not belong to link.crt", _ANEW))
    moment = now or datetime.now(UTC)
    for name, one in (("link.crt", certificate), ("fleet-ca.crt", authority)):
        found += judge_dates(name, one.not_valid_before_utc, one.not_valid_after_utc, moment)
    end = min(certificate.not_valid_after_utc, authority.not_valid_after_utc)
    return found or [ok(CHECK, f"those of this node and fleet, valid until {end:%Y-%m-%d}")]


def judge_dates(name: str, begin: datetime, end: datetime, now: datetime) -> list[Finding]:
    """What is wrong with the dates of a certificate."""
    if now < begin:
        return [problem(CHECK, f"{name} is valid from {begin:%Y-%m-%d} on only", "set the clock")]
    if now >= end:
        return [problem(CHECK, f"{name} ran out on {end:%Y-%m-%d}", _ANEW)]
    if end - now < timedelta(days=EXPIRY_DAYS_LOW):
        days = (end - now).days
        return [warning(CHECK, f"{name} runs out in {days} days", f"before that, {_ANEW}")]
    return []


def _of_this_node(
    certificate: x509.Certificate, authority: x509.Certificate, node: NodeId
) -> list[Finding]:
    found = []
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if [one.value for one in names] != [f"node-{node.hex()}.credimus"]:
        found.append(problem(CHECK, "link.crt is another node's, not that of node.key", _ANEW))
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        found.append(problem(CHECK, "fleet-ca.crt did not issue link.crt", _ANEW))
    return found
