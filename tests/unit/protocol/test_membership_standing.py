"""What is held of a peer is the greatest claim heard, whatever the order."""

from hypothesis import given
from hypothesis import strategies as st

from credimus.kernel import limits
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import SECOND, Instant, Now
from credimus.protocol.membership.interface import Claim, MembershipConfig, Status
from credimus.protocol.membership.standing import Standing

OWN, A, B, C, D = (NodeId(bytes([n]) * 16) for n in range(5))
ALIVE, SUSPECT, DEAD = Status
WALL_MS = 1_000_000
CONFIG = MembershipConfig()


def now(seconds: float = 0) -> Now:
    return Now(Instant(int(seconds * SECOND)), WALL_MS + int(seconds * 1_000))


def standing(*claims: Claim) -> Standing:
    made = Standing(CONFIG, [OWN])
    made.follow([OWN, A, B, C, D])
    for claim in claims:
        made.take(claim, now())
    return made


def of(made: Standing, member: NodeId = A) -> tuple[int, Status | None]:
    peer = made.get(member)
    assert peer is not None
    return peer.incarnation, peer.status


claims = st.builds(
    Claim,
    st.just(A),
    st.integers(0, 5),
    st.sampled_from([ALIVE, SUSPECT]),
    st.sampled_from([B, C]),
)


@given(st.lists(claims, min_size=1), st.randoms(use_true_random=False))
def test_the_order_of_claims_does_not_matter(some: list[Claim], order: object) -> None:
    shuffled = list(some)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    greatest = max((one.incarnation, one.status) for one in some)
    assert of(standing(*some)) == of(standing(*shuffled)) == greatest


def test_only_a_higher_incarnation_takes_a_suspicion_back() -> None:
    made = standing(Claim(A, 7, ALIVE, A), Claim(A, 7, SUSPECT, B), Claim(A, 7, ALIVE, A))
    assert of(made) == (7, SUSPECT)
    made.take(Claim(A, 8, ALIVE, A), now())
    assert of(made) == (8, ALIVE)
    assert made.deadline() is None


def test_nobody_dies_on_hearsay() -> None:
    made = standing(Claim(A, 7, ALIVE, A))
    change = made.take(Claim(A, 7, DEAD, B), now())
    assert change is not None
    assert change.spread.status is SUSPECT, "nor is hearsay passed on as death"
    assert of(made) == (7, SUSPECT)
    assert made.deadline() == CONFIG.suspicion_ns_min
    assert not made.expire(now(1.4))
    assert [peer.id for peer in made.expire(now(1.5))] == [A]
    assert of(made) == (7, DEAD)
    assert made.take(Claim(A, 7, SUSPECT, C), now(2)) is None


def test_the_dead_come_back_with_a_higher_incarnation() -> None:
    made = standing(Claim(A, 7, DEAD, B))
    made.expire(now(9))
    change = made.take(Claim(A, 8, ALIVE, A), now(9))
    assert change is not None
    assert change.before is DEAD
    assert of(made) == (8, ALIVE)


def test_independent_suspicions_hasten_and_repeated_ones_do_not() -> None:
    made = standing(*(Claim(one, 1, ALIVE, one) for one in (A, B, C, D)))
    made.take(Claim(A, 1, SUSPECT, B), now())
    first = made.deadline()
    assert made.take(Claim(A, 1, SUSPECT, B), now()) is None
    assert made.deadline() == first
    assert made.take(Claim(A, 1, SUSPECT, C), now()) is not None
    second = made.deadline()
    assert first is not None
    assert second is not None
    assert second < first


def test_strangers_are_neither_suspected_nor_believed() -> None:
    stranger = NodeId(b"?" * 16)
    made = standing()
    assert made.take(Claim(stranger, 1, ALIVE, stranger), now()) is None
    assert made.take(Claim(OWN, 1, SUSPECT, A), now()) is None, "of ourselves others judge"
    assert made.take(Claim(A, 1, SUSPECT, stranger), now()) is None
    assert of(made) == (0, None)


def test_no_incarnation_is_from_tomorrow() -> None:
    made = standing()
    late = WALL_MS + limits.SKEW_MS_MAX
    assert made.take(Claim(A, late + 1, ALIVE, A), now()) is None
    assert made.take(Claim(A, late, ALIVE, A), now()) is not None


def test_who_leaves_the_roster_is_forgotten() -> None:
    made = standing(Claim(A, 1, ALIVE, A), Claim(B, 1, SUSPECT, A))
    made.follow([OWN, A])
    assert made.get(B) is None
    assert made.deadline() is None
    made.follow([OWN, A, B])
    assert of(made, B) == (0, None)
    assert of(made, A) == (1, ALIVE)


def test_time_that_we_slept_is_held_against_nobody() -> None:
    made = standing(Claim(A, 1, SUSPECT, B))
    due = made.deadline()
    assert due is not None
    made.forgive(5 * SECOND)
    assert made.deadline() == due + 5 * SECOND


def test_those_who_are_missing_are_suspects_and_dead() -> None:
    made = standing(Claim(A, 1, ALIVE, A), Claim(B, 1, SUSPECT, A), Claim(C, 1, DEAD, A))
    assert [peer.id for peer in made.missing()] == [B, C]
    assert not standing(Claim(A, 1, ALIVE, A)).missing()
    assert made.is_there(OWN)
    assert made.is_there(B)
    assert not made.is_there(D)
