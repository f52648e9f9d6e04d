"""Certificates hold under the rules on members: what is needed of them is shown, and no more."""

from collections.abc import Callable

import pytest

from credimus.certificate import Trust, verify
from member_decisions import SCENES, Decided


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_the_certificate_holds(scene: Callable[[], Decided]) -> None:
    fleet, founder, text = scene()
    assert len(verify(text, Trust(fleet, founder)).voters) == 3
