"""Share a tolerance among folded squares: fewest gates with sum_i weight_i * 4^-gates_i <= allowance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction


def allocate(weights: Sequence[Fraction | float], allowance: Fraction | float) -> list[int] | None:
    """Return gate counts of least total whose weighted errors fit ``allowance``; None if there are none.

    The error is separable and convex in the counts, so adding one gate at a time where it removes the most error
    is optimal; the start is a lower bound on every count.  Floats plan only: what is built is certified.
    """
    if allowance <= 0:
        return None
    counts, errors = [], []  # errors are relative to the allowance
    for weight in weights:
        count, error = _alone(weight / allowance)
        counts.append(count)
        errors.append(error)
    while sum(errors) > 1:
        worst = max(range(len(errors)), key=errors.__getitem__)
        counts[worst] += 1
        errors[worst] /= 4
    return counts


def _alone(ratio: Fraction | float) -> tuple[int, float]:
    """Return (m, ratio / 4^m) for the least m >= 0 that brings it to at most 1; the ratio may be beyond floats."""
    start = 0
    if isinstance(ratio, Fraction) and ratio > 1:
        start = max(0, (ratio.numerator.bit_length() - ratio.denominator.bit_length()) // 2 - 1)
        ratio /= 4**start
    value = float(ratio)
    count = max(0, math.ceil(math.log(value, 4))) if value > 1 else 0
    return start + count, value / 4.0**count
