"""Choose how to build a root of what comes to zero: where to cut it off, how many pieces, and every chain's gates.

Floats plan; what is built is certified.  See ``constructions/root`` for the construction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction

from ..exact.number import log2
from ..target.expression import Expression, Node
from ..target.ranges import Interval
from .budget import allocate
from .constructions.elementary import MOST_WORK, Recipe
from .constructions.root import CELLS, Root, bernstein
from .univariate import Univariate, affine

CUTS = (1, 2, 3)  # bits by which what is lost below the cut is smaller than the allowance
RATIOS = (Fraction(9, 4), Fraction(4), Fraction(9))  # of knots
CORE = Fraction(2, 5)  # of the allowance, for the power of w, at most
MARGIN = Fraction(101, 100)  # of the range of w, for rounding and what is not of first order
MOST_PIECES = 2000
STEPS = 32
WORKABLE = 0.6  # of the work that the checker allows
ROUND = 1 << 10


def plan(
    f: Univariate,
    inside: Interval,
    allowance: Fraction,
    recipe: Callable[[Univariate, Interval, Fraction], Recipe | None],
) -> Root | None:
    """Return the way of fewest gates to build (a v + b)^p with 0 < p < 1, None for any other function.

    ``recipe`` says how to build a smooth function on an interval within an allowance.
    """
    node = f.expression.nodes[f.root]
    line = affine(f.expression, node.children[0], f.variable) if node.op == "power" else None
    if line is None or node.value is None or not 0 < node.value < 1:
        return None
    ends = sorted(line[0] * end + line[1] for end in inside)
    made = _plans(f, node.value, (ends[0], ends[1]), allowance, recipe)
    return min(made, key=lambda each: (each.gates, each.layers), default=None)


def _plans(
    f: Univariate,
    p: Fraction,
    span: Interval,
    allowance: Fraction,
    recipe: Callable[[Univariate, Interval, Fraction], Recipe | None],
) -> Iterator[Root]:
    (bottom, top), m, n = span, p.numerator, p.denominator
    core_power = Univariate(Expression((Node("input", (0,)), Node("power", (0,), p - 1)), (1,)), 1, 0)
    cuts = [Fraction(1, 2 ** (n * max(0, math.ceil((bits - log2(allowance)) / m)))) for bits in CUTS]
    for cut in cuts if bottom <= cuts[0] else [None]:
        least = cut or bottom
        z = Fraction(2.0 ** (-log2(least) / n))  # about the largest value of the chords
        left = allowance * Fraction(99, 100) - (0 if cut is None else 1 / z**m)
        if least >= top:
            continue
        for ratio in RATIOS:
            octaves = log2(top) - log2(least)
            pieces = math.ceil(octaves / log2(ratio))
            step = math.ceil(octaves / pieces * STEPS) / STEPS  # few different fits, as they are kept
            most = _largest(Fraction(2.0**step), n) * MARGIN
            size = most * Fraction(2.0 ** (float(p) * log2(top)))  # of x z^(n-m)
            error = Fraction(2) ** math.floor(log2(allowance * CORE / size))
            core = recipe(core_power, (Fraction(ROUND - 4, ROUND), most), error)
            counts = allocate([w for w in _weights(m, n, z, top, most, size) for _ in range(2)], left - error * size)
            workable = pieces <= MOST_PIECES and _work(n, max(0.0, -log2(least)), pieces) <= MOST_WORK * WORKABLE
            if core is not None and counts is not None and workable:
                yield Root(f, cut, pieces, tuple(zip(counts[::2], counts[1::2], strict=True)), core)


def _largest(ratio: Fraction, n: int) -> Fraction:
    """Return about what w = x z^n is shown not to exceed on a piece from 1 to ``ratio``."""
    end = Fraction(round(ratio ** (-1 / n) * ROUND), ROUND)
    return Fraction(math.ceil(bernstein((Fraction(1), ratio), (Fraction(1), end), n, CELLS)[2] * ROUND), ROUND)


def _work(n: int, octaves: float, pieces: int) -> float:
    """Return about how much work it is for the checker to bound the u_i and w, by the sizes of their coefficients."""

    def cost(bits: float) -> float:
        words = bits / 64
        return 1 + words + words * words / 256

    total = 0.0
    for i in range(2, n + 1):
        cells = pieces * (CELLS if i == n else 1)
        for k in range(cells):
            bits = octaves * (1 - k / cells)  # of the places there
            long = cost((i + 1) * (i + 2) / 2 * bits + 64 * (i + 2)) * (1 + (i + 1) * cost(2 * bits + 64) / 16)
            total += 4 * (i + 2) ** 2 * long
    return total


def _weights(m: int, n: int, z: Fraction, top: Fraction, most: Fraction, size: Fraction) -> list[Fraction]:
    """Return for each product by how much an error of 4^-gates in one of its chains moves the root, to first order.

    u_i is at most about top^(1 - i/n) most; an error there reaches u_j times z^(j-i), the root times 1 from u_(n-m) and
    times size (n-m)/n from w.
    """
    result = []
    for i in range(1, n + 1):
        reach = size * Fraction(n - m, n) * z ** (n - i) + (z ** (n - m - i) if i <= n - m else 0)
        before = Fraction(2.0 ** (log2(top) * (1 - (i - 1) / n))) * most
        result.append(reach * before / 2 * z / 2 / 2)
    spread = 1 - Fraction(math.pow(most, -(n - m) / n))
    return [*result, size / 2 * spread / 2 / 2]
