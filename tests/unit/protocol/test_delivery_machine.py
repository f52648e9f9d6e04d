"""Messages of applications: once, at least once, at most once; over crashes; from whom they say."""

from itertools import pairwise

import pytest

from credimus.kernel import limits
from credimus.kernel.errors import Conflict
from credimus.protocol.delivery.interface import (
    DeliveryConfig,
    MessageArrived,
    MessageFinished,
    Mode,
    PeersReturned,
    State,
)
from post_office import IDS, Office

MODES = tuple(Mode)
ACKNOWLEDGED = (Mode.AT_LEAST_ONCE, Mode.EXACTLY_ONCE)


def states(office: Office, number: int) -> list[str]:
    return [copy.state.word for copy in office.view(number).copies]


# --- the way of a message


@pytest.mark.parametrize("mode", ACKNOWLEDGED)
def test_a_message_is_acknowledged_when_the_application_has_finished(mode: Mode) -> None:
    office = Office()
    number = office.post(b"open the gate", mode)
    assert states(office, number) == ["waiting"]
    office.settle()
    assert states(office, number) == ["taken"]
    assert office.waiting() == [b"open the gate"]
    office.finish(number, b"it is open")
    office.settle()
    (copy,) = office.view(number).copies
    assert (copy.state, copy.result, copy.receiver) == (State.DONE, b"it is open", IDS[1])
    assert office.view(number).is_settled
    assert office.waiting() == []
    assert office.machines[0].deadline() is None


def test_at_most_once_is_sent_once_and_handed_out_once() -> None:
    office = Office()
    number = office.post(b"a reading", Mode.AT_MOST_ONCE)
    assert office.view(number).is_settled
    office.mail *= 3
    office.settle()
    assert office.waiting() == [b"a reading"]
    assert office.waiting() == []
    office.wait(60_000)
    assert office.mail == []


@pytest.mark.parametrize("mode", MODES)
def test_copies_of_one_message_are_handed_out_once(mode: Mode) -> None:
    office = Office()
    office.post(mode=mode)
    office.mail *= 5
    office.settle()
    assert len(office.told(MessageArrived)) == 1


def test_several_receivers_answer_each_for_itself() -> None:
    office = Office(4)
    number = office.post(to=(1, 2, 3))
    office.mail = [one for one in office.mail if one[0] != 2]  # the way to one is lost
    office.settle()
    office.finish(number, b"one", at=1)
    office.finish(number, b"three", at=3)
    office.settle()
    found = {copy.receiver: (copy.state.word, copy.result) for copy in office.view(number).copies}
    assert found == {
        IDS[1]: ("done", b"one"),
        IDS[2]: ("waiting", b""),
        IDS[3]: ("done", b"three"),
    }
    office.wait(1_000)
    assert {to for to, _ in office.mail} == {2}


def test_a_repeated_message_gets_the_cached_result() -> None:
    office = Office()
    number = office.post()
    first = office.mail[:]
    office.settle()
    office.finish(number, b"the first result")
    office.mail.clear()  # the answer is lost
    office.mail += first
    office.settle()
    assert office.view(number).copies[0].result == b"the first result"
    assert office.told(MessageArrived) == [number]
    assert office.told(MessageFinished) == [number]


def test_finishing_again_changes_nothing_and_the_first_result_counts() -> None:
    office = Office()
    number = office.post()
    office.settle()
    office.finish(number, b"first")
    disk = dict(office.disks[1])
    office.finish(number, b"second")
    assert office.disks[1] == disk
    assert office.told(MessageFinished) == [number]
    office.settle()
    assert office.view(number).copies[0].result == b"first"


# --- lost messages, absent receivers


def test_what_is_not_answered_is_sent_again_ever_more_slowly() -> None:
    office = Office()
    office.post()
    sent = []
    for _ in range(600):
        office.wait(50)
        sent.append(len(office.mail))
    times = [50 * place for place in range(1, 600) if sent[place] > sent[place - 1]]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert 5 <= len(times) <= 12
    assert gaps[0] < 500
    assert gaps[-1] > 2_000
    assert max(gaps) <= 10_050


def test_attempts_are_bounded_and_the_unacknowledged_reported() -> None:
    office = Office(config=DeliveryConfig(attempts_max=4))
    number = office.post(mode=Mode.AT_LEAST_ONCE)
    office.wait(60_000)
    (copy,) = office.view(number).copies
    assert (copy.state, copy.reason, copy.attempts) == (State.UNACKNOWLEDGED, "no-answer", 4)
    assert len(office.mail) == 4
    assert office.machines[0].counts.unacknowledged == 1


def test_a_message_is_given_up_when_its_time_is_over() -> None:
    office = Office()
    number = office.post(ttl_ms=5_000)
    office.wait(4_900)
    assert states(office, number) == ["waiting"]
    office.wait(200)
    (copy,) = office.view(number).copies
    assert (copy.state, copy.reason) == (State.UNACKNOWLEDGED, "expired")


def test_an_answer_that_comes_after_giving_up_still_counts() -> None:
    office = Office()
    number = office.post(ttl_ms=5_000)
    office.settle()
    office.wait(6_000)
    assert states(office, number) == ["unacknowledged"]
    office.mail.clear()
    office.finish(number, b"late")
    office.settle()
    assert (states(office, number), office.view(number).copies[0].result) == (["done"], b"late")
    office.restart(0)
    assert states(office, number) == ["done"]


