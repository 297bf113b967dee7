"""1/x by chords: one layer, one gate fewer than pieces, the error centred."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

from ...derivation import prove
from ..draft import Draft, Value
from ..network import Form, atom, constant

KNOT_BITS = 24


def chord_pieces(lo: Fraction, hi: Fraction, allowance: Fraction) -> int:
    """Return how many pieces bring the centred error of chords of 1/x below ``allowance`` on [lo, hi], 0 outside.

    With 1/sqrt(knot) equally spaced every piece has the largest gap (1/sqrt(l) - 1/sqrt(r))^2, half of it after
    centring.  An estimate for planning; the error is certified on the exact pieces.
    """
    a, b = sorted((abs(lo), abs(hi)))
    span = 1 / math.sqrt(a) - 1 / math.sqrt(b)
    return max(1, math.ceil(span / math.sqrt(2 * float(allowance)) * (1 + 1e-6)))


def knots(lo: Fraction, hi: Fraction, pieces: int) -> list[Fraction]:
    """Return short rational knots from lo to hi with 1/sqrt(|knot|) nearly equally spaced."""
    a, b = 1 / math.sqrt(abs(lo)), 1 / math.sqrt(abs(hi))
    sign = 1 if lo > 0 else -1
    inner = [sign / (a + (b - a) * k / pieces) ** 2 for k in range(1, pieces)]
    unit = 2 ** max(0, KNOT_BITS - math.floor(math.log2(abs(lo) if abs(lo) < abs(hi) else abs(hi))))
    return [lo, *(Fraction(round(x * unit), unit) for x in inner), hi]


def interpolant(places: list[Fraction], values: list[Fraction], gates: list[Form]) -> Form:
    """Return the piecewise-linear form through (place, value), with ``gates`` max(x - place, 0) at inner places."""
    slopes = [
        (v - u) / (q - p)
        for p, q, u, v in zip(places, places[1:], values, values[1:], strict=False)
    ]  # fmt: skip
    form = constant(values[0] - slopes[0] * places[0]) + slopes[0] * atom("x", 0)
    for before, after, gate in zip(slopes, slopes[1:], gates, strict=False):
        form = form + (after - before) * gate
    return form


def chords(draft: Draft, pieces: int) -> Value:
    """Return 1/x on the one-input domain by ``pieces`` chords, shifted so that the error is centred."""
    d = draft.derivation
    lo, hi = draft.domain[0]
    places = knots(lo, hi, pieces)
    sides = list(pairwise(places))
    # 1/x - chord vanishes at both ends; |gap| = |1/p + 1/q| - 2 / sqrt(p q), here with the square root from below
    gap = max(abs(1 / p + 1 / q) - 2 * _root_below(1 / (p * q)) for p, q in sides)
    shift = prove.short_up(gap / 2) * (1 if lo > 0 else -1)
    gates = [draft.gate(atom("x", 0) - constant(p)) for p in places[1:-1]]
    form = interpolant(places, [1 / p - shift for p in places], gates)
    out, target = draft.output(form), d.term("inv", d.term("input", 0))
    near = d.claim_near(
        "pieces", (), out, target, abs(shift), left=out, right=target, knots=tuple(places), bound=abs(shift)
    )
    return Value(form, near)


def point(draft: Draft) -> Value:
    """Return 1/x on a domain that is one point: a constant, without a gate."""
    d = draft.derivation
    x = d.term("input", 0)
    inverse = d.term("inv", x)
    inside = draft.range(inverse)
    value = draft.constant(inside.lo)
    near = prove.symmetry(d, prove.constant(d, inside, inside.lo))
    return Value(value.form, prove.total(d, value.near, near))


def _root_below(value: Fraction) -> Fraction:
    """Return a rational at or below the square root, to about 2^-100 relative."""
    scale = 2 ** (2 * (100 + max(0, value.denominator.bit_length() - value.numerator.bit_length())))
    return Fraction(math.isqrt(value.numerator * scale // value.denominator), math.isqrt(scale))
