"""exp, log, sin, cos, erf and rational powers on the builder's side: values from libmp, taken as some units wide.

The checker has its own in ``check/rules/elementary.py``; what is computed here only says what to claim.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from mpmath.libmp import (
    from_man_exp,
    from_rational,
    mpf_cos_sin,
    mpf_erf,
    mpf_exp,
    mpf_log,
    mpf_pi,
    mpf_pow,
    round_nearest,
    to_fixed,
)

Ends = tuple[int, int]

GUARD = 24
UNITS = 4
MAX_WHOLE = 4096  # as in the checker


class CellError(ArithmeticError):
    """A function is not smooth where it has to be, as far as enclosures show."""


@lru_cache(maxsize=1 << 14)
def fixed(name: str, n: int, bits: int, p: int = 0, q: int = 1) -> int:
    """Return f(n / 2**bits) in units of 2**-bits, within ``UNITS``; CellError where f has no value or a huge one."""
    working = 2 * bits + GUARD + max(0, n.bit_length() - bits)
    if name == "exp" and abs(n) >> bits >= MAX_WHOLE:
        if n > 0:
            raise CellError("exp of too large an argument")
        return 0
    if name in ("log", "power") and n <= 0:
        raise CellError(f"{name} of a number that may not be positive")
    x = from_man_exp(n, -bits)
    if name == "exp":
        value = mpf_exp(x, working + max(0, 2 * (n >> bits)), round_nearest)
    elif name == "log":
        value = mpf_log(x, working, round_nearest)
    elif name in ("sin", "cos"):
        value = mpf_cos_sin(x, working, round_nearest)[name == "sin"]
    elif name == "erf":
        value = mpf_erf(x, working, round_nearest)
    else:
        value = mpf_pow(x, from_rational(p, q, working), working, round_nearest)
    return int(to_fixed(value, bits))


def two_over_root_pi(bits: int) -> int:
    """Return 2 / sqrt(pi) in units of 2**-bits, within ``UNITS``."""
    working = bits + GUARD
    minus_half = from_rational(-1, 2, working)
    return int(to_fixed(mpf_pow(mpf_pi(working), minus_half, working, round_nearest), bits + 1))


def image(op: str, exponent: Fraction | None, lo: Fraction, hi: Fraction, bits: int) -> tuple[Fraction, Fraction]:
    """Return an interval that holds the image of [lo, hi], some units of 2**-bits wider."""
    p, q = (exponent.numerator, exponent.denominator) if exponent is not None else (0, 1)
    ends = (lo.numerator << bits) // lo.denominator, -((-hi.numerator << bits) // hi.denominator)
    if op == "power" and p > 0 and lo == 0:
        values = [0, fixed(op, ends[1], bits, p, q) if hi else 0]
    else:
        values = [fixed(op, end, bits, p, q) for end in ends]
    least, largest, one = min(values) - UNITS, max(values) + UNITS, 1 << bits
    if op in ("sin", "cos"):
        below = int(to_fixed(mpf_pi(bits + GUARD), bits))
        quarter = op == "cos"
        if hi - lo >= 7:
            return Fraction(-1), Fraction(1)
        first = 2 * ends[0] // below // 2 - 2
        for k in range(first, first + 8):
            extremum, room = (2 * k + 1 - quarter) * below // 2, UNITS * (abs(k) + 2)
            if ends[0] - room <= extremum <= ends[1] + room:
                least, largest = (least, one) if k % 2 == 0 else (-one, largest)
        least, largest = max(least, -one), min(largest, one)
    return Fraction(least, one), Fraction(largest, one)