def test_a_message_that_comes_long_after_its_time_is_not_let_in() -> None:
    office = Office()
    number = office.post(ttl_ms=5_000)
    late = office.mail[:]
    office.mail.clear()
    office.now_ms += 5_000 + limits.SKEW_MS_MAX + 1
    office.mail += late
    office.settle()
    assert office.waiting() == []
    assert (states(office, number), office.view(number).copies[0].reason) == (
        ["unacknowledged"], "expired",
    )  # fmt: skip


def test_a_receiver_that_is_heard_again_is_sent_to_at_once() -> None:
    office = Office()
    office.post()
    office.wait(30_000)
    office.mail.clear()
    office.machines[0].handle(PeersReturned((IDS[1],)), office.now)
    office.wait(250)
    assert len(office.mail) == 1


def test_what_a_receiver_took_and_lost_is_sent_to_it_at_once_when_it_is_heard_again() -> None:
    office = Office()
    office.post(b"again", Mode.AT_LEAST_ONCE)
    office.settle()
    office.restart(1)
    assert office.waiting() == []
    office.machines[0].handle(PeersReturned((IDS[1],)), office.now)
    office.wait(250)
    office.settle()
    assert office.waiting() == [b"again"]


def test_while_the_application_works_the_sender_asks_now_and_then() -> None:
    """Neither forgotten nor given up, and the result is fetched when its answer was lost."""
    office = Office(config=DeliveryConfig(attempts_max=3))
    number = office.post()
    for _ in range(20):
        office.settle()
        office.wait(10_000)
    assert states(office, number) == ["taken"]
    office.mail.clear()
    office.finish(number, b"at last")
    office.mail.clear()
    office.wait(10_000)
    office.settle()
    assert office.view(number).copies[0].result == b"at last"


def test_who_is_no_member_any_more_is_given_up() -> None:
    office = Office(3)
    number = office.post(to=(2,))
    smaller = Office(2).roster
    office.roster.current = smaller.current
    office.wait(1_000)
    assert office.view(number).copies[0].reason == "not-a-member"


# --- crashes


def test_a_sender_that_crashes_goes_on_where_it_was() -> None:
    office = Office(3)
    number = office.post(b"important", to=(1, 2))
    office.mail = [one for one in office.mail if one[0] == 1]
    office.settle()
    office.finish(number, b"r1", at=1)
    office.settle()
    office.restart(0)
    assert states(office, number) in (["done", "waiting"], ["waiting", "done"])
    office.wait(300)
    assert {to for to, _ in office.mail} == {2}
    office.settle()
    assert office.waiting(2) == [b"important"]


@pytest.mark.parametrize("mode", MODES)
def test_a_number_is_never_given_again(mode: Mode) -> None:
    office = Office()
    before = [office.post(mode=mode) for _ in range(3)]
    office.restart(0)
    after = [office.post(mode=mode) for _ in range(3)]
    assert max(before) < min(after)


def test_exactly_once_survives_crashes_of_the_receiver_at_every_place() -> None:
    office = Office()
    number = office.post(b"once")
    office.settle()
    office.restart(1)  # taken, not finished
    (held,) = office.machines[1].read(0, 10)
    assert held.payload == b"once"
    assert held.again
    office.finish(number, b"result")
    office.mail.clear()  # the answer is lost, and the receiver crashes
    office.restart(1)
    office.wait(20_000)
    office.settle()
    assert office.view(number).copies[0].result == b"result"
    assert office.waiting() == []
    assert office.told(MessageFinished) == [number]


def test_at_least_once_is_handed_out_again_when_the_receiver_crashed() -> None:
    office = Office()
    office.post(b"again", Mode.AT_LEAST_ONCE)
    office.settle()
    office.restart(1)
    assert office.waiting() == []
    office.wait(10_000)
    office.settle()
    assert office.waiting() == [b"again"]


def test_at_most_once_is_not_repeated_by_an_old_copy_after_a_crash() -> None:
    office = Office()
    office.post(mode=Mode.AT_MOST_ONCE)
    old = office.mail[:]
    office.settle()
    office.restart(1)
    office.mail += old
    office.settle()
    assert office.waiting() == []


def test_a_settled_message_replayed_is_refused_also_after_a_crash() -> None:
    """Results are let go once the sender has them; what comes then is stale, or has a row."""
    office = Office()
    replayed = []
    for round_ in range(100):
        number = office.post(b"%d" % round_)
        replayed += office.mail
        office.settle()
        office.finish(number)
        office.settle()
    assert sum(key.startswith("delivery/in/") for key in office.disks[1]) < 50
    for _ in range(2):
        office.mail += replayed
        office.settle()
        assert office.waiting() == []
        office.restart(1)


def test_what_is_finished_after_its_sender_gave_it_up_is_not_handed_out_again() -> None:
    office = Office()
    given_up = office.post(ttl_ms=1_000)
    old = office.mail[:]
    office.settle()
    office.wait(2_000)
    office.mail.clear()
    later = office.post()  # its lowest says that the first is settled
    office.settle()
    office.finish(given_up)
    office.restart(1)
    office.mail += old
    office.settle()
    assert [held.number for held in office.machines[1].read(0, 9)] == [later]


# --- keys


def test_a_key_names_one_message_also_after_a_crash() -> None:
    office = Office()
    number = office.post(b"pay", key=b"invoice 7")
    assert office.post(b"pay", key=b"invoice 7") == number
    office.restart(0)
    assert office.post(b"pay", key=b"invoice 7") == number
    office.settle()
    office.finish(number)
    office.settle()
    office.restart(0)
    office.mail.clear()
    assert office.post(b"pay", key=b"invoice 7") == number
    assert office.mail == []
    with pytest.raises(Conflict, match="another message"):
        office.post(b"pay twice", key=b"invoice 7")
