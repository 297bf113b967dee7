"""Exact normal forms, for the families ``terms``, ``pieces`` and ``regions``: equality and size of polynomials.

A polynomial is a map from monomials to nonzero rationals; a monomial is a sorted tuple of
(atom, exponent).  Two polynomials are equal as functions of their atoms if their maps are equal.
"""

from collections.abc import Callable
from fractions import Fraction
from math import comb, lcm

from ..kernel import Context
from ..model import Form, Node
from ..number import cost
from ..refusal import Declined, Rejected

MAX_DEGREE = 512

Key = tuple[object, ...]
Monomial = tuple[tuple[Key, int], ...]
Polynomial = dict[Monomial, Fraction]
Spend = Callable[[int], None]


def constant(value: Fraction) -> Polynomial:
    """Return the constant polynomial."""
    return {(): value} if value else {}


def linear(terms: dict[Key, Fraction]) -> Polynomial:
    """Return the polynomial sum of value * atom; the atom ("1",) is the number one."""
    return {(() if atom == ("1",) else ((atom, 1),)): value for atom, value in terms.items()}


def accumulate(context: Context, total: Polynomial, b: Polynomial, factor: Fraction = Fraction(1)) -> None:
    """Add factor * b to ``total`` in place."""
    alone = factor == 1
    for monomial, value in b.items():
        changed = value if alone else factor * value
        if monomial in total:
            changed += total[monomial]
        context.spend(1 + cost(changed, value))
        if changed:
            total[monomial] = changed
        else:
            total.pop(monomial, None)


def difference(context: Context, left: int, right: int, opaque: frozenset[int] = frozenset()) -> Polynomial:
    """Return left - right as a polynomial."""
    result = dict(polynomial(context, left, opaque))
    accumulate(context, result, polynomial(context, right, opaque), Fraction(-1))
    return result


def multiply(a: Polynomial, b: Polynomial, spend: Spend) -> Polynomial:
    """Return a * b, declined when the degree passes ``MAX_DEGREE``."""
    result: Polynomial = {}
    for m, p in a.items():
        spend(4 * len(b))
        for n, q in b.items():
            exponents: dict[Key, int] = dict(m)
            for atom, power in n:
                exponents[atom] = exponents.get(atom, 0) + power
            if sum(exponents.values()) > MAX_DEGREE:
                raise Declined(f"a polynomial of degree beyond {MAX_DEGREE}")
            monomial = tuple(sorted(exponents.items()))
            total = p * q + result.get(monomial, 0)
            spend(cost(p, q, total))
            if total:
                result[monomial] = total
            else:
                result.pop(monomial, None)
    return result


def reachable(roots: tuple[int, ...], nodes: tuple[Node, ...], enter: Callable[[int], bool]) -> list[int]:
    """Return the term indices at or below ``roots``, children first, going below those that ``enter`` admits."""
    seen: set[int] = set()
    stack = list(roots)
    while stack:
        t = stack.pop()
        if t not in seen:
            seen.add(t)
            if enter(t):
                stack.extend(nodes[t].children)
    return sorted(seen)


def polynomial(context: Context, term: int, opaque: frozenset[int] = frozenset()) -> Polynomial:
    """Return ``term`` as a polynomial in inputs, neurons, and the terms that are ``opaque`` or no sum or product."""
    nodes = context.nodes

    def enter(t: int) -> bool:
        return nodes[t].op in ("add", "mul") and t not in opaque

    done: dict[int, Polynomial] = {}
    for t in reachable((term,), nodes, enter):
        node = nodes[t]
        context.spend(1 + len(node.children))
        if t in opaque or node.op not in ("input", "const", "add", "mul", "net", "gated"):
            done[t] = linear({("term", t): Fraction(1)})
        elif node.op == "input":
            done[t] = linear({("x", node.children[0]): Fraction(1)})
        elif node.op == "const":
            done[t] = constant(node.value or Fraction(0))
        elif node.op == "add":
            done[t] = {}
            for child in node.children:
                accumulate(context, done[t], done[child])
        elif node.op == "mul":
            done[t] = constant(Fraction(1))
            for child in node.children:
                done[t] = multiply(done[t], done[child], context.spend)
        else:
            k, o = node.children
            done[t] = _over_atoms(node.op, k, context.networks[k].outputs[o])
    return done[term]


