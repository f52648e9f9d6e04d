"""What is wrong with a value is told by its place, and with what it may be."""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
import pytest

from credimus.kernel.wording import plainly, sentence


class Shade(StrEnum):
    LIGHT = "light"
    DARK = "dark"


class Lamp(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    shade: Shade = Shade.LIGHT
    colours: list[Literal["red", "green"]] = []
    watts: Annotated[int, msgspec.Meta(ge=1)] | None = None
    spare: Annotated[list[int], msgspec.Meta(min_length=1)] | None = None
    until: Annotated[str, msgspec.Meta(pattern="^[0-9]+$", extra={"wanted": "an hour"})] = "9"


class Room(msgspec.Struct, forbid_unknown_fields=True):
    lamp: Lamp | None = None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[lamp]\nname = "a"\nshade = "dork"', "`lamp.shade` is 'dork'; did you mean `dark`?"),
        ('[lamp]\nname = "a"\nshade = "x"', "`lamp.shade` is 'x'; known are light, dark"),
        (
            '[lamp]\nname = "a"\ncolours = ["red", "gren"]',
            "`lamp.colours[1]` is 'gren'; did you mean `green`?",
        ),
        ('[lamp]\nname = "a"\nwats = 1', "`lamp.wats` is not known; did you mean `watts`?"),
        ("[lampp]", "`lampp` is not known; did you mean `lamp`?"),
        ("[lamp]", "`lamp.name` is missing; it must be given"),
        ("[lamp]\nname = 5", "`lamp.name` must be text, not a whole number"),
        ('[lamp]\nname = "a"\nwatts = 0', "`lamp.watts` must be a whole number >= 1"),
        (
            '[lamp]\nname = "a"\nspare = []',
            "`lamp.spare` must be a list of length >= 1",
        ),
        ("lamp = 5", "`lamp` must be named fields or nothing, not a whole number"),
        ('[lamp]\nname = "a"\nuntil = "x"', "`lamp.until`: give an hour"),
        (
            '[lamp]\nname = "a"\n[lamp]\nshade = "dark"',
            "[lamp] stands there twice (at line 3, column 6); put all of it under one heading",
        ),
    ],
)
def test_a_wrong_value_is_told_in_words(text: str, told: str) -> None:
    with pytest.raises(msgspec.DecodeError) as refused:
        msgspec.toml.decode(text, type=Room)
    assert plainly(refused.value, Room) == told


def test_what_has_no_better_words_is_told_as_it_is_and_short() -> None:
    assert plainly(ValueError("it is late.")) == "it is late"
    assert len(plainly(ValueError("x" * 10_000), Room)) == 300


def test_a_long_name_is_compared_by_its_beginning_only() -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert({"lamp" + "p" * 100_000: 1}, Room)
    assert len(plainly(refused.value, Room)) < 400


def test_a_sentence_has_one_mark_at_its_end() -> None:
    asked, told = {"lampp": {}}, {"lamp": {}}
    for given, end in ((asked, "did you mean `lamp`?"), (told, "it must be given.")):
        with pytest.raises(msgspec.ValidationError) as refused:
            msgspec.convert(given, Room)
        assert sentence(refused.value, Room).endswith(end)
