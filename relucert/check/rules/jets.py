"""Interval jets: enclosures of the Taylor coefficients of a function of one variable, in fixed point.

The jet of f over a set S of points, scaled by h, is a list whose k-th entry encloses f^(k)(x) h**k / k! for every x
in S.  An enclosure is a pair of integers, ``middle`` and ``radius``, in units of 2**-bits.  Entries beyond the end of a
list are zero.  All recurrences are those of formal power series, so they hold entry by entry at every point of S; after
a division both roundings together miss by less than 2 units.
Source: Moore 1966; Griewank and Walther, Evaluating Derivatives, table 13.2.
"""

from collections.abc import Callable
from fractions import Fraction
from operator import add, mul
from typing import NamedTuple

from ..number import ceil_to, cost, floor_to
from ..refusal import Rejected
from . import elementary
from .elementary import Ends


class Jet(NamedTuple):
    """Enclosures of scaled Taylor coefficients: two lists of one length."""

    middle: list[int]
    radius: list[int]


class Arithmetic:
    """Operations on jets of at most ``size`` entries; every operation is metered by ``spend``."""

    def __init__(self, bits: int, size: int, spend: Callable[[int], None]) -> None:
        self.bits, self.size, self.spend = bits, size, spend
        words = bits // 64
        self.unit = 1 + words + words * words // 256

    def line(self, lo: Fraction, hi: Fraction, slope: Fraction) -> Jet:
        """Return the jet of a linear function with values in [lo, hi] whose slope times h is ``slope``."""
        self.spend(4 * cost(lo, hi, slope))
        jet = self.value(floor_to(lo, self.bits), ceil_to(hi, self.bits))
        if slope and self.size > 1:
            jet.middle.append(floor_to(slope, self.bits))
            jet.radius.append(1)
        return jet

    def value(self, lo: int, hi: int) -> Jet:
        """Return the jet of a constant in [lo, hi]."""
        return Jet([(lo + hi) // 2], [hi - (lo + hi) // 2])

    def scaled(self, a: Jet, weight: Fraction) -> Jet:
        """Return weight * a."""
        p, q, size = weight.numerator, weight.denominator, abs(weight.numerator)
        self.spend(len(a.middle) * cost(weight))
        result = Jet([m * p // q for m in a.middle], [r * size // q + 2 for r in a.radius])
        self._charge(sum(map(int.bit_length, result.middle)) // len(result.middle))
        return result

    def add(self, a: Jet, b: Jet) -> Jet:
        """Return a + b."""
        if len(a.middle) < len(b.middle):
            a, b = b, a
        n = len(b.middle)
        self.spend(2 + n)
        return Jet(
            [*map(add, a.middle, b.middle), *a.middle[n:]],
            [*map(add, a.radius, b.radius), *a.radius[n:]],
        )

    def mul(self, a: Jet, b: Jet) -> Jet:
        """Return a * b."""
        result = Jet([], [])
        for k in range(min(self.size, len(a.middle) + len(b.middle) - 1)):
            self._append(result, self._dot(a, b, k, 0), 1)
        return result

    def inv(self, a: Jet) -> Jet:
        """Return the reciprocal b of a, from a_0 b_k = -sum over j >= 1 of a_j b_(k-j); Rejected if a may be zero."""
        lo, hi = self._ends(a)
        if lo <= 0 <= hi:
            raise Rejected("a denominator may be zero between two knots")
        one = 1 << 2 * self.bits
        first = self.value(one // hi, -(-one // lo))
        return self._series(a, first, lambda b, k: self._over(self._dot(a, b, k, 1), -1, first))

    def exp(self, a: Jet) -> Jet:
        """Return the exponential e of a, from e' = a' e."""
        self.spend(2 * elementary.exp_units(self._ends(a)[1], self.bits))
        first = self._monotone(elementary.exp, a)
        slope = _derivative(a)
        return self._series(a, first, lambda e, k: (*self._dot(slope, e, k, 1), k))

    def sigma(self, a: Jet) -> Jet:
        """Return the logistic function s of a, from s' = a' (s - s*s)."""
        first = self._monotone(elementary.sigma, a)
        slope, inner = _derivative(a), Jet([], [])

        def step(s: Jet, k: int) -> tuple[int, int, int]:
            square = self._dot(s, s, k - 1, 0)
            self._append(inner, ((s.middle[-1] << self.bits) - square[0], (s.radius[-1] << self.bits) + square[1]), 1)
            return (*self._dot(slope, inner, k, 1), k)

        return self._series(a, first, step)

    def log(self, a: Jet) -> Jet:
        """Return the logarithm y of a, from a y' = a'.

        That is, a_0 k y_k = k a_k - sum over 1 <= j < k of a_j (k-j) y_(k-j).
        """
        first = self._monotone(elementary.log, a)
        inverse = self.inv(Jet(a.middle[:1], a.radius[:1]))
        slope, y = _derivative(a), Jet([0], [0])  # y holds k y_k, its zeroth entry nothing

        def step(_: Jet, k: int) -> tuple[int, int, int]:
            m, r = self._dot(a, y, k, 1)
            m, r = (_at(slope.middle, k) << self.bits) - m, (_at(slope.radius, k) << self.bits) + r
            product = self._over((m, r), 1, inverse)
            self._append(y, product[:2], 1)
            return (*product[:2], k)

        return self._series(a, first, step)

    def sin_cos(self, a: Jet) -> tuple[Jet, Jet]:
        """Return sine and cosine of a, from s' = a' c and c' = -a' s; both have slope at most 1 in a_0."""
        self.spend(2 * elementary.units(self.bits))
        slope, jets = _derivative(a), []
        for lo, hi in elementary.sin_cos(a.middle[0], self.bits):
            jets.append(self.value(lo - a.radius[0], hi + a.radius[0]))
        s, c = jets
        for k in range(1, self.size if len(a.middle) > 1 else 1):
            m, r = self._dot(slope, s, k, 1)
            self._append(s, self._dot(slope, c, k, 1), k)
            self._append(c, (-m, r), k)
        return s, c

    def erf(self, a: Jet) -> Jet:
        """Return the error function y of a, from y' = 2/sqrt(pi) a' exp(-a*a)."""
        self.spend(sum(elementary.erf_units(end, self.bits) for end in self._ends(a)))
        first = self._monotone(elementary.erf, a)
        slope = _derivative(self.mul(a, self.value(*elementary.two_over_root_pi(self.bits))))
        bell = self.exp(self.scaled(self.mul(a, a), Fraction(-1)))
        return self._series(a, first, lambda _, k: (*self._dot(slope, bell, k, 1), k))

    def power(self, a: Jet, exponent: Fraction) -> Jet:
        """Return y = a**(p/q), from q a y' = p a' y: q k a_0 y_k = sum over j >= 1 of (p j - q (k-j)) a_j y_(k-j)."""
        p, q = exponent.numerator, exponent.denominator
        if self._ends(a)[0] <= 0:
            raise Rejected("the argument of a power may not be positive between two knots")
        self.spend((abs(p) + q) ** 2 * elementary.units(self.bits))
        first = self._monotone(lambda n, bits: elementary.power(n, bits, p, q), a)
        inverse, slope = self.inv(Jet(a.middle[:1], a.radius[:1])), _derivative(a)

        def step(y: Jet, k: int) -> tuple[int, int, int]:
            one, many = self._dot(slope, y, k, 1), self._dot(a, y, k, 1)  # sums of j a_j y_(k-j) and a_j y_(k-j)
            sums = (p + q) * one[0] - q * k * many[0], (abs(p) + q) * one[1] + q * k * many[1]
            m, r, _ = self._over(sums, 1, inverse)
            return m, r, q * k

        return self._series(a, first, step)

    def applied(self, op: str, exponent: Fraction | None, arguments: list[Jet]) -> Jet:
        """Return the jet of a term from those of its arguments; ``op`` is one of the methods above."""
        result = arguments[0]
        if op in ("add", "mul"):
            for other in arguments[1:]:
                result = self.add(result, other) if op == "add" else self.mul(result, other)
            return result
        if op == "power" and exponent is not None:
            return self.power(result, exponent)
        if op in ("sin", "cos"):
            return self.sin_cos(result)[op == "cos"]
        return {"inv": self.inv, "exp": self.exp, "log": self.log, "erf": self.erf}[op](result)

    def _series(self, a: Jet, first: Jet, step: Callable[[Jet, int], tuple[int, int, int]]) -> Jet:
        """Return the jet of a function of ``a`` that begins with ``first``.

        ``step`` gives entry k as (middle, radius, divisor), in units of 2**(-2 bits) / divisor.
        """
        for k in range(1, self.size if len(a.middle) > 1 else 1):
            m, r, divisor = step(first, k)
            self._append(first, (m, r), divisor)
        return first

    def _dot(self, a: Jet, b: Jet, k: int, first: int) -> Ends:
        """Enclose the sum over j >= first of a_j b_(k-j), in units of 2**(-2 bits)."""
        lo, hi = max(first, k - len(b.middle) + 1), min(k, len(a.middle) - 1) + 1
        if hi <= lo:
            return 0, 0
        self.spend((4 + hi - lo) * self.unit)
        am, ar = a.middle[lo:hi], a.radius[lo:hi]
        bm, br = b.middle[k - hi + 1 : k - lo + 1][::-1], b.radius[k - hi + 1 : k - lo + 1][::-1]
        radius = sum(map(mul, map(abs, am), br)) + sum(map(mul, ar, map(add, map(abs, bm), br)))
        return sum(map(mul, am, bm)), radius

    def _over(self, total: Ends, sign: int, inverse: Jet) -> tuple[int, int, int]:
        """Return sign * total * inverse, an enclosure in units of 2**(-2 bits), with divisor 1."""
        m, r = total[0] >> self.bits, (total[1] >> self.bits) + 2
        i, e = inverse.middle[0], inverse.radius[0]
        return sign * m * i, abs(m) * e + r * (abs(i) + e), 1

    def _charge(self, size: int) -> None:
        """Count work on numbers of so many binary digits, where that is many more than the precision has."""
        words = size // 64
        if words > 64 + 4 * self.bits // 64:
            self.spend(words + words * words // 256)

    def _append(self, jet: Jet, total: Ends, divisor: int) -> None:
        self._charge(max(total[0].bit_length(), total[1].bit_length()))
        jet.middle.append((total[0] >> self.bits) // divisor)
        jet.radius.append((total[1] >> self.bits) // divisor + 2)

    def _ends(self, a: Jet) -> Ends:
        return a.middle[0] - a.radius[0], a.middle[0] + a.radius[0]

    def _monotone(self, function: Callable[[int, int], Ends], a: Jet) -> Jet:
        """Return the zeroth entry of an increasing or decreasing function of a."""
        self.spend(2 * elementary.units(self.bits))
        lo, hi = (function(end, self.bits) for end in self._ends(a))
        return self.value(min(lo[0], hi[0]), max(lo[1], hi[1]))


def _derivative(a: Jet) -> Jet:
    """Return j a_j: the Taylor coefficients of h * a', moved up by one place."""
    return Jet([j * m for j, m in enumerate(a.middle)], [j * r for j, r in enumerate(a.radius)])


def _at(entries: list[int], k: int) -> int:
    return entries[k] if k < len(entries) else 0
