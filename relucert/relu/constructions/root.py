"""x^(m/n) for m < n where x may come to zero: chords of x^(-1/n) bring x to order one, the rest is a smooth power.

For all x, z > 0:  x^(m/n) = x z^(n-m) w^(-(n-m)/n)  with  w = x z^n.  Let z be the chords of x^(-1/n) on knots in
geometric progression from the least x upward.  Then w stays in one interval [1, W] however small x is, and its power is
smooth there.  Where x comes to zero it is cut off at a small delta, which moves the root by at most delta^(m/n).
The products u_i = u_(i-1) z keep errors small against the largest z, delta^(-1/n), so that gates grow with the digits
alone, as do those of z, about log(1/delta); chords of the root itself would take about eps^(-1/2).
Source: derived here; normalising by a rough inverse root is how such roots are computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import comb

from ...derivation import functions, prove
from ...derivation.judgement import In
from ...exact.number import log2
from ..draft import Draft, Value
from ..network import atom, constant
from ..univariate import Univariate, affine
from .chords import interpolant
from .elementary import Recipe, cut, function
from .product import product

MANTISSA = 16  # bits of inner knots and of the values of z
CELLS = 2  # of each piece, so that Bernstein coefficients of w are close to its values


@dataclass(frozen=True, slots=True)
class Root:
    """How to build (a v + b)^(m/n): where x = a v + b is cut off, if it is, the pieces of z, and the other parts.

    ``chains`` are two of each product: u_1 = x z, ..., u_n = w, and the last one; ``core`` builds the power of w.
    """

    function: Univariate
    least: Fraction | None
    pieces: int
    chains: tuple[tuple[int, int], ...]
    core: Recipe

    @property
    def gates(self) -> int:
        """The number of gates."""
        return (self.least is not None) + self.pieces - 1 + sum(map(sum, self.chains)) + self.core.gates

    @property
    def layers(self) -> int:
        """The gates on the longest path."""
        first = (self.least is not None) + (self.pieces > 1)
        return first + sum(map(max, self.chains)) + self.core.layers

    @property
    def name(self) -> str:
        """The name of the construction, for reports."""
        return "root"

    @property
    def parameters(self) -> tuple[tuple[str, int], ...]:
        """The parameters of the construction, for reports."""
        return (("K", self.pieces), ("products", len(self.chains)), ("m", sum(map(sum, self.chains)) + self.core.gates))


def knots(lo: Fraction, hi: Fraction, pieces: int, n: int) -> tuple[tuple[Fraction, ...], list[Fraction]]:
    """Return knots from lo to hi, the inner ones short and nearly in geometric progression, and x^(-1/n) nearly."""
    start, step = log2(lo), (log2(hi) - log2(lo)) / pieces
    inner = [_short(start + k * step) for k in range(1, pieces)]
    return (lo, *inner, hi), [_short(-(start + k * step) / n) for k in range(pieces + 1)]


def _short(exponent: float) -> Fraction:
    """Return about 2^exponent, in few bits."""
    whole = int(exponent // 1)
    return Fraction(round(2.0 ** (exponent - whole) * 2**MANTISSA), 2**MANTISSA) * Fraction(2) ** whole


def build_root(draft: Draft, v: Value, plan: Root) -> Value:
    """Return the root by the plan, for a value that is one atom."""
    d, f = draft.derivation, plan.function
    power = f.expression.nodes[f.root]
    line = affine(f.expression, power.children[0], f.variable)
    if power.value is None or line is None:
        raise ValueError("not a root of an affine function")
    exponent, (a, b) = power.value, line
    m, n = exponent.numerator, exponent.denominator
    base = Univariate(f.expression, power.children[0], f.variable).term(draft, v.target)
    x = v if base == v.target else draft.single(draft.affine([(a, v)], b, base))
    x = x if plan.least is None else cut(draft, x, plan.least, True)
    inside = draft.inside(x)
    places, values = knots(inside.lo, inside.hi, plan.pieces, n)
    kinks = [draft.gate(x.form - constant(k)) for k in places[1:-1]]
    z_form = atom("u", draft.neuron(interpolant(x.form, places, values, kinks)))
    z_term = draft.output(z_form)
    z = Value(z_form, prove.polynomial(d, z_term, z_term))
    draft.ranges[z_term] = _enclosed(draft, z_term, inside, places, min(values), max(values))
    u, products = Value(x.form, prove.polynomial(d, x.term, x.term)), []
    for i, pair in enumerate(plan.chains[:-1], 1):
        u = draft.single(product(draft, u, z, pair))
        cells, lo, hi = bernstein(places, values, i, CELLS if i == n else 1)
        draft.ranges[u.target] = _enclosed(draft, u.target, inside, cells, lo, hi)
        products.append(u)
    y = product(draft, products[n - m - 1], function(draft, u, plan.core), plan.chains[-1])
    exact = d.term("power", x.term, value=exponent)
    same = functions.powers(d, y.target, exact, (inside, draft.ranges[z_term]))
    target = f.term(draft, v.target)
    near_zero = None if plan.least is None else inside
    moved = functions.lipschitz(d, exact, target, x.near, draft.bits, draft.range(base), near_zero)
    return Value(y.form, prove.total(d, y.near, same, moved))


def _enclosed(draft: Draft, term: int, inside: In, cells: Sequence[Fraction], least: Fraction, most: Fraction) -> In:
    """Return the range of a term that is linear, or a product of such, between the ends of the cells."""
    d = draft.derivation
    lo, hi = prove.widened(least, most)
    middle = d.constant((lo + hi) / 2)
    near = prove.pieces(d, term, middle, inside, tuple(cells), (hi - lo) / 2)
    return prove.range_near(d, near, draft.range(middle))


def bernstein(
    places: Sequence[Fraction], values: Sequence[Fraction], power: int, parts: int
) -> tuple[tuple[Fraction, ...], Fraction, Fraction]:
    """Return the pieces' parts, and the least and the largest Bernstein coefficient of x z^power on any of them."""
    ends, found = [places[0]], []
    for (p, q), (v, w) in zip(pairwise(places), pairwise(values), strict=True):
        for k in range(parts):
            (x, rise), (z, climb) = ((s + (t - s) * k / parts, (t - s) / parts) for s, t in ((p, q), (v, w)))
            powers = [comb(power, j) * z ** (power - j) * climb**j for j in range(power + 1)]
            c = [x * s + rise * t for s, t in zip([*powers, Fraction(0)], [Fraction(0), *powers], strict=True)]
            n = power + 1
            found += [sum(Fraction(comb(j, i), comb(n, i)) * c[i] for i in range(j + 1)) for j in range(n + 1)]
            ends.append(x + rise)
    return tuple(ends), Fraction(min(found)), Fraction(max(found))
