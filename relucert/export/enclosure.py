"""Linear enclosures of a target over a box, in exact rationals: f(x) in slope . (x - centre) + [lo, hi].

Each operation returns an enclosure from enclosures of its arguments:
- sums add up; a product of two linear parts keeps its linear terms and bounds the quadratic ones, where a square of one
  coordinate lies in [0, r^2];
- 1/t and |t| over a range use the chord of a convex function above and the parallel tangent below, or the reverse;
- max(a, b) = (a + b + |a - b|) / 2, likewise min, unless the ranges decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..errors import DeclinedError
from ..target.expression import Expression
from .subject import Box

ZERO, HALF = Fraction(0), Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Linear:
    """slope . d + [lo, hi] where |d_i| <= radii_i."""

    slope: tuple[Fraction, ...]
    lo: Fraction
    hi: Fraction
    radii: tuple[Fraction, ...]

    def __post_init__(self) -> None:
        if self.lo > self.hi or len(self.slope) != len(self.radii):
            raise ValueError("an enclosure needs lo <= hi and one slope for each coordinate")

    @property
    def width(self) -> Fraction:
        """The distance between the two parallel planes."""
        return self.hi - self.lo

    def range(self) -> tuple[Fraction, Fraction]:
        """Return bounds of all values over the box."""
        spread = sum((abs(a) * r for a, r in zip(self.slope, self.radii, strict=True)), ZERO)
        return self.lo - spread, self.hi + spread

    def __add__(self, other: Linear) -> Linear:
        slope = tuple(a + b for a, b in zip(self.slope, other.slope, strict=True))
        return Linear(slope, self.lo + other.lo, self.hi + other.hi, self.radii)

    def times(self, factor: Fraction) -> Linear:
        """Return the multiple by a number."""
        ends = sorted((factor * self.lo, factor * self.hi))
        return Linear(tuple(factor * a for a in self.slope), ends[0], ends[1], self.radii)

    def plus(self, lo: Fraction, hi: Fraction) -> Linear:
        """Return the sum with anything in [lo, hi]."""
        return Linear(self.slope, self.lo + lo, self.hi + hi, self.radii)

    def __mul__(self, other: Linear) -> Linear:
        """Return an enclosure of the product: (a.d + m + e)(b.d + n + g), with |e|, |g| half the widths."""
        m, e = (self.lo + self.hi) / 2, self.width / 2
        n, g = (other.lo + other.hi) / 2, other.width / 2
        slope = tuple(n * a + m * b for a, b in zip(self.slope, other.slope, strict=True))
        lo = hi = m * n
        size = len(self.radii)
        for i in range(size):
            square = self.slope[i] * other.slope[i] * self.radii[i] ** 2
            lo, hi = lo + min(square, ZERO), hi + max(square, ZERO)
            for j in range(i):
                cross = self.slope[i] * other.slope[j] + self.slope[j] * other.slope[i]
                cross = abs(cross) * self.radii[i] * self.radii[j]
                lo, hi = lo - cross, hi + cross
        spread_a, spread_b = (
            sum((abs(c) * r for c, r in zip(x.slope, x.radii, strict=True)), ZERO) for x in (self, other)
        )
        rest = e * (spread_b + abs(n)) + g * (spread_a + abs(m)) + e * g
        return Linear(slope, lo - rest, hi + rest, self.radii)


def enclose(expression: Expression, root: int, box: Box) -> tuple[tuple[Fraction, ...], Linear]:
    """Return the box's centre and an enclosure of the expression's root over the box.

    Raises DeclinedError for an operation without a rule, and where 1/t is asked on a range that holds zero.
    """
    centre = tuple((lo + hi) / 2 for lo, hi in box)
    radii = tuple((hi - lo) / 2 for lo, hi in box)
    none = (ZERO,) * len(box)
    values: list[Linear] = []
    for node in expression.nodes:
        arguments = [values[c] for c in node.children] if node.op not in ("input", "const") else []
        if node.op == "input":
            i = node.children[0]
            slope = tuple(Fraction(k == i) for k in range(len(box)))
            values.append(Linear(slope, centre[i], centre[i], radii))
        elif node.op == "const" and node.value is not None:
            values.append(Linear(none, node.value, node.value, radii))
        else:
            values.append(_apply(node.op, arguments))
    return centre, values[root]


def _apply(op: str, arguments: Sequence[Linear]) -> Linear:
    result = arguments[0]
    if op == "inv":
        return _inverse(result)
    if op == "abs":
        return _magnitude(result)
    for other in arguments[1:]:
        if op == "add":
            result = result + other
        elif op == "mul":
            result = result * other
        elif op in ("max", "min"):
            result = _extremum(result, other, op == "max")
        else:
            raise DeclinedError(f"no linear enclosure of {op!r} is known")
    if len(arguments) == 1 and op not in ("add", "mul", "max", "min"):
        raise DeclinedError(f"no linear enclosure of {op!r} is known")
    return result


def _inverse(t: Linear) -> Linear:
    """Enclose 1/t on [a, b] of one sign with the chord's slope: g(t) = 1/t + t/(ab) has one extremum and equal ends.

    At the ends g is 1/a + 1/b.  Its extremum is 2/sqrt(ab) in size, and sqrt(ab) <= (c + ab/c)/2 in size for any c,
    here the middle: one Newton step, so that little is lost.
    """
    a, b = t.range()
    if a <= 0 <= b:
        raise DeclinedError("the target divides by a range that holds zero on some box")
    slope = -1 / (a * b)
    middle = (a + b) / 2
    ends = sorted((1 / a + 1 / b, 4 / (middle + a * b / middle)))
    return t.times(slope).plus(ends[0], ends[1])


def _magnitude(t: Linear) -> Linear:
    a, b = t.range()
    if a >= 0:
        return t
    if b <= 0:
        return t.times(Fraction(-1))
    slope = (b + a) / (b - a)  # of the chord of |t|; |t| - slope t is 0 at 0 and largest at both ends
    return t.times(slope).plus(ZERO, b - slope * b)


def _extremum(a: Linear, b: Linear, largest: bool) -> Linear:
    difference = a + b.times(Fraction(-1))
    lo, hi = difference.range()
    if lo >= 0 or hi <= 0:
        return a if (lo >= 0) == largest else b
    sign = HALF if largest else -HALF
    return (a + b).times(HALF) + _magnitude(difference).times(sign)
