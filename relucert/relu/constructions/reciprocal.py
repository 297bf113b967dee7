"""1/x by a shared zigzag: chords on geometric knots, one sawtooth for all pieces, then a short polynomial.

On every piece between knots p and q p the chord c of 1/x satisfies x c(x) = 1 + C (t - t^2) with the same
C = (q - 1)^2 / q, where t in [0, 1] runs along the piece.  A zigzag z reads the gates of the chords and folds t, so
one sawtooth of z gives E = 1 - x y0 for y0 = c / (1 + C/8), with |E| <= rho, about C/8.  Knots and values are rounded
to short dyadic numbers; what that changes is bounded exactly, piece by piece.  Then

    Newton step:   y <- y (1 + E) 2 / (2 - rho^2),   E <- (2 E^2 - rho^2) / (2 - rho^2),   rho <- rho^2 / (2 - rho^2)
    last step:     y <- y P(E),  P(E) = (1 - R(E)) / (1 - E),  R(E) = T_n(E / rho) / T_n(1 / rho),  n = 2, 3 or 5

with T_n the Chebyshev polynomial, so that x y = 1 - R(E) and |y - 1/x| <= 1 / (|x| T_n(1 / rho)).
Source: derived here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from mpmath.ctx_mp import MPContext

from ...derivation import prove
from ...derivation.judgement import In
from ..budget import Option
from ..draft import Draft, Value
from ..network import atom, constant
from .chords import denominator, interpolant, inverse_of_target
from .product import product, square
from .sawtooth import folded_square

CHEBYSHEV = {2: (-1, 0, 2), 3: (0, -3, 0, 4), 5: (0, 5, 0, -20, 0, 16)}
REMAINDER_PIECES = 128
MOST_PIECES = 160
MOST_NEWTON_STEPS = 6
KNOT_BITS = 12
LEAST_SPAN = 1e-12
LEAST_RHO = 1e-60  # in plans only: keeps floats from overflowing
MODEL_MARGIN = 1.001  # of errors in plans, for what is not of first order


@dataclass(frozen=True, slots=True)
class ZigzagPlan:
    """``pieces`` chords, ``newton`` Newton steps, a last step of degree ``order``, and every chain's length.

    ``chains``: the sawtooth of z; for each Newton step its square and the two chains of its product; for the last
    step the square of E (order 3), or of E and of a quadratic (order 5), and the two chains of its product.
    """

    pieces: int
    knot_bits: int
    newton: int
    order: int
    chains: tuple[int, ...]

    @property
    def gates(self) -> int:
        """The number of gates."""
        return self.pieces - 1 + sum(self.chains)

    @property
    def layers(self) -> int:
        """The number of layers: the gates on the longest path."""
        depth = (1 if self.pieces > 1 else 0) + self.chains[0]
        value = 1 if self.pieces > 1 else 0
        rest = list(self.chains[1:])
        for _ in range(self.newton):
            squared, *pair = rest[:3]
            del rest[:3]
            value, depth = max(depth, value) + max(pair), depth + squared
        return max(value, depth + sum(rest[:-2])) + max(rest[-2:])


def options(lo: Fraction, hi: Fraction) -> list[Option]:
    """Return every shape (pieces, newton, order) with its errors by the float model, by growing gates.

    The model adds the remainder 1 / (a T_n(1/rho)) and, for each chain of m gates, its weight times 4^-m.
    """
    near, far = sorted((abs(lo), abs(hi)))
    a, b, span = float(near), float(far), math.log1p(float(far / near - 1))
    result: list[Option] = []
    if span < LEAST_SPAN:
        return result  # one chord does
    for pieces in range(1, MOST_PIECES):
        growth = math.expm1(span / pieces)
        bend = growth * growth / (1 + growth)
        for newton in range(MOST_NEWTON_STEPS):
            for order in CHEBYSHEV:
                weights, remainder = _weights(a, b, bend, newton, order)
                result.append(Option(pieces - 1, remainder, tuple(weights), (pieces, newton, order)))
    return result


def plan_of(option: Option, chains: tuple[int, ...], lo: Fraction, hi: Fraction, error: float) -> ZigzagPlan:
    """Return the plan of an option with these chains, its knots fine enough for an ``error``."""
    pieces, newton, order = option.shape
    near = float(min(abs(lo), abs(hi)))
    return ZigzagPlan(pieces, max(0, math.ceil(-math.log2(error * near))) + KNOT_BITS, newton, order, chains)


def _weights(a: float, b: float, bend: float, newton: int, order: int) -> tuple[list[float], float]:
    """Return the weight of each chain in the final error, to first order, and the remainder."""
    rho = bend / 8 / (1 + bend / 8)
    half = (1 / a - 1 / b) / 2 * (1 + rho)
    weights = [bend / 8]  # error of E relative to 1, times 4^-m; later divided by a
    scale = [1 / a]
    for _ in range(newton):
        # an error of this E moves y by itself, until the next E corrects it; the last step corrects nothing more
        weights += [2 * rho * rho / 2, half * rho / 2, half * rho / 2]
        scale += [1 / a, 1.0, 1.0]
        rho = max(rho * rho / (2 - rho * rho), LEAST_RHO)
    spread = rho * (1 + rho)
    if order >= 3:
        weights.append(rho * rho / 2)
        scale.append(1 / a)
    if order == 5:
        width = 2 * rho * (0.5 + rho)
        weights.append(width * width / 8)
        scale.append(1 / a)
    weights += [half * spread / 2] * 2
    scale += [1.0, 1.0]
    inverse = 1 / rho
    remainder = 1 / (a * sum(c * inverse**k for k, c in enumerate(CHEBYSHEV[order])))
    return [w * s * MODEL_MARGIN for w, s in zip(weights, scale, strict=True)], remainder * MODEL_MARGIN


def zigzag(draft: Draft, x: Value, plan: ZigzagPlan) -> Value:
    """Return 1/x by the plan, for a value that is one atom."""
    d = draft.derivation
    chains = list(plan.chains)
    y, e, rho = _start(draft, x, plan, chains.pop(0))
    unit = 1 << plan.knot_bits
    for _ in range(plan.newton):
        y, e, rho = _newton(draft, y, e, rho, unit, chains.pop(0), (chains.pop(0), chains.pop(0)))
    y, remainder, coefficients = _last(draft, y, e, rho, unit, plan.order, chains)
    one = d.constant(Fraction(1))
    xy, rest = d.term("mul", x.term, y.target), draft.combination([(Fraction(-1), remainder)], Fraction(1))
    small = prove.univariate(d, rest, one, draft.range(e.target), [-c for c in coefficients], REMAINDER_PIECES)
    near_one = prove.total(d, prove.polynomial(d, xy, rest), small)
    inverse = d.term("inv", x.term)
    near = prove.reciprocal(d, near_one, draft.inside(x), y.target, inverse, draft.bits)
    return Value(y.form, inverse_of_target(draft, x, prove.total(d, y.near, near)))


def _start(draft: Draft, x: Value, plan: ZigzagPlan, gates: int) -> tuple[Value, Value, Fraction]:
    """Return y0, a value near E = 1 - x y0, and a bound rho on |E|."""
    d = draft.derivation
    inside = denominator(draft, x)
    lo, hi = inside.lo, inside.hi
    places = _geometric(lo, hi, plan)
    bend = sum((q - p) ** 2 / (p * q) for p, q in pairwise(places)) / Fraction(plan.pieces)
    scale = 1 / (1 + bend / 8)
    unit = 2 ** (plan.knot_bits + max(0, math.ceil(math.log2(max(abs(lo), abs(hi))))))
    values = [_rounded(scale / p, unit) for p in places]
    top, curve = _rounded(1 - scale, unit), _rounded(scale * bend, unit)  # E is nearly top - curve (z - z^2)
    kinks = [draft.gate(x.form - constant(p)) for p in places[1:-1]]
    y_form = atom("u", draft.neuron(interpolant(x.form, places, values, kinks)))
    z_form = atom("u", draft.neuron(interpolant(x.form, places, [Fraction(k % 2) for k in range(len(places))], kinks)))
    y_term, z_term = draft.output(y_form), draft.output(z_form)

    def enclosed(term: int, least: Fraction, most: Fraction) -> In:
        middle = d.constant((least + most) / 2)
        near = prove.pieces(d, term, middle, inside, places, (most - least) / 2)
        return prove.range_near(d, near, draft.range(middle))

    draft.ranges[y_term] = enclosed(y_term, min(values), max(values))
    draft.ranges[z_term] = enclosed(z_term, Fraction(0), Fraction(1))
    folded, near = folded_square(draft, z_form, draft.ranges[z_term], gates)
    squared = Value(folded, near)
    zig = Value(z_form, prove.polynomial(d, z_term, z_term))
    model = draft.combination([(-curve, z_term), (curve, squared.target)], top)
    e = draft.affine([(-curve, zig), (curve, squared)], top, model)
    exact = draft.combination([(Fraction(-1), d.term("mul", x.term, y_term))], Fraction(1))
    rho, mismatch = _residuals(places, values, top, curve)
    e = Value(e.form, prove.total(d, e.near, prove.pieces(d, model, exact, inside, places, mismatch)))
    draft.ranges[exact] = enclosed(exact, -rho, rho)
    return Value(y_form, prove.polynomial(d, y_term, y_term)), e, rho


def _rounded(value: Fraction, unit: int) -> Fraction:
    return Fraction(round(value * unit), unit)


def _geometric(lo: Fraction, hi: Fraction, plan: ZigzagPlan) -> tuple[Fraction, ...]:
    """Return knots from lo to hi, the inner ones dyadic and nearly in geometric progression."""
    ctx = MPContext()
    ctx.prec = plan.knot_bits + 64
    start, step = ctx.mpf(lo.numerator) / lo.denominator, ctx.mpf((hi / lo).numerator) / (hi / lo).denominator
    shift = plan.knot_bits - math.floor(math.log2(min(abs(lo), abs(hi))))
    inner = [start * ctx.root(step, plan.pieces) ** k for k in range(1, plan.pieces)]
    return (lo, *(Fraction(int(ctx.nint(ctx.ldexp(p, shift)))) / Fraction(2) ** shift for p in inner), hi)


def _residuals(
    places: tuple[Fraction, ...], values: list[Fraction], top: Fraction, curve: Fraction
) -> tuple[Fraction, Fraction]:
    """Return bounds on |1 - x y0| and on its distance from top - curve (z - z^2), exact suprema rounded up."""
    rho = mismatch = Fraction(0)
    for p, q, v, w in zip(places, places[1:], values, values[1:], strict=False):
        width, rise = (
            q - p,
            w - v,
        )  # with x = p + width t:  1 - x y0 = (1 - p v) - (p rise + width v) t - width rise t^2
        quadratic = (1 - p * v, -p * rise - width * v, -width * rise)
        rho = max(rho, _supremum(*quadratic))
        model = (top, -curve, curve)
        mismatch = max(mismatch, _supremum(*(a - b for a, b in zip(quadratic, model, strict=True))))
    return prove.short_up(rho), prove.short_up(mismatch)


def _supremum(c: Fraction, b: Fraction, a: Fraction) -> Fraction:
    """Return the largest |c + b t + a t^2| on [0, 1]."""
    found = max(abs(c), abs(c + b + a))
    return max(found, abs(c - b * b / (4 * a))) if a and 0 < -b / (2 * a) < 1 else found


def _newton(
    draft: Draft, y: Value, e: Value, rho: Fraction, unit: int, gates: int, pair: tuple[int, int]
) -> tuple[Value, Value, Fraction]:
    """Return f y (1 + E) with f near 2 / (2 - rho^2), its E = f E^2 + 1 - f, and a bound on the new |E|."""
    f = _rounded(2 / (2 - rho * rho), unit)
    moved = product(draft, y, e, pair)
    target = draft.combination([(f, y.target), (f, moved.target)], Fraction(0))
    y = draft.affine([(f, y), (f, moved)], Fraction(0), target)
    squared = square(draft, e, gates)
    e = draft.affine([(f, squared)], 1 - f, draft.combination([(f, squared.target)], 1 - f))
    return y, e, prove.short_up(max(abs(1 - f), abs(1 - f + f * rho * rho)))


def _last(
    draft: Draft, y: Value, e: Value, rho: Fraction, unit: int, order: int, chains: list[int]
) -> tuple[Value, int, list[Fraction]]:
    """Return y P(E), the term R(E) with R = 1 - (1 - E) P, and the coefficients of R."""
    scaled = [c / rho**k for k, c in enumerate(CHEBYSHEV[order])]
    r = [c / sum(scaled) for c in scaled]
    p: list[Fraction] = []
    for c in r[:-1]:  # (1 - E) P(E) = 1 - R(E), so the coefficients of P are partial sums
        p.append((p[-1] if p else Fraction(1)) - c)
    p = [_rounded(c, unit) for c in p]
    first, parts = p[0], [(p[1], e)]
    if order >= 3:
        parts.append((p[2], square(draft, e, chains.pop(0))))
    if order == 5:
        # P = p4 (E^2 + alpha E + beta)^2 + slope E + first
        alpha = _rounded(p[3] / (2 * p[4]), unit)
        beta = _rounded((p[2] / p[4] - alpha * alpha) / 2, unit)
        slope, first = (
            _rounded(p[1] - 2 * alpha * beta * p[4], unit),
            _rounded(p[0] - beta * beta * p[4], unit),
        )
        (_, e), (_, e2) = parts
        inner = draft.combination([(Fraction(1), e2.target), (alpha, e.target)], beta)
        quartic = square(draft, draft.affine([(Fraction(1), e2), (alpha, e)], beta, inner), chains.pop(0))
        parts = [(slope, e), (p[4], quartic)]
        squared = [beta * beta, 2 * alpha * beta, alpha * alpha + 2 * beta, 2 * alpha, Fraction(1)]
        extras = (first, slope, Fraction(0), Fraction(0), Fraction(0))
        p = [p[4] * c + extra for c, extra in zip(squared, extras, strict=True)]
    q = draft.affine(parts, Fraction(0), draft.combination([(w, v.target) for w, v in parts], Fraction(0)))
    moved = product(draft, y, q, (chains[0], chains[1]))
    target = draft.combination([(first, y.target), (Fraction(1), moved.target)], Fraction(0))
    r = [1 - p[0], *(before - after for before, after in pairwise(p)), p[-1]]
    powers = [e.target]
    while len(powers) < order:
        powers.append(draft.derivation.term("mul", powers[-1], e.target))
    remainder = draft.combination([(c, powers[k]) for k, c in enumerate(r[1:]) if c], r[0])
    return draft.affine([(first, y), (Fraction(1), moved)], Fraction(0), target), remainder, r
