"""The product u v by k heads in one layer: the sum of w_i (sigma(d_i u) - 1/2) is nearly u.

Each head queries d_i u, keys the constant, and takes the value v; the sink makes its softmax sigma(d_i u).  Half of the
sum of the w_i comes off at the read-out.  The w_i interpolate u at the zeros of a Chebyshev polynomial, which cancels
odd powers: the error shrinks like d^(2k), and so the weights, about 4/d, stay small.
Source: DESIGN's one-head product and its k-head acceleration; derived here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ...certificate.write import Proved
from ...derivation import prove
from ...derivation.judgement import Derivation, In
from ...derivation.smooth import smooth
from ...errors import UnreachableError
from ...exact.number import decimal_up, round_down
from ...spec.problem import Problem
from ...target.ranges import Interval
from ...transformer.model import Head, Matrix, Transformer
from . import head

MOST_HEADS = 8
MOST_WEIGHT = 64  # fewest heads are wanted, but not at the price of larger weights than this
FITTED = 0.9  # of the tolerance, for the fit; the rest for rounding
ROUNDS = 6
SAMPLES = 60
GUARD_BITS = 64
ORDER = 8


@dataclass(frozen=True, slots=True)
class Fit:
    """d_i and w_i for |u| <= half, and about the largest error."""

    steepness: tuple[Fraction, ...]
    weights: tuple[Fraction, ...]

    @property
    def largest(self) -> Fraction:
        """The largest weight that a transformer of this fit has, but for the read-out's half sum."""
        return max(*map(abs, self.weights), abs(sum(self.weights, Fraction(0))) / 2)


def fit(heads: int, half: Fraction, tolerance: Fraction) -> Fit:
    """Return a fit of u on [-half, half] within about ``FITTED`` of the tolerance, as steep as that allows."""
    from mpmath import mp

    digits = 30 + 2 * math.ceil(-math.log10(min(1.0, float(tolerance / half))))
    with mp.workdps(digits):
        wanted = (
            mp.mpf(FITTED) * tolerance.numerator / tolerance.denominator / (mp.mpf(half.numerator) / half.denominator)
        )
        nodes = [mp.cos(mp.pi * (2 * j + 1) / (4 * heads + 2)) for j in range(heads)]
        points = [mp.cos(mp.pi * j / (2 * SAMPLES)) for j in range(SAMPLES)]

        def solve(steep: list[Any]) -> tuple[list[Any], Any]:
            system = mp.matrix(heads, heads)
            for row, u in enumerate(nodes):
                for column, d in enumerate(steep):
                    system[row, column] = mp.tanh(d * u / 2) / 2
            weights = list(mp.lu_solve(system, mp.matrix(nodes)))
            errors = (
                abs(mp.fsum(w * mp.tanh(d * u / 2) / 2 for w, d in zip(weights, steep, strict=True)) - u)
                for u in points
            )
            return weights, max(errors)

        scale = mp.mpf(1) / 4
        for _ in range(ROUNDS):
            rounded = [_short(scale * (i + 1) / heads) for i in range(heads)]
            steep = [mp.mpf(d.numerator) / d.denominator for d in rounded]
            weights, error = solve(steep)
            if wanted * mp.mpf("0.8") <= error <= wanted:
                break
            scale = min(scale * (wanted * mp.mpf("0.95") / error) ** (mp.mpf(1) / (2 * heads)), mp.mpf(2))
        unit = _unit(tolerance / half / (64 * heads))
        rational = [
            round(Fraction(int(mp.nint(w * 2**GUARD_BITS * unit.denominator)), 2**GUARD_BITS)) * unit for w in weights
        ]
    return Fit(tuple(d / half for d in rounded), tuple(w * half for w in rational))


def _short(value: Any) -> Fraction:
    """Return a value to three significant digits."""
    from mpmath import mp

    return round_down(Fraction(int(mp.floor(value * 2**64)), 2**64), 3)


def _unit(value: Fraction) -> Fraction:
    """Return a power of two at or below ``value``."""
    return Fraction(1, 2 ** max(0, value.denominator.bit_length() - value.numerator.bit_length() + 1))


def choose(problem: Problem) -> tuple[Fit, int]:
    """Return the fit, and which factor (0 or 1) is u: the narrower one."""
    halves = [(hi - lo) / 2 for lo, hi in _boxes(problem)]
    first = 0 if halves[0] <= halves[1] else 1
    half = halves[first] or Fraction(1)
    other = halves[1 - first] or Fraction(1)
    fits = []
    for heads in range(1, MOST_HEADS + 1):
        found = fit(heads, half, problem.tolerance / other)
        fits.append(found)
        if problem.objective != "weight" and found.largest <= MOST_WEIGHT * max(half, Fraction(1)):
            return found, first
        if len(fits) > 1 and fits[-1].largest >= fits[-2].largest:
            break
    return min(fits, key=lambda f: f.largest), first


