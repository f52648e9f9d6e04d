"""Keys stay secret, whole and one's own; certificates open links for members only."""

import os
import pickle
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from nacl import bindings

from credimus.kernel.errors import Conflict, NotFound, StorageError, UsageError
from credimus.kernel.ids import FleetId, NodeId, node_id
from credimus.runtime.identity.credentials import (
    LinkPaths,
    NodeKey,
    create_node_key,
    load_node_key,
    write_file,
)
from credimus.runtime.joining.authority import Authority

SEED = bytes(range(32))
FLEET = FleetId(b"fleet-under-test")
NODE = NodeId(b"n" * 16)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestNodeKey:
    def test_it_signs_what_its_public_half_verifies(self) -> None:
        key = NodeKey(SEED)
        signature = key.sign(b"a header")
        assert len(signature) == 64
        assert bindings.crypto_sign_open(signature + b"a header", key.public) == b"a header"
        assert key.node_id == node_id(key.public)

    def test_it_agrees_with_the_test_vector_of_rfc_8032(self) -> None:
        """Source: RFC 8032, section 7.1, test 1."""
        seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
        key = NodeKey(bytes.fromhex(seed))
        assert key.public.hex().startswith("d75a980182b10ab7d54bfed3c964073a")
        assert key.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a")

    def test_nothing_shows_or_copies_the_secret(self) -> None:
        key = NodeKey(SEED)
        assert repr(key) == f"NodeKey({key.node_id.hex()})"
        with pytest.raises(TypeError):
            pickle.dumps(key)

    def test_a_seed_of_another_length_is_refused(self) -> None:
        with pytest.raises(UsageError) as problem:
            NodeKey(b"short")
        assert problem.value.code == "key-malformed"


