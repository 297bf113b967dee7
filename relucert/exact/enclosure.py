"""Intervals of mpmath numbers that really enclose: the one place where mpmath computes bounds.

``mpmath.iv`` is not used: its exponential is not always an enclosure (mpmath issue 1181), its comparisons
return None when undecided, and its precision is global.  Here the four operations call ``mpmath.libmp`` with
a directed rounding mode, which libmp rounds correctly for them; ``exp`` is computed with 40 more bits and then
widened by 2^20 units in the last of those bits, 2^-20 of a unit at the asked precision; comparisons are
explicit; ``bits`` is an argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from mpmath.libmp import (
    from_int,
    fzero,
    mpf_abs,
    mpf_add,
    mpf_cmp,
    mpf_div,
    mpf_exp,
    mpf_ge,
    mpf_le,
    mpf_mul,
    mpf_neg,
    mpf_shift,
    round_ceiling,
    round_floor,
    round_nearest,
    to_rational,
)

Mpf = tuple[int, int, int, int]

EXTRA_BITS = 40
WIDENING_BITS = 20


@dataclass(frozen=True, slots=True)
class Enclosure:
    """The closed interval [lo, hi] of raw mpmath numbers; operations round outward to ``bits``."""

    lo: Mpf
    hi: Mpf
    bits: int

    def __post_init__(self) -> None:
        if not mpf_le(self.lo, self.hi):
            raise ValueError("an enclosure needs lo <= hi")

    @classmethod
    def of(cls, value: Fraction | int, bits: int) -> Enclosure:
        """Return an enclosure of an exact rational, a point where ``bits`` suffice."""
        p, q = from_int(value.numerator), from_int(value.denominator)
        return cls(mpf_div(p, q, bits, round_floor), mpf_div(p, q, bits, round_ceiling), bits)

    def __add__(self, other: Enclosure) -> Enclosure:
        bits = max(self.bits, other.bits)
        return Enclosure(
            mpf_add(self.lo, other.lo, bits, round_floor), mpf_add(self.hi, other.hi, bits, round_ceiling), bits
        )

    def __neg__(self) -> Enclosure:
        return Enclosure(mpf_neg(self.hi), mpf_neg(self.lo), self.bits)

    def __sub__(self, other: Enclosure) -> Enclosure:
        return self + -other

    def __mul__(self, other: Enclosure) -> Enclosure:
        bits = max(self.bits, other.bits)
        exact = [mpf_mul(p, q) for p in (self.lo, self.hi) for q in (other.lo, other.hi)]
        return Enclosure(
            mpf_add(_least(exact), fzero, bits, round_floor), mpf_add(_largest(exact), fzero, bits, round_ceiling), bits
        )

    def __truediv__(self, other: Enclosure) -> Enclosure:
        bits = max(self.bits, other.bits)
        if other.contains(Fraction(0)):
            raise ZeroDivisionError("division by an enclosure that contains zero")
        ends = [(p, q) for p in (self.lo, self.hi) for q in (other.lo, other.hi)]
        return Enclosure(
            _least([mpf_div(p, q, bits, round_floor) for p, q in ends]),
            _largest([mpf_div(p, q, bits, round_ceiling) for p, q in ends]),
            bits,
        )

    def __abs__(self) -> Enclosure:
        if mpf_ge(self.lo, fzero):
            return self
        if mpf_le(self.hi, fzero):
            return -self
        return Enclosure(fzero, _largest([mpf_abs(self.lo), self.hi]), self.bits)

    def exp(self) -> Enclosure:
        """Return an enclosure of exp over the interval."""
        return Enclosure(_exp(self.lo, self.bits, -1), _exp(self.hi, self.bits, 1), self.bits)

    def hull(self, other: Enclosure) -> Enclosure:
        """Return the smallest interval that holds both."""
        return Enclosure(_least([self.lo, other.lo]), _largest([self.hi, other.hi]), max(self.bits, other.bits))

    def maximum(self, other: Enclosure) -> Enclosure:
        """Return an enclosure of the larger of the two enclosed numbers."""
        return Enclosure(_largest([self.lo, other.lo]), _largest([self.hi, other.hi]), max(self.bits, other.bits))

    def contains(self, value: Fraction) -> bool:
        """Return whether the exact rational lies in the interval."""
        return self.lower <= value <= self.upper

    @property
    def lower(self) -> Fraction:
        """The exact lower end."""
        return Fraction(*to_rational(self.lo))

    @property
    def upper(self) -> Fraction:
        """The exact upper end."""
        return Fraction(*to_rational(self.hi))

    @property
    def is_zero(self) -> bool:
        """Whether the interval is the point zero."""
        return bool(self.lo == fzero == self.hi)


def _least(values: list[Mpf]) -> Mpf:
    result = values[0]
    for value in values[1:]:
        if mpf_cmp(value, result) < 0:
            result = value
    return result


def _largest(values: list[Mpf]) -> Mpf:
    result = values[0]
    for value in values[1:]:
        if mpf_cmp(value, result) > 0:
            result = value
    return result


def _exp(x: Mpf, bits: int, direction: int) -> Mpf:
    """Return a number below (-1) or above (+1) exp(x).

    libmp computes exp with at least 10 guard bits and rounds to nearest without an error term; its error at
    bits + 40 is far below 2^20 units there, by which the value is moved outward.
    """
    working = bits + EXTRA_BITS
    value = mpf_exp(x, working, round_nearest)
    margin = mpf_shift(value, WIDENING_BITS - working)
    rounding = round_ceiling if direction > 0 else round_floor
    result: Mpf = mpf_add(value, margin if direction > 0 else mpf_neg(margin), bits, rounding)
    return result
