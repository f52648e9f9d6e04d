"""Only sockets that linger as the engine makes them are changed."""

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from credimus.runtime.transport.lingering import ENGINE_LINGER_S, end_lingering


def lingers(one: socket.socket) -> bool:
    found = one.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)
    return bool(struct.unpack("ii", found)[0])


@pytest.fixture
def sockets() -> Iterator[list[socket.socket]]:
    """Three connected TCP sockets, made to linger like the engine's, otherwise, and not."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        made = []
        for setting in ((1, ENGINE_LINGER_S), (1, ENGINE_LINGER_S + 1), (0, 0)):
            one = stack.enter_context(socket.create_connection(listening.getsockname()))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", *setting))
            made.append(one)
        yield made


def test_the_engines_sockets_linger_no_more_and_others_stay(sockets: list[socket.socket]) -> None:
    one, other = socket.socketpair()  # of another family
    with one, other:
        assert end_lingering() == 1
    assert [lingers(one) for one in sockets] == [False, True, False]
    before = sorted(os.listdir("/dev/fd"))
    assert end_lingering() == 0
    assert sorted(os.listdir("/dev/fd")) == before, "it left something open"
    sockets[0].sendall(b"still open")
