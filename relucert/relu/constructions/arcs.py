"""Smooth functions by chords, or by chords bent with one shared sawtooth, on knots that suit the function.

A_0, A_1, A_2 and a zigzag z are linear between the same knots and read the same gates max(w - k_i, 0); one sawtooth
of z gives s = z - z^2, and the function is A_0 (order 0), A_0 + s A_1 (order 1) or A_0 + s (A_1 + s A_2) (order 2).
``fit`` says why that is accurate; the rule ``smooth`` proves it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from ...derivation import prove
from ...derivation.judgement import In
from ..draft import Draft, Value
from ..fit import Fit
from ..network import Form, constant
from .chords import interpolant
from .product import product
from .sawtooth import folded_square

Line = Callable[[Fraction], Fraction]


@dataclass(frozen=True, slots=True)
class Arcs:
    """A fit, and the gates of its chains: of s; for order 2 two of s A_2; two of the product with s."""

    fit: Fit
    chains: tuple[int, ...]

    @property
    def order(self) -> int:
        """How often s is multiplied: 0, 1 or 2."""
        return len(self.fit.tables) - 1

    @property
    def gates(self) -> int:
        """The number of gates."""
        return len(self.fit.knots) - 2 + sum(self.chains)

    @property
    def layers(self) -> int:
        """The gates on the longest path."""
        chains, first = self.chains, int(len(self.fit.knots) > 2)
        products = [max(pair) for pair in zip(chains[1::2], chains[2::2], strict=True)]
        return first + (chains[0] if chains else 0) + sum(products)

    def knots_on(self, span: tuple[Fraction, Fraction]) -> tuple[Fraction, ...]:
        """Return the knots, the ends moved out where the span is a little wider."""
        return self.on(span).fit.knots

    def on(self, span: tuple[Fraction, Fraction]) -> Arcs:
        """Return the same with its first and last piece extended to cover the span."""
        knots, tables = list(self.fit.knots), [list(table) for table in self.fit.tables]
        for end, inner, wanted in ((0, 1, min(span[0], knots[0])), (-1, -2, max(span[1], knots[-1]))):
            if wanted != knots[end]:
                stretch = (wanted - knots[end]) / (knots[end] - knots[inner])
                for table in tables:
                    table[end] += stretch * (table[end] - table[inner])
                knots[end] = wanted
        return Arcs(Fit(tuple(knots), tuple(map(tuple, tables)), self.fit.error), self.chains)


def weights(fit: Fit) -> list[float]:
    """Return the weight of each chain: its error is the weight times 4^-gates."""
    halves = [float(max(table) - min(table)) / 2 for table in fit.tables]
    if len(halves) == 1:
        return []
    steep = max(abs(float(v)) for v in fit.tables[1])
    if len(halves) == 2:
        return [steep / 8, *[halves[1] / 16] * 2]
    bent = max(abs(float(v)) for v in fit.tables[2]) / 4
    return [(steep + bent) / 8, *[halves[2] / 64] * 2, *[(halves[1] + bent) / 16] * 2]


@dataclass(frozen=True, slots=True)
class Core:
    """A value near g(w), and the exact linear pieces of the terms that its target is made of, as functions of w."""

    value: Value
    lines: dict[int, Line]
    knots: tuple[Fraction, ...]


def arcs(draft: Draft, w: Form, plan: Arcs, inside: In, cells: Sequence[Fraction]) -> Core:
    """Return the value of the fit at the form ``w``.

    ``inside`` encloses the variable, and w and all parts are linear between ``cells``, places of that variable.
    """
    knots, tables = plan.fit.knots, plan.fit.tables
    gates = [draft.gate(w - constant(k)) for k in knots[1:-1]]
    lines: dict[int, Line] = {}

    def linear(values: Sequence[Fraction]) -> Value:
        if min(values) == max(values):
            value = draft.constant(values[0])
            draft.ranges[value.term] = prove.range_affine(draft.derivation, value.term, [], values[0])
            lines[value.term] = _line((knots[0], knots[-1]), (values[0], values[0]))
            return Value(value.form, prove.polynomial(draft.derivation, value.term, value.term))
        least = constant(min(values))
        form = draft.named(interpolant(w, knots, values, gates) - least) + least  # a neuron that keeps its sign
        term = draft.output(form)
        lines[term] = _line(knots, values)
        middle = draft.derivation.constant((min(values) + max(values)) / 2)
        near = prove.pieces(draft.derivation, term, middle, inside, tuple(cells), (max(values) - min(values)) / 2)
        draft.ranges[term] = prove.range_near(draft.derivation, near, draft.range(middle))
        return Value(form, prove.polynomial(draft.derivation, term, term))

    parts = [linear(table) for table in tables]
    total = parts[0]
    if plan.order:
        z = linear([Fraction(k % 2) for k in range(len(knots))])
        s = _hump(draft, z, plan.chains[0])
        slope = parts[1]
        if plan.order == 2:
            slope = _sum(draft, slope, product(draft, s, parts[2], _pair(plan.chains[1:3])))
        total = _sum(draft, total, product(draft, s, slope, _pair(plan.chains[-2:])))
    return Core(total, lines, knots)


def _pair(chains: tuple[int, ...]) -> tuple[int, int]:
    return chains[0], chains[1]


def _sum(draft: Draft, a: Value, b: Value) -> Value:
    parts = [(Fraction(1), a), (Fraction(1), b)]
    target = draft.combination([(Fraction(1), a.target), (Fraction(1), b.target)], Fraction(0))
    return draft.affine(parts, Fraction(0), target)


def _hump(draft: Draft, z: Value, gates: int) -> Value:
    """Return z - z^2 for a zigzag value in [0, 1], which lies in [0, 1/4]."""
    d = draft.derivation
    inside = draft.ranges[z.term]
    folded, near = folded_square(draft, z.form, inside, gates)
    squared = Value(folded, near)
    target = draft.combination([(Fraction(1), z.term), (Fraction(-1), squared.target)], Fraction(0))
    middle = d.constant(Fraction(1, 8))
    close = prove.univariate(d, target, middle, inside, [Fraction(-1, 8), Fraction(1), Fraction(-1)], 16)
    draft.ranges[target] = prove.range_near(d, close, draft.range(middle))
    return draft.affine([(Fraction(1), z), (Fraction(-1), squared)], Fraction(0), target)


def _line(knots: Sequence[Fraction], values: Sequence[Fraction]) -> Line:
    slopes = [(v - u) / (q - p) for (p, u), (q, v) in pairwise(zip(knots, values, strict=True))]

    def at(w: Fraction) -> Fraction:
        i = min(max(bisect_right(knots, w) - 1, 0), len(slopes) - 1)
        return values[i] + slopes[i] * (w - knots[i])

    return at
