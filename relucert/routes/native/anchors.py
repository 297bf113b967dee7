"""A smooth function of one value by a single head over p anchors, plus what the residual stream gives for free.

The head returns sum_k e_k v_k / (2 + sum_k e_k) with e_k = exp(t_k (x - c) + b_k): the sink and the data token itself
have score 0 and value 0.  What reads the result adds alpha + beta x.  Keys are fixed first, in one of two families:
equispaced   t_k from -tau to tau over the half-width of the interval, c its middle, b = 0: for functions smooth well
             beyond it.  t_k = scale * key, with the same keys for every function;
geometric    t_k in geometric progression, decaying from the end c, and one anchor with t = 0 and a large b, which keeps
             the denominator nearly constant, so that the head is a sum of exponentials: for functions like 1/x that are
             singular near an end of the interval.
Then v, alpha and beta interpolate the function at Chebyshev nodes, and are rounded; only what the checker proves of the
rounded head counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ...errors import UnreachableError
from ...exact.number import decimal_up, round_down
from ...relu.univariate import Univariate

COUNTS = (2, 4, 8, 12, 16, 24)  # the first that suits is then made smaller one by one
SPREADS = (Fraction(1, 2), Fraction(1), Fraction(2), Fraction(4))
SLOWEST = Fraction(3, 5)  # decay over the far end of the domain
FASTEST = (4, 6, 8, 12)  # decay over the near end
CONSTANT_SCORES = (8, 10)
MOST_RATIO = 10**9  # of the ends of a domain, for the geometric family
FITTED = 0.85  # of the tolerance, for the fit; the rest for rounding and the size of cells
SAMPLES = 48
SHORT = 10**4

Interval = tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True)
class Keys:
    """Scores scale * key * (x - centre) + boost of the anchors."""

    keys: tuple[Fraction, ...]
    boosts: tuple[Fraction, ...]
    scale: Fraction
    centre: Fraction
    geometric: bool

    @property
    def has_constant(self) -> bool:
        """Whether some score is constant, so that the constant function is among those of the head already."""
        return not all(self.keys)

    @property
    def scores(self) -> tuple[tuple[Fraction, Fraction], ...]:
        """The scores as t x + b."""
        lines = ((self.scale * key, boost) for key, boost in zip(self.keys, self.boosts, strict=True))
        return tuple((t, b - t * self.centre) for t, b in lines)


@dataclass(frozen=True, slots=True)
class Fit:
    """Keys with the values of the anchors and what is added to the head's result, alpha + beta x."""

    keys: Keys
    values: tuple[Fraction, ...]
    alpha: Fraction
    beta: Fraction


def families(lo: Fraction, hi: Fraction, count: int) -> Iterator[Keys]:
    """Yield the keys to try for ``count`` anchors on [lo, hi]."""
    centre, half = (lo + hi) / 2, (hi - lo) / 2
    if max(abs(centre.numerator), centre.denominator) > SHORT:
        centre = round(centre / _short(half / 64)) * _short(half / 64)
    equal = tuple(Fraction(2 * k, count - 1) - 1 if count > 1 else Fraction(1) for k in range(count))
    for spread in SPREADS:
        yield Keys(equal, (Fraction(0),) * count, _short(spread / half), centre, False)
    if lo <= 0 <= hi or count < 3 or max(abs(lo), abs(hi)) > MOST_RATIO * min(abs(lo), abs(hi)):
        return
    sign = -1 if lo > 0 else 1
    near, far = sorted((abs(lo), abs(hi)))
    for fastest in FASTEST:
        ratio = (fastest / near) / (SLOWEST / far)
        rates = [SLOWEST / far * Fraction(float(ratio) ** (k / (count - 2))) for k in range(count - 1)]
        decays = [sign * _short(rate) for rate in rates]
        for constant in CONSTANT_SCORES:
            boosts = (*[Fraction(0)] * (count - 1), Fraction(constant))
            yield Keys((*decays, Fraction(0)), boosts, Fraction(1), -sign * _short(near), True)


def _short(value: Fraction) -> Fraction:
    return value if max(abs(value.numerator), value.denominator) <= SHORT else round_down(value, 3)


def fewest(function: Univariate, inside: Interval, tolerance: Fraction, name: str) -> Fit:
    """Return the fit with the fewest anchors whose estimated error suits, of these the one with the smallest values.

    Raises UnreachableError with the best error estimated, and with about how many anchors would do.
    """
    from mpmath import mp

    with mp.workdps(_digits(tolerance)):
        evaluate = function.compiled(mp)
        errors: list[Any] = []
        for position, count in enumerate(COUNTS):
            found, error = _fit(evaluate, inside, tolerance, count, mp)
            errors.append(min([error, *errors]))
            if found is None:
                continue
            before = COUNTS[position - 1] if position else 0
            for fewer in range(count - 1, before, -1):
                smaller, _ = _fit(evaluate, inside, tolerance, fewer, mp, found.keys.geometric)
                if smaller is None:
                    break
                found = smaller
            return found
        raise UnreachableError(_advice(errors, tolerance, name, mp))


def of_size(function: Univariate, inside: Interval, tolerance: Fraction, count: int) -> Fit | None:
    """Return the fit of ``count`` anchors with the smallest values, None where none suits."""
    from mpmath import mp

    with mp.workdps(_digits(tolerance)):
        return _fit(function.compiled(mp), inside, tolerance, count, mp)[0]


def _digits(tolerance: Fraction) -> int:
    return 40 + 2 * math.ceil(-math.log10(min(1.0, float(tolerance))))


