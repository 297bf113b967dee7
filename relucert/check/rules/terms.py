"""Family ``terms``: ranges, affine combinations, compositions and polynomial identities."""

from fractions import Fraction
from math import isqrt

from ..kernel import Context, Rule, distance_in, distances, range_in, range_of, ranges
from ..model import Fact, In, Mean, Near
from ..number import ceil_to, cost
from ..refusal import Declined, Rejected
from .polynomial import accumulate, bernstein, coefficients, constant, defined, difference, polynomial

MAX_PIECES = 4096
OPS = ("add", "mul", "max", "min", "inv", "abs", "seen_max", "seen_min")

Premises = tuple[Fact, ...]


def product(a: tuple[Fraction, Fraction], b: tuple[Fraction, Fraction]) -> tuple[Fraction, Fraction]:
    """Return the exact product of two intervals."""
    ends = [p * q for p in a for q in b]
    return min(ends), max(ends)


def range_(context: Context, premises: Premises, term: int) -> In:
    """Claim: lo <= term <= hi, by one step of interval arithmetic.

    Hypotheses: ``term`` is an input, a constant, or an operation on terms that premises enclose; for
    1/a the enclosure of a does not contain zero.
    Computation: the box's interval; the constant; sums, products, minima, maxima, reciprocals of ends; an extremum
    over the tokens seen has its argument's interval, which holds at every data token.
    Proof: each operation is monotone in each argument on the sign regions that the ends delimit, so its
    extremes over a product of intervals are taken at ends.
    Source: standard interval arithmetic (Moore 1966).
    """
    node = context.nodes[term]
    if node.op == "input":
        return In(term, *context.domain[node.children[0]])
    if node.op == "const" and node.value is not None:
        return In(term, node.value, node.value)
    if node.op not in OPS:
        raise Rejected(f"interval arithmetic does not look inside {node.op!r}; use another rule")
    known = ranges(premises)
    if any(c not in known for c in node.children):
        raise Rejected(f"an argument of t{term} has no premise that encloses it")
    parts = [(known[c].lo, known[c].hi) for c in node.children]
    lo, hi = parts[0]
    if node.op == "inv":
        if lo <= 0 <= hi:
            raise Rejected(f"t{term} divides by an enclosure that contains zero")
        return In(term, 1 / hi, 1 / lo)
    if node.op == "abs":
        return In(term, max(lo, -hi, Fraction(0)), max(-lo, hi))
    for a, b in parts[1:]:
        context.spend(4 * cost(lo, hi, a, b))
        if node.op == "add":
            lo, hi = lo + a, hi + b
        elif node.op == "mul":
            lo, hi = product((lo, hi), (a, b))
        elif node.op == "max":
            lo, hi = max(lo, a), max(hi, b)
        else:
            lo, hi = min(lo, a), min(hi, b)
    return In(term, lo, hi)


def range_near(context: Context, premises: Premises) -> In:
    """Claim: lo - b <= left <= hi + b.

    Hypotheses: premises |left - right| <= b and lo <= right <= hi, in this order.
    Proof: triangle inequality.
    """
    if len(premises) != 2:
        raise Rejected("needs two premises: a distance, then a range")
    near, inside = premises
    if not isinstance(near, Near) or not isinstance(inside, In):
        raise Rejected("needs a distance, then a range")
    if near.right != inside.term:
        raise Rejected("the range is not that of the right-hand term of the distance")
    return In(near.left, inside.lo - near.bound, inside.hi + near.bound)


def range_affine(
    context: Context,
    premises: Premises,
    term: int,
    parts: tuple[int, ...],
    weights: tuple[Fraction, ...],
    offset: Fraction,
) -> In:
    """Claim: lo <= term <= hi for a term that is an affine combination of enclosed terms.

    Hypotheses: term - (offset + sum weights[k] parts[k]) is the zero polynomial in inputs and neurons, where a
    term that is one neuron alone stands for that neuron's form; a premise encloses each part.
    Computation: lo and hi are the sums of the ends chosen by the sign of each weight.
    Proof: the two sides are the same function, and the sum of intervals encloses the sum.
    """
    if len(parts) != len(weights):
        raise Rejected("one weight is needed for each part")
    rest, known = dict(defined(context, term)), ranges(premises)
    accumulate(context, rest, constant(offset), Fraction(-1))
    lo = hi = offset
    for part, weight in zip(parts, weights, strict=True):
        accumulate(context, rest, polynomial(context, part), -weight)
        inside = range_in(known, part)
        ends = (weight * inside.lo, weight * inside.hi)
        lo, hi = lo + min(ends), hi + max(ends)
        context.spend(cost(lo, hi))
    if rest:
        raise Rejected(f"t{term} is not that combination of its parts")
    return In(term, lo, hi)


