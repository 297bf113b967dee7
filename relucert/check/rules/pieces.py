"""Family ``pieces``: one input, piecewise-linear network outputs, exact inequalities on every piece."""

from fractions import Fraction
from itertools import pairwise

from ..kernel import Context, Rule
from ..model import Atom, Fact, Form, Near
from ..refusal import Declined, Rejected
from .polynomial import bernstein, reachable

MAX_DEGREE = 64

RATIONAL = ("add", "mul", "inv")

Coefficients = list[Fraction]  # of a polynomial in x, constant first
Line = tuple[Fraction, Fraction]  # (constant, slope)


def pieces(
    context: Context, premises: tuple[Fact, ...], left: int, right: int, knots: tuple[Fraction, ...], bound: Fraction
) -> Near:
    """Claim: |left - right| <= bound.

    Hypotheses: there is one input x, and the increasing ``knots`` cover its domain; left and right are built
    with sums, products and reciprocals from x, constants and outputs of networks; on every piece between
    two knots each neuron keeps its sign, so that it is a linear function of x there, and each reciprocal
    is of a function without a zero.
    Computation: on every piece left - right = P / Q for exact polynomials; bound * |Q| - P >= 0 and
    bound * |Q| + P >= 0 are tested there: exactly up to degree 2, by Bernstein coefficients beyond.
    Proof: a linear function with both ends >= 0 (<= 0) on a piece is so on all of it, so r = u (r = 0) there.
    The two inequalities say |P / Q| <= bound, as Q has no zero.
    Source: derived here.
    """
    if len(context.domain) != 1:
        raise Rejected("this rule needs exactly one input")
    lo, hi = context.domain[0]
    if len(knots) < 2 or any(a >= b for a, b in pairwise(knots)) or knots[0] > lo or knots[-1] < hi:
        raise Rejected("the knots do not increase or do not cover the domain")
    if bound < 0:
        raise Rejected("a bound must not be negative")
    needed = _neurons(context, left, right)
    for a, b in pairwise(knots):
        lines = _lines(context, needed, a, b)
        p, q = _difference(context, left, right, lines, a, b)
        for sign in (1, -1):
            gap = [bound * d - sign * n for n, d in _paired(p, q)]
            if not _nonnegative(context, gap, a, b):
                raise Rejected(f"the bound fails between two knots, on piece {knots.index(a)}")
    return Near(left, right, bound)


def _neurons(context: Context, left: int, right: int) -> dict[int, list[int]]:
    """Return, for each network used, the neurons that its used outputs depend on, in order."""
    wanted: dict[int, set[int]] = {}
    for t in reachable((left, right), context.nodes, lambda t: context.nodes[t].op in RATIONAL):
        node = context.nodes[t]
        if node.op == "net":
            k, o = node.children
            wanted.setdefault(k, set()).update(_read(context.networks[k].outputs[o]))
    result = {}
    for k, neurons in wanted.items():
        for j in range(max(neurons, default=-1), -1, -1):
            if j in neurons:
                neurons.update(_read(context.networks[k].neurons[j]))
        result[k] = sorted(neurons)
    return result


def _read(form: Form) -> set[int]:
    return {atom[1] for atom in form if len(atom) == 2 and atom[0] != "x"}


def _lines(context: Context, needed: dict[int, list[int]], a: Fraction, b: Fraction) -> dict[int, dict[Atom, Line]]:
    """Return u_j and r_j of every needed neuron as linear functions of x on [a, b]."""
    result: dict[int, dict[Atom, Line]] = {}
    for k, neurons in needed.items():
        lines: dict[Atom, Line] = {("1",): (Fraction(1), Fraction(0)), ("x", 0): (Fraction(0), Fraction(1))}
        for j in neurons:
            u = _line(context, context.networks[k].neurons[j], lines)
            ends = (u[0] + u[1] * a, u[0] + u[1] * b)
            if min(ends) < 0 < max(ends):
                raise Rejected(f"neuron {j} of network {k} changes sign between two knots")
            lines["u", j] = u
            lines["r", j] = u if max(ends) > 0 else (Fraction(0), Fraction(0))
        result[k] = lines
    return result


def _line(context: Context, form: Form, lines: dict[Atom, Line]) -> Line:
    context.spend(len(form))
    constant = sum((value * lines[atom][0] for atom, value in form.items() if lines[atom][0]), Fraction(0))
    slope = sum((value * lines[atom][1] for atom, value in form.items() if lines[atom][1]), Fraction(0))
    return constant, slope


def _difference(
    context: Context, left: int, right: int, lines: dict[int, dict[Atom, Line]], a: Fraction, b: Fraction
) -> tuple[Coefficients, Coefficients]:
    """Return P and Q > 0 on [a, b] with left - right = P / Q."""
    value: dict[int, tuple[Coefficients, Coefficients]] = {}
    one = [Fraction(1)]
    for t in reachable((left, right), context.nodes, lambda t: context.nodes[t].op in RATIONAL):
        node = context.nodes[t]
        if node.op == "input":
            value[t] = [Fraction(0), Fraction(1)], one
        elif node.op == "const" and node.value is not None:
            value[t] = [node.value], one
        elif node.op == "net":
            k, o = node.children
            value[t] = list(_line(context, context.networks[k].outputs[o], lines[k])), one
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
            value[t] = p, q
        else:
            raise Rejected(f"t{t} ({node.op}) is not a rational function on a piece")
    (p, q), (n, d) = value[left], value[right]
    return [x - y for x, y in _paired(_times(context, p, d), _times(context, n, q))], _times(context, q, d)


def _times(context: Context, p: Coefficients, q: Coefficients) -> Coefficients:
    if len(p) + len(q) > MAX_DEGREE + 2:
        raise Declined(f"a degree beyond {MAX_DEGREE}")
    if len(q) == 1:
        return p if q[0] == 1 else [q[0] * c for c in p]
    context.spend(len(p) * len(q))
    result = [Fraction(0)] * (len(p) + len(q) - 1)
    for i, c in enumerate(p):
        for j, d in enumerate(q):
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
    at = [sum((c * x**k for k, c in enumerate(p)), Fraction(0)) for x in (a, b)]
    if len(p) == 3 and p[2] > 0 and a < -p[1] / (2 * p[2]) < b:
        at.append(p[0] - p[1] * p[1] / (4 * p[2]))
    return min(at) >= 0


def _positive(context: Context, p: Coefficients, a: Fraction, b: Fraction) -> bool:
    return bernstein(p, a, b, context.spend)[0] > 0


RULES = {"pieces": Rule("pieces", pieces, {"left": "term", "right": "term", "knots": "rationals", "bound": "rational"})}
