"""The pure parts of delivery: the window, the waits, the rows on disk, the settings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credimus.kernel import limits
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import StorageError
from credimus.protocol.delivery.backoff import patience_ns, wait_ns
from credimus.protocol.delivery.interface import DeliveryConfig, Mode
from credimus.protocol.delivery.window import Window
from post_office import IDS, Office

WIDTH = limits.REPLAY_WINDOW


@given(st.lists(st.integers(1, 4 * WIDTH), max_size=200))
def test_a_window_is_a_set_of_numbers_as_far_back_as_it_reaches(numbers: list[int]) -> None:
    window, seen = Window(), set[int]()
    for number in numbers:
        too_old = number <= max(seen, default=0) - WIDTH
        assert window.has(number) == (number in seen or too_old)
        if not window.has(number):
            window.add(number)
            seen.add(number)
        assert window.bits < 1 << WIDTH
    assert window.highest == max(seen, default=0)


def test_waits_double_up_to_the_longest_and_are_never_alike() -> None:
    config, chance = DeliveryConfig(), Entropy(b"waits").stream("delivery")
    for unanswered in range(1, 40):
        whole = min(config.base_ns << (unanswered - 1), config.patience_ns_max)
        drawn = {wait_ns(config, unanswered, chance) for _ in range(50)}
        assert whole // 2 <= min(drawn) < max(drawn) <= whole
        assert len(drawn) > 40
    drawn = {patience_ns(config, chance) for _ in range(50)}
    assert config.patience_ns_max // 2 <= min(drawn) < max(drawn) <= config.patience_ns_max
    assert wait_ns(config, 1 << 40, chance) <= config.patience_ns_max


@pytest.mark.parametrize(
    "given",
    [
        {"base_ns": 0},
        {"patience_ns_max": 1},
        {"attempts_max": 0},
        {"attempts_max": 100_001},
        {"ttl_ms": limits.MESSAGE_TTL_MS_MIN - 1},
        {"ttl_ms": limits.MESSAGE_TTL_MS_MAX + 1},
    ],
)
def test_settings_out_of_range_are_refused(given: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(given)).partition("_")[0]):
        DeliveryConfig(**given)


@pytest.mark.parametrize(
    "key",
    [
        "delivery/out/seven",
        f"delivery/copy/1-{'00' * 15}",
        "delivery/in/nobody-1",
        f"delivery/in/{IDS[0].hex()}-x",
        "delivery/floor/ff",
        "delivery/unknown/1",
    ],
)
def test_a_row_under_a_wrong_key_is_corrupt(key: str) -> None:
    machine = Office().machines[0]
    with pytest.raises(StorageError) as caught:
        machine.recall(lambda family: [(key, b"\x01")] if family == "delivery/out" else [])
    assert caught.value.code == "corrupt"


def test_a_row_that_is_cut_is_corrupt() -> None:
    office = Office()
    office.post()
    key, row = next(one for one in office.disks[0].items() if one[0].startswith("delivery/out"))
    office.disks[0][key] = row[:-1]
    with pytest.raises(StorageError, match="can not be read"):
        office.restart(0)


def test_a_settled_message_that_lacks_an_answer_is_corrupt() -> None:
    office = Office()
    number = office.post()
    office.settle()
    office.finish(number)
    office.settle()
    gone = [key for key in office.disks[0] if key.startswith("delivery/copy")]
    for key in gone:
        del office.disks[0][key]
    with pytest.raises(StorageError, match="lacks an answer"):
        office.restart(0)


def test_what_was_put_off_often_is_not_kept_for_ever() -> None:
    """Each answer puts a copy off anew; the moments before are let go."""
    office = Office()
    office.post()
    repeated = office.mail[0]
    for _ in range(3_000):
        office.mail.append(repeated)
        office.settle()
    assert len(office.machines[0]._outbox._due) < 1_100


def test_at_most_once_writes_numbers_ahead_and_nothing_else() -> None:
    office = Office()
    for _ in range(500):
        office.post(mode=Mode.AT_MOST_ONCE)
    assert list(office.disks[0]) == ["delivery/counter"]
