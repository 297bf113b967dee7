"""How far an error at one part of an expression moves the whole, by one backward sweep over it and its ranges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from ..exact.functions import FUNCTIONS, enclosed
from ..target.expression import LEAVES, Expression
from ..target.ranges import Interval

SLOPE_BITS = 64
HOELDER = 4  # an error e of a root's argument near zero is planned to satisfy (4 e)^p <= its share


def influences(
    expression: Expression,
    inside: Sequence[Interval],
    roots: Sequence[int],
    allowance: Fraction | None = None,
    shared: Sequence[bool] | None = None,
) -> list[Fraction]:
    """Return for every node how much an error there moves the roots in all, at most, to first order.

    Errors pass through a function that is built as a whole operation by operation, as their proof does.  Expressions
    with functions need the ``allowance``, as it matters where a root comes near zero; their influences have few digits.
    An error of a maximum is the largest of its arguments' errors: where ``shared`` says which nodes have one at all,
    those arguments share the influence of the maximum, as the multipliers of the best split do.
    """
    result = [Fraction(0)] * len(expression.nodes)
    for root in roots:
        result[root] = Fraction(1)
    for t in range(len(expression.nodes) - 1, -1, -1):
        node = expression.nodes[t]
        if node.op in LEAVES or not result[t]:
            continue
        if node.op == "mul":
            sizes = [max(map(abs, inside[c])) for c in node.children]
            for k, c in enumerate(node.children):
                result[c] += result[t] * math.prod(size for i, size in enumerate(sizes) if i != k)
        elif node.op == "inv":
            (c,) = node.children
            result[c] += result[t] / min(map(abs, inside[c])) ** 2
        elif node.op in FUNCTIONS and allowance is not None:
            (c,) = node.children
            result[c] += result[t] * slope(node.op, node.value, inside[c], allowance / result[t])
        else:
            most = sum(shared[c] for c in node.children) if shared and node.op in ("max", "min") else 1
            for c in node.children:
                result[c] += result[t] / most if most > 1 else result[t]
    return result if allowance is None else [_short(value) for value in result]


def _short(value: Fraction) -> Fraction:
    """Return about the value, in few digits."""
    if not value:
        return value
    shift = value.numerator.bit_length() - value.denominator.bit_length() - SLOPE_BITS
    unit = Fraction(2) ** shift
    return round(value / unit) * unit


def slope(op: str, exponent: Fraction | None, inside: Interval, room: Fraction | None = None) -> Fraction:
    """Return the largest slope of a function on an interval, or what stands for it where a root comes near zero.

    That is a slope for errors of ``room``, which is only needed there.
    """
    lo, hi = inside
    if op == "exp":
        return enclosed("exp", (hi, hi), None, SLOPE_BITS)[1]
    if op == "log":
        return 1 / lo
    if op == "power" and exponent is not None:
        if 0 < exponent < 1 and room is not None:
            small = enclosed("power", (room / 8, room / 8), 1 / exponent, SLOPE_BITS)[1] / HOELDER
            if lo <= 4 * small:
                return room / small / 4
        return abs(exponent) * max(enclosed("power", (end, end), exponent - 1, SLOPE_BITS)[1] for end in inside)
    return Fraction(113, 100) if op == "erf" else Fraction(1)
