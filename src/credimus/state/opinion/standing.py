"""What the rounds show of the members and the beliefs: skill, conduct, credence.

Views, not folds: worked out from the folds when somebody asks, and kept until something they rest
on changes. So a node that never asks pays nothing, and the same blocks give the same views.

    as of an epoch    from the verdicts recorded in the epochs before it: what weights rest on
    now               from everything, in a fleet of up to `LIVE_ROUNDS_MAX` rounds; in a larger one
                      as of its open epoch
    looking back      from everything, however long it takes: what one would say today

Who took a new key is one voter still: what all ids of a person answered is put together, and holds
for each of them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from credimus.kernel import limits
from credimus.kernel.codec import encode
from credimus.kernel.ids import BeliefId, NodeId, fingerprint
from credimus.kernel.odds import log_odds, probability
from credimus.state.beliefs import Beliefs
from credimus.state.membership.law import Law, Succession
from credimus.state.membership.roster import Roster
from credimus.state.operations import Skill
from credimus.state.opinion.conduct import Conduct, conduct_of, voting_weights
from credimus.state.opinion.echo import echoes_of
from credimus.state.opinion.skill import NOTHING_KNOWN, Item, Skills, estimated
from credimus.state.voting.electorates import evidence_of
from credimus.state.voting.epochs import Epochs
from credimus.state.voting.round import Round
from credimus.state.voting.rounds import Rounds

LIVE_ROUNDS_MAX = 256
"""Rounds up to which views follow every vote; past it they wait for the epoch. [guess: some 10 ms]
"""
_KEPT = 8
_Basis = tuple[int, Mapping[NodeId, Succession]]
"""What skills rest on: a revision of the answers, and who came after whom."""
_Gather = Callable[[], Iterator[Item]]


class Lens(NamedTuple):
    """How skill is looked at."""

    category: str = ""
    """Only beliefs of this category; all of them when empty."""
    independence: bool = False
    """Whether members that echo each other share one voice."""


EVERYTHING = Lens()


class Credence(NamedTuple):
    """How far a belief is to be believed."""

    billionths: int
    votes: int
    """Accepts and rejects, of members that did not contradict themselves."""
    witnesses: int
    """Of these, the independent ones: members that echo each other count once."""


class Standing:
    """The views of one fleet's state."""

    def __init__(self, rounds: Rounds, beliefs: Beliefs, roster: Roster) -> None:
        self._rounds = rounds
        self._beliefs = beliefs
        self._roster = roster
        self.independence = False
        """Whether this node lets members that echo each other share one voice."""
        self.by_category = False
        """Whether this node works skill out for each category by itself."""
        self._block_count = 0
        self._latest_stamp = 0
        self._skills: dict[tuple[Lens, int], tuple[_Basis, Skills]] = {}
        self._conduct: tuple[int, Conduct] = 0, Conduct({}, 0)

    def note_block(self, stamp: int) -> None:
        """A block was folded."""
        self._block_count += 1
        self._latest_stamp = max(self._latest_stamp, stamp)

    def adopt(self, other: "Standing") -> None:
        """The folds became those of another state: look anew, as of its time."""
        self._block_count += 1 + other._block_count  # noqa: SLF001 - the same class
        self._latest_stamp = max(self._latest_stamp, other._latest_stamp)  # noqa: SLF001
        self._skills.clear()

    @property
    def epochs(self) -> Epochs:
        """Which verdicts were recorded when."""
        return self._rounds.epochs

    def lens(self, category: str) -> Lens:
        """How this node looks at the beliefs of a category."""
        return Lens(category if self.by_category else "", self.independence)

    # --- as of an epoch

    def skills_as_of(self, epoch: int, lens: Lens = EVERYTHING) -> Skills:
        """The skills that the verdicts recorded before an epoch show.

        Cost: an estimate, when what it rests on has changed.
        """
        revision = self.epochs.revision(epoch)
        return self._kept(lens, epoch, revision, lambda: self._items_before(epoch, lens))

    def conduct_as_of(self, epoch: int) -> Conduct:
        """How members behaved until the last epoch before one closed."""
        stamp = self.epochs.closed_stamp(epoch - 1) if epoch else 0
        return self._conduct_by(stamp)

    def weights_as_of(self, epoch: int) -> dict[NodeId, int]:
        """The voting weights of all members, by their conduct, as of an epoch; on what is still
        open before the first closes, everybody has that of who has done nothing yet."""
        return self._weights(self.conduct_as_of(epoch))

    # --- now

    def skills(self, lens: Lens = EVERYTHING) -> Skills:
        """The skills as the blocks of today show them."""
        if len(self._rounds) > LIVE_ROUNDS_MAX:
            return self.skills_as_of(self.epochs.open_epoch(), lens)
        return self._kept(lens, -1, self._block_count, lambda: self._items(lens))

    def conduct(self) -> Conduct:
        """How members behaved, as the blocks of today show it."""
        if len(self._rounds) > LIVE_ROUNDS_MAX:
            count = self.epochs.open_epoch()
            if self._conduct[0] != -count:
                self._conduct = -count, self.conduct_as_of(count)
        elif self._conduct[0] != self._block_count:
            self._conduct = self._block_count, self._conduct_by(self._latest_stamp)
        return self._conduct[1]

    def weights(self) -> dict[NodeId, int]:
        """The voting weights of all members, by their conduct of today."""
        return self._weights(self.conduct())

    def credence(self, belief: BeliefId, skills: Skills | None = None) -> Credence:
        """How far a belief is to be believed, by the answers in its deciding rounds.

        Args:
            skills: those of today when None.
        """
        if skills is None:
            known = self._beliefs.get(belief)
            skills = self.skills(self.lens(known.category if known else ""))
        item = self._item(self._rounds.deciding(belief))
        sides = (item.accept, 0), (item.reject, 1)
        shares = _shares(skills, (*item.accept, *item.reject))
        odds = log_odds(skills.prior)
        for members, side in sides:
            for member in members:
                odds += evidence_of(_with_echo(skills.of(member), shares[member]))[side]
        voices = {skills.echoes.get(who, who) for who in (*item.accept, *item.reject)}
        return Credence(probability(odds), len(item.accept) + len(item.reject), len(voices))

    # --- looking back

    def skills_looking_back(self, lens: Lens = EVERYTHING) -> Skills:
        """The skills that all answers together show. Cost: an estimate of all there is."""
        return self._kept(lens, -2, self._block_count, lambda: self._items(lens))

    def fingerprint(self) -> bytes:
        """Of all views; equal on every node that holds the same blocks."""
        skills = self.skills_looking_back()
        conduct = self._conduct_by(self._latest_stamp)
        epoch = self.epochs.open_epoch()
        before = self.skills_as_of(epoch)
        said = [
            sorted((who, rated) for who, rated in one.rated.items()) for one in (skills, before)
        ]
        odds = [sorted(one.log_odds.items()) for one in (skills, before)]
        acts = sorted(conduct.acts.items())
        weights = sorted(self.weights_as_of(epoch).items())
        echoes = sorted(skills.echoes.items())
        parts = (said, odds, skills.prior, before.prior, acts, weights, echoes, epoch)
        return fingerprint(b"credimus standing", *(encode(part) for part in parts))

    # --- private

    def _kept(self, lens: Lens, epoch: int, revision: int, items: _Gather) -> Skills:
        found = self._skills.get((lens, epoch))
        law = self._roster.current.law
        basis = revision, law.successions
        if found is None or found[0] != basis:
            if len(self._skills) >= _KEPT:
                self._skills.clear()
            skills = _of_all_ids(_skills_of(list(items()), lens), law)
            found = self._skills[lens, epoch] = basis, skills
        return found[1]

    def _item(self, rounds: Iterable[Round], *, recorded: bool = False) -> Item:
        """The answers to one belief in the rounds of one attempt, by person."""
        item = _item(rounds, recorded=recorded)
        law = self._roster.current.law
        return _by_person(item, law) if law.successions else item

    def _items(self, lens: Lens) -> Iterator[Item]:
        """Every belief that was voted on, by all its answers."""
        beliefs = dict.fromkeys(found.belief for found in self._rounds)
        for belief in beliefs:
            if self._is_meant(belief, lens):
                item = self._item(self._rounds.deciding(belief))
                if item.accept or item.reject:
                    yield item

    def _items_before(self, epoch: int, lens: Lens) -> Iterator[Item]:
        """Beliefs with the answers that were recorded with their verdicts, newest epochs first, as
        many as are looked at."""
        newest: dict[BeliefId, Round] = {}
        answers = 0
        for one in range(epoch - 1, -1, -1):
            rounds = list(self.epochs.rounds_in(one))
            if answers + sum(len(found.electorate) for found in rounds) > limits.SKILL_ANSWERS_MAX:
                rounds.sort(key=_newest_first)
            for found in rounds:
                if answers >= limits.SKILL_ANSWERS_MAX:
                    break
                answers += found.voted.bit_count()
                known = newest.get(found.belief)
                if known is None or _attempt(known) < _attempt(found):
                    newest[found.belief] = found
        for belief, found in newest.items():
            if self._is_meant(belief, lens):
                item = self._item([found], recorded=True)
                if item.accept or item.reject:
                    yield item

    def _is_meant(self, belief: BeliefId, lens: Lens) -> bool:
        if not lens.category:
            return True
        known = self._beliefs.get(belief)
        return known is not None and known.category == lens.category

    def _conduct_by(self, stamp: int) -> Conduct:
        return conduct_of(self._rounds, stamp, self._roster.current.law)

    def _weights(self, conduct: Conduct) -> dict[NodeId, int]:
        members = self._roster.current.by_id.values()
        return voting_weights(conduct, {one.node: one.admitted_stamp for one in members})


