"""The fold of proposals, votes, closings and verdict operations.

Whatever comes before what it refers to (a vote before its round, a round before its electorate, a
verdict operation before its votes) is kept and counted when that comes, so that the order of
arrival can not be seen in the result. Only a proposal whose electorate is fair in the view of the
proposal's own past opens a round, so that no member decides with a few of its choice.
"""

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from credimus.kernel.codec import decoder, encode
from credimus.kernel.ids import BeliefId, ElectorateId, NodeId, RoundId, fingerprint
from credimus.kernel.portions import Portions, portions
from credimus.lace.lace import Place
from credimus.state.events import (
    DoubleVote,
    ProposalIgnored,
    RoundOpened,
    RoundRefused,
    StateEvent,
)
from credimus.state.keeping.images import (
    RoundsImage,
    images_of_rounds,
    read_image,
    rounds_of_images,
)
from credimus.state.membership.members import Members, may_propose
from credimus.state.operations import (
    Aggregation,
    Choice,
    Close,
    Conclude,
    Conclusion,
    DotName,
    Propose,
    Publish,
    Refuse,
    Rules,
    Votes,
)
from credimus.state.voting.climbing import climbed
from credimus.state.voting.electorates import Electorate, is_fair, round_id
from credimus.state.voting.epochs import Epochs
from credimus.state.voting.published import Published
from credimus.state.voting.round import Round, canonical, with_entry
from credimus.state.voting.verdict import Verdict, join
from credimus.state.voting.waiting import Early, Waiting

_JUDGED_KEPT = 1_024


class Removal(NamedTuple):
    """The assertions of a rejected belief that a conclusion lists, and whose stamp is earlier."""

    belief: BeliefId
    before_stamp: int
    dots: tuple[DotName, ...]


