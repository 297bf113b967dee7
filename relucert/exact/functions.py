"""Elementary functions on intervals with rational ends: enclosures, by mpmath, widened.

libmp rounds exp, log, sin, cos and erf to nearest, from values with guard bits and without an error term.  So each is
computed with 40 more bits and moved outward by 2^20 units in the last of those, as in ``enclosure``.
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

from mpmath.libmp import (
    from_rational,
    mpf_cos,
    mpf_erf,
    mpf_exp,
    mpf_log,
    mpf_pi,
    mpf_sin,
    round_nearest,
    to_rational,
)

Interval = tuple[Fraction, Fraction]

FUNCTIONS = ("exp", "log", "sin", "cos", "erf", "power")
LARGEST_EXPONENT = 4096
LARGEST_ANGLE = 1 << 20
WHOLE_TURN = 7  # more than 2 pi
GUARD_BITS = 60
ERROR_BITS = 20

_POINTS = {"exp": mpf_exp, "log": mpf_log, "sin": mpf_sin, "cos": mpf_cos, "erf": mpf_erf}
_EXACT = {"exp": (0, 1), "log": (1, 0), "sin": (0, 0), "cos": (0, 1), "erf": (0, 0)}


def value(op: str, x: Fraction, exponent: Fraction | None, bits: int) -> Fraction:
    """Return f(x) to about ``bits`` bits, exactly where it is a rational that is known: an estimate otherwise."""
    exact = exactly(op, x, exponent)
    if exact is not None:
        return exact
    lo, hi = _point(op, x, exponent, bits)
    return (lo + hi) / 2


def exactly(op: str, x: Fraction, exponent: Fraction | None = None) -> Fraction | None:
    """Return f(x) where it is rational: exp 0, log 1, sin 0, cos 0, erf 0 and powers that come out even; else None."""
    if op == "power" and exponent is not None:
        roots = [_root(n, exponent.denominator) for n in (x.numerator, x.denominator)] if x >= 0 else [None]
        if x < 0 or None in roots or (not x and exponent <= 0) or abs(exponent.numerator) > LARGEST_EXPONENT:
            return None
        return Fraction(roots[0] or 0, roots[1] or 1) ** exponent.numerator
    place, result = _EXACT[op]
    return Fraction(result) if x == place else None


def _root(n: int, k: int) -> int | None:
    """Return the k-th root of n >= 0 if it is whole."""
    if k == 2:  # by far the most frequent, and of long numbers
        return root if (root := isqrt(n)) ** 2 == n else None
    lo, hi = 0, 1 << (n.bit_length() // k + 1)
    while lo < hi:
        middle = (lo + hi + 1) // 2
        lo, hi = (middle, hi) if middle**k <= n else (lo, middle - 1)
    return lo if lo**k == n else None


def enclosed(op: str, inside: Interval, exponent: Fraction | None, bits: int) -> Interval:
    """Return rationals that enclose f over an interval, to about ``bits`` bits relative to the ends.

    Raises ValueError where f is not defined on the interval, OverflowError where its argument is beyond what is
    supported.
    """
    lo, hi = inside
    if op == "log" and lo <= 0:
        raise ValueError("the logarithm needs a positive argument")
    if op == "power" and exponent is not None and (lo < 0 or (lo == 0 and exponent < 0)):
        raise ValueError("a rational power needs a " + ("positive" if exponent < 0 else "nonnegative") + " argument")
    if (op == "exp" and max(-lo, hi) > LARGEST_EXPONENT) or (op in ("sin", "cos") and max(-lo, hi) > LARGEST_ANGLE):
        raise OverflowError(f"{op} of such large arguments is not supported")
    ends = [_ends(op, x, exponent, bits) for x in inside]
    least, most = min(end[0] for end in ends), max(end[1] for end in ends)
    if op in ("sin", "cos") and hi - lo > WHOLE_TURN:
        return Fraction(-1), Fraction(1)
    if op in ("sin", "cos"):  # monotone between the places quarter + k/2 of a turn
        quarter = Fraction(1, 2) if op == "sin" else Fraction(0)
        pi = _fraction(mpf_pi(bits + GUARD_BITS, round_nearest))
        k = -((quarter - lo / pi) // 1) - 1
        while (quarter + k) * pi <= hi + (hi - lo) / 2**bits + Fraction(1, 2**bits):
            if (quarter + k) * pi >= lo - Fraction(1, 2**bits):
                least, most = (min(least, Fraction(-1)), most) if k % 2 else (least, max(most, Fraction(1)))
            k += 1
        least, most = max(least, Fraction(-1)), min(most, Fraction(1))
    return least, most


def pi(bits: int) -> Interval:
    """Return an enclosure of pi."""
    middle, margin = _fraction(mpf_pi(bits + GUARD_BITS, round_nearest)), Fraction(1, 2 ** (bits + ERROR_BITS))
    return middle - margin, middle + margin


def _ends(op: str, x: Fraction, exponent: Fraction | None, bits: int) -> Interval:
    exact = exactly(op, x, exponent)
    return _point(op, x, exponent, bits) if exact is None else (exact, exact)


def _point(op: str, x: Fraction, exponent: Fraction | None, bits: int) -> Interval:
    """Return an enclosure of f(x).  The argument is rounded first; f moves by less than the widening for that."""
    size = max(0, x.numerator.bit_length() - x.denominator.bit_length())
    working = bits + GUARD_BITS + 2 * size
    if op == "power" and exponent is not None:
        if not x:
            return Fraction(0), Fraction(0)
        log = mpf_log(from_rational(x.numerator, x.denominator, working, round_nearest), working, round_nearest)
        scaled = _fraction(log) * exponent
        result = mpf_exp(from_rational(scaled.numerator, scaled.denominator, working), working, round_nearest)
    else:
        number = from_rational(x.numerator, x.denominator, working, round_nearest)
        result = _POINTS[op](number, working, round_nearest)
    middle = _fraction(result)
    margin = Fraction(1, 2 ** (bits + ERROR_BITS))
    margin *= abs(middle) if op in ("exp", "power") else max(abs(middle), Fraction(1))
    return middle - margin, middle + margin


def _fraction(number: tuple[int, int, int, int]) -> Fraction:
    return Fraction(*to_rational(number))
