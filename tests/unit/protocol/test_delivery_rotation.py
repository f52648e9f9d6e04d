"""Messages follow members to their new keys, and are still handed out once."""

from credimus.protocol.delivery.interface import (
    MessageAnswered,
    MessageArrived,
    MessageFinished,
    Mode,
    PeersReturned,
    State,
)
from post_office import IDS, Office


def test_a_message_follows_its_receiver_to_a_new_key() -> None:
    office = Office()
    number = office.post(b"open")
    office.mail.clear()
    office.rotate(1)
    office.wait(500)
    office.settle()
    assert office.waiting() == [b"open"]
    office.finish(number, b"done")
    office.settle()
    view = office.view(number)
    assert (view.copies[0].state, view.copies[0].result) == (State.DONE, b"done")
    assert [one.state for one in office.events[0] if isinstance(one, MessageAnswered)] == [
        State.TAKEN, State.DONE,
    ]  # fmt: skip


def test_what_the_old_key_took_is_not_handed_out_again_under_the_new_one() -> None:
    office = Office()
    number = office.post(b"open")
    office.settle()
    office.finish(number, b"first")
    office.mail.clear()  # the answer is lost
    office.rotate(1)
    office.wait(20_000)
    office.settle()
    assert office.waiting() == []
    assert office.told(MessageFinished) == [number]
    assert office.view(number).copies[0].result == b"first"


def test_a_new_message_does_not_make_an_older_one_to_the_old_key_stale() -> None:
    office = Office()
    first = office.post(b"first")
    office.mail.clear()
    office.rotate(1)
    second = office.post(b"second")
    office.settle()
    office.wait(500)
    office.settle()
    assert sorted(office.waiting()) == [b"first", b"second"]
    for number in (first, second):
        office.finish(number)
    office.settle()
    assert {office.view(one).copies[0].state for one in (first, second)} == {State.DONE}


def test_a_sender_goes_on_under_its_new_key_and_nothing_is_processed_twice() -> None:
    office = Office()
    finished, held, unread = (office.post(word) for word in (b"1", b"2", b"3"))
    lost = office.mail.pop()
    office.settle()
    office.finish(finished, b"kept")
    office.mail.clear()
    office.rotate(0)
    office.arrive(1, lost[1])  # signed by a key that is nobody's any more
    office.wait(20_000)
    office.settle()
    assert office.waiting() == [b"2", b"3"]
    assert office.told(MessageArrived) == [finished, held, unread]
    assert office.view(finished).copies[0].result == b"kept"
    office.finish(held)
    office.settle()
    assert office.view(held).copies[0].state is State.DONE
    office.restart(1)
    assert [(one.sender, one.number) for one in office.machines[1].read(0, 9)] == [
        (IDS[0], unread)
    ], "a message keeps its name"
    office.finish(unread)
    office.settle()
    assert office.view(unread).copies[0].state is State.DONE


def test_at_most_once_stays_once_over_a_new_key_of_its_sender() -> None:
    office = Office()
    office.post(b"1", Mode.AT_MOST_ONCE)
    envelope = office.mail[0]
    office.settle()
    assert office.waiting() == [b"1"]
    office.rotate(0)
    office.arrive(*envelope)
    office.post(b"2", Mode.AT_MOST_ONCE)
    office.settle()
    assert office.waiting() == [b"2"]


def test_both_take_new_keys_twice_and_a_key_of_the_caller_still_names_the_message() -> None:
    office = Office()
    number = office.post(b"open", key=b"invoice 7")
    office.mail.clear()
    for who in (0, 1, 0, 1):
        office.rotate(who)
    assert office.post(b"open", key=b"invoice 7") == number
    office.wait(500)
    office.settle()
    assert office.waiting() == [b"open"]
    office.finish(number)
    office.settle()
    assert office.view(number).is_settled


def test_a_receiver_that_is_heard_again_under_its_new_key_is_sent_to_at_once() -> None:
    office = Office()
    office.post(b"open")
    office.wait(30_000)
    office.mail.clear()
    office.rotate(1)
    back = PeersReturned((office.signers[1].node_id,))
    office.carry(0, office.machines[0].handle(back, office.now))
    office.wait(200)
    office.settle()
    assert office.waiting() == [b"open"]
