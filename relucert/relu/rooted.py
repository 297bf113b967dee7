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
from .constructions.elementary import Recipe
from .constructions.root import Root
from .univariate import Univariate, affine

CUTS = (1, 2, 3)  # bits by which what is lost below the cut is smaller than the allowance
RATIOS = (2.25, 4.0, 9.0)  # of knots
CORE = Fraction(1, 4)  # of the allowance, for the power of w
MARGIN = 1.01  # of the range of w, for rounding and what is not of first order
MOST_PIECES = 2000
ROUND = 1 << 12


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
    top = max(line[0] * end + line[1] for end in inside)
    made = list(_plans(f, node.value, top, allowance, recipe))
    return min(made, key=lambda each: (each.gates, each.layers), default=None)


def _plans(
    f: Univariate,
    p: Fraction,
    top: Fraction,
    allowance: Fraction,
    recipe: Callable[[Univariate, Interval, Fraction], Recipe | None],
) -> Iterator[Root]:
    m, n = p.numerator, p.denominator
    rest = Fraction(m - n, n)  # the exponent of w
    inner = Univariate(Expression((Node("input", (0,)), Node("power", (0,), rest)), (1,)), 1, 0)
    for bits in CUTS:
        k = max(0, math.ceil((bits - log2(allowance)) / m))
        least, z = Fraction(1, 2 ** (n * k)), Fraction(2) ** k  # z is about the largest value of the chords
        if least >= top:
            continue
        for ratio in RATIOS:
            pieces = max(1, round((log2(top) - log2(least)) / math.log2(ratio)))
            most = Fraction(math.ceil(_largest(ratio, n) * MARGIN * ROUND), ROUND)
            size = most * Fraction(math.ceil(2.0 ** (float(p) * log2(top)) * ROUND), ROUND)  # of x z^(n-m)
            core = recipe(inner, (Fraction(ROUND - 4, ROUND), most), allowance * CORE / size)
            if core is None or pieces > MOST_PIECES:
                continue
            weights = _weights(m, n, z, top, most, size)
            left = allowance * Fraction(99, 100) - allowance * CORE - Fraction(1, 2 ** (m * k))
            counts = allocate([w for w in weights for _ in range(2)], left) if left > 0 else None
            if counts is not None:
                pairs = tuple(zip(counts[::2], counts[1::2], strict=True))
                yield Root(f, least, pieces, pairs, core)


def _largest(ratio: float, n: int) -> float:
    """Return the largest x z^n on a piece from 1 to ``ratio``, z being the chord of x^(-1/n)."""
    slope = (1 - ratio ** (-1 / n)) / (ratio - 1)
    x = (1 + slope) / ((n + 1) * slope)
    return x * (1 + slope - slope * x) ** n


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
    spread = 1 - Fraction(float(most) ** (-(n - m) / n))
    return [*result, size / 2 * spread / 2 / 2]
