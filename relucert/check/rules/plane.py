"""Complex rectangles: enclosures of analytic functions off the real line, in fixed point, for the family ``analytic``.

A rectangle is a pair of intervals, of real and of imaginary parts, in units of 2**-BITS.  Each operation returns a
rectangle that holds the operation of every point of its arguments, or raises Rejected where one of these is not known
to be where the operation is analytic.  Logarithms and powers are principal: analytic off the closed negative real axis.
"""

from collections.abc import Callable
from fractions import Fraction

from ..refusal import Declined, Rejected
from . import elementary
from .elementary import Ends

BITS = 128
ONE = 1 << BITS
UNITS = 2 * elementary.units(BITS)

Rectangle = tuple[Ends, Ends]
Spend = Callable[[int], None]


def add(a: Rectangle, b: Rectangle) -> Rectangle:
    """Return a + b."""
    return (a[0][0] + b[0][0], a[0][1] + b[0][1]), (a[1][0] + b[1][0], a[1][1] + b[1][1])


def mul(a: Rectangle, b: Rectangle) -> Rectangle:
    """Return a * b."""
    (lo, hi), (low, high) = _times(a[0], b[0]), _times(a[1], b[1])
    (left, right), (down, up) = _times(a[0], b[1]), _times(a[1], b[0])
    return (lo - high, hi - low), (left + down, right + up)


def inv(a: Rectangle) -> Rectangle:
    """Return 1 / a = (x - i y) / (x^2 + y^2)."""
    square = _norm(a)
    if square[0] <= 0:
        raise Rejected("a denominator may be zero near the cell, off the real line")
    inverse = (ONE << BITS) // square[1], -(-(ONE << BITS) // square[0])
    return _times(a[0], inverse), _times((-a[1][1], -a[1][0]), inverse)


def exp(a: Rectangle, spend: Spend) -> Rectangle:
    """Return the exponential, of modulus exp x and argument y."""
    spend(3 * UNITS + 2 * elementary.exp_units(a[0][1], BITS))
    size = elementary.exp(a[0][0], BITS)[0], elementary.exp(a[0][1], BITS)[1]
    return _times(size, elementary.wave(*a[1], BITS, 1)), _times(size, elementary.wave(*a[1], BITS, 0))


def log(a: Rectangle, spend: Spend) -> Rectangle:
    """Return the logarithm: half that of x^2 + y^2, and the argument, of y's sign and at most |y| / x where x > 0."""
    spend(UNITS)
    (lo, _), (low, high) = a
    if lo <= 0 and low <= 0 <= high:
        raise Rejected("a logarithm or power of what may be negative near the cell, off the real line")
    square = _norm(a)
    least, largest = elementary.log(square[0], BITS)[0], elementary.log(square[1], BITS)[1]
    turn = elementary.pi(BITS)[1] + 1
    most = turn if lo <= 0 else min(turn, -(-max(-low, high) * ONE // lo))
    return (least // 2, -(-largest // 2)), (-most if low < 0 else 0, most if high > 0 else 0)


def power(a: Rectangle, exponent: Fraction, spend: Spend) -> Rectangle:
    """Return the power: that of the exponential of exponent log a."""
    if max(abs(exponent.numerator), exponent.denominator) > elementary.MAX_EXPONENT:
        raise Declined(f"a power with an exponent of more than {elementary.MAX_EXPONENT} in numerator or denominator")
    p, q = exponent.numerator, exponent.denominator
    re, im = (sorted(p * end for end in part) for part in log(a, spend))
    return exp(((re[0] // q, -(-re[1] // q)), (im[0] // q, -(-im[1] // q))), spend)


def sin_cos(a: Rectangle, spend: Spend) -> tuple[Rectangle, Rectangle]:
    """Return sin a = sin x cosh y + i cos x sinh y and cos a = cos x cosh y - i sin x sinh y."""
    spend(4 * UNITS + 4 * elementary.exp_units(max(map(abs, a[1])), BITS))
    sine, cosine = (elementary.wave(*a[0], BITS, quarter) for quarter in (0, 1))
    (low, high) = a[1]
    up = [elementary.exp(end, BITS) for end in (low, high)]
    down = [elementary.exp(-end, BITS) for end in (low, high)]
    sinh = (up[0][0] - down[0][1]) // 2, -(-(up[1][1] - down[1][0]) // 2)
    cosh = ONE if low <= 0 <= high else 0, -(-max(u[1] + v[1] for u, v in zip(up, down, strict=True)) // 2)
    minus = -sinh[1], -sinh[0]
    return (_times(sine, cosh), _times(cosine, sinh)), (_times(cosine, cosh), _times(sine, minus))


def erf(a: Rectangle, spend: Spend) -> Rectangle:
    """Return a square that holds erf a: |erf z| <= 8/7 |z| exp(y^2), as 2/sqrt(pi) < 8/7.

    On the segment from 0 to z, |exp(-t^2)| = exp(Im(t)^2 - Re(t)^2) <= exp(y^2).
    """
    tall = -(-(max(map(abs, a[1])) ** 2) >> BITS)
    spend(UNITS + elementary.exp_units(tall, BITS))
    reach = max(map(abs, a[0])) + max(map(abs, a[1]))
    most = -(-8 * reach * elementary.exp(tall, BITS)[1] // (7 << BITS))
    return (-most, most), (-most, most)


def size(a: Rectangle) -> int:
    """Return an upper bound of |a|."""
    return max(map(abs, a[0])) + max(map(abs, a[1]))


def limit(a: Rectangle, spend: Spend) -> None:
    """Count work on large numbers; Declined for those beyond what ``elementary`` takes."""
    words = size(a).bit_length() // 64
    if words > elementary.MAX_SIZE // 64:
        raise Declined("too large a value near the cell, off the real line")
    spend(words + words * words // 64)


def _norm(a: Rectangle) -> Ends:
    """Return x^2 + y^2."""
    lo = hi = 0
    for low, high in a:
        lo += max(low, -high, 0) ** 2
        hi += max(-low, high) ** 2
    return lo >> BITS, -(-hi >> BITS)


def _times(a: Ends, b: Ends) -> Ends:
    ends = [p * q for p in a for q in b]
    return min(ends) >> BITS, -(-max(ends) >> BITS)
