"""A snapshot is the state: folding all is restoring the state at a cut and folding the rest."""

from hypothesis import given
from hypothesis import strategies as st

from credimus.state.fleet import FOLDS, FleetState
from strategies import FLEET, Replica, histories


@given(histories(), st.integers(0, 60))
def test_restoring_at_a_cut_and_folding_the_rest_is_folding_all(blocks: list, cut: int) -> None:
    whole = Replica().take_all(blocks)
    log = whole.log
    first = Replica()
    for block in log[:cut]:
        first.ingress.restore(block.wire)
    image = first.state.snapshot()
    second = Replica()
    second.state.adopt(FleetState.restored(image))
    assert second.state.snapshot() == image
    assert second.state.fingerprint() == first.state.fingerprint()
    second.lace = second.ingress._lace = first.lace
    for block in log[cut:]:
        second.ingress.restore(block.wire)
    assert second.state.fingerprint() == whole.state.fingerprint()
    assert second.state.snapshot() == whole.state.snapshot()
    assert second.visible() == whole.visible()


def test_every_fold_is_in_snapshots() -> None:
    state = FleetState(FLEET)
    folds = {name for name, part in vars(state).items() if hasattr(part, "fingerprint")}
    assert folds == set(FOLDS)
    assert all(hasattr(getattr(state, name), "restore") for name in FOLDS)
