"""What comes back over HTTP, whoever answers there."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import credimus
from credimus.api.errors import KINDS
from credimus.library.asking import error_of
from credimus.library.exchange import Place, exchange, pinned
from credimus.library.remote import RemoteNode


@contextmanager
def answering(answer: bytes) -> Iterator[RemoteNode]:
    """A node asked at what gives one answer, whatever it is asked."""
    with speaking(answer) as address:
        yield RemoteNode(f"http://{address}", "token")


@contextmanager
def speaking(answer: bytes) -> Iterator[str]:
    """The address of something that gives one answer, whatever it is asked."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer_once() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

        thread = threading.Thread(target=answer_once)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno!",
        b"HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n[]",
    ],
)
def test_what_is_no_node_is_named(answer: bytes) -> None:
    with answering(answer) as node, pytest.raises(credimus.Unavailable) as caught:
        node.status()
    assert caught.value.code == "not-a-node"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n{"])
def test_an_answer_that_breaks_off_may_have_happened(answer: bytes) -> None:
    with answering(answer) as node, pytest.raises(credimus.Unavailable) as caught:
        node.assert_belief("it rains", key="k")
    assert (caught.value.code, caught.value.definite, caught.value.retry) == (
        "no-answer", False, True
    )  # fmt: skip


def test_tls_is_not_tried_with_who_speaks_plain_http() -> None:
    answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    with speaking(answer) as address, pytest.raises(credimus.UsageError, match="http://") as caught:
        exchange(Place(f"https://{address}", pinned(None)), "GET", "/livez", None, {}, 5)
    assert caught.value.code == "wrong-scheme"


def test_where_nobody_listens_it_certainly_did_not_happen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(credimus.Unavailable) as caught:
        RemoteNode(f"http://127.0.0.1:{port}", "token").status()
    assert (caught.value.code, caught.value.definite) == ("unreachable", True)


@pytest.mark.parametrize(("kind", "word"), KINDS)
def test_an_error_keeps_its_class(kind: type[credimus.CredimusError], word: str) -> None:
    document = json.loads(
        '{"code": "x", "detail": "why", "status": 418, "definite": false, "retry": true}'
    )
    error = error_of({**document, "kind": word})
    assert type(error) is kind
    assert (error.code, error.message, error.status) == ("x", "why", 418)
    assert (error.definite, error.retry) == (False, True)


def test_what_no_class_is_known_for_is_a_bug() -> None:
    assert type(error_of({"code": "bug", "detail": "", "kind": "new"})) is credimus.InternalError