def _boxes(problem: Problem) -> list[Interval]:
    root = problem.expression.nodes[problem.expression.roots[0]]
    return [problem.domain[problem.expression.nodes[c].children[0]] for c in root.children]


def build(problem: Problem) -> tuple[Proved, tuple[tuple[str, int], ...]]:
    """Return the heads and the proof; UnreachableError where rounding and cells leave more than the tolerance."""
    found, first = choose(problem)
    expression = problem.expression
    d = Derivation.of(expression)
    target = expression.roots[0]
    factors = expression.nodes[target].children
    x, y = factors[first], factors[1 - first]
    centres = {t: (lo + hi) / 2 for t, (lo, hi) in zip(factors, _boxes(problem), strict=True)}
    u, v = (head.affine(d, Fraction(1), t, -centres[t]) for t in (x, y))
    inside = {t: _inside(d, problem, t, centres[t]) for t in (x, y)}
    offset = -sum(found.weights, Fraction(0)) / 2
    powers, inverses, parts = [], [], []
    for steep, weight in zip(found.steepness, found.weights, strict=True):
        powers.append(d.term("exp", head.affine(d, steep, u, Fraction(0))))
        inverses.append(head.inverse_of_powers(d, powers[-1:]))
        parts.append(d.term("mul", d.constant(weight), powers[-1], inverses[-1]))
    soft = head.total(d, [*parts, d.constant(offset)])
    bits = GUARD_BITS + 2 * math.ceil(-math.log2(min(1.0, float(problem.tolerance))))
    near = smooth(d, soft, u, inside[x][1], bits, order=ORDER)
    order = (soft, v) if first == 0 else (v, soft)
    exact = (u, v) if first == 0 else (v, u)
    made, product = d.term("mul", *order), d.term("mul", *exact)
    close = prove.product(
        d, made, product, [(near if t == soft else None, inside[x if t == soft else y][1]) for t in order], bits
    )
    chain, final = [close], made
    if product != target:
        rest = _rest(d, centres, x, y)
        final, whole = d.term("add", made, *rest), d.term("add", product, *rest)
        near_sum = d.claim_near("congruence", (close,), final, whole, close.bound, left=final, right=whole)
        chain = [near_sum, prove.polynomial(d, whole, target)]
    subject = d.term("subject", 0)
    same = head.equate(d, subject, final, [[p] for p in powers], inverses)
    result = prove.total(d, same, *chain)
    if result.bound > problem.tolerance:
        raise UnreachableError(
            f"the product heads certify {decimal_up(result.bound)} here, not {decimal_up(problem.tolerance)}"
        )
    transformer = _transformer(found, problem, centres, x, y)
    return Proved(transformer, (), tuple(d.nodes), tuple(d.steps), bits), (("k", len(found.weights)),)


def _inside(d: Derivation, problem: Problem, t: int, centre: Fraction) -> tuple[In, In]:
    """Return ranges of an input and of the input minus its centre."""
    plain = prove.range_of(d, t, problem.domain, [])
    shifted = head.affine(d, Fraction(1), t, -centre)
    if shifted == t:
        return plain, plain
    offset = prove.range_of(d, d.constant(-centre), problem.domain, [])
    return plain, prove.range_of(d, shifted, problem.domain, [plain, offset])


def _rest(d: Derivation, centres: dict[int, Fraction], x: int, y: int) -> list[int]:
    """Return the terms of x y - (x - cx)(y - cy) = cy x + cx y - cx cy."""
    terms = [head.affine(d, weight, t, Fraction(0)) for weight, t in ((centres[y], x), (centres[x], y)) if weight]
    both = centres[x] * centres[y]
    return [*terms, d.constant(-both)] if both else terms


def _transformer(found: Fit, problem: Problem, centres: dict[int, Fraction], x: int, y: int) -> Transformer:
    """Return the transformer on the stream (1, u, v, result)."""
    nodes = problem.expression.nodes
    embedding = {(0, 0): Fraction(1)}
    for row, t in ((1, x), (2, y)):
        embedding |= {(row, 0): -centres[t], (row, 1 + nodes[t].children[0]): Fraction(1)}
    heads = tuple(
        Head(
            w_q=Matrix.of(1, 4, {(0, 1): steep}),
            w_k=Matrix.of(1, 4, {(0, 0): Fraction(1)}),
            w_v=Matrix.of(1, 4, {(0, 2): Fraction(1)}),
            w_o=Matrix.of(4, 1, {(3, 0): weight}),
        )
        for steep, weight in zip(found.steepness, found.weights, strict=True)
    )
    half = sum(found.weights, Fraction(0)) / 2
    readout = {
        (0, 0): centres[x] * centres[y],
        (0, 1): centres[y],
        (0, 2): centres[x] - half,
        (0, 3): Fraction(1),
    }  # x y = u v + cy u + cx v + cx cy
    return Transformer(Matrix.of(4, 1 + len(problem.inputs), embedding), (heads,), Matrix.of(1, 4, readout))
