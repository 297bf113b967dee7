"""The arithmetic model of a problem, on the writing side.

The checker defines it again in ``relucert.check.arithmetic``, on purpose, with the meaning of every field: the two
sides share the file format only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from ..errors import UsageError, nearest


@dataclass(frozen=True, slots=True)
class FloatFormat:
    """An IEEE 754 binary format: bits of the significand, the hidden one included, and the largest exponent."""

    precision: int
    emax: int

    @property
    def least_normal(self) -> Fraction:
        """The smallest positive normal number."""
        return Fraction(2) ** (1 - self.emax)

    @property
    def largest(self) -> Fraction:
        """The largest finite number."""
        return (2 - Fraction(2) ** (1 - self.precision)) * Fraction(2) ** self.emax

    def nearest(self, value: Fraction) -> Fraction:
        """Return the zero or normal number nearest to ``value``, ties to even; no upper limit."""
        if not value:
            return value
        exponent = value.numerator.bit_length() - value.denominator.bit_length()
        if abs(value) < Fraction(2) ** exponent:
            exponent -= 1
        unit = Fraction(2) ** (exponent - self.precision + 1)
        rounded = round(value / unit) * unit
        if abs(rounded) >= self.least_normal:
            return rounded
        least = self.least_normal if value > 0 else -self.least_normal
        return least if 2 * abs(value) >= abs(least) else Fraction(0)


FORMATS = {
    "float32": FloatFormat(24, 127),
    "float64": FloatFormat(53, 1023),
    "bfloat16": FloatFormat(8, 127),
    "float16": FloatFormat(11, 15),
}
SOFTMAX = ("stable", "plain")
SUBNORMALS = ("flush", "gradual")
DEFAULT_ULPS = 32  # vectorised exponentials in use are off by up to 20
MOST_ULPS = 1 << 19
KEYS = ("dtype", "accumulate", "softmax", "exp_ulps", "subnormals")


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """The machines that a statement speaks of; ``relucert.check.arithmetic`` says what each field means."""

    dtype: str
    accumulate: str
    softmax: str = "stable"
    exp_ulps: int = DEFAULT_ULPS
    subnormals: str = "flush"

    @property
    def format(self) -> FloatFormat:
        """The format of the numbers."""
        return FORMATS[self.dtype]

    @property
    def fine(self) -> FloatFormat:
        """The format in which matrix products and softmax may be accumulated."""
        return FORMATS[self.accumulate]

    @property
    def entries(self) -> dict[str, str | int]:
        """The fields by name, as specifications and certificates write them."""
        return {key: getattr(self, key) for key in KEYS}


def make_arithmetic(entries: Mapping[str, str | int]) -> Arithmetic:
    """Return the model with defaults: 16-bit formats accumulate in float32, and float16 alone keeps subnormals.

    Raises UsageError, with the key ``arithmetic``, for unknown keys and values.
    """
    for key in entries:
        if key not in KEYS:
            raise UsageError(f"unknown key {key!r} of arithmetic{nearest(key, KEYS)}", "arithmetic")
    if "dtype" not in entries:
        raise UsageError("arithmetic needs a dtype, such as dtype: float32", "arithmetic")
    dtype = _known("dtype", entries["dtype"], tuple(FORMATS))
    wide = (dtype, "float32") if FORMATS[dtype].precision < FORMATS["float32"].precision else (dtype,)
    ulps = entries.get("exp_ulps", DEFAULT_ULPS)
    if not isinstance(ulps, int) or not 0 <= ulps <= MOST_ULPS:
        raise UsageError(f"exp_ulps must be a whole number from 0 to {MOST_ULPS}, not {ulps}", "arithmetic")
    return Arithmetic(
        dtype,
        _known("accumulate", entries.get("accumulate", wide[-1]), wide),
        _known("softmax", entries.get("softmax", "stable"), SOFTMAX),
        ulps,
        _known("subnormals", entries.get("subnormals", "gradual" if dtype == "float16" else "flush"), SUBNORMALS),
    )


def _known(key: str, value: str | int, known: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in known:
        raise UsageError(f"unknown {key} {value!r} of arithmetic{nearest(str(value), known)}", "arithmetic")
    return value
