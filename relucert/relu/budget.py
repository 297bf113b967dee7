"""Share a tolerance among folded squares: fewest gates with sum_i weight_i * 4^-gates_i <= allowance."""

from __future__ import annotations

import math
from collections.abc import Sequence


def allocate(weights: Sequence[float], allowance: float) -> list[int] | None:
    """Return gate counts of least total whose weighted errors fit ``allowance``; None if there are none.

    The error is separable and convex in the counts, so adding one gate at a time where it removes the most error
    is optimal; the start is a lower bound on every count.  Floats plan only: what is built is certified.
    """
    if allowance <= 0:
        return None
    counts = [max(0, math.ceil(math.log(w / allowance, 4))) if w > allowance else 0 for w in weights]
    errors = [w * 4.0**-c for w, c in zip(weights, counts, strict=True)]
    while sum(errors) > allowance:
        worst = max(range(len(errors)), key=errors.__getitem__)
        counts[worst] += 1
        errors[worst] /= 4
    return counts
