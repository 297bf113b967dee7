"""Convex cells of a box and a ReLU network on them, in whole numbers, so that every sign is exact.

A point (w, X_1, .., X_d) with w > 0 stands for x_i = X_i / w.  A line maps places to whole coefficients of a scaled
affine function: place 0 is the constant, i the input x_i, d + 1 + j the noise of neuron j, at most 1 in size.  The
checker's family ``regions`` does the same again, in code of its own, and its docstring holds the proofs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import gcd, lcm

from ..relu.network import Form, Network

Point = tuple[int, ...]
Line = dict[int, int]
Interval = tuple[Fraction, Fraction]

SLOPE_BITS = 8  # of a relaxed gate's slope; the checker has the same


@dataclass(slots=True)
class Cell:
    """The hull of ``points``, each with the bits of the constraints tight there; ``known`` has lines of (u_j, r_j)."""

    points: dict[Point, int]
    constraints: int
    known: dict[int, tuple[Line, Line]]

    def values(self, line: Line) -> list[int]:
        """Return w times the line, its noise aside, at every point."""
        places = range(len(next(iter(self.points))))
        coefficients = [line.get(i, 0) for i in places]
        return [sum(c * x for c, x in zip(coefficients, point, strict=True)) for point in self.points]

    def crosses(self, line: Line) -> bool:
        """Return whether the line has both signs on the cell."""
        values = self.values(line)
        return min(values) < 0 < max(values)

    def cut(self, line: Line) -> tuple[Cell, Cell]:
        """Return the parts where the line is >= 0 and <= 0."""
        value = dict(zip(self.points, self.values(line), strict=True))
        tight = 1 << self.constraints
        sides: list[dict[Point, int]] = [
            {p: bits | (0 if value[p] else tight) for p, bits in self.points.items() if sign * value[p] >= 0}
            for sign in (1, -1)
        ]
        needed = len(next(iter(self.points))) - 2
        ends = [[p for p in self.points if sign * value[p] > 0] for sign in (1, -1)]
        for p, q in product(*ends):
            shared = self.points[p] & self.points[q]
            if shared.bit_count() >= needed:
                meeting = _reduced(tuple(value[p] * b - value[q] * a for a, b in zip(p, q, strict=True)))
                sides[0][meeting] = sides[1][meeting] = shared | tight
        above, below = (Cell(_corners(side, tight), self.constraints + 1, dict(self.known)) for side in sides)
        return above, below


def _corners(points: dict[Point, int], tight: int) -> dict[Point, int]:
    """Return the points without those on the newest plane that are no corners: another has all they have tight."""
    new = [bits for bits in points.values() if bits & tight]
    return {p: bits for p, bits in points.items() if not bits & tight or sum(not bits & ~other for other in new) == 1}


def box(domain: Sequence[Interval]) -> Cell:
    """Return the box as a cell; constraints 2 i and 2 i + 1 are the ends of input i."""
    sides = [
        [(lo, 1 << 2 * i), (hi, 2 << 2 * i)] if lo < hi else [(lo, 3 << 2 * i)] for i, (lo, hi) in enumerate(domain)
    ]
    points = {}
    for corner in product(*sides):
        w = lcm(*(x.denominator for x, _ in corner))
        points[_reduced((w, *(int(x * w) for x, _ in corner)))] = sum(bits for _, bits in corner)
    return Cell(points, 2 * len(sides), {})


def _reduced(point: Point) -> Point:
    divisor = gcd(*point)
    return tuple(c // divisor for c in point) if divisor > 1 else point


@dataclass(frozen=True, slots=True)
class Reading:
    """The output's line on a cell with its noise, and the neurons of both signs whose u_j is free of noise."""

    line: Line
    radius: int
    cuttable: dict[int, Line]


class ScaledNetwork:
    """The neurons below one output, with whole weights; u_j stands multiplied by ``scale[j]``."""

    def __init__(self, network: Network, output: int) -> None:
        self.places, self.end = network.inputs + 1, len(network.neurons)
        forms: dict[int, Form] = {self.end: network.outputs[output]}
        for j in range(self.end, -1, -1):
            if j in forms:
                forms |= {i: network.neurons[i] for i in forms[j].neurons()}
        self.scale: dict[int, int] = {}
        self.base: dict[int, Line] = {}
        self.reads: dict[int, list[tuple[int, bool, int]]] = {}
        for j in sorted(forms):
            parts = {(kind, i): weight / self._unit(kind, i) for (kind, i), weight in forms[j].terms.items()}
            self.scale[j] = scale = lcm(*(part.denominator for part in parts.values()))
            whole = {atom: int(part * scale) for atom, part in parts.items()}
            self.base[j] = {0 if kind == "1" else 1 + i: c for (kind, i), c in whole.items() if kind in "1x"}
            self.reads[j] = [(i, kind == "r", c) for (kind, i), c in whole.items() if kind in "ur"]

    def _unit(self, kind: str, i: int) -> int:
        return 1 if kind in "1x" else self.scale[i] << (SLOPE_BITS if kind == "r" else 0)

    def read(self, cell: Cell) -> Reading:
        """Return the output on the cell, gates of both signs relaxed; what needs no noise becomes known to the cell."""
        own: dict[int, tuple[Line, Line]] = {}
        cuttable: dict[int, Line] = {}
        for j, base in self.base.items():
            if j in cell.known:
                continue
            line = dict(base)
            for i, gate, weight in self.reads[j]:
                for place, c in (cell.known.get(i) or own[i])[gate].items():
                    line[place] = line.get(place, 0) + weight * c
            line = {place: c for place, c in line.items() if c}
            radius = sum(abs(c) for place, c in line.items() if place >= self.places)
            if j == self.end:
                return Reading(line, radius, cuttable)
            gated = self._gated(cell, j, line, radius)
            own[j] = line, gated
            if not radius and self.places + j not in gated:
                cell.known[j] = own[j]
            elif not radius:
                cuttable[j] = line
        raise ValueError("the output is not reached")

    def _gated(self, cell: Cell, j: int, line: Line, radius: int) -> Line:
        values = [(v, point[0]) for point, v in zip(cell.points, cell.values(line), strict=True)]
        if all(v >= radius * w for v, w in values):
            return {place: c << SLOPE_BITS for place, c in line.items()}
        if all(v <= -radius * w for v, w in values):
            return {}
        lo, hi = min(v // w for v, w in values) - radius, max(-(-v // w) for v, w in values) + radius
        one = 1 << SLOPE_BITS
        slope = hi * one // (hi - lo)
        middle = (max(-slope * lo, (one - slope) * hi) + 1) // 2
        gated = {place: slope * c for place, c in line.items()}
        gated[0] = gated.get(0, 0) + middle
        gated[self.places + j] = middle
        return gated

    def halves(self, cell: Cell, j: int, line: Line) -> tuple[Cell, Cell]:
        """Return the parts of the cell where u_j, which is ``line`` there, is >= 0 and <= 0."""
        above, below = cell.cut(line)
        above.known[j] = line, {place: c << SLOPE_BITS for place, c in line.items()}
        below.known[j] = line, {}
        return above, below
