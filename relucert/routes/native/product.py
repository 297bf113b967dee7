"""Fit u by a sum of w_i (sigma(d_i u) - 1/2): the weights of product heads.

The w_i interpolate u at the zeros of a Chebyshev polynomial, which cancels odd powers: the error shrinks like d^(2k),
and so the weights, about 4/d, stay small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ...exact.number import round_down

MOST_HEADS = 8
MOST_WEIGHT = 64  # fewest heads are wanted, but not at the price of larger weights than this
FITTED = 0.9  # of the tolerance, for the fit; the rest for rounding
ROUNDS = 6
SAMPLES = 60
GUARD_BITS = 64


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


def choose(half: Fraction, tolerance: Fraction, objective: str) -> Fit:
    """Return the fit of u on [-half, half] with fewest heads whose weights stay small, or the one of least weight."""
    fits: list[Fit] = []
    for heads in range(1, MOST_HEADS + 1):
        fits.append(fit(heads, half, tolerance))
        if objective != "weight" and fits[-1].largest <= MOST_WEIGHT * max(half, Fraction(1)):
            return fits[-1]
        if len(fits) > 1 and fits[-1].largest >= fits[-2].largest:
            break
    return min(fits, key=lambda f: f.largest)
