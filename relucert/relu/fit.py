"""Piecewise polynomials A_0 + s (A_1 + s A_2) with A_k linear between common knots and s = t - t^2 on every piece.

With t running along a piece from 0 to 1, s is the same function on every piece, and the A_k are continuous: a network
has them all from the same gates.  The best such function is nearly the cubic Hermite interpolant where
h^2 f[x_i, x_i, x_(i+1)] is the same on both sides of every knot, that is for knots equally spaced in affine arc length,
of density |f''|^(1/3): for 1/x geometric ones, for sqrt(x) those equally spaced in its value.
Floats fit; what is built from the fit is certified.  Source: derived here; affine arc length is Blaschke's.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from operator import mul
from typing import Any

from mpmath.ctx_mp import MPContext

GRID = 160
OCTAVES = 40
SAMPLES = 12
ROUNDS = 8
RIDGE = 1e-13
FLOOR = 1e-3
POLISHINGS = 4
EXTRA_BITS = 10
FIXED_BITS = 120
PLACE_BITS = 60

Function = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Fit:
    """Knots and the tables A_0, A_1, ... at the knots, and an estimate of the largest error."""

    knots: tuple[Fraction, ...]
    tables: tuple[tuple[Fraction, ...], ...]
    error: float

    def straightened(self) -> Fit:
        """Return the same chords without the knots where the slope does not change, as at a centre of symmetry."""
        (values,) = self.tables
        places = list(zip(self.knots, values, strict=True))
        kept = places[:1]
        for (p, u), (q, v), (r, w) in zip(places, places[1:], places[2:], strict=False):
            if (v - u) * (r - q) != (w - v) * (q - p):
                kept.append((q, v))
        kept.append(places[-1])
        return Fit(tuple(p for p, _ in kept), (tuple(v for _, v in kept),), self.error)


@dataclass(frozen=True, slots=True)
class Curvature:
    """Values of f'' in the middles of cells; the cells' ``edges`` run from 0 to 1 along the interval."""

    edges: tuple[float, ...]
    values: tuple[float, ...]
    width: float

    @property
    def one_signed(self) -> bool:
        """Whether no inflection is seen."""
        return not min(self.values) <= 0 <= max(self.values)

    @property
    def largest(self) -> float:
        """The largest size."""
        return max(map(abs, self.values)) or 1.0

    def at(self, u: float) -> float:
        """Return f'' near a place along the interval."""
        return self.values[min(max(bisect_right(self.edges, u) - 1, 0), len(self.values) - 1)]

    def roots(self) -> float:
        """Return the integral of |f''|^(1/2), which says how many chords are needed."""
        cells = zip(pairwise(self.edges), self.values, strict=True)
        return self.width * sum((b - a) * math.sqrt(abs(v)) for (a, b), v in cells)


def curvature(ctx: MPContext, f: Function, lo: Fraction, hi: Fraction) -> Curvature:
    """Return f'' on cells of [lo, hi] that get finer towards both ends, by differences in many digits."""
    near = [2.0 ** (-k / 2) for k in range(2, 2 * OCTAVES)]
    edges = sorted({0.0, 1.0, *(k / GRID for k in range(GRID)), *near, *(1 - u for u in near)})
    a, b = _mpf(ctx, lo), _mpf(ctx, hi)
    values = []
    for u, v in pairwise(edges):
        x, h = a + (b - a) * (u + v) / 2, (b - a) * (v - u) / 2**20
        values.append(float((f(x + h) - 2 * f(x) + f(x - h)) / (h * h)))
    return Curvature(tuple(edges), tuple(values), float(b - a))


