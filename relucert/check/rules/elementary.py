"""Enclosures of exp, log, sin, cos, erf, sigma and rational powers in fixed point, for the families of functions.

``n`` at ``bits`` stands for n / 2**bits.  A function returns integers lo <= hi at the same ``bits`` with
lo <= f(n / 2**bits) * 2**bits <= hi; a few are wider than need be by some units in the last place.  Inside, every
division rounds down, so that a sum of N nonnegative terms is at most its true value and misses it by what the
comment beside it says.  No state but caches of pure functions.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from math import isqrt

from ..number import MAX_EXP_ARGUMENT, ceil_to, cost, floor_to
from ..refusal import Declined, Rejected

MAX_ANGLE = 1 << 20
MAX_SIZE = 1 << 15  # binary digits of an argument
MAX_EXPONENT = 64  # numerator and denominator of a power
Ends = tuple[int, int]


def units(bits: int) -> int:
    """Return about how many microseconds one evaluation takes at most, for the meter of work."""
    words = bits // 64
    return (16 + bits // 8) * (1 + words + words * words // 256)


def erf_units(n: int, bits: int) -> int:
    """Return the same for erf, whose series takes longer, and at more bits, the larger its argument."""
    return 8 * units(bits + 2 * min(n * n >> 2 * bits, bits))


def exp_units(n: int, bits: int) -> int:
    """Return what exp takes beyond that, as its result has more digits the larger its argument."""
    return min(max(n >> bits, 0), MAX_EXP_ARGUMENT) ** 2 >> 11


def _outward(lo: int, hi: int, shift: int) -> Ends:
    return lo >> shift, -(-hi >> shift)


@lru_cache(maxsize=4096)
def exp(n: int, bits: int) -> Ends:
    """Enclose exp.

    Proof.  r = |x| / 2**halvings <= 1/32.  t_i under-estimates r**i / i! by less than 2 units: the error of t_i is
    below 1 + (r / i) times that of t_(i-1).  When t_N = 0 the terms left out sum to less than 2 * 2 units.  Squaring
    is monotone.  exp(-x) = 1 / exp(x); and exp(-x) < 2**-x for x > 0, as e > 2.
    """
    x = abs(n)
    if n < 0 and x >= bits << bits:
        return 0, 1
    if x >> bits >= MAX_EXP_ARGUMENT:
        raise Declined(f"exp of an argument beyond {MAX_EXP_ARGUMENT}")
    whole = x >> bits
    halvings = whole.bit_length() + 5
    w = bits + halvings + 16 + (2 * whole if n > 0 else 0)
    r = x << (w - bits - halvings)
    total, t, i = 0, 1 << w, 0
    while t:
        total, i = total + t, i + 1
        t = (t * r >> w) // i
    lo, hi = total, total + 2 * i + 4
    for _ in range(halvings):
        lo, hi = lo * lo >> w, -(-hi * hi >> w)
    if n < 0:
        lo, hi = (1 << 2 * w) // hi, -(-(1 << 2 * w) // lo)
    return _outward(lo, hi, w - bits)


def sigma(n: int, bits: int) -> Ends:
    """Enclose the logistic function 1 / (1 + exp(-x)); below zero it is one minus its value at -x."""
    lo, hi = exp(-abs(n), bits)
    one = 1 << bits
    below, above = (one << bits) // (one + hi), -(-(one << bits) // (one + lo))
    return (below, above) if n >= 0 else (one - above, one - below)


def _atanh(z: int, w: int) -> Ends:
    """Enclose atanh of a number in [z, z+1] units, z <= 1/3: N terms of z**k / k, each low by less than 3 units."""
    total, power, k, square = 0, z, 1, z * z >> w
    while power:
        total, k = total + power // k, k + 2
        power = power * square >> w
    return total, total + 3 * (k // 2) + 3


@lru_cache(maxsize=64)
def _log_two(w: int) -> Ends:
    lo, hi = _atanh((1 << w) // 3, w)
    return 2 * lo, 2 * hi


@lru_cache(maxsize=4096)
def log(n: int, bits: int) -> Ends:
    """Enclose log; Rejected unless x > 0.

    Proof.  x = m * 2**e with 2/3 <= m <= 4/3, log m = 2 atanh((m - 1) / (m + 1)), log 2 = 2 atanh(1/3).
    """
    if n <= 0:
        raise Rejected("log of a number that may not be positive")
    _limit(n)
    size = n.bit_length()
    if 3 * n < 2 << size:
        size -= 1
    e = size - bits
    w = bits + 16 + e.bit_length()
    lo, hi = _atanh((abs(n - (1 << size)) << w) // (n + (1 << size)), w)
    lo, hi = (2 * lo, 2 * hi) if n >= 1 << size else (-2 * hi, -2 * lo)
    ends = [e * end for end in _log_two(w)]
    return _outward(lo + min(ends), hi + max(ends), w - bits)


@lru_cache(maxsize=64)
def pi(w: int) -> Ends:
    """Enclose pi = 16 atan(1/5) - 4 atan(1/239) (Machin); each term of the two series is off by less than one unit."""
    middle = error = 0
    for factor, q in ((16, 5), (-4, 239)):
        power, k, sign = (1 << w) // q, 1, factor
        while power:
            middle, error = middle + sign * (power // k), error + abs(factor)
            power, k, sign = power // (q * q), k + 2, -sign
        error += abs(factor)
    return middle - error, middle + error


@lru_cache(maxsize=4096)
def sin_cos(n: int, bits: int) -> tuple[Ends, Ends]:
    """Enclose sin and cos.

    Proof.  x = j pi/2 + r with |r| < 1, where r is known up to an error; sin and cos have slope at most 1.  In either
    alternating series a term is off by less than 2 units, and so is the first term left out.
    """
    if abs(n) >> bits >= MAX_ANGLE:
        raise Declined(f"sin or cos of an argument beyond {MAX_ANGLE}")
    w = bits + 40
    x, (lo, hi) = n << (w - bits), pi(w)
    j = (2 * x + lo // 2) // lo
    ends = (2 * x - j * lo, 2 * x - j * hi)  # of 2 r
    r = (min(ends) + max(ends)) // 4
    spread = (max(ends) - min(ends)) // 4 + 2
    square = r * r >> w
    values: list[Ends] = []
    for first, start in ((1, abs(r)), (0, 1 << w)):
        total, sign, count, term = 0, 1, 0, start
        while term:
            total, sign, count = total + sign * term, -sign, count + 1
            k = first + 2 * count
            term = (term * square >> w) // ((k - 1) * k)
        total = -total if r < 0 and not values else total
        error = spread + 2 * count + 3
        values.append((total - error, total + error))
    sine, cosine = values
    for _ in range(j % 4):
        sine, cosine = cosine, (-sine[1], -sine[0])
    one = 1 << bits
    (a, b), (c, d) = (_outward(*part, w - bits) for part in (sine, cosine))
    return (max(a, -one), min(b, one)), (max(c, -one), min(d, one))


def wave(lo: int, hi: int, bits: int, quarter: int) -> Ends:
    """Return an enclosure of sin(x + quarter * pi/2) over x in [lo, hi]; quarter is 0 or 1."""
    values = [sin_cos(end, bits)[quarter] for end in (lo, hi)]
    least, largest = min(v[0] for v in values), max(v[1] for v in values)
    below, above = pi(bits + 32)  # extrema lie at (2 k + 1 - quarter) pi/2; 1 for even k, -1 for odd k
    if hi - lo >= 7 << bits:
        return -(1 << bits), 1 << bits
    first = (lo << 33) // below // 2 - 2  # at least one below the first k with an extremum in [lo, hi]
    for k in range(first, first + 8):
        ends = [(2 * k + 1 - quarter) * end for end in (below, above)]
        if min(ends) <= hi << 33 and max(ends) >= lo << 33:
            least, largest = (least, 1 << bits) if k % 2 == 0 else (-(1 << bits), largest)
    return least, largest


def two_over_root_pi(w: int) -> Ends:
    """Enclose 2 / sqrt(pi), with guard digits, as pi at a few digits may be enclosed down to zero."""
    v = w + 16
    lo, hi = pi(v)
    return _outward((2 << 2 * v) // (isqrt(hi << v) + 1), -(-(2 << 2 * v) // isqrt(lo << v)), 16)


@lru_cache(maxsize=4096)
def erf(n: int, bits: int) -> Ends:
    """Enclose erf, odd, = 2/sqrt(pi) * sum over i of (-1)**i x**(2i+1) / (i! (2i+1)).

    Proof.  Terms are kept in outward intervals; from i >= 2 x**2 on each is at most half the one before.  Where
    x**2 >= bits, 0 < 1 - erf(x) <= exp(-x**2) < 2**-bits.
    """
    if n < 0:
        lo, hi = erf(-n, bits)
        return -hi, -lo
    one = 1 << bits
    whole = n * n >> 2 * bits
    if whole >= bits:
        return one - 1, one
    w = bits + 2 * whole + 24
    x = n << (w - bits)
    q_lo, q_hi = x * x >> w, -(-x * x >> w)
    t_lo = t_hi = x
    lo = hi = i = 0
    while t_hi > 1 or i < 2 * whole + 2:
        part = t_lo // (2 * i + 1), -(-t_hi // (2 * i + 1))
        lo, hi = (lo + part[0], hi + part[1]) if i % 2 == 0 else (lo - part[1], hi - part[0])
        i += 1
        t_lo, t_hi = (t_lo * q_lo >> w) // i, -(-t_hi * q_hi // (i << w))
    factor = two_over_root_pi(w)
    lo, hi = _outward(max(0, lo - 2) * factor[0] >> w, -(-(hi + 2) * factor[1] >> w), w - bits)
    return lo, min(hi, one)


@lru_cache(maxsize=4096)
def power(n: int, bits: int, p: int, q: int) -> Ends:
    """Enclose x**(p/q); Rejected unless x >= 0, and x > 0 where p <= 0: the integer root of one exact quotient."""
    if n < 0 or (n == 0 and p <= 0):
        raise Rejected("a power of a number that may not be positive")
    _limit(n)
    if max(abs(p), q) > MAX_EXPONENT:
        raise Declined(f"a power with an exponent of more than {MAX_EXPONENT} in numerator or denominator")
    shift = bits * (q - p)
    value = (1 << shift) // n**-p if p < 0 else n**p << shift if shift >= 0 else n**p >> -shift
    root = _root(value, q)
    return root, root + 1


def image(
    spend: Callable[[int], None], op: str, exponent: Fraction | None, lo: Fraction, hi: Fraction, bits: int
) -> Ends:
    """Enclose f([lo, hi]), in units of 2**-bits, for f one of exp, log, sin, cos, erf or a power.

    Proof.  exp, log, erf and powers are monotone where they are defined; sin and cos: ``wave``.
    """
    p, q = (exponent.numerator, exponent.denominator) if exponent is not None else (1, 1)
    effort = min(MAX_EXPONENT, max(abs(p), 1)) + (min(MAX_EXPONENT, q) if q > 2 else 0)
    ends = floor_to(lo, bits), ceil_to(hi, bits)
    spend(cost(lo, hi) + 2 * units(bits) * effort * effort)
    if op == "erf":
        spend(sum(erf_units(end, bits) for end in ends))
    if op == "exp":
        spend(2 * exp_units(ends[1], bits))
    if op in ("sin", "cos"):
        return wave(*ends, bits, 0 if op == "sin" else 1)
    if op == "power":
        if lo >= 0 and p > 0:
            ends = max(ends[0], 0), ends[1]
        values = [power(end, bits, p, q) for end in ends]
    else:
        function = {"exp": exp, "log": log, "erf": erf}[op]
        values = [function(end, bits) for end in ends]
    return min(v[0] for v in values), max(v[1] for v in values)


def _root(value: int, q: int) -> int:
    """Return the largest r with r**q <= value, by Newton's method from above."""
    if q == 1 or value < 2:
        return value
    if q == 2:
        return isqrt(value)
    r = 1 << -(-value.bit_length() // q)
    while True:
        better = ((q - 1) * r + value // r ** (q - 1)) // q
        if better >= r:
            return r
        r = better


def _limit(n: int) -> None:
    if n.bit_length() > MAX_SIZE:
        raise Declined("an argument that is too large")
