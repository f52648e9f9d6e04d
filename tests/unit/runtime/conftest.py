"""What tests of joining and of the doctor share."""

import socket
from collections.abc import Iterator

import pytest


@pytest.fixture
def taken() -> Iterator[str]:
    """An address at which another program listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield f"127.0.0.1:{other.getsockname()[1]}"
