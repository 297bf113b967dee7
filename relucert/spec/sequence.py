"""How many data tokens a statement speaks of, what they see, what they carry and which of them are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import UsageError, nearest
from ..exact.number import parse_number

MASKS = ("causal", "full")
LAYOUTS = ("tokenwise", "one-per-token")
COORDINATES = ("own", "shared")
KEYS = ("length", "up_to", "mask", "layout", "coordinates")
MOST_LENGTH = 10**18


@dataclass(frozen=True, slots=True)
class Sequence:
    """Every length from ``least`` to ``most``.

    "tokenwise": each data token carries a point of the box of its own and all are read; "one-per-token": data token s
    carries input s and the last one is read.  ``coordinates`` says whether those inputs arrive each in one of its
    "own", which gathers them exactly, or in one "shared" by all, which leaks a little; no statement depends on it.
    Raises UsageError for lengths, masks, layouts and coordinates that are none.
    """

    least: int = 1
    most: int = 1
    mask: str = "causal"
    layout: str = "tokenwise"
    coordinates: str = "own"

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.most <= MOST_LENGTH:
            raise UsageError(f"a sequence has from 1 to 1e18 data tokens, not {self.most}", "sequence")
        choices = (
            (self.mask, MASKS, "mask"),
            (self.layout, LAYOUTS, "layout"),
            (self.coordinates, COORDINATES, "coordinates"),
        )
        mirrored = (self.mask, self.layout) == ("explicit", "mirrored") and self.most == 1  # MIRRORED alone
        for value, known, what in () if mirrored else choices:
            if value not in known:
                raise UsageError(f"unknown {what} {value!r}{nearest(value, known)}", "sequence")
        if self.coordinates == "shared" and self.layout != "one-per-token":
            raise UsageError("shared coordinates are for the layout one-per-token", "sequence")

    @property
    def is_single(self) -> bool:
        """Whether there is one data token, so that masks and layouts do not differ."""
        return self.most == 1

    @property
    def text(self) -> str:
        """The sequence as a specification writes it, in YAML flow style."""
        length = f"length: {self.most}" if self.least == self.most else f"length: any, up_to: {self.most}"
        coordinates = "" if self.coordinates == "own" else f", coordinates: {self.coordinates}"
        return f"{{{length}, mask: {self.mask}, layout: {self.layout}{coordinates}}}"


SINGLE = Sequence()
MIRRORED = Sequence(1, 1, "explicit", "mirrored")  # the data token and its mirror, which see each other and no sink


def make_sequence(asked: Mapping[str, str | int | None], default_length: int) -> Sequence:
    """Return the sequence that the texts or numbers ``asked`` describe, by ``KEYS``; those not given have defaults.

    ``default_length`` is that of the layout one-per-token.

    Raises UsageError for lengths that are no whole numbers from 1 on, and for an upper limit without "any".
    """
    given = {key: str(text) for key, text in asked.items() if text is not None}
    for key in given:
        if key not in KEYS:
            raise UsageError(f"unknown key {key!r}{nearest(key, KEYS)}", "sequence")
    mask, layout = given.get("mask", SINGLE.mask), given.get("layout", SINGLE.layout)
    coordinates = given.get("coordinates", SINGLE.coordinates)
    if given.get("length") == "any":
        if "up_to" not in given:
            raise UsageError("the length any needs a limit; try up_to: 1e9, or --up-to 1e9", "sequence")
        return Sequence(1, _length("up_to", given["up_to"]), mask, layout, coordinates)
    if "up_to" in given:
        raise UsageError("up_to needs the length any; try length: any, or --length any", "sequence")
    length = default_length if layout == "one-per-token" else 1
    if "length" in given:
        length = _length("length", given["length"])
    return Sequence(length, length, mask, layout, coordinates)


def _length(key: str, text: str) -> int:
    try:
        value = parse_number(text)
    except ValueError:
        value = None
    if value is None or value.denominator != 1 or not 1 <= value <= MOST_LENGTH:
        wanted = "a whole number from 1 to 1e18" + (', or "any"' if key == "length" else "")
        raise UsageError(f"sequence {key}: expected {wanted}, not {text!r}", "sequence")
    return int(value)
