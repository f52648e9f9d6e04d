"""A link is cut after so many looks in a row without its peer's token, and no other link is."""

import socket

from credimus.runtime.transport.half_open import Ends, HalfOpen, cut

ONE, OTHER = Ends("127.0.0.1:1", "127.0.0.1:2"), Ends("127.0.0.1:1", "127.0.0.1:3")


def test_a_link_has_as_many_looks_as_were_said() -> None:
    watch = HalfOpen(3)
    assert [watch.look([ONE]) for _ in range(3)] == [[], [], [ONE]]


def test_a_token_in_between_begins_anew_and_so_does_a_cut() -> None:
    watch = HalfOpen(2)
    assert watch.look([ONE, OTHER]) == []
    assert watch.look([OTHER]) == [OTHER]
    assert watch.look([ONE, OTHER]) == []


def test_only_the_link_that_was_named_is_cut() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        dialled = [socket.create_connection(listening.getsockname()) for _ in range(2)]
        accepted = [listening.accept()[0] for _ in dialled]
        ends = [
            Ends(*(f"127.0.0.1:{name[1]}" for name in (one.getsockname(), one.getpeername())))
            for one in dialled
        ]
        assert cut([]) == 0
        assert cut([ends[1]]) == 1
        assert accepted[1].recv(1) == b"", "it was not ended"
        dialled[0].sendall(b"still here")
        assert accepted[0].recv(10) == b"still here"
        for one in (*dialled, *accepted):
            one.close()
        assert cut(ends) == 0
