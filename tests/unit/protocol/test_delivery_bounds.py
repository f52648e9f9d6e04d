"""Whom messages are believed of, how many are held, what callers may ask."""

import pytest

from credimus.kernel import limits
from credimus.kernel.errors import NotFound, PeerFault, Unavailable, UsageError
from credimus.protocol.delivery.envelope import read_content, seal_content, seal_reply
from credimus.protocol.delivery.interface import (
    Answer,
    Content,
    Envelope,
    Mode,
    Outcome,
    Reply,
)
from post_office import FLEET, IDS, SIGNERS, Office

MODES = tuple(Mode)
ACKNOWLEDGED = (Mode.AT_LEAST_ONCE, Mode.EXACTLY_ONCE)


def states(office: Office, number: int) -> list[str]:
    return [copy.state.word for copy in office.view(number).copies]


# --- whom to believe


def forged(**changes: object) -> Content:
    fields: dict[str, object] = {
        "fleet": FLEET, "sender": IDS[0], "receiver": IDS[1], "number": 7, "lowest": 7,
        "mode": Mode.EXACTLY_ONCE, "posted_ms": 0, "expires_ms": 1 << 50, "payload": b"forged",
    }  # fmt: skip
    return Content(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_message_that_another_member_signed_is_a_fault() -> None:
    office = Office(3)
    with pytest.raises(PeerFault, match="signature") as caught:
        office.arrive(1, seal_content(SIGNERS[2], forged()))
    assert caught.value.code == "bad-signature"
    assert office.disks[1] == {}
    assert office.waiting() == []


@pytest.mark.parametrize(
    "changes",
    [{"fleet": bytes(16)}, {"receiver": IDS[2]}, {"sender": IDS[3]}, {"sender": IDS[1]}],
    ids=["another fleet", "another receiver", "no member", "ourselves"],
)
def test_what_is_not_for_us_or_of_no_member_is_not_heard(changes: dict[str, object]) -> None:
    office = Office(3)
    signer = SIGNERS[3] if "sender" in changes else SIGNERS[0]
    office.arrive(1, seal_content(signer, forged(**changes)))
    assert office.waiting() == []
    assert office.mail == []
    assert office.machines[1].counts.strange == 1


def test_a_third_member_can_not_forge_an_answer() -> None:
    office = Office(3)
    number = office.post()
    reply = Reply(
        fleet=FLEET, receiver=IDS[1], sender=IDS[0], number=number, outcome=Outcome.DONE, result=b""
    )  # fmt: skip
    with pytest.raises(PeerFault):
        office.arrive(0, seal_reply(SIGNERS[2], reply))
    own = Reply(
        fleet=FLEET, receiver=IDS[2], sender=IDS[0], number=number, outcome=Outcome.DONE, result=b""
    )  # fmt: skip
    office.arrive(0, seal_reply(SIGNERS[2], own))  # it was not asked
    assert states(office, number) == ["waiting"]


def test_a_signature_of_a_message_is_none_of_an_answer() -> None:
    office = Office(3)
    number = office.post()
    reply = Reply(
        fleet=FLEET, receiver=IDS[1], sender=IDS[0], number=number, outcome=Outcome.DONE, result=b""
    )  # fmt: skip
    answer = seal_reply(SIGNERS[1], reply)
    with pytest.raises(PeerFault):
        office.arrive(0, Envelope(answer.reply, answer.signature))
    envelope = seal_content(SIGNERS[0], forged())
    with pytest.raises(PeerFault):
        office.arrive(0, Answer(envelope.content, envelope.signature))


def test_a_message_below_its_own_lowest_is_malformed() -> None:
    with pytest.raises(PeerFault, match="lowest"):
        Office().arrive(1, seal_content(SIGNERS[0], forged(lowest=8)))


def test_one_number_in_two_modes_does_no_harm() -> None:
    office = Office()
    for mode in (Mode.EXACTLY_ONCE, Mode.AT_MOST_ONCE, Mode.AT_LEAST_ONCE):
        office.arrive(1, seal_content(SIGNERS[0], forged(mode=mode)))
    assert office.waiting() == [b"forged"]
    office.finish(7)
    assert office.waiting() == []


# --- bounds


def test_too_many_under_way_to_one_member_is_overloaded_and_room_comes_back() -> None:
    office = Office(3)
    numbers = [office.post() for _ in range(limits.IN_FLIGHT_MAX)]
    with pytest.raises(Unavailable, match="wait behind") as caught:
        office.post()
    assert caught.value.code == "overloaded"
    office.post(to=(2,))
    office.settle()
    for number in numbers[1:]:
        office.finish(number)
    office.settle()
    with pytest.raises(Unavailable):  # the oldest still holds the others back
        office.post()
    office.finish(numbers[0])
    office.settle()
    office.post()


def test_a_sender_that_does_not_keep_to_it_is_told_to_wait() -> None:
    office = Office()
    for number in range(1, limits.IN_FLIGHT_MAX + 3):
        office.arrive(1, seal_content(SIGNERS[0], forged(number=number, lowest=1)))
    assert len(office.waiting()) == limits.IN_FLIGHT_MAX
    assert office.machines[1].counts.overloaded == 2


@pytest.mark.parametrize("mode", MODES)
def test_a_full_inbox_takes_no_more(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UNFINISHED_MAX", 2)
    office = Office()
    for _ in range(3):
        office.post(mode=mode)
    office.settle()
    assert office.machines[1].waiting_count == 2
    assert office.machines[1].counts.overloaded == 1
    assert len(office.waiting()) == 2


@pytest.mark.parametrize("mode", ACKNOWLEDGED)
def test_what_found_no_room_comes_again(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UNFINISHED_BYTES_MAX", 10)
    office = Office()
    first, second = office.post(b"123456", mode), office.post(b"7890123", mode)
    office.settle()
    assert office.view(second).copies[0].reason == "overloaded"
    office.finish(first)
    office.wait(1_000)
    office.settle()
    assert office.waiting() == [b"7890123"]


def test_who_had_no_room_once_is_not_said_to_have_had_none_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "UNFINISHED_BYTES_MAX", 10)
    office = Office()
    first, second = office.post(b"123456"), office.post(b"7890123", ttl_ms=5_000)
    third = office.post(b"4567890", ttl_ms=8_000)
    office.settle()
    office.wait(6_000)
    office.settle()  # the third is refused again
    office.wait(3_000)
    reasons = [office.view(one).copies[0].reason for one in (second, third)]
    assert reasons == ["expired", "overloaded"]
    assert states(office, first) == ["taken"]


def test_rows_on_disk_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "KEPT_ROWS_MAX", 1)
    office = Office()
    office.post()
    office.post()
    office.post(mode=Mode.AT_LEAST_ONCE)
    office.settle()
    assert len(office.waiting()) == 2
    assert office.machines[1].counts.overloaded == 1


@pytest.mark.parametrize(
    ("limit", "most"),
    [("OUTBOX_MESSAGES_MAX", 1), ("OUTBOX_COPIES_MAX", 1), ("OUTBOX_BYTES_MAX", 9)],
)
def test_the_outbox_is_bounded(limit: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, limit, most)
    office = Office()
    office.post(b"hello")
    with pytest.raises(Unavailable, match="wait for answers"):
        office.post(b"hello")
    office.post(b"hello", Mode.AT_MOST_ONCE)


@pytest.mark.parametrize("mode", MODES)
def test_settled_messages_are_remembered_for_a_while(
    mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SETTLED_COPIES_MAX", 2)
    office = Office()
    numbers = []
    for round_ in range(4):
        key = b"" if mode is Mode.AT_MOST_ONCE else b"%d" % round_
        numbers.append(office.post(mode=mode, key=key))
        office.settle()
        if mode is not Mode.AT_MOST_ONCE:
            office.finish(numbers[-1])
            office.settle()
    assert [one.number for one in office.machines[0].all_posted()] == numbers[:1:-1]
    rows = [key for key in office.disks[0] if key.startswith(("delivery/out", "delivery/copy"))]
    assert len(rows) == (0 if mode is Mode.AT_MOST_ONCE else 4)


# --- what callers may ask


@pytest.mark.parametrize(
    ("asked", "code", "kind"),
    [
        ({"to": ()}, "no-receivers", UsageError),
        ({"to": (1,) * 257}, "too-many-receivers", UsageError),
        ({"to": (0,)}, "to-itself", UsageError),
        ({"to": (3,)}, "unknown-receiver", NotFound),
        ({"payload": bytes(limits.MESSAGE_BYTES_MAX + 1)}, "message-too-long", UsageError),
        ({"ttl_ms": 999}, "out-of-range", UsageError),
        ({"ttl_ms": limits.MESSAGE_TTL_MS_MAX + 1}, "out-of-range", UsageError),
        ({"key": bytes(129)}, "key-unusable", UsageError),
        ({"key": b"k", "mode": Mode.AT_MOST_ONCE}, "key-unusable", UsageError),
    ],
)
def test_what_can_not_be_sent(asked: dict[str, object], code: str, kind: type) -> None:
    office = Office(3)
    with pytest.raises(kind) as caught:
        office.post(**asked)  # type: ignore[arg-type]
    assert caught.value.code == code
    assert office.disks[0] == {}
    assert office.mail == []


def test_the_limits_themselves_are_taken() -> None:
    office = Office()
    payload = bytes(limits.MESSAGE_BYTES_MAX)
    number = office.post(payload, ttl_ms=limits.MESSAGE_TTL_MS_MAX, key=bytes(128))
    ((_, envelope),) = office.mail
    assert isinstance(envelope, Envelope)
    assert len(envelope.content) <= limits.ENVELOPE_BYTES_MAX
    assert read_content(envelope).number == number
    office.settle()
    office.finish(number, bytes(limits.MESSAGE_RESULT_BYTES_MAX))
    office.settle()
    assert states(office, number) == ["done"]
    with pytest.raises(UsageError, match="send a message instead"):
        office.finish(number, bytes(limits.MESSAGE_RESULT_BYTES_MAX + 1))


def test_a_message_that_does_not_wait_can_not_be_finished() -> None:
    with pytest.raises(NotFound, match="does not wait here"):
        Office().finish(5)


def test_messages_are_read_in_order_from_any_place() -> None:
    office = Office()
    for round_ in range(5):
        office.post(b"%d" % round_)
    office.settle()
    read = office.machines[1].read(0, 2)
    assert [held.payload for held in read] == [b"0", b"1"]
    assert [held.payload for held in office.machines[1].read(read[-1].arrival, 9)] == [
        b"2", b"3", b"4",
    ]  # fmt: skip