def constant_(context: Context, premises: Premises, term: int, value: int) -> Near:
    """Claim: |term - c| <= max(hi - c, c - lo), with ``value`` the term of the constant c.

    Hypotheses: a premise lo <= term <= hi.
    Proof: immediate.
    """
    c = context.node(value, "const").value
    inside = range_of(premises, term)
    if c is None:
        raise Rejected("a constant without a value")
    return Near(term, value, max(inside.hi - c, c - inside.lo))


def affine(
    context: Context,
    premises: Premises,
    left: int,
    right: int,
    lefts: tuple[int, ...],
    rights: tuple[int, ...],
    weights: tuple[Fraction, ...],
) -> Near:
    """Claim: |left - right| <= sum over k of |weights[k]| * b_k.

    Hypotheses: premises |lefts[k] - rights[k]| <= b_k (a term is at distance 0 from itself);
    left - right - sum weights[k] (lefts[k] - rights[k]) is the zero polynomial in inputs and neurons, where a
    ``left`` that is one neuron alone stands for that neuron's form.
    Proof: the difference equals that weighted sum of differences; triangle inequality.
    """
    if not len(lefts) == len(rights) == len(weights):
        raise Rejected("lefts, rights and weights must have one length")
    rest, known = dict(defined(context, left)), distances(premises)
    accumulate(context, rest, polynomial(context, right), Fraction(-1))
    bound = Fraction(0)
    for a, b, weight in zip(lefts, rights, weights, strict=True):
        accumulate(context, rest, polynomial(context, a), -weight)
        accumulate(context, rest, polynomial(context, b), weight)
        bound += abs(weight) * distance_in(known, a, b)
        context.spend(cost(bound))
    if rest:
        raise Rejected(f"t{left} - t{right} is not that combination of differences")
    return Near(left, right, bound)


def congruence(context: Context, premises: Premises, left: int, right: int) -> Near:
    """Claim: |f(a_1, ..) - f(b_1, ..)| <= the bound that the operation f allows.

    Hypotheses: left = f(a_1, ..) and right = f(b_1, ..) with one f; premises |a_i - b_i| <= e_i (a term is
    at distance 0 from itself); for products and reciprocals premises that enclose the b_i, |b_i| <= B_i.
    Computation: sums: sum of e_i.  max, min, abs, and those over the tokens seen: the largest e_i.  Products:
    prod (B_i + e_i) - prod B_i.  1/a: e / (m (m - e)) where |b| >= m > e.
    Proof: |max a - max b| <= max |a_i - b_i|, also over tokens, likewise min and abs; a_1..a_n - b_1..b_n expands
    into products in which at least one factor is a_i - b_i and the others are at most B_j; 1/a - 1/b = (b - a) / (a b).
    """
    f, g = context.nodes[left], context.nodes[right]
    if f.op != g.op or f.op not in OPS or len(f.children) != len(g.children):
        raise Rejected(f"t{left} and t{right} are not one operation on different terms")
    context.spend(len(f.children))
    near, inside_of = distances(premises), ranges(premises)
    errors = [distance_in(near, a, b) for a, b in zip(f.children, g.children, strict=True)]
    if f.op == "add":
        bound = Fraction(0)
        for error in errors:
            bound += error
            context.spend(cost(bound))
        return Near(left, right, bound)
    if f.op in ("max", "min", "abs", "seen_max", "seen_min"):
        return Near(left, right, max(errors))
    if f.op == "inv":
        inside = range_in(inside_of, g.children[0])
        least = max(inside.lo, -inside.hi)
        if least <= errors[0]:
            raise Rejected("the denominator may come too close to zero")
        return Near(left, right, errors[0] / (least * (least - errors[0])))
    with_errors = without = Fraction(1)
    for error, b in zip(errors, g.children, strict=True):
        inside = range_in(inside_of, b)
        size = max(abs(inside.lo), abs(inside.hi))
        context.spend(4 * cost(with_errors, without, size, error))
        with_errors, without = with_errors * (size + error), without * size
    return Near(left, right, with_errors - without)


def reciprocal(context: Context, premises: Premises, term: int, inverse: int) -> Near:
    """Claim: |y - 1/a| <= b / m.

    Hypotheses: ``inverse`` is 1/a; ``term`` is y; a first premise |a*y - 1| <= b whose left side is the product
    of a and y in this order; a second premise that encloses a away from zero, |a| >= m > 0.
    Proof: y - 1/a = (a y - 1) / a.
    """
    if len(premises) != 2 or not isinstance(premises[0], Near):
        raise Rejected("needs two premises: a distance from one, then a range")
    (a,) = context.node(inverse, "inv").children
    if context.node(premises[0].left, "mul").children != (a, term):
        raise Rejected(f"the first premise does not speak of the product of t{a} and t{term}")
    if context.node(premises[0].right, "const").value != 1:
        raise Rejected("the first premise is not about the distance from one")
    inside = range_of(premises, a)
    least = max(inside.lo, -inside.hi)
    if least <= 0:
        raise Rejected("the denominator is not enclosed away from zero")
    return Near(term, inverse, premises[0].bound / least)


