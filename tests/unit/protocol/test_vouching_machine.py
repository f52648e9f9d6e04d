"""When a member vouches for all, and who does."""

import pytest

from credimus.kernel.ids import NodeId
from credimus.kernel.instant import SECOND, Instant, Now
from credimus.protocol.vouching.choosing import Task, task_of
from credimus.protocol.vouching.interface import MembersChanged, SayTogether, VouchingConfig
from credimus.protocol.vouching.machine import Vouching
from credimus.state.member_operations import AdmissionRule, Appoint, Charter, Powers, Vouch
from credimus.state.operations import Admit, Leave, Publish
from member_decisions import IDS, KEYS, History

CONFIG = VouchingConfig(wait_ns=60 * SECOND, turn_ns=10 * SECOND)


def fleet(count: int = 6, charter: Charter | None = None) -> History:
    """The founder admitted all others, one by one."""
    history = History(*([charter] if charter else []))
    for number in range(1, count):
        for by in range(min(number, 1 if charter is None else charter.quorum)):
            history.admit(by, number)
    return history


def task(history: History, who: int, scattered_max: int = 3) -> Task | None:
    return task_of(history.state, history.lace, [IDS[who]], scattered_max)


def whom(found: Task | None) -> set[NodeId]:
    assert found is not None
    return {
        next(one for one, key in zip(IDS, KEYS, strict=True) if key.public == said.public_key)
        for said in found.operations
        if isinstance(said, Vouch)
    }


def at(s: float) -> Now:
    return Now(Instant(round(s * SECOND)), 0)


def vouching(history: History, *own: int) -> Vouching:
    ids = [IDS[one] for one in own]
    machine = Vouching(CONFIG, history.state, history.lace, ids, lambda: history.is_whole)
    assert machine.deadline() is None
    machine.handle(MembersChanged(), at(100))
    return machine


def test_the_founder_vouches_for_all_others_a_while_after_some_came() -> None:
    history = fleet()
    machine = vouching(history, 0)
    assert machine.deadline() == at(160).instant
    machine.handle(MembersChanged(), at(130))
    assert machine.deadline() == at(160).instant, "others who come meanwhile put it off no further"
    assert not machine.tick(at(159))
    (said,) = machine.tick(at(160)).emit
    assert isinstance(said, SayTogether)
    assert said.author == IDS[0]
    assert [one.name for one in said.operations if isinstance(one, Vouch)] == [
        f"n{IDS.index(node)}" for node in sorted(IDS[1:6])
    ]
    history.say(0, *said.operations)
    assert machine.deadline() == at(220).instant
    assert not machine.tick(at(220))
    assert machine.deadline() is None, "nothing is left to do"


def test_the_next_waits_for_the_one_before() -> None:
    history = fleet()
    machine = vouching(history, 2)
    assert not machine.tick(at(160))
    assert machine.deadline() == at(180).instant, "the third in turn"
    (said,) = machine.tick(at(180)).emit
    assert whom(Task(said.author, 0, said.operations)) == {IDS[one] for one in (1, 3, 4, 5)}
    other = vouching(history, 3)
    other.tick(at(160))
    history.vouch(0, 1, 2, 3, 4, 5)
    assert not other.tick(at(190))
    assert other.deadline() is None


def test_what_could_not_be_written_is_said_again() -> None:
    machine = vouching(fleet(), 0)
    assert machine.tick(at(160)).emit
    assert not machine.tick(at(200)).emit
    assert machine.tick(at(220)).emit


def test_it_waits_until_the_fleet_is_whole() -> None:
    history = fleet()
    machine = vouching(history, 0)
    history.is_whole = False
    assert not machine.tick(at(160))
    assert machine.deadline() == at(170).instant
    history.is_whole = True
    assert machine.tick(at(170)).emit


def test_few_members_are_left_as_they_are() -> None:
    assert task(fleet(4), 0) is None
    assert task(fleet(5), 0) is not None


def test_it_is_said_again_when_enough_have_changed() -> None:
    history = fleet(5)
    history.vouch(0, 1, 2, 3, 4)
    assert task(history, 0) is None
    history.say(1, Leave(""))
    for number in (5, 6):
        history.admit(0, number)
    history.say(2, Admit(KEYS[2].public, "renamed", ""))
    assert task(history, 0) is None, "three stand by themselves"
    history.admit(0, 7)
    assert whom(task(history, 0)) == {IDS[one] for one in (2, 3, 4, 5, 6, 7)}
    assert task(history, 0, scattered_max=4) is None


def test_a_word_under_a_wrong_name_does_not_count() -> None:
    history = fleet()
    history.say(1, *(Vouch(KEYS[one].public, "mallory") for one in (2, 3, 4, 5)))
    assert task(history, 0) is not None


def test_when_the_founder_has_left_the_oldest_goes_first() -> None:
    history = fleet()
    history.say(0, Leave(""))
    assert [task(history, one).rank for one in (1, 2, 5)] == [0, 1, 4]  # type: ignore[union-attr]
    assert task(history, 0) is None


def test_who_may_not_admit_does_not_vouch() -> None:
    history = fleet(6, Charter(AdmissionRule.FOUNDER))
    assert task(history, 0) is not None
    assert task(history, 1) is None
    history = fleet()
    history.expose(1, 0)
    assert task(history, 0) is None, "exposed"
    assert task(history, 1).rank == 0  # type: ignore[union-attr]


def test_who_may_not_say_everything_is_not_vouched_for() -> None:
    history = fleet(7, Charter(AdmissionRule.FOUNDER))
    history.say(0, Appoint(KEYS[3].public, "n3", "", Powers(vote=False)))
    assert IDS[3] not in whom(task(history, 0))


def test_under_a_quorum_as_many_vouch() -> None:
    history = fleet(6, Charter(AdmissionRule.QUORUM, 2))
    assert [task(history, one).rank for one in range(4)] == [0, 0, 1, 2]  # type: ignore[union-attr]
    history.vouch(0, 1, 2, 3, 4, 5)
    assert task(history, 0) is None
    assert [task(history, one).rank for one in (1, 2)] == [0, 1]  # type: ignore[union-attr]
    history.vouch(2, 1, 3, 4, 5)
    assert task(history, 1) is None


@pytest.mark.parametrize(("per_day", "is_said"), [(3, False), (4, False), (5, True)])
def test_not_more_are_vouched_for_than_one_may_admit_in_a_day(per_day: int, is_said: bool) -> None:
    history = History(Charter(AdmissionRule.MEMBERS, per_day=per_day))
    for by, number in ((0, 1), (0, 2), (0, 3), (1, 4), (1, 5)):
        history.admit(by, number)
    assert (task(history, 0) is not None) is is_said


def test_the_electorate_of_all_is_published_once_more() -> None:
    history = fleet()
    assert not any(isinstance(one, Publish) for one in task(history, 0).operations)  # type: ignore[union-attr]
    history.decide(0, 1, 2, 3, 4, 5)
    *words, last = task(history, 0).operations  # type: ignore[union-attr]
    assert isinstance(last, Publish)
    assert {one.member for one in last.electors} == set(IDS[:6])
    assert all(isinstance(one, Vouch) for one in words)
    history.admit(0, 6)
    assert isinstance(task(history, 0).operations[-1], Vouch)  # type: ignore[union-attr]
