"""Lower bounds on ReLU gates, and published upper bounds, to set beside what was built.

N gates with free linear skips cut the box into at most 2^N convex cells on which the network is affine; a line into at
most 2^N pieces.  So a target that needs P affine pieces for an error eps needs N >= log2 P gates.
These bounds speak of ReLU networks; a softmax head is not piecewise linear and is not bound by them.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

from ..spec.problem import Problem

ROOT_BITS = 1000


class LowerBound(NamedTuple):
    """At least ``gates`` ReLU gates are needed, because of ``reason``."""

    gates: int
    reason: str


def lower_bound(problem: Problem) -> LowerBound | None:
    """Return a proved lower bound on the gates of any ReLU network for the problem, or None.

    square: the best affine error on a piece of width w is w^2/8, so P >= width / sqrt(8 eps).  multiply: x y is within
    eps of affine only on convex cells of area at most 16 eps.  reciprocal: the best affine error on [l, r] is
    (1/sqrt(l) - 1/sqrt(r))^2 / 2, so P >= (1/sqrt(a) - 1/sqrt(b)) / sqrt(2 eps).  Derived here.
    """
    eps = problem.tolerance
    widths = [hi - lo for lo, hi in problem.domain]
    if problem.target == "square":
        return LowerBound(_log2_up(widths[0] ** 2 / (8 * eps), half=True), "N >= log2(width^2/(8 eps))/2")
    if problem.target == "multiply":
        return LowerBound(_log2_up(widths[0] * widths[1] / (16 * eps)), "N >= log2(area/(16 eps))")
    if problem.target == "reciprocal":
        a, b = (abs(end) for end in problem.domain[0])
        # (1/sqrt(a) - 1/sqrt(b))^2 from below, exactly: floats could cancel here and overstate the bound
        squared = 1 / a + 1 / b - 2 * _root_above(1 / (a * b))
        reason = "N >= log2((1/sqrt(a) - 1/sqrt(b))/sqrt(2 eps))"
        return LowerBound(_log2_up(max(squared, Fraction(0)) / (2 * eps), half=True), reason)
    return None


def _root_above(value: Fraction) -> Fraction:
    """Return a rational at or above the square root, to about 2^-1000 of one or of the value."""
    bits = ROOT_BITS + value.denominator.bit_length()
    return Fraction(math.isqrt((value.numerator << 2 * bits) // value.denominator) + 1, 1 << bits)


def _log2_up(value: Fraction, half: bool = False) -> int:
    """Return the least N >= 0 with 2^N >= value, or 4^N >= value, exactly."""
    base, n = (4 if half else 2), 0
    if value > 1:
        n = max(0, (value.numerator.bit_length() - value.denominator.bit_length() - 2) // (2 if half else 1))
    while Fraction(base) ** n < value:
        n += 1
    return n


def published(problem: Problem) -> str | None:
    """Return what a published lemma gives for the problem, with its source."""
    if problem.route == "max-affine":
        return "max-affine partitions after arXiv 2504.19901, whose constants were not at hand"
    if problem.route == "partition":
        return (
            "softmax partitions of unity after arXiv 2605.08811: O(eps^(-d/alpha)) parameters in all, two encoder "
            "blocks (its abstract; the constants were not at hand)"
        )
    if problem.route == "anchors":
        return (
            "at hard max, after arXiv 2504.15956: each gate on [a, b] within max(|a|,|b|) eps0 + (b-a)/p for p anchors "
            "(as our design notes state it; the paper was not at hand)"
        )
    digits = max(0, math.ceil(math.log2(1 / problem.tolerance)))
    if problem.target == "multiply":
        return (
            f"Schmidt-Hieber 2020 (factors in [0,1], error 2^-m): m = {digits}, {digits + 4} layers of width 6, "
            f"at most {6 * (digits + 4)} units"
        )
    if problem.target == "reciprocal":
        return (
            "Oko, Akiyama, Suzuki 2023, Lemma F.7 (cited from memory): L = O(log^2 1/eps), W = O(log^3 1/eps), "
            "S = O(log^4 1/eps) on [eps, 1/eps]"
        )
    return None
