"""How many data tokens a statement speaks of, what they see, what they carry and which of them are read."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import UsageError, nearest

MASKS = ("causal", "full")
LAYOUTS = ("tokenwise", "one-per-token")
MOST_LENGTH = 10**18


@dataclass(frozen=True, slots=True)
class Sequence:
    """Every length from ``least`` to ``most``.

    "tokenwise": each data token carries a point of the box of its own and all are read; "one-per-token": data token s
    carries input s and the last one is read.  Raises UsageError for lengths, masks and layouts that are none.
    """

    least: int = 1
    most: int = 1
    mask: str = "causal"
    layout: str = "tokenwise"

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.most <= MOST_LENGTH:
            raise UsageError(f"a sequence has from 1 to {MOST_LENGTH:.0e} data tokens, not {self.most}", "sequence")
        for value, known, what in ((self.mask, MASKS, "mask"), (self.layout, LAYOUTS, "layout")):
            if value not in known:
                raise UsageError(f"unknown {what} {value!r}{nearest(value, known)}", "sequence")

    @property
    def is_single(self) -> bool:
        """Whether there is one data token, so that masks and layouts do not differ."""
        return self.most == 1

    @property
    def text(self) -> str:
        """The sequence as a specification writes it, in YAML flow style."""
        length = f"length: {self.most}" if self.least == self.most else f"length: any, up_to: {self.most}"
        return f"{{{length}, mask: {self.mask}, layout: {self.layout}}}"


SINGLE = Sequence()
