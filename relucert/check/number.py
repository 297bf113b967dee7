"""Exact rationals, their one text grammar, outward fixed-point rounding, and the exponential.

No float occurs in the checker.  A *fixed-point* integer ``n`` at ``bits`` stands for
``n / 2**bits``; ``floor_to`` and ``ceil_to`` round outward, so that an interval of integers
encloses the interval of reals that it came from.
"""

import re
from fractions import Fraction
from functools import lru_cache

from .refusal import Declined, Rejected

MAX_DIGITS = 4000
MAX_BITS = 4096
MAX_EXP_ARGUMENT = 4096
MAX_EXP_TERMS = 2000

_RATIONAL = re.compile(r"(-?)(0|[1-9][0-9]*)(?:/([1-9][0-9]*))?", re.ASCII)


def rational(text: object) -> Fraction:
    """Return the rational that ``text`` writes as ``p`` or ``p/q`` in lowest terms.

    Raises Rejected for any other text and for more than 4,000 digits in p or q.
    """
    if not isinstance(text, str):
        raise Rejected(f'a rational must be text such as "3/4", not {type(text).__name__}')
    return _rational(text)


@lru_cache(maxsize=1024)  # most numbers of a file are a few, such as 1 and the inverse temperature
def _rational(text: str) -> Fraction:
    match = _RATIONAL.fullmatch(text) if len(text) <= 2 * MAX_DIGITS + 2 else None
    if match is None:
        raise Rejected(f"not a rational p/q of at most {MAX_DIGITS} digits: {text[:40]!a}")
    sign, p, q = match.groups()
    if max(len(p), len(q or "")) > MAX_DIGITS:
        raise Rejected(f"a number has more than {MAX_DIGITS} digits: {text[:20]}...")
    value = Fraction(int(sign + p)) if q is None else Fraction(int(sign + p), int(q))
    if (q is not None and (q == "1" or value.denominator != int(q))) or (sign and not value):
        raise Rejected(f"not in lowest terms: {text[:40]!a}")
    return value


def cost(*values: Fraction) -> int:
    """Return about how many microseconds an operation on these numbers takes, from their sizes in words alone."""
    bits = 0
    for value in values:
        bits += value.numerator.bit_length() + value.denominator.bit_length()
    return 1 + bits // 64 + (bits // 64) ** 2 // 256


def floor_to(value: Fraction, bits: int) -> int:
    """Return the largest integer n with n / 2**bits <= value."""
    return (value.numerator << bits) // value.denominator


def ceil_to(value: Fraction, bits: int) -> int:
    """Return the smallest integer n with n / 2**bits >= value."""
    return -((-value.numerator << bits) // value.denominator)


def exp_enclosure(x: Fraction, terms: int, bits: int) -> tuple[Fraction, Fraction]:
    """Return rationals lo <= exp(x) <= hi, rounded outward to about ``bits`` bits.

    Proof.  For x >= 0 take k with r = x / 2**k <= 1/2.  The Taylor sum S of the first ``terms``
    terms satisfies S <= exp(r) <= S + 2 t, where t = r**terms / terms! is the first term left
    out, because each later term is at most half the one before.  Every rounding is outward, and
    squaring k times is monotone on nonnegative numbers.  For x < 0, exp(x) = 1 / exp(-x) with
    exp(-x) >= 1, so that reciprocals swap the two ends.
    """
    if terms < 1:
        raise Rejected("exp needs at least one Taylor term")
    if abs(x) > MAX_EXP_ARGUMENT or terms > MAX_EXP_TERMS or bits > 2 * MAX_BITS:
        raise Declined(f"exp of an argument beyond {MAX_EXP_ARGUMENT}, or too many terms or bits")
    if x < 0:
        lo, hi = exp_enclosure(-x, terms, bits)
        return 1 / hi, 1 / lo
    halvings = 0
    while 2 * x > (1 << halvings):
        halvings += 1
    working = bits + 2 * halvings + 8
    r_lo, r_hi = floor_to(x / (1 << halvings), working), ceil_to(x / (1 << halvings), working)
    below = above = 0
    t_lo = t_hi = 1 << working
    for i in range(1, terms + 1):
        below, above = below + t_lo, above + t_hi
        t_lo = t_lo * r_lo // (i << working)
        t_hi = -(-t_hi * r_hi // (i << working))
    above += 2 * t_hi
    for _ in range(halvings):
        below, above = below * below >> working, -(-above * above >> working)
    return Fraction(below, 1 << working), Fraction(above, 1 << working)
