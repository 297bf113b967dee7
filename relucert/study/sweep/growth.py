"""How counts grow along the axes of a sweep: least-squares fits, which are estimates and say so."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from ...exact.number import exact_text
from ...report.records.sweep import GrowthRow, GrowthTable, SweepCell

QUANTITIES = (
    "gates",
    "heads",
    "layers",
    "d_model",
    "parameters",
    "max_weight",
    "inverse_temperature",
    "bits",
    "code_size",
    "code_max",
)
LEAST_CELLS = 3
CONVINCING = 0.5  # a later formula has to be this much closer to be preferred to a simpler one
NOISE = 1e-9  # what floating point may do to a fit
NAMED = ("route", "dtype")  # axes whose values have names, so that nothing grows along them
LETTERS = {"eps": "1/eps", "arity": "d", "length": "n"}
AXES: dict[str, Callable[[SweepCell], Fraction]] = {
    "eps": lambda cell: cell.tolerance,
    "arity": lambda cell: Fraction(cell.arity),
    "length": lambda cell: Fraction(cell.sequence),
}


def growth(cells: Sequence[SweepCell], axes: Sequence[str]) -> tuple[GrowthTable, ...]:
    """Return one table for each axis and each choice of the other axes that has three accepted cells or more."""
    tables = []
    for axis in (axis for axis in axes if axis not in NAMED):
        others = [other for other in axes if other != axis]
        groups: dict[tuple[str, ...], list[SweepCell]] = {}
        for cell in cells:
            if cell.status == "accepted":
                groups.setdefault(tuple(held_value(other, cell) for other in others), []).append(cell)
        for held, group in groups.items():
            if len({AXES[axis](cell) for cell in group}) >= LEAST_CELLS:
                named = tuple(zip(others, held, strict=True))
                group.sort(key=lambda cell: abs(log2(AXES[axis](cell))))
                ends = [exact_text(AXES[axis](cell)) for cell in (group[0], group[-1])]
                tables.append(GrowthTable(axis, ends[0], ends[1], named, _rows(axis, group)))
    return tuple(tables)


def held_value(axis: str, cell: SweepCell) -> str:
    """Return where a cell stands on an axis, in words."""
    return str(getattr(cell, axis)) if axis in NAMED else exact_text(AXES[axis](cell))


def _rows(axis: str, group: Sequence[SweepCell]) -> tuple[GrowthRow, ...]:
    """Return the fits of all quantities; a cell that has none of a quantity takes no part in that quantity's fit."""
    rows = []
    for quantity in QUANTITIES:
        pairs = [(abs(log2(AXES[axis](cell))), dict(cell.resources)[quantity]) for cell in group]
        z, values = [t for t, value in pairs if value], [value for _, value in pairs if value]
        if len(set(z)) >= LEAST_CELLS:
            rows.append(fitted(quantity, LETTERS[axis], z, values))
    return tuple(rows)


def fitted(quantity: str, letter: str, z: Sequence[float], values: Sequence[Fraction]) -> GrowthRow:
    """Return the growth of ``values`` at the points whose log2 are ``z``; letter is 1/eps, d or n.

    Tried in this order: a constant; a + b log2; for d and n, a + b d; c log2^p; c d^p.  A later one is chosen if the
    largest factor between it and a value is, in logarithms, less than half of that of the best before it.
    The slope is that of the line in d, or in log2(1/eps) or log2 n.
    """
    sizes, y = [2.0**t for t in z], [log2(value) for value in values]
    logarithm = f"log2({letter})" if letter == "1/eps" else f"log2 {letter}"
    power = f"({letter})" if letter == "1/eps" else letter
    candidates: list[tuple[str, list[float]]] = [(_number(float(values[0])), [y[0]] * len(z))]
    slope, offset = line(z, list(map(float, values)))
    candidates.append((_sum(slope, logarithm, offset), [_log2_or_none(slope * t + offset) for t in z]))
    if letter != "1/eps":
        b, a = line(sizes, list(map(float, values)))
        candidates.append((_sum(b, letter, a), [_log2_or_none(b * t + a) for t in sizes]))
        slope = b if letter == "d" else slope
    if min(z) > 0 and len(set(z)) > 1:
        p, c = line([math.log2(t) for t in z], y)
        candidates.append((f"{_number(2.0**c)} {logarithm}^{_number(p)}", [p * math.log2(t) + c for t in z]))
    q, d = line(z, y)
    candidates.append((f"{_number(2.0**d)} {power}^{_number(q)}", [q * t + d for t in z]))
    best, off = "", math.inf
    for text, model in candidates:
        distance = max(abs(there - here) for there, here in zip(model, y, strict=True))
        if distance < CONVINCING * off - NOISE or off == math.inf:
            best, off = text, distance
    against = letter if letter == "d" else logarithm
    return GrowthRow(quantity, against, _clean(slope, float(max(values))), best, _clean(2.0**off - 1, 1.0))


def line(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Return the slope and the offset of the least-squares line; x must not be constant."""
    mean_x, mean_y = math.fsum(x) / len(x), math.fsum(y) / len(y)
    square = math.fsum((a - mean_x) ** 2 for a in x)
    slope = math.fsum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / square
    return slope, mean_y - slope * mean_x


def _clean(value: float, size: float) -> float:
    """Return 0 for what is only rounding beside numbers of this size."""
    return 0.0 if abs(value) < NOISE * size else value


def log2(value: Fraction) -> float:
    """Return the binary logarithm of a positive rational of any size."""
    return math.log2(value.numerator) - math.log2(value.denominator)


def _log2_or_none(value: float) -> float:
    return math.log2(value) if value > 0 else -math.inf


def _number(value: float) -> str:
    text = f"{value:.3g}" if abs(value) < 1e5 else f"{value:.2e}"
    return text.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")


def _sum(slope: float, against: str, offset: float) -> str:
    factor = "" if abs(slope - 1) < NOISE else f"{_number(slope)} "
    if abs(offset) < NOISE * max(1.0, abs(slope)):
        return f"{factor}{against}"
    return f"{factor}{against} {'+' if offset > 0 else '-'} {_number(abs(offset))}"
