"""Squares and products of values on any box, from folded squares."""

from __future__ import annotations

from fractions import Fraction

from ...derivation import prove
from ...derivation.judgement import In, Near
from ..draft import Draft, Value, is_neuron
from ..network import Form, weighted
from .sawtooth import folded_square

SHORT = 1 << 20
CENTRE_BITS = 9


def square(draft: Draft, value: Value, gates: int) -> Value:
    """Return the square of ``value``, with error width^2 / 2^(2 gates+3) against the square of the output.

    With v = lo + width t and t in [0, 1]:  v^2 = lo^2 + 2 lo width t + width^2 t^2.
    """
    centre, half = centred(draft.inside(value))
    lo, width = centre - half, 2 * half
    if not width:
        return _degenerate(draft, value, value)
    if is_neuron(draft.sum([(1 / width, value)], -lo / width)):
        value = draft.single(value)
    t, unit = _unit(draft, [(1 / width, value)], -lo / width)
    folded, near = folded_square(draft, t, unit, gates)
    form = weighted([(2 * lo * width, t), (width * width, folded)], lo * lo)
    return _value(draft, form, (value, value), [(width * width, near)])


def product_error(half_widths: Fraction, gates: tuple[int, int]) -> Fraction:
    """Return the error of ``product`` for a product of half-widths and two chains of gates."""
    return half_widths * (Fraction(1, 2 ** (2 * gates[0] + 1)) + Fraction(1, 2 ** (2 * gates[1] + 1)))


def product(draft: Draft, a: Value, b: Value, gates: tuple[int, int]) -> Value:
    """Return the product of two values, with error ``product_error`` against the product of the outputs.

    With a = ca + ha A, b = cb + hb B, |A|, |B| <= 1 and t+- = (A +- B) / 4 + 1/2 in [0, 1]:
    A B = 4 (t+^2 - t-^2) - 4 (t+ - t-),  a b = ha hb A B + cb a + ca b - ca cb.
    """
    (ca, ha), (cb, hb) = centred(draft.inside(a)), centred(draft.inside(b))
    if not ha or not hb:
        return _degenerate(draft, a, b)
    offsets = [Fraction(1, 2) - ca / (4 * ha) - sign * cb / (4 * hb) for sign in (1, -1)]
    if any(is_neuron(draft.sum(_mean(a, b, ha, hb, sign), o)) for sign, o in zip((1, -1), offsets, strict=True)):
        a, b = draft.single(a), draft.single(b)
    parts = [(cb, a.form), (ca, b.form)]
    scale = 4 * ha * hb
    differences = []
    for sign, offset, chain in zip((1, -1), offsets, gates, strict=True):
        t, inside = _unit(draft, _mean(a, b, ha, hb, sign), offset)
        folded, near = folded_square(draft, t, inside, chain)
        parts += [(sign * scale, folded), (-sign * scale, t)]
        differences.append((sign * scale, near))
    return _value(draft, weighted(parts, -ca * cb), (a, b), differences)


def centred(inside: In) -> tuple[Fraction, Fraction]:
    """Return (centre, half-width) of an interval that holds ``inside``: the same one where that is short.

    Otherwise both are dyadic numbers of about 10 bits, which keeps weights short for at most 0.4 percent of width.
    """
    centre, half = (inside.lo + inside.hi) / 2, (inside.hi - inside.lo) / 2
    if not half or all(max(abs(q.numerator), q.denominator) < SHORT for q in (centre, half)):
        return centre, half
    unit = Fraction(2) ** (half.numerator.bit_length() - half.denominator.bit_length() - CENTRE_BITS)
    centre = round(centre / unit) * unit
    half = max(inside.hi - centre, centre - inside.lo)
    return centre, -(-half // unit) * unit


def _mean(a: Value, b: Value, ha: Fraction, hb: Fraction, sign: int) -> list[tuple[Fraction, Value]]:
    return [(1 / (4 * ha), a), (sign / (4 * hb), b)]


def _unit(draft: Draft, parts: list[tuple[Fraction, Value]], offset: Fraction) -> tuple[Form, In]:
    """Return offset + sum weight * value, which lies in [0, 1], as a form that is an output with its range."""
    form = draft.sum(parts, offset)
    for _, value in parts:
        if form == value.form:
            return form, draft.inside(value)
    ranges = [(w, draft.inside(v)) for w, v in parts]
    return form, prove.range_affine(draft.derivation, draft.output(form), ranges, offset)


def _degenerate(draft: Draft, a: Value, b: Value) -> Value:
    """Return the product of values of which one, at least, has zero width and is a constant."""
    d = draft.derivation
    fixed, other = (a, b) if draft.inside(a).lo == draft.inside(a).hi else (b, a)
    inside = draft.inside(fixed)
    form = inside.lo * other.form
    is_constant = prove.symmetry(d, prove.constant(d, inside, inside.lo))
    middle = d.term("mul", is_constant.left, other.term)
    links = [(is_constant, inside), (None, draft.inside(other))]
    of_outputs = d.term("mul", fixed.term, other.term)
    chain = [
        prove.polynomial(d, draft.output(form), middle),
        prove.product(d, middle, of_outputs, links, draft.bits),
    ]
    if (fixed, other) != (a, b):
        chain.append(prove.polynomial(d, of_outputs, d.term("mul", a.term, b.term)))
    return _near_targets(draft, form, prove.total(d, *chain), (a, b))


def _value(draft: Draft, form: Form, factors: tuple[Value, Value], differences: list[tuple[Fraction, Near]]) -> Value:
    """Return the value of ``form``, whose distance from the product of the outputs is that combination."""
    d = draft.derivation
    form = draft.named(form)
    of_outputs = d.term("mul", *(v.term for v in factors))
    near = prove.affine(d, draft.output(form), of_outputs, differences, draft.bits)
    return _near_targets(draft, form, near, factors)


def _near_targets(draft: Draft, form: Form, near: Near, factors: tuple[Value, Value]) -> Value:
    """Return the value near the product of the factors' targets, given ``near`` the product of their outputs."""
    d = draft.derivation
    target = d.term("mul", *(v.target for v in factors))
    links = [(v.near, draft.range(v.target)) for v in factors]
    close = prove.product(d, near.right, target, links, draft.bits)
    return Value(form, prove.total(d, near, close))