def _by_person(item: Item, law: Law) -> Item:
    """An item with the first id of each who answered; of whose ids answered differently, none."""
    accepts, rejects = (dict.fromkeys(map(law.person, side)) for side in item[1:])
    return Item(
        item.name,
        [who for who in accepts if who not in rejects],
        [who for who in rejects if who not in accepts],
    )


def _of_all_ids(skills: Skills, law: Law) -> Skills:
    """The same for each id of every person that was rated by its first."""
    if not law.successions:
        return skills
    ids = {who: [who] for who in skills.rated}
    for new in law.successions:
        person = law.person(new)
        if person in ids and new != person:
            ids[person].append(new)
    return skills._replace(
        rated={one: rated for who, rated in skills.rated.items() for one in ids[who]},
        echoes={one: group for who, group in skills.echoes.items() for one in ids[who]},
    )


def shared_skills(skills: Skills, members: Iterable[NodeId]) -> dict[NodeId, Skill]:
    """The skills of some electors; each knows how many of them share its voice."""
    members = list(members)
    shares = _shares(skills, members)
    return {member: _with_echo(skills.of(member), shares[member]) for member in members}


def _shares(skills: Skills, members: Iterable[NodeId]) -> dict[NodeId, int]:
    """For each of some members, how many of them share its voice."""
    members = list(members)
    if not (skills.shared and skills.echoes):
        return dict.fromkeys(members, 1)
    counts = Counter(skills.echoes[who] for who in members if who in skills.echoes)
    return {who: counts[skills.echoes[who]] if who in skills.echoes else 1 for who in members}