class Rounds:
    """All rounds, by id and by belief."""

    def __init__(self) -> None:
        self._rounds: dict[RoundId, Round] = {}
        self._by_belief: dict[BeliefId, tuple[Round, ...]] = {}
        self.published = Published()
        """Every electorate."""
        self.left_out_max = 0
        """The fleet's policy, in millionths; set when its founding is folded."""
        self.category_of: Callable[[BeliefId], str | None] = _unknown
        """The category of a belief that is known; asked only where members are held to some."""
        self.removals: list[Removal] = []
        """What rejections make go, for the fold of claims to take from here after each block."""
        self._judged: dict[tuple[ElectorateId, bytes, str], bool] = {}
        self._waiting = Waiting()
        self.epochs = Epochs()
        self._rules: dict[Rules, Rules] = {}
        self._newest_rules = Rules()

    def __len__(self) -> int:
        return len(self._rounds)

    def __iter__(self) -> Iterator[Round]:
        return iter(self._rounds.values())

    # --- asking

    def get(self, identifier: RoundId) -> Round | None:
        """The round, or None while proposal or electorate are unknown."""
        return self._rounds.get(identifier)

    def on(self, belief: BeliefId) -> tuple[Round, ...]:
        """The rounds on a belief, in order of attempt and id."""
        return self._by_belief.get(belief, ())

    def said_in_vain(self, author: NodeId, belief: BeliefId, attempt: int) -> Choice | None:
        """An answer of a member on a proposal that counts for nothing."""
        return self._waiting.said_in_vain(author, belief, attempt)

    def words_about(self, identifier: RoundId) -> tuple[Early, ...]:
        """What was said of a round that no proposal opens: author, stamp and word."""
        return tuple(self._waiting.early.get(identifier, ()))

    def deciding(self, belief: BeliefId) -> tuple[Round, ...]:
        """The rounds of the attempt that gives the belief its verdict: the highest decided one, or
        the last where none is decided."""
        rounds = self.on(belief)
        decided = [one.attempt for one in rounds if one.verdict.decided]
        attempt = max(decided) if decided else max((one.attempt for one in rounds), default=0)
        return tuple(one for one in rounds if one.attempt == attempt)

    def verdict(self, belief: BeliefId) -> Verdict | None:
        """The belief's verdict; None when it was never proposed."""
        verdict: Verdict | None = None
        for one in self.deciding(belief):
            verdict = one.verdict if verdict is None else join(verdict, one.verdict)
        return verdict

    # --- folding

    def publish(self, said: Publish, place: Place) -> list[StateEvent]:
        """Fold an electorate."""
        electorate = self.published.add(said, place.stamp)
        if electorate is None:
            return []
        events: list[StateEvent] = []
        for author, stamp, proposal, past in self._waiting.unopened.pop(electorate.id, ()):
            events += self._open(author, stamp, proposal, electorate, past)
        return events

    def propose(self, said: Propose, place: Place, past: Members) -> list[StateEvent]:
        """Fold a proposal.

        Args:
            past: the members as of the causal past of its block.
        """
        electorate = self.published.get(ElectorateId(said.electorate))
        if electorate is None:
            self._waiting.for_electorate((place.author, place.stamp, said, past))
            return []
        return self._open(place.author, place.stamp, said, electorate, past)

    def asserted(self, belief: BeliefId) -> list[StateEvent]:
        """A belief became known: open what waited for its category."""
        events: list[StateEvent] = []
        for author, stamp, proposal, past in self._waiting.unasserted.pop(belief, ()):
            electorate = self.published.get(ElectorateId(proposal.electorate))
            assert electorate is not None  # noqa: S101 - else it waited for that
            events += self._open(author, stamp, proposal, electorate, past)
        return events

    @property
    def await_beliefs(self) -> bool:
        """Whether some proposal waits for the category of its belief."""
        return bool(self._waiting.unasserted)

    def vote(self, said: Votes, place: Place, events: list[StateEvent]) -> None:
        """Fold an author's votes."""
        author, stamp = place.author, place.stamp
        rounds = self._rounds
        voters: Electorate | None = None
        position, bit = None, 0
        for vote in said.votes:
            found = rounds.get(vote.round)  # type: ignore[call-overload]
            if found is None:
                self._waiting.keep(RoundId(vote.round), author, stamp, vote)
                continue
            if found.electorate is not voters:  # mostly one for all
                voters = found.electorate
                position = voters.position.get(author)
                bit = 1 << position if position is not None else 0
            if position is None:
                continue
            before, again = found.verdict, found.voted & bit
            if stamp > found.due_stamp or found.late is not None:
                found.note_late(position, stamp, bool(again))
            if (
                found.count_plain(bit, vote.choice)
                if found.plain
                else found.count(position, vote.choice, vote.confidence)
            ):
                self._report(found, before, events)
            if again and len(found.choices(position)) > 1:
                events.append(DoubleVote(found.id, author))

    def refuse(self, said: Refuse, place: Place) -> list[StateEvent]:
        """Fold a signed refusal."""
        found = self._rounds.get(RoundId(said.round))
        if found is None:
            self._waiting.keep(RoundId(said.round), place.author, place.stamp, said)
            return []
        entry = (place.author, said.reason)
        if entry not in found.refusals:
            found.refusals = tuple(sorted((*found.refusals, entry)))
        return [RoundRefused(found.id, place.author, said.reason)]

    def close(self, said: Close, place: Place) -> list[StateEvent]:
        """Fold a closing."""
        found = self._rounds.get(RoundId(said.round))
        if found is None:
            self._waiting.keep(RoundId(said.round), place.author, place.stamp, said)
            return []
        before = found.verdict
        events: list[StateEvent] = []
        if found.close_by(place.author, place.stamp, said):
            self._report(found, before, events)
        if place.author in found.closed_twice():
            events.append(DoubleVote(found.id, place.author))
        return events

    def conclude(self, said: Conclude, place: Place) -> None:
        """Fold verdict operations."""
        for conclusion in said.conclusions:
            found = self._rounds.get(RoundId(conclusion.round))
            if found is None:
                self._waiting.keep(RoundId(conclusion.round), place.author, place.stamp, conclusion)
            else:
                self._add_conclusion(found, place.author, place.stamp, conclusion)

    def let_go(self, rounds: Collection[RoundId], before_stamp: int) -> int:
        """Forget rounds, what was said earlier of rounds that nobody opened, and electorates of
        earlier without rounds; returns how many such words went."""
        for identifier in rounds:
            gone = self._rounds.pop(identifier)
            self.epochs.let_go(gone)
            left = tuple(one for one in self._by_belief.pop(gone.belief, ()) if one is not gone)
            if left:
                self._by_belief[gone.belief] = left
        count = self._waiting.let_go(before_stamp)
        used = {one.electorate.id for one in self._rounds.values()} | self._waiting.electorates()
        self.published.let_go(used, before_stamp)
        return count

    def fingerprint(self) -> bytes:
        """Of everything agreed about rounds."""
        rounds = [canonical(self._rounds[identifier]) for identifier in sorted(self._rounds)]
        lists = rounds, *self._waiting.lists(), self.published.stamps()
        return fingerprint(b"credimus rounds", *map(encode, lists))

    def snapshot(self) -> Portions[bytes]:
        """All of it, canonical."""
        every = sorted(self._rounds)
        images = tuple((yield from images_of_rounds([self._rounds[one] for one in every])))
        electorates = tuple(self.published.image())
        waiting, void = self._waiting.images(), self._waiting.void_image()
        return encode(RoundsImage(electorates, images, *waiting, self.epochs.let_go_image(), void))

    def restore(self, raw: bytes) -> Portions[None]:
        """Become what was written; for a fold that is new.

        Raises:
            PeerFault: `malformed`.
        """
        image = read_image(raw, _image, "snapshot of the rounds")
        assert isinstance(image, RoundsImage)  # noqa: S101 - what its decoder reads
        for stamp, publication in image.electorates:
            self.published.add(publication, stamp)
        for some in portions(image.rounds):
            for found in rounds_of_images(some, self.published.get):
                self._rounds[found.id] = found
                found.rules = self._rules.setdefault(found.rules, found.rules)
                rounds = self._by_belief.get(found.belief, ())
                every = sorted((*rounds, found), key=_attempt_order) if rounds else (found,)
                self._by_belief[found.belief] = tuple(every)
                if found.conclusions:
                    self.epochs.note(found)
            yield len(some)
        self.epochs.recall(image.epochs)
        published = (identifier for identifier, _ in self.published.stamps())
        self._waiting.recall(image.early, image.unopened, published)
        self._waiting.recall_void(image.void)

    # --- private

    def _open(
        self, author: NodeId, stamp: int, said: Propose, electorate: Electorate, past: Members
    ) -> list[StateEvent]:
        category = self.category_of(BeliefId(said.belief)) if past.by_category else ""
        if category is None:
            self._waiting.for_category((author, stamp, said, past))
            return []
        if not self._is_fair(said.rules, electorate, past, category) or not (
            may_propose(past.powers(author), category)
        ):
            self._waiting.ignore(round_id(said), (BeliefId(said.belief), said.attempt, stamp))
            return [ProposalIgnored(author, BeliefId(said.belief), electorate.id)]
        identifier = round_id(said)
        opening = (stamp, author, said.timeout_ms)
        found = self._rounds.get(identifier)
        events: list[StateEvent] = []
        if found is not None:
            before, known = found.verdict, found.concerns(author)
            if found.open_by(opening):
                self._report(found, before, events)
            elif not known:  # what it concluded counts from now on
                self._note_removals(found)
            if found.conclusions:  # whose records tell the epoch
                self.epochs.note(found)
            return events
        rules = self._newest_rules
        if said.rules != rules:  # one copy in memory of what nearly all rounds share
            rules = self._newest_rules = self._rules.setdefault(said.rules, said.rules)
        found = Round(identifier, BeliefId(said.belief), said.attempt, rules, electorate)
        found.open_by(opening)
        self._rounds[identifier] = found
        rounds = self._by_belief.get(found.belief)
        self._by_belief[found.belief] = (
            (found,) if rounds is None else tuple(sorted((*rounds, found), key=_attempt_order))
        )
        events.append(RoundOpened(identifier))
        if self._waiting.early:
            self._replay_early(found, events)
        return events

    def _is_fair(
        self, rules: Rules, electorate: Electorate, past: Members, category: str = ""
    ) -> bool:
        key = electorate.id, past.key, category
        fair = self._judged.get(key)
        if fair is None:
            if len(self._judged) >= _JUDGED_KEPT:
                self._judged.clear()
            fair = self._judged[key] = is_fair(
                electorate, past.electors(category), self.left_out_max
            )
        if rules.aggregation is Aggregation.SKILL:
            return fair and bool(electorate.skills)
        return fair and (electorate.balanced or rules.aggregation is not Aggregation.REPUTATION)

    def _replay_early(self, found: Round, events: list[StateEvent]) -> None:
        for author, stamp, said in self._waiting.early.pop(found.id, ()):
            before, climbed = found.verdict, False
            match said:
                case Close():
                    climbed = found.close_by(author, stamp, said)
                case Refuse():
                    found.refusals = tuple(sorted({*found.refusals, (author, said.reason)}))
                case Conclusion():
                    self._add_conclusion(found, author, stamp, said)
                case _:
                    position = found.electorate.position.get(author)
                    if position is not None:
                        if stamp > found.due_stamp or found.late is not None:
                            found.note_late(position, stamp, bool(found.voted >> position & 1))
                        climbed = found.count(position, said.choice, said.confidence)
            if climbed:
                self._report(found, before, events)
        events += [DoubleVote(found.id, voter) for voter in found.culprits()]

    def _add_conclusion(
        self, found: Round, author: NodeId, stamp: int, conclusion: Conclusion
    ) -> None:
        entry = (author, stamp, conclusion)
        found.conclusions = with_entry(found.conclusions, entry, encode)
        self.epochs.note(found)
        self._note_removal(found, *entry)

    def _note_removal(
        self, found: Round, author: NodeId, stamp: int, conclusion: Conclusion
    ) -> None:
        """Both halves are needed, in any order: the certificate and the list of what goes."""
        if (
            found.reject_certified
            and conclusion.removed
            and conclusion.outcome is Choice.REJECT
            and found.concerns(author)
        ):
            self.removals.append(Removal(found.belief, stamp, conclusion.removed))

    def _note_removals(self, found: Round) -> None:
        for entry in found.conclusions:
            self._note_removal(found, *entry)

    def _report(self, found: Round, before: Verdict, events: list[StateEvent]) -> None:
        if found.conclusions:
            self._note_removals(found)
        events += climbed(found, before)


_image = decoder(RoundsImage)


def _unknown(belief: BeliefId) -> str | None:  # noqa: ARG001
    return None


def _attempt_order(one: Round) -> tuple[int, RoundId]:
    return one.attempt, one.id
