"""Interval jets on the builder's side: enclosures of Taylor coefficients, in fixed point, for planning cells.

The checker has the same recurrences in ``check/rules/jets.py``, written a second time on purpose; what is computed here
only says which bound to claim.  The jet of f over a set of points, scaled by h, lists enclosures of f^(k) h**k / k! as
integers, ``middle`` and ``radius``, in units of 2**-bits; missing entries are zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from operator import add, mul

from .elementary import UNITS, CellError, Ends, fixed, two_over_root_pi


@dataclass(frozen=True, slots=True)
class Jet:
    """Enclosures of scaled Taylor coefficients: two lists of one length."""

    middle: list[int]
    radius: list[int]

    @property
    def ends(self) -> Ends:
        """The enclosure of the function itself."""
        return self.middle[0] - self.radius[0], self.middle[0] + self.radius[0]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Operations on jets of at most ``size`` entries."""

    bits: int
    size: int

    def line(self, lo: Fraction, hi: Fraction, slope: Fraction) -> Jet:
        """Return the jet of a linear function with values in [lo, hi] whose slope times h is ``slope``."""
        jet = _value((lo.numerator << self.bits) // lo.denominator, -((-hi.numerator << self.bits) // hi.denominator))
        if slope:
            jet.middle.append((slope.numerator << self.bits) // slope.denominator)
            jet.radius.append(1)
        return jet

    def constant(self, value: Fraction) -> Jet:
        """Return the jet of a constant."""
        return self.line(value, value, Fraction(0))

    def scaled(self, a: Jet, weight: Fraction) -> Jet:
        """Return weight * a."""
        p, q, size = weight.numerator, weight.denominator, abs(weight.numerator)
        return Jet([m * p // q for m in a.middle], [r * size // q + 2 for r in a.radius])

    def add(self, a: Jet, b: Jet) -> Jet:
        """Return a + b."""
        if len(a.middle) < len(b.middle):
            a, b = b, a
        n = len(b.middle)
        return Jet(
            [*map(add, a.middle, b.middle), *a.middle[n:]],
            [*map(add, a.radius, b.radius), *a.radius[n:]],
        )

    def mul(self, a: Jet, b: Jet) -> Jet:
        """Return a * b."""
        result = Jet([], [])
        for k in range(min(self.size, len(a.middle) + len(b.middle) - 1)):
            self._append(result, _dot(a, b, k, 0), 1)
        return result

    def inv(self, a: Jet) -> Jet:
        """Return the reciprocal of a; CellError if a may be zero."""
        lo, hi = a.ends
        if lo <= 0 <= hi:
            raise CellError("a denominator may be zero")
        one = 1 << 2 * self.bits
        first = _value(one // hi, -(-one // lo))
        return self._series(a, first, lambda b, k: (*self._over(_dot(a, b, k, 1), -1, first), 1))

    def exp(self, a: Jet) -> Jet:
        """Return the exponential of a."""
        slope = _derivative(a)
        return self._series(a, self._monotone("exp", a), lambda e, k: (*_dot(slope, e, k, 1), k))

    def sigma(self, a: Jet) -> Jet:
        """Return the logistic function of a."""
        ends, one = [], 1 << self.bits
        for n in a.ends:
            e = fixed("exp", -abs(n), self.bits)
            s = (one << self.bits) // (one + e)
            ends.append(s if n >= 0 else one - s)
        slope, inner = _derivative(a), Jet([], [])

        def step(s: Jet, k: int) -> tuple[int, int, int]:
            m, r = _dot(s, s, k - 1, 0)
            self._append(inner, ((s.middle[-1] << self.bits) - m, (s.radius[-1] << self.bits) + r), 1)
            return (*_dot(slope, inner, k, 1), k)

        return self._series(a, _value(min(ends) - UNITS, max(ends) + UNITS), step)

    def log(self, a: Jet) -> Jet:
        """Return the logarithm of a."""
        first = self._monotone("log", a)
        inverse = self.inv(Jet(a.middle[:1], a.radius[:1]))
        slope, y = _derivative(a), Jet([0], [0])

        def step(_: Jet, k: int) -> tuple[int, int, int]:
            m, r = _dot(a, y, k, 1)
            if k < len(slope.middle):
                m, r = m - (slope.middle[k] << self.bits), r + (slope.radius[k] << self.bits)
            product = self._over((m, r), -1, inverse)
            self._append(y, product, 1)
            return (*product, k)

        return self._series(a, first, step)

    def sin_cos(self, a: Jet) -> tuple[Jet, Jet]:
        """Return sine and cosine of a."""
        slope, room = _derivative(a), a.radius[0] + UNITS
        values = [fixed(name, a.middle[0], self.bits) for name in ("sin", "cos")]
        s, c = (_value(v - room, v + room) for v in values)
        for k in range(1, self.size if len(a.middle) > 1 else 1):
            m, r = _dot(slope, s, k, 1)
            self._append(s, _dot(slope, c, k, 1), k)
            self._append(c, (-m, r), k)
        return s, c

    def erf(self, a: Jet) -> Jet:
        """Return the error function of a."""
        factor = two_over_root_pi(self.bits)
        slope = _derivative(self.mul(a, _value(factor - UNITS, factor + UNITS)))
        bell = self.exp(self.scaled(self.mul(a, a), Fraction(-1)))
        return self._series(a, self._monotone("erf", a), lambda _, k: (*_dot(slope, bell, k, 1), k))

    def power(self, a: Jet, exponent: Fraction) -> Jet:
        """Return a**exponent for positive a."""
        p, q = exponent.numerator, exponent.denominator
        first = self._monotone("power", a, p, q)
        inverse, slope = self.inv(Jet(a.middle[:1], a.radius[:1])), _derivative(a)

        def step(y: Jet, k: int) -> tuple[int, int, int]:
            one, many = _dot(slope, y, k, 1), _dot(a, y, k, 1)
            sums = (p + q) * one[0] - q * k * many[0], (abs(p) + q) * one[1] + q * k * many[1]
            return (*self._over(sums, 1, inverse), q * k)

        return self._series(a, first, step)

    def _series(self, a: Jet, first: Jet, step: Callable[[Jet, int], tuple[int, int, int]]) -> Jet:
        for k in range(1, self.size if len(a.middle) > 1 else 1):
            m, r, divisor = step(first, k)
            self._append(first, (m, r), divisor)
        return first

    def _over(self, total: Ends, sign: int, inverse: Jet) -> Ends:
        m, r = total[0] >> self.bits, (total[1] >> self.bits) + 2
        i, e = inverse.middle[0], inverse.radius[0]
        return sign * m * i, abs(m) * e + r * (abs(i) + e)

    def _append(self, jet: Jet, total: Ends, divisor: int) -> None:
        jet.middle.append((total[0] >> self.bits) // divisor)
        jet.radius.append((total[1] >> self.bits) // divisor + 2)

    def _monotone(self, name: str, a: Jet, p: int = 0, q: int = 1) -> Jet:
        ends = [fixed(name, end, self.bits, p, q) for end in a.ends]
        return _value(min(ends) - UNITS, max(ends) + UNITS)


def bound(jet: Jet) -> int:
    """Return an upper bound of |sum of c_k s^k| over |s| <= 1: exact for a quadratic, crude beyond."""
    c = [*jet.middle[:3], 0, 0][:3]
    values = [c[0] + c[1] + c[2], c[0] - c[1] + c[2]]
    if abs(c[1]) < 2 * abs(c[2]):
        drop = c[1] * c[1] // (4 * c[2])
        values += [c[0] - drop, c[0] - drop - 1]
    return max(map(abs, values)) + sum(jet.radius) + sum(map(abs, jet.middle[3:]))


def last(jet: Jet, k: int) -> int:
    """Return the largest absolute value of entry k."""
    return abs(jet.middle[k]) + jet.radius[k] if k < len(jet.middle) else 0


def _value(lo: int, hi: int) -> Jet:
    return Jet([(lo + hi) // 2], [hi - (lo + hi) // 2])


def _derivative(a: Jet) -> Jet:
    return Jet([j * m for j, m in enumerate(a.middle)], [j * r for j, r in enumerate(a.radius)])


def _dot(a: Jet, b: Jet, k: int, first: int) -> Ends:
    lo, hi = max(first, k - len(b.middle) + 1), min(k, len(a.middle) - 1) + 1
    if hi <= lo:
        return 0, 0
    am, ar = a.middle[lo:hi], a.radius[lo:hi]
    bm, br = b.middle[k - hi + 1 : k - lo + 1][::-1], b.radius[k - hi + 1 : k - lo + 1][::-1]
    radius = sum(map(mul, map(abs, am), br)) + sum(map(mul, ar, map(add, map(abs, bm), br)))
    return sum(map(mul, am, bm)), radius
