"""Messages against chance: lost, repeated, reordered; both sides crash at any moment, also between
the disk and the wire. What is promised of each mode holds all the time, and at the end."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from credimus.protocol.delivery.interface import DeliveryConfig, Mode, State
from post_office import Office

MODES = st.sampled_from(list(Mode))
SOME = st.integers(min_value=0, max_value=1 << 16)


class Messages(RuleBasedStateMachine):
    """Two members; the oracle knows what was sent and what each application did."""

    def __init__(self) -> None:
        super().__init__()
        self.office = Office(2, DeliveryConfig(patience_ns_max=2_000_000_000))
        self.sent: dict[tuple[int, int], tuple[Mode, bytes]] = {}
        self.handed: Counter[tuple[int, int]] = Counter()
        """Of those of at-most-once."""
        self.finished: dict[tuple[int, int], list[bytes]] = {}
        """The results of each; several are for at-least-once alone."""
        self.results = 0

    @rule(by=st.integers(0, 1), mode=MODES)
    def send(self, by: int, mode: Mode) -> None:
        payload = b"message %d" % len(self.sent)
        number = self.office.post(payload, mode, by=by, to=(1 - by,))
        assert (by, number) not in self.sent
        self.sent[by, number] = mode, payload

    @precondition(lambda self: self.office.mail)
    @rule(drawn=SOME)
    def arrives(self, drawn: int) -> None:
        self.office.arrive(*self.office.mail.pop(drawn % len(self.office.mail)))

    @precondition(lambda self: self.office.mail)
    @rule(drawn=SOME)
    def arrives_and_will_again(self, drawn: int) -> None:
        self.office.arrive(*self.office.mail[drawn % len(self.office.mail)])

    @precondition(lambda self: self.office.mail)
    @rule(drawn=SOME)
    def is_lost(self, drawn: int) -> None:
        self.office.mail.pop(drawn % len(self.office.mail))

    @precondition(lambda self: self.office.mail)
    @rule(drawn=SOME)
    def arrives_and_the_receiver_crashes_before_it_answers(self, drawn: int) -> None:
        under_way = self.office.mail[drawn % len(self.office.mail)]
        before = len(self.office.mail)
        self.office.arrive(*under_way)
        del self.office.mail[before:]
        self.crash(under_way[0])

    @rule(at=st.integers(0, 1))
    def crash(self, at: int) -> None:
        self.office.restart(at)

    @rule(ms=st.sampled_from([50, 300, 3_000]))
    def time_passes(self, ms: int) -> None:
        self.office.wait(ms, ms)

    @rule(at=st.integers(0, 1), drawn=SOME)
    def the_application_finishes_one(self, at: int, drawn: int) -> None:
        waiting = self.office.machines[at].read(0, 1_000)
        for held in waiting:
            if held.mode is Mode.AT_MOST_ONCE:
                self._hand_out(at, held.number)
        lasting = [held for held in waiting if held.mode is not Mode.AT_MOST_ONCE]
        if lasting:
            held = lasting[drawn % len(lasting)]
            self._finish(at, held.number, held.mode)

    @invariant()
    def what_waits_is_what_was_sent(self) -> None:
        for at in (0, 1):
            for held in self.office.machines[at]._inbox._waiting.values():
                assert self.sent[1 - at, held.number] == (held.mode, held.payload)
                if held.mode is Mode.EXACTLY_ONCE:
                    assert (1 - at, held.number) not in self.finished

    @invariant()
    def results_are_those_that_counted(self) -> None:
        for by in (0, 1):
            for view in self.office.machines[by].all_posted():
                (copy,) = view.copies
                if copy.state is State.DONE:
                    assert copy.result in self.finished[by, view.number]

    def teardown(self) -> None:
        """The network heals: all that is owed arrives, once."""
        for _ in range(200):
            self.office.settle()
            for at in (0, 1):
                for held in self.office.machines[at].read(0, 1_000):
                    if held.mode is Mode.AT_MOST_ONCE:
                        self._hand_out(at, held.number)
                    else:
                        self._finish(at, held.number, held.mode)
            if not self.office.mail and not any(one.open_count for one in self.office.machines):
                break
            self.office.wait(500, 500)
        for (by, number), (mode, _) in self.sent.items():
            if mode is not Mode.AT_MOST_ONCE:
                assert (by, number) in self.finished
                (copy,) = self.office.view(number, by).copies
                assert copy.state is State.DONE

    def _hand_out(self, at: int, number: int) -> None:
        self.handed[1 - at, number] += 1
        assert self.handed[1 - at, number] == 1

    def _finish(self, at: int, number: int, mode: Mode) -> None:
        self.results += 1
        result = b"result %d" % self.results
        if mode is Mode.EXACTLY_ONCE:
            assert (1 - at, number) not in self.finished
        self.office.finish(number, result, at=at, sender=1 - at)
        self.finished.setdefault((1 - at, number), []).append(result)


Messages.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestMessages = Messages.TestCase