def spaced(
    ctx: MPContext, f: Function, bent: Curvature, lo: Fraction, hi: Fraction, pieces: int, order: int, bits: int
) -> list[Fraction]:
    """Return dyadic knots from lo to hi, equally spaced in the integral of |f''|^(1/3), or ^(1/2) for order 0."""
    floor = 1e-60 if bent.one_signed else FLOOR
    power = 1 / 3 if order else 1 / 2
    shares = [
        (v - u) * (abs(value) / bent.largest + floor) ** power
        for (u, v), value in zip(pairwise(bent.edges), bent.values, strict=True)
    ]
    total = sum(shares)
    inner, reached, k = [], 0.0, 1
    for (u, v), part in zip(pairwise(bent.edges), shares, strict=True):
        while k < pieces and reached + part >= total * k / pieces:
            inner.append(u + (v - u) * (total * k / pieces - reached) / part)
            k += 1
        reached += part
    a, b = _mpf(ctx, lo), _mpf(ctx, hi)
    places = [a, *(a + (b - a) * x for x in inner), b]
    if order and bent.one_signed:
        for _ in range(POLISHINGS):
            places = _polished(f, places, bent)
    shift = bits + max(0, math.ceil(-math.log2(float(min(y - x for x, y in pairwise(places))))))
    rounded = [Fraction(int(ctx.nint(ctx.ldexp(x, shift))), 1 << shift) for x in places[1:-1]]
    return [lo, *(x for x in rounded if lo < x < hi), hi]


def _polished(f: Function, places: list[Any], bent: Curvature) -> list[Any]:
    """Return the knots after one Newton step towards A_1 without jumps, with the leading terms of its derivatives.

    The jump at a knot is about f''/2 times the difference of the squared widths on its two sides, times -1.
    """
    n = len(places) - 1
    values = [f(x) for x in places]
    jumps = [float(right - left) for left, right in _wants(f, places, values)[1:-1]]
    widths = [float(y - x) for x, y in pairwise(places)]
    span = float(places[-1] - places[0])
    bends = [bent.at(float(x - places[0]) / span) for x in places[1:-1]]
    below, right = [0.0] * (n - 1), [0.0] * (n - 1)
    for i in range(n - 1):  # bend (h_i m_(i-1) - (h_i + h_(i+1)) m_i + h_(i+1) m_(i+1)) = jump
        h, g = widths[i], widths[i + 1]
        pivot = -(h + g) - (h * below[i - 1] if i else 0.0)
        below[i] = g / pivot
        right[i] = (jumps[i] / bends[i] - (h * right[i - 1] if i else 0.0)) / pivot
    for i in range(n - 3, -1, -1):
        right[i] -= below[i] * right[i + 1]
    moved = [places[0], *(x + m for x, m in zip(places[1:-1], right, strict=True)), places[-1]]
    return moved if all(x < y for x, y in pairwise(moved)) else places


