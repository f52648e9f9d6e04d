"""The fleet's certificate authority: it keeps strangers off the links, and does nothing else.

Two things that must not be confused. *Blocks* are signed by node keys (Ed25519): that is what the
fleet believes. *Certificates* (X.509, EC P-256) only open the links. The authority's key is
therefore given to every new member inside the sealed join answer, so that any member can invite:
whoever holds it can connect, and still can not speak for another node.

Deliberately not here: how the key travels (ticket); revocation (an expelled member's blocks are
refused, whatever its certificate says).
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from credimus.kernel.errors import UsageError
from credimus.kernel.ids import FleetId, NodeId
from credimus.runtime.identity.credentials import (
    LinkPaths,
    read_file,
    read_private_file,
    write_file,
)

VALID_DAYS = 3_652
"""Ten years: a fleet without a leader has nobody to renew certificates. [guess]"""
SLACK_DAYS = 7
"""Certificates are valid from this long ago, for nodes whose clocks are behind. [guess]"""


class LinkCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A node's certificate and its key, as PEM."""

    certificate_pem: bytes
    key_pem: bytes

    def __repr__(self) -> str:
        return f"LinkCertificate({sha256(self.certificate_pem).hexdigest()[:12]})"


class Authority:
    """The fleet's certificate authority: makes the certificates its members connect with."""

    __slots__ = ("_certificate", "_key", "certificate_pem", "key_pem")

    def __init__(self, certificate_pem: bytes, key_pem: bytes) -> None:
        try:
            self._certificate = x509.load_pem_x509_certificate(certificate_pem)
            key = serialization.load_pem_private_key(key_pem, password=None)
        except (ValueError, TypeError):
            raise UsageError(
                "authority-malformed",
                "the fleet's certificate or its key is not intact PEM. Restore fleet-ca.crt and "
                "fleet-ca.key from a backup, or copy both from another member's folder.",
            ) from None
        if (
            not isinstance(key, ec.EllipticCurvePrivateKey)
            or key.public_key() != self._certificate.public_key()
        ):
            raise UsageError(
                "authority-mismatch", "the fleet's certificate and key do not belong together."
            )
        self._key = key
        self.certificate_pem = certificate_pem
        self.key_pem = key_pem

    def __repr__(self) -> str:
        return f"Authority({sha256(self.certificate_pem).hexdigest()[:12]})"

    @classmethod
    def create(cls, fleet: FleetId) -> "Authority":
        """A new authority with a self-signed certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(f"fleet-{fleet.hex()}.credimus")
        builder = (
            _dated(x509.CertificateBuilder().subject_name(name).issuer_name(name))
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
        )
        certificate = builder.sign(key, hashes.SHA256())
        return cls(certificate.public_bytes(serialization.Encoding.PEM), _key_pem(key))

    @classmethod
    def load(cls, folder: Path) -> "Authority":
        """The authority stored in a folder by `store`.

        Raises:
            NotFound: `key-missing`.
            UsageError: `key-readable-by-others`, `authority-malformed`, `authority-mismatch`.
        """
        key_pem = read_private_file(folder / "fleet-ca.key")
        return cls(read_file(folder / "fleet-ca.crt"), key_pem)

    def store(self, folder: Path) -> None:
        """Write certificate and key (mode 0600) into a folder, each whole or not at all."""
        write_file(folder / "fleet-ca.key", self.key_pem, private=True)
        write_file(folder / "fleet-ca.crt", self.certificate_pem)

    def issue(self, node: NodeId, hosts: tuple[str, ...] = ()) -> LinkCertificate:
        """A certificate for one node's links, both as the dialling and the dialled side.

        Args:
            hosts: names or addresses by which others will dial it, besides localhost, 127.0.0.1
                and `node-<id>.credimus`.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        own = f"node-{node.hex()}.credimus"
        names = [_general_name(host) for host in dict.fromkeys((own, "localhost", *hosts))]
        loopback = x509.IPAddress(ip_address("127.0.0.1"))
        if loopback not in names:
            names.append(loopback)
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        authority_key = self._key.public_key()
        builder = (
            _dated(x509.CertificateBuilder().subject_name(_name(own)))
            .issuer_name(self._certificate.subject)
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key), critical=False
            )
        )
        certificate = builder.sign(self._key, hashes.SHA256())
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        return LinkCertificate(certificate_pem=pem, key_pem=_key_pem(key))

    def equip(self, folder: Path, node: NodeId, hosts: tuple[str, ...] = ()) -> LinkPaths:
        """Issue a node's certificate and write all that its links need into its folder."""
        paths = LinkPaths.inside(folder)
        issued = self.issue(node, hosts)
        write_file(paths.key, issued.key_pem, private=True)
        write_file(paths.certificate, issued.certificate_pem)
        write_file(paths.authority, self.certificate_pem)
        return paths

    def renew(self, folder: Path, node: NodeId) -> LinkPaths:
        """Equip a folder for another node id, for the same hosts as before."""
        old = x509.load_pem_x509_certificate(read_file(LinkPaths.inside(folder).certificate))
        names = old.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        hosts = [str(one.value) for one in names if not str(one.value).startswith("node-")]
        return self.equip(folder, node, tuple(hosts))


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except ValueError:
        raise UsageError(
            "host-malformed", f"{host!r} is no host name or address; give one such as 10.0.0.7."
        ) from None


def _dated(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        builder.serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=SLACK_DAYS))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