def identity(context: Context, premises: Premises, left: int, right: int) -> Near:
    """Claim: left = right.

    Hypotheses: their difference, expanded over inputs, neurons and other terms, is the zero polynomial.
    Proof: equal normal forms are equal functions of their atoms.
    """
    if difference(context, left, right):
        raise Rejected(f"t{left} and t{right} are different polynomials")
    return Near(left, right, Fraction(0))


def univariate(context: Context, premises: Premises, left: int, right: int, variable: int, pieces: int) -> Near:
    """Claim: |left - right| <= the largest absolute Bernstein coefficient over ``pieces`` equal parts.

    Hypotheses: left - right is a polynomial p in the term ``variable``; a premise lo <= variable <= hi.
    Computation: on each part of [lo, hi], the least and the largest Bernstein coefficient of p.
    Proof: p lies between them on the part, and the parts cover [lo, hi].
    Source: Bernstein form (see ``polynomial.bernstein``).
    """
    if not 1 <= pieces <= MAX_PIECES:
        raise Declined(f"pieces must be from 1 to {MAX_PIECES}")
    opaque = frozenset([variable])
    coeffs = coefficients(difference(context, left, right, opaque), ("term", variable))
    inside = range_of(premises, variable)
    step = (inside.hi - inside.lo) / pieces
    bound = Fraction(0)
    for k in range(pieces):
        lo, hi = bernstein(coeffs, inside.lo + k * step, inside.lo + (k + 1) * step, context.spend)
        bound = max(bound, -lo, hi)
    return Near(left, right, bound)


def total(context: Context, premises: Premises) -> Near:
    """Claim: |t_0 - t_n| <= b_1 + ... + b_n.

    Hypotheses: premises |t_0 - t_1| <= b_1, |t_1 - t_2| <= b_2, ..., each read in this direction.
    Proof: triangle inequality.
    """
    first, last, bound = None, None, Fraction(0)
    for fact in premises:
        if not isinstance(fact, Near) or (last is not None and fact.left != last):
            raise Rejected("the premises are not a chain of distances")
        first = fact.left if first is None else first
        last, bound = fact.right, bound + fact.bound
        context.spend(cost(bound))
    if first is None or last is None:
        raise Rejected("a sum of distances needs a premise")
    return Near(first, last, bound)


def symmetry(context: Context, premises: Premises) -> Near:
    """Claim: |right - left| <= b.

    Hypotheses: one premise |left - right| <= b.
    Proof: the absolute value is even.
    """
    if len(premises) != 1 or not isinstance(premises[0], Near):
        raise Rejected("needs one premise, a distance")
    return Near(premises[0].right, premises[0].left, premises[0].bound)


def mean(context: Context, premises: Premises) -> Mean:
    """Claim: the norm L^p of left - right over the box, p that of the statement, is at most b V^(1/p).

    Hypotheses: one premise |left - right| <= b; the statement's norm is L1 or L2.
    Computation: V is the volume of the box; for L2 its square root is rounded up to ``precision`` bits.
    Proof: the integral of |left - right|^p is at most b^p V.
    """
    if context.norm == "sup" or len(premises) != 1 or not isinstance(premises[0], Near):
        raise Rejected("needs one premise, a distance, and a statement in the norm L1 or L2")
    volume = Fraction(1)
    for lo, hi in context.domain:
        context.spend(cost(volume, lo, hi))
        volume *= hi - lo
    if context.norm == "L2":
        volume = Fraction(isqrt(ceil_to(volume, 2 * context.precision)) + 1, 1 << context.precision)
    return Mean(premises[0].left, premises[0].right, premises[0].bound * volume)


PAIR = {"left": "term", "right": "term"}
RULES = {
    "range": Rule("terms", range_, {"term": "term"}),
    "range_near": Rule("terms", range_near, {}),
    "range_affine": Rule(
        "terms", range_affine, {"term": "term", "parts": "terms", "weights": "rationals", "offset": "rational"}
    ),
    "constant": Rule("terms", constant_, {"term": "term", "value": "term"}),
    "affine": Rule("terms", affine, {**PAIR, "lefts": "terms", "rights": "terms", "weights": "rationals"}),
    "congruence": Rule("terms", congruence, PAIR),
    "reciprocal": Rule("terms", reciprocal, {"term": "term", "inverse": "term"}),
    "polynomial": Rule("terms", identity, PAIR),
    "univariate": Rule("terms", univariate, {**PAIR, "variable": "term", "pieces": "index"}),
    "sum": Rule("terms", total, {}),
    "mean": Rule("terms", mean, {}),
    "symmetry": Rule("terms", symmetry, {}),
}
