"""Where the API is served over TLS, with which certificate, and who trusts it."""

import socket
import ssl
from pathlib import Path

import msgspec
import pytest

from credimus.api.serving import listen, url_of
from credimus.api.tls import identity_of
from credimus.kernel.errors import UsageError
from credimus.kernel.ids import FleetId, NodeId
from credimus.library.exchange import pinned
from credimus.runtime.home import Home
from credimus.runtime.joining.authority import Authority
from credimus.runtime.settings.settings import NodeSettings


def settings(api: str, **more: str) -> NodeSettings:
    return msgspec.convert({"name": "n0", "api": api, **more}, NodeSettings)


def equipped(folder: Path) -> Home:
    Authority.create(FleetId(bytes(16))).equip(folder, NodeId(bytes(16)))
    return Home(folder)


@pytest.mark.parametrize("api", ["127.0.0.1:0", "127.0.0.9:1", "[::1]:0", "localhost:8701"])
def test_on_loopback_plain_http_will_do(tmp_path: Path, api: str) -> None:
    assert identity_of(Home(tmp_path), settings(api)) is None


@pytest.mark.parametrize("api", ["0.0.0.0:0", "[::]:0", "10.0.0.7:8701", "node.example:8701"])
def test_beyond_loopback_the_certificate_of_the_links_is_shown(tmp_path: Path, api: str) -> None:
    with pytest.raises(UsageError, match=r"api_certificate|127\.0\.0\.1") as caught:
        identity_of(Home(tmp_path), settings(api))
    assert caught.value.code == "api-needs-tls"
    identity = identity_of(equipped(tmp_path), settings(api))
    assert identity is not None
    assert (identity.certificate.name, identity.key.name) == ("link.crt", "link.key")


def test_a_given_certificate_is_shown_also_on_loopback(tmp_path: Path) -> None:
    home = equipped(tmp_path)
    given = {"api_certificate": "link.crt", "api_key": "link.key"}
    assert identity_of(home, settings("127.0.0.1:0", **given)) is not None
    for wrong, code in (
        ({"api_certificate": "link.crt"}, "api-needs-tls"),
        ({"api_key": "link.key"}, "api-needs-tls"),
        ({"api_certificate": "absent", "api_key": "link.key"}, "certificate-unusable"),
        ({"api_certificate": "link.key", "api_key": "link.key"}, "certificate-unusable"),
        ({"api_certificate": "fleet-ca.crt", "api_key": "link.key"}, "certificate-unusable"),
    ):
        with pytest.raises(UsageError) as caught:
            identity_of(home, settings("127.0.0.1:0", **wrong))
        assert caught.value.code == code


def shakes_hands(server: Path, key: Path, client: ssl.SSLContext) -> bool:
    """Whether a client trusts a server, over bytes in memory."""
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(server, key)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(back, there, server_hostname="10.0.0.7")
    answering = served.wrap_bio(there, back, server_side=True)
    for _ in range(8):
        for side in (asking, answering):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return False
    return asking.version() is not None


def test_a_client_trusts_exactly_the_certificate_that_the_folder_names(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        equipped(folder)
    shown = one / "link.crt", one / "link.key"
    assert shakes_hands(*shown, pinned(one / "link.crt"))
    assert not shakes_hands(*shown, pinned(other / "link.crt"))
    assert shakes_hands(*shown, pinned(None)), "who joins has only a ticket, which seals"
    with pytest.raises(UsageError):
        pinned(one / "absent")


def test_the_note_names_the_certificate(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.certificate() is None
    home.note_running("https://127.0.0.1:1", tmp_path / "link.crt")
    assert home.certificate() == tmp_path / "link.crt"
    home.note_running("http://127.0.0.1:1")
    assert home.certificate() is None


def test_a_listening_socket_knows_its_protocol() -> None:
    """Else the loop leaves Nagle's algorithm on, and answers wait for acknowledgements."""
    with listen("127.0.0.1:0") as listening:
        assert listening.proto == socket.IPPROTO_TCP
        assert url_of(listening, secure=True).startswith("https://127.0.0.1:")
