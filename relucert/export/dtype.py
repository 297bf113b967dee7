"""Binary float formats: rounding a rational to the nearest float, exactly, by integers alone.

No float is computed here.  A float is its bit pattern, an integer below 2^bits, and its value is a rational.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ..errors import UsageError


class OverflowToInfinityError(UsageError):
    """A number beyond the largest finite float, which a machine would replace by infinity."""


@dataclass(frozen=True, slots=True)
class Dtype:
    """An IEEE 754 binary format: ``precision`` counts the significand's bits, the hidden one included."""

    name: str
    bits: int
    precision: int

    def __post_init__(self) -> None:
        if not 2 <= self.precision < self.bits or self.bits % 8:
            raise ValueError("a float format needs whole bytes and room for sign and exponent")

    @property
    def emax(self) -> int:
        """The exponent of the largest finite float; also the exponent's bias."""
        return int(2 ** (self.bits - self.precision - 1)) - 1

    @property
    def largest(self) -> Fraction:
        """The largest finite float."""
        return (2 - Fraction(2) ** (1 - self.precision)) * Fraction(2) ** self.emax

    @property
    def size(self) -> int:
        """The number of bytes of one float."""
        return self.bits // 8

    def encode(self, value: Fraction) -> int:
        """Return the bit pattern of the float nearest to ``value``, ties to even, with gradual underflow.

        Raises OverflowToInfinityError where IEEE 754 would round to infinity.
        """
        if not value:
            return 0
        quantum, least = self._quantum(value), 1 << (self.precision - 1)
        units = round(abs(value) / Fraction(2) ** quantum)  # a Fraction rounds half to even
        # The exponent field is one less for a subnormal, whose hidden bit is missing; a carry moves into it by itself.
        exponent = quantum + self.precision - 2 + self.emax
        pattern = (exponent << (self.precision - 1)) + units
        if pattern >= (2 * self.emax + 1) * least:
            raise OverflowToInfinityError(f"a number beyond the largest {self.name}")
        return pattern | (value < 0) << (self.bits - 1)

    def decode(self, pattern: int) -> Fraction:
        """Return the exact value of a finite float's bit pattern."""
        least = 1 << (self.precision - 1)
        exponent, fraction = divmod(pattern & ~(1 << (self.bits - 1)), least)
        if exponent > 2 * self.emax:
            raise ValueError("the bit pattern is infinite or not a number")
        units = fraction + least if exponent else fraction
        size = units * Fraction(2) ** (max(exponent, 1) - self.emax - self.precision + 1)
        return -size if pattern >> (self.bits - 1) else size

    def nearest(self, value: Fraction) -> Fraction:
        """Return the value of the float nearest to ``value``."""
        return self.decode(self.encode(value))

    def least_above(self, value: Fraction) -> Fraction:
        """Return the least float that is >= ``value``."""
        unit = Fraction(2) ** self._quantum(value)
        return -(-value // unit) * unit

    def largest_below(self, value: Fraction) -> Fraction:
        """Return the largest float that is <= ``value``."""
        return -self.least_above(-value)

    def _quantum(self, value: Fraction) -> int:
        """Return the exponent of the distance between the floats around ``value``."""
        size = abs(value)
        exponent = size.numerator.bit_length() - size.denominator.bit_length()
        if size < Fraction(2) ** exponent:
            exponent -= 1
        return (max(exponent, 1 - self.emax) if size else 1 - self.emax) - self.precision + 1


FLOAT16 = Dtype("float16", 16, 11)
BFLOAT16 = Dtype("bfloat16", 16, 8)
FLOAT32 = Dtype("float32", 32, 24)
FLOAT64 = Dtype("float64", 64, 53)
DTYPES = {dtype.name: dtype for dtype in (FLOAT32, FLOAT64, BFLOAT16, FLOAT16)}
