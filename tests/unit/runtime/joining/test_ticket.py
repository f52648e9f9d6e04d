"""Tickets and the two messages made from them: nothing altered, late or foreign gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credimus.kernel.errors import NotPermitted, PeerFault, UsageError
from credimus.kernel.ids import FleetId, NodeId
from credimus.kernel.limits import NAME_BYTES_MAX
from credimus.runtime.joining.ticket import (
    PREFIX,
    REQUEST_BYTES_MAX,
    JoinAnswer,
    Ticket,
    make_request,
    make_ticket,
    open_answer,
    open_request,
    parse_ticket,
    requested_ticket,
    seal_answer,
    ticket_text,
)

NOW = 1_790_000_000_000
TICKET = make_ticket("http://127.0.0.1:8701", FleetId(b"f" * 16), b"k" * 32, NOW + 60_000)
OTHER = make_ticket("http://127.0.0.1:8701", FleetId(b"f" * 16), b"k" * 32, NOW + 60_000)
TEXT = ticket_text(TICKET)
REQUEST = make_request(TICKET, b"p" * 32, "rover-3", ("127.0.0.1:7449",))
ANSWER = JoinAnswer(
    fleet_name="flood watch",
    authority_certificate_pem=b"certificate",
    authority_key_pem=b"the authority's key",
    peers=((NodeId(b"n" * 16), "127.0.0.1:7447"),),
    blocks=(b"genesis", b"second"),
)
SEALED = seal_answer(TICKET.secret, ANSWER)


def altered(content: bytes, place: int, bits: int) -> bytes:
    at = place % len(content)
    return content[:at] + bytes([content[at] ^ bits]) + content[at + 1 :]


class TestTicket:
    def test_a_ticket_comes_back_from_its_text(self) -> None:
        assert parse_ticket(TEXT, NOW) == TICKET
        assert TEXT.startswith(PREFIX)
        assert TEXT.lower() == TEXT
        assert "=" not in TEXT

    def test_blanks_line_breaks_and_capitals_do_not_matter(self) -> None:
        assert parse_ticket(f"  {TEXT[:40]}\n{TEXT[40:].upper()}\n", NOW) == TICKET

    def test_two_tickets_share_neither_id_nor_secret(self) -> None:
        assert TICKET.ticket != OTHER.ticket
        assert TICKET.secret != OTHER.secret

    @given(place=st.integers(0, len(TEXT) - 1), character=st.characters(codec="utf-8"))
    def test_any_other_character_is_refused(self, place: int, character: str) -> None:
        changed = TEXT[:place] + character + TEXT[place + 1 :]
        if "".join(changed.split()).lower() == TEXT:
            return
        with pytest.raises(UsageError) as problem:
            parse_ticket(changed, NOW)
        assert problem.value.code == "ticket-malformed"
        assert "invite" in problem.value.message

    @given(st.integers(0, len(TEXT) - 1))
    def test_a_cut_ticket_is_refused(self, length: int) -> None:
        with pytest.raises(UsageError) as problem:
            parse_ticket(TEXT[:length], NOW)
        assert problem.value.code == "ticket-malformed"

    @given(st.text())
    def test_any_text_gives_a_ticket_or_a_clear_error(self, text: str) -> None:
        for word in (text, PREFIX + text):
            with pytest.raises(UsageError) as problem:
                parse_ticket(word, NOW)
            assert problem.value.code == "ticket-malformed"

    def test_it_expires_at_its_time(self) -> None:
        assert parse_ticket(TEXT, TICKET.expires_wall_ms - 1) == TICKET
        with pytest.raises(UsageError) as problem:
            parse_ticket(TEXT, TICKET.expires_wall_ms)
        assert problem.value.code == "ticket-expired"
        assert "new one" in problem.value.message

    def test_another_version_is_named_as_such(self) -> None:
        later = Ticket(2, "http://h:1", TICKET.fleet, b"k" * 32, b"t" * 8, b"s" * 32, NOW + 1)
        with pytest.raises(UsageError, match="another version"):
            parse_ticket(ticket_text(later), NOW)

    @pytest.mark.parametrize("address", ["", "h" * (NAME_BYTES_MAX + 1)])
    def test_an_address_of_unfit_length_makes_no_ticket(self, address: str) -> None:
        with pytest.raises(UsageError, match="address"):
            make_ticket(address, TICKET.fleet, b"k" * 32, NOW)

    def test_no_repr_shows_a_secret(self) -> None:
        shown = repr(TICKET) + repr(ANSWER)
        assert TICKET.secret.hex() not in shown
        assert repr(TICKET.secret) not in shown
        assert "authority's key" not in shown


class TestRequest:
    def test_it_opens_with_the_secret_of_its_ticket(self) -> None:
        assert requested_ticket(REQUEST) == TICKET.ticket
        request = open_request(TICKET.secret, REQUEST)
        assert request.public_key == b"p" * 32
        assert (request.name, request.addresses) == ("rover-3", ("127.0.0.1:7449",))

    def test_the_secret_does_not_travel_and_no_two_requests_are_alike(self) -> None:
        assert TICKET.secret not in REQUEST
        assert make_request(TICKET, b"p" * 32, "rover-3", ("127.0.0.1:7449",)) != REQUEST

    def test_another_secret_does_not_open_it(self) -> None:
        with pytest.raises(NotPermitted) as problem:
            open_request(OTHER.secret, REQUEST)
        assert problem.value.code == "ticket-wrong"
        assert "new ticket" in problem.value.message

    @given(st.integers(0, len(REQUEST) - 1), st.integers(1, 255))
    def test_no_altered_byte_passes(self, place: int, bits: int) -> None:
        with pytest.raises(NotPermitted) as problem:
            open_request(TICKET.secret, altered(REQUEST, place, bits))
        assert problem.value.code == "ticket-wrong"

    @given(st.binary(max_size=200) | st.just(bytes(REQUEST_BYTES_MAX + 1)))
    def test_any_bytes_are_refused_as_a_wrong_ticket(self, content: bytes) -> None:
        with pytest.raises(NotPermitted):
            open_request(TICKET.secret, content)
        with pytest.raises(NotPermitted):
            requested_ticket(content)

    @pytest.mark.parametrize(
        ("key", "name", "addresses"),
        [
            (b"short", "rover", ()),
            (b"p" * 32, "", ()),
            (b"p" * 32, "é" * NAME_BYTES_MAX, ()),
            (b"p" * 32, "rover", ("a:1",) * 9),
            (b"p" * 32, "rover", ("a" * 200,)),
        ],
    )
    def test_what_does_not_fit_is_refused_before_it_is_sent(
        self, key: bytes, name: str, addresses: tuple[str, ...]
    ) -> None:
        with pytest.raises(UsageError) as problem:
            make_request(TICKET, key, name, addresses)
        assert problem.value.code == "request-malformed"


class TestAnswer:
    def test_it_opens_with_the_ticket(self) -> None:
        assert open_answer(TICKET, SEALED) == ANSWER

    def test_nothing_of_it_is_readable_on_the_way(self) -> None:
        assert ANSWER.authority_key_pem not in SEALED
        assert TICKET.secret not in SEALED
        assert seal_answer(TICKET.secret, ANSWER) != SEALED

    def test_another_ticket_does_not_open_it(self) -> None:
        with pytest.raises(PeerFault) as problem:
            open_answer(OTHER, SEALED)
        assert problem.value.code == "answer-altered"

    @given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
    def test_no_altered_byte_passes(self, place: int, bits: int) -> None:
        with pytest.raises(PeerFault) as problem:
            open_answer(TICKET, altered(SEALED, place, bits))
        assert problem.value.code == "answer-altered"

    @given(st.binary(max_size=200))
    def test_any_bytes_are_refused(self, content: bytes) -> None:
        with pytest.raises(PeerFault):
            open_answer(TICKET, content)

    def test_a_request_does_not_open_as_an_answer(self) -> None:
        with pytest.raises(PeerFault):
            open_answer(TICKET, REQUEST)
        with pytest.raises(NotPermitted):
            open_request(TICKET.secret, SEALED)

    def test_an_answer_too_large_is_refused_before_it_is_sealed(self) -> None:
        block = bytes(1_048_576)
        large = JoinAnswer(
            fleet_name="f",
            authority_certificate_pem=b"c",
            authority_key_pem=b"k",
            peers=(),
            blocks=(block,) * 65,
        )
        with pytest.raises(UsageError) as problem:
            seal_answer(TICKET.secret, large)
        assert problem.value.code == "answer-too-large"