class TestKeyFile:
    def test_a_created_key_is_loaded_again_and_only_its_owner_may_read_it(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "node.key"
        key = create_node_key(path)
        assert load_node_key(path).public == key.public
        assert mode(path) == 0o600
        assert os.listdir(tmp_path) == ["node.key"]

    def test_a_key_is_never_replaced(self, tmp_path: Path) -> None:
        path = tmp_path / "node.key"
        create_node_key(path)
        before = path.read_bytes()
        with pytest.raises(Conflict) as problem:
            create_node_key(path)
        assert problem.value.code == "key-exists"
        assert path.read_bytes() == before
        assert os.listdir(tmp_path) == ["node.key"]

    @pytest.mark.parametrize("bits", [0o640, 0o604, 0o644, 0o620])
    def test_a_key_others_can_get_at_is_refused(self, bits: int, tmp_path: Path) -> None:
        path = tmp_path / "node.key"
        create_node_key(path)
        path.chmod(bits)
        with pytest.raises(UsageError) as problem:
            load_node_key(path)
        assert problem.value.code == "key-readable-by-others"
        assert f"chmod 600 {path}" in problem.value.message
        path.chmod(0o600)
        load_node_key(path)

    def test_a_missing_key_says_where_to_get_it(self, tmp_path: Path) -> None:
        with pytest.raises(NotFound, match="restore the file from a backup") as problem:
            load_node_key(tmp_path / "node.key")
        assert problem.value.code == "key-missing"

    def test_every_torn_or_altered_key_file_is_noticed(self, tmp_path: Path) -> None:
        path = tmp_path / "node.key"
        secret = create_node_key(path)._seed().hex()
        whole = path.read_bytes()
        broken = [whole[:length] for length in range(len(whole) - 1)]
        for place in range(len(whole) - 1):
            other = b"1" if whole[place : place + 1] != b"1" else b"2"
            broken.append(whole[:place] + other + whole[place + 1 :])
        broken += [b"", b"\xff" * 64, whole + b"surplus"]
        for content in broken:
            write_file(path, content, private=True)
            with pytest.raises(StorageError) as problem:
                load_node_key(path)
            assert problem.value.code == "key-corrupt"
            assert secret not in problem.value.message

    def test_a_folder_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(StorageError, match="nowhere") as problem:
            create_node_key(tmp_path / "nowhere" / "node.key")
        assert problem.value.code == "disk-failed"

    def test_a_file_that_can_not_be_written_leaves_the_old_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "link.key"
        write_file(path, b"old", private=True)

        def full(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="No space left"):
            write_file(path, b"new", private=True)
        assert path.read_bytes() == b"old"
        assert os.listdir(tmp_path) == ["link.key"]


class TestAuthority:
    def test_it_comes_back_from_its_folder_with_its_key_kept_private(self, tmp_path: Path) -> None:
        authority = Authority.create(FLEET)
        authority.store(tmp_path)
        again = Authority.load(tmp_path)
        assert again.certificate_pem == authority.certificate_pem
        assert again.key_pem == authority.key_pem
        assert mode(tmp_path / "fleet-ca.key") == 0o600
        assert "PRIVATE" not in repr(again)

    def test_it_is_not_loaded_when_others_can_read_its_key(self, tmp_path: Path) -> None:
        Authority.create(FLEET).store(tmp_path)
        (tmp_path / "fleet-ca.key").chmod(0o644)
        with pytest.raises(UsageError) as problem:
            Authority.load(tmp_path)
        assert problem.value.code == "key-readable-by-others"

    def test_a_foreign_or_broken_key_is_refused(self) -> None:
        ours, other = Authority.create(FLEET), Authority.create(FLEET)
        with pytest.raises(UsageError) as problem:
            Authority(ours.certificate_pem, other.key_pem)
        assert problem.value.code == "authority-mismatch"
        for certificate, key in ((b"x", ours.key_pem), (ours.certificate_pem, b"x")):
            with pytest.raises(UsageError) as problem:
                Authority(certificate, key)
            assert problem.value.code == "authority-malformed"

    def test_a_certificate_names_its_node_and_its_hosts(self) -> None:
        issued = Authority.create(FLEET).issue(NODE, ("10.0.0.7", "rover.example", "127.0.0.1"))
        certificate = x509.load_pem_x509_certificate(issued.certificate_pem)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        own = f"node-{NODE.hex()}.credimus"
        assert names.get_values_for_type(x509.DNSName) == [own, "localhost", "rover.example"]
        addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
        assert addresses == ["10.0.0.7", "127.0.0.1"]
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert set(purposes) == {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}
        now = datetime.now(UTC)
        assert certificate.not_valid_before_utc < now - timedelta(days=6)
        assert certificate.not_valid_after_utc > now + timedelta(days=9 * 365)
        assert "PRIVATE" not in repr(issued)

    def test_a_host_that_is_none_is_refused(self) -> None:
        with pytest.raises(UsageError) as problem:
            Authority.create(FLEET).issue(NODE, ("höst.example",))
        assert problem.value.code == "host-malformed"

    def test_an_equipped_folder_holds_what_a_link_needs(self, tmp_path: Path) -> None:
        paths = Authority.create(FLEET).equip(tmp_path, NODE)
        assert paths == LinkPaths.inside(tmp_path)
        assert mode(paths.key) == 0o600
        context = ssl.create_default_context(cafile=paths.authority)
        context.load_cert_chain(paths.certificate, paths.key)

    def test_members_trust_each_other_and_no_stranger(self, tmp_path: Path) -> None:
        ours, other = Authority.create(FLEET), Authority.create(FLEET)
        sides = []
        for authority, name in ((ours, "first"), (ours, "second"), (other, "stranger")):
            (tmp_path / name).mkdir()
            sides.append(authority.equip(tmp_path / name, NODE))
        first, second, stranger = sides
        assert shake_hands(first, second) == ("node-" + NODE.hex() + ".credimus")
        for dialled, dialling in ((first, stranger), (stranger, first)):
            with pytest.raises(ssl.SSLError):
                shake_hands(dialled, dialling)


def shake_hands(dialled: LinkPaths, dialling: LinkPaths) -> str:
    """The name the dialling side proves, after a mutual TLS handshake in memory."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(dialled.authority)
    context.load_cert_chain(dialled.certificate, dialled.key)
    towards = ssl.create_default_context(cafile=dialling.authority)
    towards.load_cert_chain(dialling.certificate, dialling.key)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(up, down, server_side=True)
    client = towards.wrap_bio(down, up, server_hostname="127.0.0.1")
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    proven = server.getpeercert()
    assert proven is not None
    subject = proven["subject"]
    return str(subject[0][0][1])