def _with_echo(skill: Skill, echo: int) -> Skill:
    return skill if echo == 1 else Skill(skill.sensitivity, skill.specificity, echo)


def _skills_of(items: list[Item], lens: Lens) -> Skills:
    if not items:
        return NOTHING_KNOWN
    return estimated(items, echoes_of(items), shared=lens.independence)


def _item(rounds: Iterable[Round], *, recorded: bool = False) -> Item:
    """The answers to one belief in the rounds of one attempt.

    Args:
        recorded: only those that some record of the round's verdict lists.
    """
    rounds = list(rounds)
    if len(rounds) == 1:
        found = rounds[0]
        accept, reject = _sides(found, recorded)
        members = found.electorate.members
        return Item(found.belief, members(accept), members(reject))
    said: tuple[dict[NodeId, None], dict[NodeId, None]] = {}, {}
    for found in rounds:
        for mask, side in zip(_sides(found, recorded), said, strict=True):
            side.update(dict.fromkeys(found.electorate.members(mask)))
    accepts, rejects = said
    return Item(
        rounds[0].belief if rounds else b"",
        [who for who in accepts if who not in rejects],
        [who for who in rejects if who not in accepts],
    )


def _sides(found: Round, recorded: bool) -> tuple[int, int]:
    """The positions that only accepted, and those that only rejected."""
    accept = found.accept & ~(found.reject | found.abstain)
    reject = found.reject & ~(found.accept | found.abstain)
    if recorded:
        listed = [0, 0]
        for _, _, said in found.conclusions:
            listed[0] |= int.from_bytes(said.accept, "big")
            listed[1] |= int.from_bytes(said.reject, "big")
        return accept & listed[0], reject & listed[1]
    return accept, reject


def _attempt(found: Round) -> tuple[int, bytes]:
    return found.attempt, found.id


def _newest_first(found: Round) -> tuple[int, bytes]:
    return -found.opened_stamp, found.id