def defined(context: Context, term: int) -> Polynomial:
    """Return ``term`` as ``polynomial`` does, but a "net" or "gated" term by its ``definition``."""
    op = context.nodes[term].op
    if op not in ("net", "gated"):
        return polynomial(context, term)
    return _over_atoms(op, *context.definition(term, op=op))


def _over_atoms(op: str, network: int, form: Form) -> Polynomial:
    """Return a form of a network as a polynomial whose atoms name the network."""
    renamed: dict[Key, Fraction] = {}
    for atom, value in form.items():
        renamed[atom if atom[0] in ("1", "x") else (f"{op}.{atom[0]}", network, *atom[1:])] = value
    return linear(renamed)


def coefficients(polynomial: Polynomial, atom: Key) -> list[Fraction]:
    """Return the coefficients, constant first, of a polynomial in the one ``atom``."""
    result: dict[int, Fraction] = {}
    for monomial, value in polynomial.items():
        if len(monomial) > 1 or (monomial and monomial[0][0] != atom):
            raise Rejected("the terms do not differ by a polynomial in the one variable that the rule allows")
        result[monomial[0][1] if monomial else 0] = value
    return [result.get(k, Fraction(0)) for k in range(max(result, default=0) + 1)]


def bernstein(coeffs: list[Fraction], lo: Fraction, hi: Fraction, spend: Spend) -> tuple[Fraction, Fraction]:
    """Return rationals m <= p(t) <= M for every t in [lo, hi].

    Proof.  With t = lo + (hi - lo) s, p is sum of c_k s^k for exact c_k.  In the Bernstein basis its
    coefficients are b_j = sum over k <= j of C(j,k) / C(n,k) c_k, and the basis is nonnegative on [0, 1] and
    sums to one, so p lies between the least and the largest b_j.
    """
    n = len(coeffs) - 1
    width = hi - lo
    spend(2 * (n + 1) * (n + 1) * cost(*coeffs) * (1 + n * cost(lo, width) // 16))
    shifted = [Fraction(0)] * (n + 1)
    for value in reversed(coeffs):  # Horner in (lo + width s)
        for k in range(n, 0, -1):
            shifted[k] = shifted[k] * lo + shifted[k - 1] * width
        shifted[0] = shifted[0] * lo + value
    ends = [
        sum((Fraction(comb(j, k), comb(n, k)) * shifted[k] for k in range(j + 1)), Fraction(0)) for j in range(n + 1)
    ]
    return min(ends), max(ends)


Point = tuple[int, ...]  # (w, X_1, .., X_d) with w > 0 stands for x_i = X_i / w
Homogeneous = dict[Point, int]  # a form in w, X_1, .., X_d: coefficients by exponents

MAX_BLOSSOM = 64


def nonnegative(p: Polynomial, points: dict[Point, int], spend: Spend, strictly: bool = False) -> bool:
    """Return True only if p >= 0 (p > 0) on the hull of ``points``, each with the bits of the constraints tight there.

    Exact up to degree 2 for at most two inputs, if not strictly.
    Proof.  p(x) is b(x, .., x) for a blossom b that is affine in each of its n arguments.  With x a mean of corners
    v_i, weighted by l_i, it is the mean of b(v_i1, .., v_in) weighted by the products l_i1 .. l_in.  Positive multiples
    of these values come from differentiating n times along the corners.
    """
    degree = max((sum(e for _, e in monomial) for monomial in p), default=0)
    if degree > MAX_BLOSSOM:
        raise Declined(f"a degree beyond {MAX_BLOSSOM} on a cell")
    scale = lcm(*(c.denominator for c in p.values()))
    spend(1 + len(p) * cost(Fraction(scale), *p.values()))
    form: Homogeneous = {}
    for monomial, c in p.items():
        exponents = [degree - sum(e for _, e in monomial)] + [0] * (len(next(iter(points))) - 1)
        for atom, e in monomial:
            exponents[1 + int(str(atom[1]))] = e
        form[tuple(exponents)] = int(c * scale)
    if _blossom(form, degree, list(points), spend, strictly):
        return True
    return degree == 2 and not strictly and len(next(iter(points))) <= 3 and _quadratic(form, points, spend)


def _blossom(form: Homogeneous, degree: int, points: list[Point], spend: Spend, strictly: bool) -> bool:
    """Return whether every value of the blossom at corners is >= 0 (> 0)."""
    if degree == 0:
        value = sum(form.values())
        return value > 0 or (value == 0 and not strictly)
    return all(
        _blossom(_along(form, point, spend), degree - 1, points[k:], spend, strictly) for k, point in enumerate(points)
    )


def _along(form: Homogeneous, point: Point, spend: Spend) -> Homogeneous:
    """Return the derivative of a form along a point."""
    result: Homogeneous = {}
    for exponents, c in form.items():
        for k, e in enumerate(exponents):
            if e:
                lower = (*exponents[:k], e - 1, *exponents[k + 1 :])
                result[lower] = result.get(lower, 0) + e * c * point[k]
    largest = max(map(abs, result.values()), default=0)
    spend(2 + 2 * len(form) * cost(Fraction(largest)))
    return result


def _quadratic(form: Homogeneous, points: dict[Point, int], spend: Spend) -> bool:
    """Return True only if a form of degree 2 is >= 0 on a cell in a line or a plane.

    Proof.  On a segment the form is A s^2 + 2 B s t + C t^2 with s, t >= 0, not negative if A, C >= 0 and B >= 0 or
    B^2 <= A C.  The segments tried include all edges.  Where the second derivative is not positive definite, the form
    is concave along some direction, so its least value is taken on an edge.  Where it is, let z be the point of the
    least value over the plane: that value is >= 0, or z lies outside of the cell, beyond the line through an edge, and
    the least value on the cell is again on an edge.
    """
    inputs = len(next(iter(points))) - 1
    value = {
        (p, q): sum(_along(along, q, spend).values())
        for p, along in [(p, _along(form, p, spend)) for p in points]
        for q in points
    }
    edges = [(p, q) for p, q in value if p < q and (points[p] & points[q]).bit_count() >= inputs - 1]
    if any(value[p, p] < 0 for p in points):
        return False
    if any(value[e] < 0 and value[e] ** 2 > value[e[0], e[0]] * value[e[1], e[1]] for e in edges):
        return False
    if inputs == 1:
        return True
    (c, x, y), (xx, xy, yy) = (
        [form.get(e, 0) for e in exponents]
        for exponents in (((2, 0, 0), (1, 1, 0), (1, 0, 1)), ((0, 2, 0), (0, 1, 1), (0, 0, 2)))
    )
    least = 4 * xx * yy - xy * xy, xy * y - 2 * yy * x, xy * x - 2 * xx * y
    if xx <= 0 or least[0] <= 0 or 2 * c * least[0] + x * least[1] + y * least[2] >= 0:
        return True
    for p, q in edges:
        sides, beyond = [_turn(p, q, r) for r in points], _turn(p, q, least)
        spend(len(sides) * 8 * cost(*map(Fraction, (max(map(abs, sides)), beyond))))
        if (min(sides) >= 0 and beyond < 0) or (max(sides) <= 0 and beyond > 0):
            return True
    return False


def _turn(p: Point, q: Point, r: Point) -> int:
    """Return the determinant of three points of the plane: its sign says on which side of p, q the third lies."""
    return p[0] * (q[1] * r[2] - q[2] * r[1]) - p[1] * (q[0] * r[2] - q[2] * r[0]) + p[2] * (q[0] * r[1] - q[1] * r[0])
