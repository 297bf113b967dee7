"""Exact normal forms, for the families ``terms`` and ``pieces``: equality and size of polynomials.

A polynomial is a map from monomials to nonzero rationals; a monomial is a sorted tuple of
(atom, exponent).  Two polynomials are equal as functions of their atoms if their maps are equal.
"""

from collections.abc import Callable
from fractions import Fraction
from math import comb

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
    for monomial, value in b.items():
        changed = factor * value + total.get(monomial, 0)
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