def fitted(ctx: MPContext, f: Function, knots: Sequence[Fraction], order: int, eps: float, rounds: int = ROUNDS) -> Fit:
    """Return the fit on these knots: Hermite data, then weighted least squares towards the least largest error."""
    places = [_mpf(ctx, k) for k in knots]
    values = [f(x) for x in places]
    tables = [[_fixed(ctx, v) for v in values]] + [[0] * len(places) for _ in range(order)]
    if order:
        tables[1] = [_fixed(ctx, left + right) // 2 for left, right in _wants(f, places, values)]
    one = 1 << PLACE_BITS
    ts = [round((1 - math.cos(math.pi * j / SAMPLES)) / 2 * one) for j in range(SAMPLES + 1)]
    residuals = []
    for i, (x, y) in enumerate(pairwise(places)):
        step = ctx.ldexp(y - x, -PLACE_BITS)
        row = []
        for t in ts:
            s, model = t * (one - t) >> PLACE_BITS, 0
            for table in reversed(tables):
                model = (s * model >> PLACE_BITS) + ((one - t) * table[i] + t * table[i + 1] >> PLACE_BITS)
            row.append(_fixed(ctx, f(x + step * t)) - model)
        residuals.append(row)
    largest = max(abs(r) for row in residuals for r in row)
    if not largest:
        return Fit(tuple(knots), _rounded(tables, eps), 0.0)
    scaled = [[r / largest for r in row] for row in residuals]
    error, corrections = _lawson(scaled, [t / one for t in ts], order + 1, rounds)
    for k, table in enumerate(tables):
        for i in range(len(places)):
            table[i] += int(corrections[i * (order + 1) + k] * largest)
    return Fit(tuple(knots), _rounded(tables, eps), math.ldexp(error * largest, -FIXED_BITS))


def _fixed(ctx: MPContext, value: Any) -> int:
    return int(ctx.ldexp(value, FIXED_BITS))


def _mpf(ctx: MPContext, value: Fraction) -> Any:
    return ctx.mpf(value.numerator) / value.denominator


def _wants(f: Function, places: Sequence[Any], values: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Return A_1 at the knots as the pieces on the left and on the right want it: +-(h f' - difference of values)."""
    last = len(places) - 1
    result = []
    for i, x in enumerate(places):
        wants = []
        for j, sign in ((i - 1, -1), (i, 1)):
            if 0 <= j < last:
                h = places[j + 1] - places[j]
                step = sign * h / 2**24
                slope = (4 * f(x + step) - f(x + 2 * step) - 3 * values[i]) / (2 * step)
                wants.append(sign * (h * slope - (values[j + 1] - values[j])))
        result.append((wants[0], wants[-1]))
    return result


def _rounded(tables: Sequence[Sequence[int]], eps: float) -> tuple[tuple[Fraction, ...], ...]:
    shift = min(FIXED_BITS, max(0, math.ceil(-math.log2(eps))) + EXTRA_BITS)
    unit, half = FIXED_BITS - shift, 1 << FIXED_BITS - shift >> 1
    return tuple(tuple(Fraction(v + half >> unit, 1 << shift) for v in table) for table in tables)


def _lawson(residuals: list[list[float]], ts: Sequence[float], size: int, rounds: int) -> tuple[float, list[float]]:
    """Return the least largest error found, and the corrections that give it: iteratively reweighted least squares."""
    basis = [[(t * (1 - t)) ** k * side for side in (1 - t, t) for k in range(size)] for t in ts]
    pieces = len(residuals)
    weights = [[1.0] * len(ts) for _ in range(pieces)]
    best: tuple[float, list[float]] = (math.inf, [])
    for _ in range(rounds):
        solution = _least_squares(residuals, weights, basis, size)
        errors = []
        for i, row in enumerate(residuals):
            own = solution[i * size : (i + 2) * size]
            errors.append([abs(r - sum(map(mul, b, own))) for r, b in zip(row, basis, strict=True)])
        largest = max(map(max, errors))
        if largest < best[0]:
            best = (largest, solution)
        weights = [
            [w * e + 1e-9 * largest for w, e in zip(ws, es, strict=True)]
            for ws, es in zip(weights, errors, strict=True)
        ]
        total = sum(map(sum, weights)) or 1.0
        weights = [[w / total for w in ws] for ws in weights]
    return best


def _least_squares(
    residuals: list[list[float]], weights: list[list[float]], basis: list[list[float]], size: int
) -> list[float]:
    """Return the weighted least-squares corrections: normal equations with a band of 2 ``size``, by elimination."""
    n, band = (len(residuals) + 1) * size, 2 * size
    columns = [[b[p] for b in basis] for p in range(band)]
    products = [[list(map(mul, columns[p], columns[q])) for q in range(p, band)] for p in range(band)]
    rows = [[0.0] * band for _ in range(n)]  # rows[i][d] is entry (i, i + d)
    right = [0.0] * n
    for i, (row, ws) in enumerate(zip(residuals, weights, strict=True)):
        weighted = list(map(mul, ws, row))
        for p in range(band):
            right[i * size + p] += sum(map(mul, weighted, columns[p]))
            target = rows[i * size + p]
            for d, column in enumerate(products[p]):
                target[d] += sum(map(mul, ws, column))
    for i in range(n):
        own = rows[i]
        own[0] = own[0] * (1 + RIDGE) + 1e-300
        for d in range(1, min(band, n - i)):
            factor = own[d] / own[0]
            if factor:
                right[i + d] -= factor * right[i]
                lower = rows[i + d]
                for e in range(d, band):
                    lower[e - d] -= factor * own[e]
    for i in range(n - 1, -1, -1):
        total = right[i] - sum(map(mul, rows[i][1:], right[i + 1 : i + band]))
        right[i] = total / rows[i][0]
    return right
