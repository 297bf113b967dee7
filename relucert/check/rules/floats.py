"""Numbers of a float format and what rounding to it costs, for the family ``rounding``."""

from fractions import Fraction
from typing import NamedTuple

from ..arithmetic import Arithmetic
from ..model import Form

ZERO = Fraction(0)


class Format(NamedTuple):
    """An IEEE 754 binary format: bits of the significand, the hidden one included, and the largest exponent."""

    precision: int
    emax: int

    @property
    def least_normal(self) -> Fraction:
        """The smallest positive number with a full significand."""
        return Fraction(1, 1 << (self.emax - 1))

    @property
    def largest(self) -> Fraction:
        """The largest finite number."""
        return Fraction(((1 << self.precision) - 1) << (self.emax + 1 - self.precision))

    def holds(self, value: Fraction) -> bool:
        """Return whether ``value`` is zero or a normal number of the format."""
        n, q = abs(value.numerator), value.denominator
        odd = n // (n & -n) if n else 0
        return not n or (
            q & (q - 1) == 0 and odd.bit_length() <= self.precision and self.least_normal <= abs(value) <= self.largest
        )


FORMATS = {
    "float16": Format(11, 15),
    "bfloat16": Format(8, 127),
    "float32": Format(24, 127),
    "float64": Format(53, 1023),
}


class Cell(NamedTuple):
    """A number that the machine computes: in [lo, hi], and within ``error`` of ``form`` at the machine's atoms."""

    form: Form
    error: Fraction
    lo: Fraction
    hi: Fraction
    below: Fraction = ZERO  # bounds | max(-cell, 0) - max(-form, 0) |
    above: Fraction = ZERO  # bounds | max(cell, 0) - max(form, 0) |


class Floats:
    """What one operation of the machine may lose."""

    def __init__(self, chosen: Arithmetic) -> None:
        self.format, self.fine = FORMATS[chosen.dtype], FORMATS[chosen.accumulate]
        self.mixed = self.fine != self.format
        smallest = self.format.least_normal
        # what a result loses by underflow, or an operand by being replaced by zero
        self.tiny = smallest if chosen.subnormals == "flush" else smallest / (1 << self.format.precision)

    def nearest(self, size: Fraction) -> Fraction:
        """Return how far storing any number of at most this size moves it, underflow aside."""
        lost = half_ulp(size, self.fine.precision)
        return lost if not self.mixed else lost + half_ulp(size + lost, self.format.precision)

    def settled(
        self, lo: Fraction, hi: Fraction, least: Fraction, most: Fraction
    ) -> tuple[Fraction, Fraction, Fraction]:
        """Return the interval after underflow, and what that loses if [least, most] has numbers that are not normal."""
        normal = self.format.least_normal
        if least >= normal or most <= -normal:
            return lo, hi, ZERO
        lo = min(lo, ZERO) if lo >= 0 else min(lo, -normal)
        return lo, (max(hi, ZERO) if hi <= 0 else max(hi, normal)), self.tiny


def power_of_two(value: Fraction) -> bool:
    """Return whether the number is 2^k or -2^k."""
    n, q = abs(value.numerator), value.denominator
    return n > 0 and n & (n - 1) == 0 and q & (q - 1) == 0


def short(value: Fraction, precision: int) -> bool:
    """Return whether ``precision`` bits write the number, whatever its exponent."""
    n, q = abs(value.numerator), value.denominator
    return q & (q - 1) == 0 and (not n or (n // (n & -n)).bit_length() <= precision)


def half_ulp(size: Fraction, precision: int) -> Fraction:
    """Return how far rounding to nearest moves any number of at most this size, underflow aside.

    Numbers below 2^e are moved by at most 2^(e - 1 - precision); those from 2^e to the size by at most twice that, and
    by no more than to 2^e itself.
    """
    if size <= 0:
        return ZERO
    e = size.numerator.bit_length() - size.denominator.bit_length()
    power = Fraction(2) ** e
    if power > size:
        power /= 2
    below = power / (1 << (precision + 1))
    return max(below, min(2 * below, size - power))


def widened(lo: Fraction, hi: Fraction, error: Fraction, precision: int) -> tuple[Fraction, Fraction]:
    """Return the interval of a rounded number, given that of the exact one."""
    return (lo if short(lo, precision) else lo - error), (hi if short(hi, precision) else hi + error)
