"""Ways to build a function of one variable v from a core function g of w, where w is v folded a few times.

    plain   f(v) = g(v)
    even    f(v) = g(|v - c|) + slope (v - c)                for an f that is a line plus an even function about c
    exp     f(v) = g(v)^(2^j),  g = exp((a v + b) / 2^j)
    cos     f(v) = +- T_(2^j)(g(w)),  T_2(y) = 2 y^2 - 1,  g = cos(angle / 2^j), folds at k pi

Any g may be bowed: built as g + bow (w - middle)^2, which has no inflection, less a folded square.
A fold |w - c| costs one gate, a squaring or doubling one folded square.  That the pieces fit is proved afterwards, as a
whole; here it is estimated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mpmath.ctx_mp import MPContext

from ..exact.functions import pi
from .univariate import Univariate

Interval = tuple[Fraction, Fraction]

MOST_DOUBLINGS = 12
MOST_FOLDS = 24
EVEN_TRIALS = 5
ANGLE_BITS = 40


@dataclass(frozen=True, slots=True)
class Reduction:
    """How v becomes w, and how g(w) becomes f(v); ``factor`` and ``offset`` are a and b of the angle a w + b."""

    kind: str
    centres: tuple[Fraction, ...] = ()
    doublings: int = 0
    factor: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)
    sign: int = 1
    slope: Fraction = Fraction(0)
    bow: Fraction = Fraction(0)
    middle: Fraction = Fraction(0)

    def place(self, v: Fraction) -> Fraction:
        """Return w at v, exactly."""
        for c in self.centres:
            v = abs(v - c)
        return v

    def span(self, inside: Interval) -> Interval:
        """Return the range of w over an interval of v."""
        lo, hi = inside
        for c in self.centres:
            ends = (abs(lo - c), abs(hi - c))
            lo, hi = (Fraction(0) if lo <= c <= hi else min(ends)), max(ends)
        return lo, hi

    def kinks(self, inside: Interval) -> list[Fraction]:
        """Return the v inside the interval where w is not linear."""
        found: set[Fraction] = set()
        for k, c in enumerate(self.centres):
            found |= set(Reduction("", self.centres[:k]).preimages(c, inside))
        return sorted(v for v in found if inside[0] < v < inside[1])

    def preimages(self, w: Fraction, inside: Interval) -> list[Fraction]:
        """Return the v in the interval with this w."""
        found = {w}
        for c in reversed(self.centres):
            found = {c + side * u for u in found for side in (1, -1) if u >= 0}
        return sorted(v for v in found if inside[0] <= v <= inside[1] and self.place(v) == w)

    def core(self, ctx: MPContext, f: Univariate) -> Callable[[Any], Any]:
        """Return g, bowed, on numbers of the context."""
        plain = self._plain(ctx, f)
        if not self.bow:
            return plain
        bow, middle = _mpf(ctx, self.bow), _mpf(ctx, self.middle)
        return lambda w: plain(w) + bow * (w - middle) ** 2

    def _plain(self, ctx: MPContext, f: Univariate) -> Callable[[Any], Any]:
        if self.kind in ("plain", "even"):
            at = f.compiled(ctx)
            if self.kind == "plain":
                return at
            centre, slope = _mpf(ctx, self.centres[0]), _mpf(ctx, self.slope)
            return lambda w: at(w + centre) - slope * w
        scale = 2**self.doublings
        factor, offset = _mpf(ctx, self.factor) / scale, _mpf(ctx, self.offset) / scale
        function = ctx.exp if self.kind == "exp" else ctx.cos
        return lambda w: function(factor * w + offset)

    def _angles(self, inside: Interval) -> tuple[float, float]:
        ends = [float(self.factor * w + self.offset) for w in self.span(inside)]
        return min(ends), max(ends)

    def amplification(self, inside: Interval, done: int = 0) -> float:
        """Return how much an error after ``done`` doublings moves f, at most, to first order."""
        left = self.doublings - done
        if self.kind == "exp":
            largest = self._angles(inside)[1]
            return 2.0**left * math.exp(largest - largest / 2**left)
        return 4.0**left

    def squares(self, inside: Interval) -> list[float]:
        """Return the weight of each folded square, of bow and doublings: its error is the weight times 4^-gates."""
        width = float(self.span(inside)[1] - self.span(inside)[0])
        result = [float(self.bow) * width * width / 8] if self.bow else []
        lo, hi = self._angles(inside) if self.doublings else (0.0, 0.0)
        for done in range(self.doublings):
            shrink = 2.0 ** (done - self.doublings)
            if self.kind == "exp":
                width, factor = math.exp(hi * shrink) - math.exp(lo * shrink), 1.0
            else:
                ends = [math.cos(lo * shrink), math.cos(hi * shrink)]
                top = 1.0 if lo <= 0 <= hi else max(ends)
                width, factor = top - (-1.0 if hi * shrink > math.pi else min(ends)), 2.0
            result.append(factor * width * width / 8 * self.amplification(inside, done + 1))
        return result


def _mpf(ctx: MPContext, value: Fraction) -> Any:
    return ctx.mpf(value.numerator) / value.denominator


def reductions(ctx: MPContext, f: Univariate, inside: Interval, eps: Fraction) -> Iterator[Reduction]:
    """Yield the reductions that apply to a function on an interval."""
    inner = f.inner()
    if inner is not None and inner[1]:
        op, a, b = inner
        bits = max(0, eps.denominator.bit_length() - eps.numerator.bit_length()) + ANGLE_BITS
        base = Reduction("exp", (), 0, a, b) if op == "exp" else _folded(op, a, b, inside, bits)
        for j in range(MOST_DOUBLINGS if base is not None else 0):
            if base is not None and (j or base.centres):
                yield Reduction(base.kind, base.centres, j, base.factor, base.offset, base.sign)
            if not j:
                yield Reduction("plain")
        return
    for c in dict.fromkeys(((inside[0] + inside[1]) / 2, Fraction(0))):
        slope = _even_about(ctx, f, inside, c) if inside[0] < c < inside[1] else None
        if slope is not None:
            yield Reduction("even", (c,), 0, slope=slope)
    yield Reduction("plain")


def _even_about(ctx: MPContext, f: Univariate, inside: Interval, c: Fraction) -> Fraction | None:
    """Return the slope if f - slope (v - c) looks even about c, else None; only the proof of the whole decides."""
    reach = max(inside[1] - c, c - inside[0])
    near = min(inside[1] - c, c - inside[0])
    at = f.compiled(ctx)
    slopes = []
    for k in range(1, EVEN_TRIALS + 1):
        t = _mpf(ctx, near * k / EVEN_TRIALS)
        slopes.append((at(_mpf(ctx, c) + t) - at(_mpf(ctx, c) - t)) / (2 * t))
    slope = Fraction(round(slopes[0] * 2**20), 2**20)
    small = ctx.ldexp(1, -ctx.prec // 2)
    even = all(abs(s - _mpf(ctx, slope)) < small for s in slopes)
    return slope if even and reach <= 2 * near else None


def _folded(op: str, a: Fraction, b: Fraction, inside: Interval, bits: int) -> Reduction | None:
    """Return the folds at multiples of pi that bring cos(a v + b), or sin as cos(. - pi/2), to one half-turn."""
    lo, hi = inside
    size = max(abs(a * lo + b), abs(a * hi + b), Fraction(1))
    pi_low, _ = pi(bits + math.ceil(math.log2(size)) + 2)
    half_turn = pi_low / abs(a)
    unit = 2 ** (bits + max(0, math.ceil(math.log2(abs(a)))))

    def rounded(value: Fraction) -> Fraction:
        return Fraction(round(value * unit), unit)

    offset = b - (pi_low / 2 if op == "sin" else 0)
    centres: list[Fraction] = []
    sign = 1
    m = round((a * (lo + hi) / 2 + offset) / pi_low)
    c = rounded((m * pi_low - offset) / a)
    sign = -1 if m % 2 else 1
    if not lo < c < hi:
        m = math.floor((a * (lo + hi) / 2 + offset) / pi_low)
        remainder = rounded(offset - m * pi_low)
        return Reduction("cos", (), 0, a, remainder, -1 if m % 2 else 1)
    centres.append(c)
    reach = max(hi - c, c - lo)
    while reach > half_turn * Fraction(21, 20) and len(centres) < MOST_FOLDS:
        k = max(1, round(reach / 2 / half_turn))
        c = rounded(k * half_turn)
        centres.append(c)
        sign = -sign if k % 2 else sign
        reach = max(reach - c, c)
    if len(centres) == MOST_FOLDS:
        return None
    return Reduction("cos", tuple(centres), 0, abs(a), Fraction(0), sign)
