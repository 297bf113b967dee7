"""Whether a target stays within a bound of an affine function on a cell, in exact numbers.

On a cell the target is one of a few quotients P / Q of polynomials with Q > 0.  A polynomial is a map from exponents
(of the inputs) to rationals.  As in ``cell``, the checker does this again in its own code.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations, product
from math import lcm

from ..errors import DeclinedError
from ..target.expression import Expression
from .cell import Cell, Line, Point

Exponents = tuple[int, ...]
Polynomial = dict[Exponents, Fraction]
Quotient = tuple[Polynomial, Polynomial]

OPERATIONS = ("input", "const", "add", "mul", "inv", "abs", "max", "min")
MOST_QUOTIENTS = 16
HIGHEST_DEGREE = 64


class UndecidedError(Exception):
    """The cell is too large to tell: a denominator may vanish, or the target may be too many quotients."""


class Target:
    """One root of an expression on cells."""

    def __init__(self, expression: Expression, root: int, inputs: int) -> None:
        self.expression, self.root, self.inputs = expression, root, inputs
        self.order = expression.below([root])
        for t in self.order:
            if expression.nodes[t].op not in OPERATIONS:
                raise DeclinedError(
                    f"certify knows targets made of + - * / abs max min, and not {expression.nodes[t].op!r}"
                )
        self.same = all(expression.nodes[t].op in ("input", "const", "add", "mul") for t in self.order)
        self.found: list[Quotient] | None = None
        self.kinks = self._kinks()

    def within(self, cell: Cell, line: Line, scale: int, radius: int, bound: Fraction) -> bool:
        """Return whether |line / scale - target| + radius / scale <= bound is proved on the cell, as the checker does.

        Raises UndecidedError if the cell is too large to tell what the target is on it.
        """
        room = bound - Fraction(radius, scale)
        affine = {self._unit(i): Fraction(line[i], scale) for i in range(self.inputs + 1) if line.get(i)}
        for p, q in self.quotients(cell):
            for sign in (1, -1):
                wanted = {e: -sign * c for e, c in affine.items()}
                wanted[self._unit(0)] = wanted.get(self._unit(0), Fraction(0)) + room
                if not nonnegative(_sum(_times(wanted, q), p, sign), cell):
                    return False
        return True

    def _unit(self, place: int) -> Exponents:
        return tuple(int(k + 1 == place) for k in range(self.inputs))

    def quotients(self, cell: Cell) -> list[Quotient]:
        """Return what the target may be on the cell; UndecidedError if that is too much or a denominator may vanish."""
        if self.same and self.found is not None:
            return self.found
        one = {self._unit(0): Fraction(1)}
        value: dict[int, list[Quotient]] = {}
        for t in self.order:
            node = self.expression.nodes[t]
            arguments = [value[c] for c in node.children] if node.op != "input" else []
            if node.op == "input":
                value[t] = [({self._unit(1 + node.children[0]): Fraction(1)}, one)]
            elif node.value is not None:
                value[t] = [({self._unit(0): node.value} if node.value else {}, one)]
            elif node.op == "inv":
                value[t] = [_inverse(p, q, cell) for p, q in arguments[0]]
            elif node.op == "abs":
                value[t] = [c for p, q in arguments[0] for c in _larger((p, q), (_sum({}, p, -1), q), cell, 1)]
            else:
                value[t] = arguments[0]
                for others in arguments[1:]:
                    value[t] = [c for a, b in product(value[t], others) for c in _combined(node.op, a, b, cell)]
            if len(value[t]) > MOST_QUOTIENTS:
                raise UndecidedError
        self.found = value[self.root]
        return self.found

    def _kinks(self) -> list[tuple[Fraction, ...]]:
        """Return the affine functions whose sign decides a maximum, minimum or absolute value."""
        affine: dict[int, Polynomial] = {}
        rows: dict[tuple[Fraction, ...], None] = {}
        for t in self.order:
            node = self.expression.nodes[t]
            parts = [affine.get(c) for c in node.children] if node.op != "input" else []
            known = [part for part in parts if part is not None]
            whole = len(known) == len(parts)
            if node.op == "input":
                affine[t] = {self._unit(1 + node.children[0]): Fraction(1)}
            elif node.value is not None:
                affine[t] = {self._unit(0): node.value}
            elif node.op == "add" and whole:
                total: Polynomial = {}
                for part in known:
                    total = _sum(total, part, 1)
                affine[t] = total
            elif node.op == "mul" and whole:
                result = known[0]
                for part in known[1:]:
                    result = _times(result, part)
                if all(sum(e) <= 1 for e in result):
                    affine[t] = result
            elif node.op in ("abs", "max", "min"):
                pairs = combinations(known, 2) if node.op != "abs" else ((part, {}) for part in known)
                for a, b in pairs:
                    gap = _sum(a, b, -1)
                    if any(sum(e) for e in gap):
                        row = tuple(gap.get(self._unit(i), Fraction(0)) for i in range(self.inputs + 1))
                        rows.setdefault(row)
        return list(rows)


def _times(a: Polynomial, b: Polynomial) -> Polynomial:
    result: Polynomial = {}
    for e, c in a.items():
        for f, d in b.items():
            exponents = tuple(i + j for i, j in zip(e, f, strict=True))
            result[exponents] = result.get(exponents, Fraction(0)) + c * d
    if any(sum(e) > HIGHEST_DEGREE for e in result):
        raise DeclinedError(f"certify knows targets up to degree {HIGHEST_DEGREE}")
    return {e: c for e, c in result.items() if c}


def _sum(a: Polynomial, b: Polynomial, sign: int) -> Polynomial:
    result = dict(a)
    for e, c in b.items():
        result[e] = result.get(e, Fraction(0)) + sign * c
    return {e: c for e, c in result.items() if c}


def _combined(op: str, a: Quotient, b: Quotient, cell: Cell) -> list[Quotient]:
    if op in ("max", "min"):
        return _larger(a, b, cell, 1 if op == "max" else -1)
    bottom = _times(a[1], b[1])
    if op == "mul":
        return [(_times(a[0], b[0]), bottom)]
    return [(_sum(_times(a[0], b[1]), _times(b[0], a[1]), 1), bottom)]


def _larger(a: Quotient, b: Quotient, cell: Cell, sign: int) -> list[Quotient]:
    gap = _sum(_sum({}, _times(a[0], b[1]), sign), _times(b[0], a[1]), -sign)
    if nonnegative(gap, cell):
        return [a]
    return [b] if nonnegative(_sum({}, gap, -1), cell) else [a, b]


def _inverse(p: Polynomial, q: Polynomial, cell: Cell) -> Quotient:
    if nonnegative(p, cell, strictly=True):
        return q, p
    if nonnegative(_sum({}, p, -1), cell, strictly=True):
        return _sum({}, q, -1), _sum({}, p, -1)
    raise UndecidedError


def nonnegative(p: Polynomial, cell: Cell, strictly: bool = False) -> bool:
    """Return True only if p >= 0 (p > 0) on the cell; exact up to degree 2 for at most two inputs, if not strictly."""
    degree = max(map(sum, p), default=0)
    scale = lcm(*(c.denominator for c in p.values()))
    form = {(degree - sum(e), *e): int(c * scale) for e, c in p.items()}
    enough: Callable[[int], bool] = (lambda v: v > 0) if strictly else (lambda v: v >= 0)
    if _every(form, degree, list(cell.points), enough):
        return True
    return degree == 2 and not strictly and len(next(iter(cell.points))) <= 3 and _quadratic(form, cell)


def _every(form: dict[Point, int], degree: int, points: list[Point], enough: Callable[[int], bool]) -> bool:
    if degree == 0:
        return enough(sum(form.values()))
    return all(_every(_along(form, p), degree - 1, points[k:], enough) for k, p in enumerate(points))


def _along(form: dict[Point, int], point: Point) -> dict[Point, int]:
    """Return the derivative along a point."""
    result: dict[Point, int] = {}
    for exponents, c in form.items():
        for k, e in enumerate(exponents):
            if e:
                lower = (*exponents[:k], e - 1, *exponents[k + 1 :])
                result[lower] = result.get(lower, 0) + e * c * point[k]
    return result


def _quadratic(form: dict[Point, int], cell: Cell) -> bool:
    """Return whether a form of degree 2 is >= 0 on a cell in a line or plane: at its edges, and where it is least."""
    points = list(cell.points)
    inputs = len(points[0]) - 1
    first = {p: _along(form, p) for p in points}
    value = {(p, q): sum(_along(first[p], q).values()) for p in points for q in points}
    edges = [(p, q) for p, q in combinations(points, 2) if (cell.points[p] & cell.points[q]).bit_count() >= inputs - 1]
    if any(value[p, p] < 0 for p in points):
        return False
    if any(value[p, q] < 0 and value[p, q] ** 2 > value[p, p] * value[q, q] for p, q in edges):
        return False
    if inputs == 1:
        return True
    c, x, y = form.get((2, 0, 0), 0), form.get((1, 1, 0), 0), form.get((1, 0, 1), 0)
    xx, xy, yy = form.get((0, 2, 0), 0), form.get((0, 1, 1), 0), form.get((0, 0, 2), 0)
    z = 4 * xx * yy - xy * xy, xy * y - 2 * yy * x, xy * x - 2 * xx * y
    if xx <= 0 or z[0] <= 0 or 2 * c * z[0] + x * z[1] + y * z[2] >= 0:
        return True
    for p, q in edges:
        sides, beyond = [_turn(p, q, r) for r in points], _turn(p, q, z)
        if (min(sides) >= 0 and beyond < 0) or (max(sides) <= 0 and beyond > 0):
            return True
    return False


def _turn(p: Point, q: Point, r: Point) -> int:
    return p[0] * (q[1] * r[2] - q[2] * r[1]) - p[1] * (q[0] * r[2] - q[2] * r[0]) + p[2] * (q[0] * r[1] - q[1] * r[0])
