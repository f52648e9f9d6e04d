"""docs/protocol/delivery.md is enough to open our messages, and to answer them as we do."""

from stranger import messages as their_messages
from told_example import ADA, BOB, WALL_MS, a_message, an_answer

from credimus.kernel.codec import encode
from credimus.kernel.entropy import Entropy
from credimus.node.supply import read_message
from credimus.protocol.delivery.envelope import read_reply, seal_content
from credimus.protocol.delivery.interface import Answer, Content, Mode, Outcome
from credimus.protocol.vigilance.interface import StateClaim
from credimus.protocol.vigilance.judging import contradict, witnesses_needed
from post_office import FLEET, IDS, SIGNERS, Office


def test_a_second_implementation_opens_our_messages_and_we_theirs() -> None:
    content = their_messages.opened(encode(a_message(FLEET)), 15, b"credimus message", ADA.public)
    assert content[3:7] == [7, 5, 2, WALL_MS]
    reply = their_messages.opened(encode(an_answer(FLEET)), 16, b"credimus answer", BOB.public)
    assert reply[3:] == [7, 1, b"it is open"]
    theirs = read_message(their_messages.envelope(b"\x01" * 32, content))
    assert theirs == a_message(FLEET)


def test_a_second_receiver_answers_as_ours_does() -> None:
    """The rules for modes 1 and 2, one after the other, on numbers drawn by chance."""
    chance = Entropy(b"receivers").stream("numbers")
    for _ in range(20):
        office = Office()
        theirs = their_messages.Receiver()
        number = 0
        lowest = 1
        for _ in range(60):
            number += chance.between(1, 3)
            lowest = max(lowest, number - chance.below(40))
            heard = chance.between(max(1, number - 50), number)
            mode = chance.choose((Mode.AT_LEAST_ONCE, Mode.EXACTLY_ONCE))
            content = Content(
                FLEET, IDS[0], IDS[1], heard, min(lowest, heard), mode,
                0, 1 << 50, b"",
            )  # fmt: skip
            office.arrive(1, seal_content(SIGNERS[0], content))
            answer = office.mail.pop()[1]
            assert isinstance(answer, Answer)
            outcome = read_reply(answer).outcome
            assert int(outcome) == theirs.hear(heard, min(lowest, heard))
            if outcome is Outcome.TAKEN and chance.happens(500_000):
                office.finish(heard)
                office.mail.clear()
                theirs.finish(heard)
            assert office.machines[1].waiting_count == len(theirs.waiting)


def test_a_second_implementation_finds_the_same_contradictions_and_counts_the_same_witnesses() -> (
    None
):
    chance = Entropy(b"claims").stream("claims")
    drawn = [
        StateClaim(
            FLEET, IDS[chance.below(2)], 1_000 * chance.below(3) + chance.below(2),
            chance.below(2), chance.below(2), bytes([chance.below(2)]) * 32,
            bytes([chance.below(2)]) * 32,
        )
        for _ in range(60)
    ]  # fmt: skip
    found = 0
    for one in drawn:
        for other in drawn:
            theirs = their_messages.exclude_each_other(_fields(one), _fields(other))
            assert contradict(one, other) == theirs
            found += theirs
    assert 0 < found < len(drawn) ** 2
    assert all(witnesses_needed(n) == their_messages.enough(n) for n in range(1, 200))


def _fields(claim: StateClaim) -> list[object]:
    return [getattr(claim, name) for name in claim.__struct_fields__]
