"""The line by which a fleet is known."""

import pytest

from credimus.certificate import Trust, read_trust, trust_text
from credimus.kernel.errors import UsageError
from credimus.kernel.ids import FleetId

TRUST = Trust(FleetId(bytes(range(16))), bytes(range(32)))


def test_what_is_written_is_read() -> None:
    text = trust_text(TRUST, "harbour of Sète")
    assert (
        text == f"credimus-fleet-1 {TRUST.fleet.hex()} {bytes(range(32)).hex()} harbour of Sète\n"
    )
    assert read_trust(text) == TRUST
    assert read_trust(f"# published by the harbour office\n\n  {text}\n") == TRUST


def test_a_bare_id_is_enough() -> None:
    assert read_trust(TRUST.fleet.hex()) == Trust(TRUST.fleet)
    assert read_trust(f"{TRUST.fleet.hex().upper()}\n") == Trust(TRUST.fleet)


@pytest.mark.parametrize(
    "text",
    [
        "", "#", "00", "zz" * 16, "00" * 15, "00" * 17, f"credimus-fleet-1 {'00' * 16}",
        f"credimus-fleet-2 {'00' * 16} {'00' * 32} x",
        f"credimus-fleet-1 {'00' * 16} {'00' * 31} x",
        f"{'00' * 16}\n{'00' * 16}", "ssh-ed25519 AAAA someone", "\x00", "é",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as told:
        read_trust(text)
    assert told.value.code == "bad-trust"
