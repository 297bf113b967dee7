"""1/x by chords: one layer, one gate fewer than pieces, the error centred."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from ...derivation import prove
from ...derivation.judgement import In, Near
from ..budget import Option
from ..draft import Draft, Value
from ..network import Form, constant, weighted

KNOT_BITS = 24  # and as many as the number of pieces has
MOST_PIECES = 200_000
GRID = 64


def chord_pieces(lo: Fraction, hi: Fraction, allowance: float) -> int:
    """Return how many pieces bring the centred error of chords of 1/x below ``allowance`` on [lo, hi], 0 outside.

    With 1/sqrt(knot) equally spaced every piece has the largest gap (1/sqrt(l) - 1/sqrt(r))^2, half of it after
    centring.  An estimate for planning; the error is certified on the exact pieces.
    """
    a, b = sorted((abs(lo), abs(hi)))
    span = 1 / math.sqrt(a) - 1 / math.sqrt(b)
    return max(1, math.ceil(span / math.sqrt(2 * allowance) * (1 + 1e-6)))


def options(lo: Fraction, hi: Fraction) -> list[Option]:
    """Return numbers of chords, every small one and then a grid, with their errors; ``chord_pieces`` inverts this."""
    a, b = sorted((abs(lo), abs(hi)))
    span = (1 / math.sqrt(a) - 1 / math.sqrt(b)) * (1 + 1e-6)
    result, pieces = [], 1
    while pieces <= MOST_PIECES:
        result.append(Option(pieces - 1, span * span / (2 * pieces * pieces), (), pieces))
        pieces += 1 + pieces // GRID
    return result


def knots(lo: Fraction, hi: Fraction, pieces: int) -> list[Fraction]:
    """Return short rational knots from lo to hi with 1/sqrt(|knot|) nearly equally spaced."""
    a, b = 1 / math.sqrt(abs(lo)), 1 / math.sqrt(abs(hi))
    sign = 1 if lo > 0 else -1
    inner = [sign / (a + (b - a) * k / pieces) ** 2 for k in range(1, pieces)]
    bits = KNOT_BITS + pieces.bit_length()
    unit = 2 ** max(0, bits - math.floor(math.log2(abs(lo) if abs(lo) < abs(hi) else abs(hi))))
    return [lo, *(Fraction(round(x * unit), unit) for x in inner), hi]


def interpolant(x: Form, places: Sequence[Fraction], values: Sequence[Fraction], gates: list[Form]) -> Form:
    """Return the piecewise-linear form through (place, value), with ``gates`` max(x - place, 0) at inner places."""
    slopes = [(v - u) / (q - p) for (p, u), (q, v) in pairwise(zip(places, values, strict=True))]
    parts = [(after - before, gate) for (before, after), gate in zip(pairwise(slopes), gates, strict=True)]
    return weighted([(slopes[0], x), *parts], values[0] - slopes[0] * places[0])


def chords(draft: Draft, x: Value, pieces: int) -> Value:
    """Return 1/x by ``pieces`` chords, shifted so that the error is centred, for a value that is one atom."""
    d = draft.derivation
    inside = denominator(draft, x)
    if inside.lo == inside.hi:
        return _point(draft, x)
    places = knots(inside.lo, inside.hi, pieces)
    # 1/x - chord vanishes at both ends; |gap| = |1/p + 1/q| - 2 / sqrt(p q), here with the square root from below
    gap = max(abs(1 / p + 1 / q) - 2 * _root_below(1 / (p * q)) for p, q in pairwise(places))
    shift = prove.short_up(gap / 2) * (1 if inside.lo > 0 else -1)
    gates = [draft.gate(x.form - constant(p)) for p in places[1:-1]]
    values = [1 / p - shift for p in places]
    form = draft.named(interpolant(x.form, places, values, gates))
    out, inverse = draft.output(form), d.term("inv", x.term)
    near = prove.pieces(d, out, inverse, inside, _with_zeros(places, values), abs(shift))
    return Value(form, inverse_of_target(draft, x, near))


def denominator(draft: Draft, x: Value) -> In:
    """Return where the network's x ranges; ArithmeticError if that has a zero, as x is not near its target enough."""
    inside = draft.inside(x)
    if inside.lo <= 0 <= inside.hi:
        raise ArithmeticError("the approximation of a denominator may be zero")
    return inside


def _with_zeros(places: Sequence[Fraction], values: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """Return the places, and those where lines between the values change sign: the rule wants neurons of one sign."""
    result = list(places[:1])
    for (p, v), (q, w) in pairwise(zip(places, values, strict=True)):
        result += [p + (q - p) * v / (v - w), q] if v * w < 0 else [q]
    return tuple(result)


def inverse_of_target(draft: Draft, x: Value, near: Near) -> Near:
    """Return |y - 1/target| from ``near``, which says |y - 1/output|."""
    d = draft.derivation
    inverse = d.term("inv", x.target)
    close = prove.inverse(d, near.right, inverse, x.near, draft.range(x.target), draft.bits)
    return prove.total(d, near, close)


def _point(draft: Draft, x: Value) -> Value:
    """Return 1/x of a value without width: a constant."""
    d = draft.derivation
    inside = draft.range(d.term("inv", x.term))
    value = draft.constant(inside.lo)
    near = prove.total(d, value.near, prove.symmetry(d, prove.constant(d, inside, inside.lo)))
    return Value(value.form, inverse_of_target(draft, x, near))


def _root_below(value: Fraction) -> Fraction:
    """Return a rational at or below the square root, to about 2^-100 relative."""
    scale = 2 ** (2 * (100 + max(0, value.denominator.bit_length() - value.numerator.bit_length())))
    return Fraction(math.isqrt(value.numerator * scale // value.denominator), math.isqrt(scale))
