"""Where `connect` is told to look."""

from pathlib import Path

import pytest

import credimus


@pytest.mark.parametrize("where", ["127.0.0.1:8701", "localhost:8701", "[::1]:8701/"])
def test_an_address_without_its_scheme_is_told_with_it(where: str) -> None:
    with pytest.raises(credimus.UsageError) as refused:
        credimus.connect(where, "token")
    assert refused.value.code == "address-unusable"
    assert f"http://{where}" in refused.value.message


def test_a_folder_may_be_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "n0:1").mkdir()
    with pytest.raises(credimus.NotFound) as refused:
        credimus.connect("n0:1")
    assert refused.value.code == "no-node-here"