def _advice(errors: list[Any], tolerance: Fraction, name: str, mp: Any) -> str:
    best = errors[-1]
    reached = "nothing useful" if mp.isinf(best) else f"about {float(best):.2g}"
    text = (
        f"one head of at most {COUNTS[-1]} anchors reaches {reached} for {name} here (an estimate), "
        f"not {decimal_up(tolerance)}"
    )
    if len(errors) < 2 or mp.isinf(errors[-2]) or not best < errors[-2]:
        return text
    rate = mp.log(errors[-2] / best) / (COUNTS[-1] - COUNTS[-2])  # digits for each anchor more
    more = COUNTS[-1] + int(mp.ceil(mp.log(best / _number(tolerance, mp)) / rate))
    return f"{text}; it would take about {more} anchors (an estimate)" if more < 10**4 else text


def _fit(
    function: Callable[[Any], Any],
    inside: Interval,
    tolerance: Fraction,
    count: int,
    mp: Any,
    geometric: bool | None = None,
) -> tuple[Fit | None, Any]:
    """Return the fit of ``count`` anchors with the smallest values, None where none suits, and the best error.

    ``geometric`` leaves only one family to try.
    """
    lo, hi = inside
    suits = mp.mpf(FITTED) * _number(tolerance, mp)
    best, least, chosen = mp.inf, mp.inf, None
    for keys in families(lo, hi, count):
        if geometric not in (None, keys.geometric):
            continue
        try:
            error, coefficients = _solve(function, keys, lo, hi, max(best, suits), mp)
        except ZeroDivisionError:
            continue
        best, size = min(best, error), max(map(abs, coefficients))
        if error <= suits and size < least:
            least, chosen = size, _rounded(keys, coefficients, tolerance, max(abs(lo), abs(hi)), mp)
    return chosen, best


def _number(value: Fraction, mp: Any) -> Any:
    return mp.mpf(value.numerator) / value.denominator


def _functions(scores: list[tuple[Any, Any]], constant: bool, x: Any, mp: Any) -> list[Any]:
    """Return the functions that the head and the read-out combine, at a point: e_k / s, x, and 1 where it is new."""
    powers = [mp.exp(t * x + b) for t, b in scores]
    share = 1 / (2 + mp.fsum(powers))
    return [*(e * share for e in powers), x, *([] if constant else [mp.one])]


def _linear_solution(rows: list[list[Any]], right: list[Any]) -> list[Any]:
    """Return the solution of a square system by elimination with pivots; ZeroDivisionError if it is singular."""
    size = len(rows)
    table = [[*row, value] for row, value in zip(rows, right, strict=True)]
    for k in range(size):
        pivot = max(range(k, size), key=lambda i: abs(table[i][k]))
        table[k], table[pivot] = table[pivot], table[k]
        head_row = table[k]
        inverse = 1 / head_row[k]
        for i in range(k + 1, size):
            row = table[i]
            factor = row[k] * inverse
            for j in range(k + 1, size + 1):
                row[j] -= factor * head_row[j]
    solution: list[Any] = [0] * size
    for k in range(size - 1, -1, -1):
        rest = sum((table[k][j] * solution[j] for j in range(k + 1, size)), 0)
        solution[k] = (table[k][size] - rest) / table[k][k]
    return solution


def _solve(
    function: Callable[[Any], Any], keys: Keys, lo: Fraction, hi: Fraction, enough: Any, mp: Any
) -> tuple[Any, list[Any]]:
    """Return the coefficients that interpolate at Chebyshev nodes, and about the largest error, or one above enough."""
    size = len(keys.scores) + 2 - keys.has_constant
    points = list(_chebyshev(lo, hi, size, keys.has_constant, mp))
    scores, constant = [(_number(t, mp), _number(b, mp)) for t, b in keys.scores], keys.has_constant
    rows = [_functions(scores, constant, x, mp) for x in points]
    coefficients = _linear_solution(rows, [function(x) for x in points])
    error = mp.mpf(0)
    for x in (*_chebyshev(lo, hi, SAMPLES, keys.has_constant, mp), _number(lo, mp), _number(hi, mp)):
        parts = zip(coefficients, _functions(scores, constant, x, mp), strict=True)
        error = max(error, abs(mp.fsum(c * f for c, f in parts) - function(x)))
        if error > enough:
            break
    return error, coefficients


def _chebyshev(lo: Fraction, hi: Fraction, size: int, logarithmic: bool, mp: Any) -> Iterator[Any]:
    """Yield Chebyshev nodes of [lo, hi], or of its logarithm where that is asked and 0 is outside."""
    a, b = _number(lo, mp), _number(hi, mp)
    for k in range(size):
        s = mp.cos(mp.pi * (2 * k + 1) / (2 * size))
        if logarithmic and a * b > 0:
            yield mp.sign(a) * mp.sqrt(a * b) * (b / a) ** (s / 2)
        else:
            yield (a + b) / 2 + (b - a) / 2 * s


def _rounded(keys: Keys, coefficients: list[Any], tolerance: Fraction, size: Fraction, mp: Any) -> Fit:
    """Return the fit with coefficients rounded to dyadics, which moves it by a 16th of the tolerance at most."""
    room = tolerance / (16 * len(coefficients) * max(Fraction(1), size))
    bits = max(0, room.denominator.bit_length() - room.numerator.bit_length() + 1)
    exact = [Fraction(int(mp.nint(c * 2**bits)), 2**bits) for c in coefficients]
    count = len(keys.scores)
    return Fit(keys, tuple(exact[:count]), exact[count + 1] if len(exact) > count + 1 else Fraction(0), exact[count])
