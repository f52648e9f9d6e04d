"""A snapshot is the state: folding all is restoring the state at a cut and folding the rest."""

from hypothesis import given
from hypothesis import strategies as st

from credimus.kernel import portions
from credimus.node.taking.ingress import Ingress
from credimus.state.fleet import FOLDS, FleetState
from credimus.state.keeping.releasing import release
from liars import histories, shuffled
from strategies import (
    FLEET,
    Replica,
)


def resumed(image: bytes, before: Replica, log: list) -> Replica:
    """A replica that begins with a snapshot, and folds the rest of a log."""
    replica = Replica(lace=before.lace, state=FleetState(FLEET))
    replica.state.adopt(FleetState.restored(image))
    replica.ingress = Ingress(FLEET, replica.lace, replica.state, replica.clock)
    for block in log:
        replica.ingress.restore(block.wire)
    return replica


@given(histories(), st.integers(0, 60))
def test_restoring_at_a_cut_and_folding_the_rest_is_folding_all(blocks: list, cut: int) -> None:
    whole = Replica().take_all(blocks)
    first = Replica()
    for block in whole.log[:cut]:
        first.ingress.restore(block.wire)
    image = first.state.snapshot()
    assert FleetState.restored(image).snapshot() == image
    second = resumed(image, first, whole.log[cut:])
    assert second.state.fingerprint() == whole.state.fingerprint()
    assert second.state.snapshot() == whole.state.snapshot()
    assert second.visible() == whole.visible()


@given(st.data())
def test_letting_go_depends_on_the_set_of_blocks_alone(data: st.DataObject) -> None:
    blocks = data.draw(histories())
    one = Replica().take_all(blocks)
    other = Replica().take_all(data.draw(shuffled(blocks)))
    retention_ms = data.draw(st.sampled_from((0, 1, 6_000, 30_000)))
    stamp = one.clock.last
    gone = [portions.whole(release(each.state, stamp, retention_ms)) for each in (one, other)]
    assert gone[0] == gone[1]
    image = one.state.snapshot()
    assert image == other.state.snapshot()
    restored = FleetState.restored(image)
    assert restored.fingerprint() == one.state.fingerprint()
    assert restored.snapshot() == image


def test_every_fold_is_in_snapshots() -> None:
    state = FleetState(FLEET)
    folds = {name for name, part in vars(state).items() if hasattr(part, "fingerprint")}
    assert folds - {"standing"} == set(FOLDS), "all but the views, which follow from the folds"
    assert all(hasattr(getattr(state, name), "restore") for name in FOLDS)
