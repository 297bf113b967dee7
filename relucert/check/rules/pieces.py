"""Family ``pieces``: piecewise-linear functions of one variable, exact inequalities on every piece."""

from fractions import Fraction
from itertools import pairwise
from math import lcm

from ..kernel import Context, Rule, range_of
from ..model import Atom, Fact, Near
from ..number import cost
from ..refusal import Declined, Rejected
from .polynomial import bernstein, reachable
from .sweep import Line, Place, Sweep, one_atom, require_cover

MAX_DEGREE = 64

RATIONAL = ("add", "mul", "inv")

Coefficients = list[Fraction]  # of a polynomial in x, constant first


def pieces(
    context: Context,
    premises: tuple[Fact, ...],
    left: int,
    right: int,
    variable: int,
    knots: tuple[Fraction, ...],
    bound: Fraction,
) -> Near:
    """Claim: |left - right| <= bound.

    Hypotheses: ``variable`` is an output whose form is one atom alone, an input x or a u_j; a premise encloses it, and
    the increasing ``knots`` cover that enclosure; left and right are built with sums, products and reciprocals from
    the variable, constants and outputs of its network that depend on nothing else; on every piece between two knots
    each neuron keeps its sign, so that it is a linear function of the variable there, and each reciprocal is of a
    function without a zero.
    Computation: on every piece left - right = P / Q for exact polynomials; bound * |Q| - P >= 0 and
    bound * |Q| + P >= 0 are tested there: exactly up to degree 2, by Bernstein coefficients beyond.
    Proof: a linear function with both ends >= 0 (<= 0) on a piece is so on all of it, so r = u (r = 0) there.
    The two inequalities say |P / Q| <= bound, as Q has no zero.
    Source: derived here.
    """
    network, atom = one_atom(context, variable)
    require_cover(knots, range_of(premises, variable))
    if bound < 0:
        raise Rejected("a bound must not be negative")
    order = reachable((left, right), context.nodes, lambda t: context.nodes[t].op in RATIONAL)
    outputs = {t: context.output(t, network)[1] for t in order if context.nodes[t].op == "net"}
    sweep = Sweep(context, network, atom, outputs, knots)
    for piece, (a, b) in enumerate(pairwise(knots)):
        sweep.enter(piece)
        values = _values(context, order, atom, sweep.lines, a, b)
        (p, q), (n, d) = values[left], values[right]
        top = [x - y for x, y in _paired(_times(context, p, d), _times(context, n, q))]
        room = [bound * e for e in _times(context, q, d)]
        for gap in ([e - c for e, c in _paired(room, top)], [e + c for e, c in _paired(room, top)]):
            if not _nonnegative(context, gap, a, b):
                raise Rejected(f"the bound fails between two knots, on piece {piece}")
    return Near(left, right, bound)


def _values(
    context: Context, order: list[int], variable: Atom, lines: dict[Place, Line], a: Fraction, b: Fraction
) -> dict[int, tuple[Coefficients, Coefficients]]:
    """Return every term of ``order`` as P / Q in the variable, with Q > 0 on [a, b]."""
    value: dict[int, tuple[Coefficients, Coefficients]] = {}
    one = [Fraction(1)]
    for t in order:
        node = context.nodes[t]
        context.spend(1)
        if node.op == "input" and variable == ("x", node.children[0]):
            value[t] = [Fraction(0), Fraction(1)], one
        elif node.op == "const" and node.value is not None:
            value[t] = [node.value], one
        elif node.op == "net":
            value[t] = list(lines["t", t]), one
        elif node.op == "inv":
            p, q = value[node.children[0]]
            if _positive(context, p, a, b):
                value[t] = q, p
            elif _positive(context, [-c for c in p], a, b):
                value[t] = [-c for c in q], [-c for c in p]
            else:
                raise Rejected(f"t{t} may divide by zero between two knots")
        elif node.op in ("add", "mul"):
            p, q = value[node.children[0]]
            for child in node.children[1:]:
                n, d = value[child]
                if node.op == "mul":
                    p = _times(context, p, n)
                else:
                    p = [x + y for x, y in _paired(_times(context, p, d), _times(context, n, q))]
                q = _times(context, q, d)
                context.spend(1 + cost(*p, *q) // 16)  # constants have no other charge
            value[t] = p, q
        else:
            raise Rejected(f"t{t} ({node.op}) is not a rational function of the variable on a piece")
    return value


def _times(context: Context, p: Coefficients, q: Coefficients) -> Coefficients:
    if len(p) + len(q) > MAX_DEGREE + 2:
        raise Declined(f"a degree beyond {MAX_DEGREE}")
    if len(q) == 1:
        return p if q[0] == 1 else [q[0] * c for c in p]
    context.spend(len(p) * len(q) * cost(p[-1], q[-1]))
    result = [Fraction(0)] * (len(p) + len(q) - 1)
    for i, c in enumerate(p):
        for j, d in enumerate(q):
            if c and d:
                result[i + j] += c * d
    return result


def _paired(p: Coefficients, q: Coefficients) -> list[tuple[Fraction, Fraction]]:
    zero, size = Fraction(0), max(len(p), len(q))
    return [(p[k] if k < len(p) else zero, q[k] if k < len(q) else zero) for k in range(size)]


def _nonnegative(context: Context, p: Coefficients, a: Fraction, b: Fraction) -> bool:
    """Return True only if p >= 0 on [a, b]; exact up to degree 2."""
    while len(p) > 1 and not p[-1]:
        p = p[:-1]
    if len(p) > 3:
        return bernstein(p, a, b, context.spend)[0] >= 0
    context.spend(4 * cost(a, b, *p))
    whole = _whole(p)
    if min(_at(whole, a), _at(whole, b)) < 0:
        return False
    if len(p) < 3 or whole[2] < 0 or not _at([whole[1], 2 * whole[2]], a) < 0 < _at([whole[1], 2 * whole[2]], b):
        return True
    return 4 * whole[0] * whole[2] >= whole[1] * whole[1]  # its least value is between a and b


def _whole(p: Coefficients) -> list[int]:
    """Return a positive multiple of p in whole numbers."""
    scale = lcm(*(c.denominator for c in p))
    return [c.numerator * (scale // c.denominator) for c in p]


def _at(p: list[int], x: Fraction) -> int:
    """Return a positive multiple of p(x), which has its sign, by Horner's rule."""
    result, power = 0, 1
    for c in reversed(p):
        result = result * x.numerator + c * power
        power *= x.denominator
    return result


def _positive(context: Context, p: Coefficients, a: Fraction, b: Fraction) -> bool:
    if len(p) > 2:
        return bernstein(p, a, b, context.spend)[0] > 0
    context.spend(2 * cost(a, b, *p))
    whole = _whole(p)
    return min(_at(whole, a), _at(whole, b)) > 0


ARGS = {"left": "term", "right": "term", "variable": "term", "knots": "rationals", "bound": "rational"}
RULES = {"pieces": Rule("pieces", pieces, ARGS)}
