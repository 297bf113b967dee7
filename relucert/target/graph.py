"""Expressions under construction: constants folded, equal nodes shared, and polynomials compared exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from ..errors import UsageError
from ..exact.functions import exactly
from .expression import LEAVES, Expression, Node

MAX_POWER = 64
MAX_NODES = 1 << 20
MAX_MONOMIALS = 2_000
MAX_DEGREE = 1_000
MAX_DIGITS = 4_000  # which certificates hold, too
MAX_BITS = MAX_DIGITS * 1000 // 302  # fewer than so many digits have at most so many bits

PARTIAL = ("inv", "log", "power")  # operations that are not defined everywhere

Polynomial = dict[tuple[int, ...], Fraction]  # sorted node indices -> coefficient


@dataclass
class Graph:
    """Nodes with constants folded and equal nodes shared."""

    inputs: dict[str, int]
    nodes: list[Node] = field(default_factory=list)
    known: dict[Node, int] = field(default_factory=dict)
    polynomials: dict[int, Polynomial | None] = field(default_factory=dict)
    jumps: bool = False  # whether functions may jump, as norms other than the sup norm allow

    def __post_init__(self) -> None:
        for k in range(len(self.inputs)):
            self.node("input", k)

    def node(self, op: str, *children: int, value: Fraction | None = None) -> int:
        """Return the index of a node, new or known."""
        node = Node(op, children, value)
        if node not in self.known:
            if len(self.nodes) >= MAX_NODES:
                raise UsageError(f"an expression of more than {MAX_NODES} operations", "target")
            self.known[node] = len(self.nodes)
            self.nodes.append(node)
        return self.known[node]

    def constant(self, value: Fraction) -> int:
        """Return a constant."""
        return self.node("const", value=_short(value))

    def value(self, t: int) -> Fraction | None:
        """Return the value of a constant node, None for any other."""
        return self.nodes[t].value if self.nodes[t].op == "const" else None

    def settled(self, t: int) -> Fraction | None:
        """Return the value of a node whose polynomial is a constant, such as x - x + 1, None for any other.

        What is not defined everywhere may not be cancelled: log(x) - log(x) has the domain of log(x).
        """
        polynomial = self.polynomial(t)
        if polynomial is None or set(polynomial) - {()}:
            return None
        if any(self.nodes[s].op in PARTIAL for s in self.below(t)):
            return None
        return polynomial.get((), Fraction(0))

    def add(self, terms: Sequence[int]) -> int:
        """Return a sum."""
        offset = Fraction(0)
        for t in terms:
            offset = _short(offset + (self.value(t) or 0))
        rest = [t for t in terms if self.value(t) is None]
        if offset or not rest:
            rest.append(self.constant(offset))
        return rest[0] if len(rest) == 1 else self.node("add", *rest)

    def multiply(self, factors: Sequence[int]) -> int:
        """Return a product, as a balanced tree."""
        scale, rest = Fraction(1), []
        for t in factors:
            value = self.value(t)
            if value is None:
                rest.append(t)
            else:
                scale = _short(scale * value)
        if not rest or not scale:
            return self.constant(scale if not rest else Fraction(0))
        while len(rest) > 1:
            pairs = [rest[k : k + 2] for k in range(0, len(rest), 2)]
            rest = [self.node("mul", *sorted(pair)) if len(pair) > 1 else pair[0] for pair in pairs]
        return rest[0] if scale == 1 else self.node("mul", self.constant(scale), rest[0])

    def scaled(self, factor: Fraction, t: int) -> int:
        """Return a multiple."""
        return self.multiply([self.constant(factor), t])

    def difference(self, a: int, b: int) -> int:
        """Return a - b."""
        return self.add([a, self.scaled(Fraction(-1), b)])

    def invert(self, t: int, column: int) -> int:
        """Return 1/t."""
        value = self.settled(t)
        if value is None:
            return self.node("inv", t)
        if not value:
            raise UsageError(f"column {column}: division by zero", "target")
        return self.constant(1 / value)

    def power(self, base: int, exponent: Fraction, column: int) -> int:
        """Return base^exponent: products for a whole exponent, the operation ``power`` for any other."""
        if abs(exponent) > MAX_POWER or exponent.denominator > MAX_POWER:
            raise UsageError(
                f"column {column}: exponents go from -{MAX_POWER} to {MAX_POWER}, with denominators up to {MAX_POWER}",
                "target",
            )
        if exponent.denominator > 1:
            return self.function("power", base, column, exponent)
        if exponent < 0:
            return self.invert(self.power(base, -exponent, column), column)
        result: int | None = None
        for bit in bin(exponent.numerator)[2:]:
            result = None if result is None else self.multiply([result, result])
            if bit == "1":
                result = base if result is None else self.multiply([result, base])
        return self.constant(Fraction(1)) if result is None else result

    def function(self, op: str, t: int, column: int, exponent: Fraction | None = None) -> int:
        """Return an elementary function of a node, folded where its value is a rational that is known."""
        value = self.settled(t)
        if value is None:
            return self.node(op, t, value=exponent)
        if (op == "log" and value <= 0) or (op == "power" and (value < 0 or (not value and (exponent or 0) < 0))):
            shown = "a rational power" if op == "power" else "log"
            raise UsageError(f"column {column}: {shown} of the constant {value} is not defined", "target")
        exact = exactly(op, value, exponent)
        return self.constant(exact) if exact is not None else self.node(op, self.constant(value), value=exponent)

    def extremum(self, op: str, terms: Sequence[int]) -> int:
        """Return a max or min."""
        distinct = list(dict.fromkeys(terms))
        values = [v for v in map(self.value, distinct) if v is not None]
        rest = [t for t in distinct if self.value(t) is None]
        if values:
            rest.append(self.constant(max(values) if op == "max" else min(values)))
        return rest[0] if len(rest) == 1 else self.node(op, *rest)

    def where(self, condition: int, a: int, b: int) -> int:
        """Return a where the condition is >= 0 and b elsewhere."""
        value = self.value(condition)
        if a == b or value is not None:
            return a if a == b or (value is not None and value >= 0) else b
        return self.node("where", condition, a, b)

    def absolute(self, t: int) -> int:
        """Return |t|."""
        value = self.value(t)
        return self.node("abs", t) if value is None else self.constant(abs(value))

    def ordered(self, terms: Sequence[int]) -> list[int]:
        """Return the terms in increasing order of value, by Batcher's odd-even merge sort.

        The minimum of a comparison is written min(b, a), so that both results read the one gate max(b - a, 0).
        """
        line = list(terms)
        n = len(line)
        p = 1
        while p < n:
            k = p
            while k >= 1:
                for j in range(k % p, n - k, 2 * k):
                    for i in range(min(k, n - j - k)):
                        if (i + j) // (2 * p) == (i + j + k) // (2 * p):
                            a, b = line[i + j], line[i + j + k]
                            line[i + j], line[i + j + k] = self.extremum("min", [b, a]), self.extremum("max", [a, b])
                k //= 2
            p *= 2
        return line

    def replaced(self, t: int, old: int, new: int, column: int) -> int:
        """Return node ``t`` with the node ``old`` replaced by ``new`` throughout."""
        done = {old: new}
        for s in self.below(t):
            node = self.nodes[s]
            if s in done or node.op in LEAVES:
                done.setdefault(s, s)
                continue
            c = [done[child] for child in node.children]
            if tuple(c) == node.children:
                done[s] = s
            elif node.op == "add":
                done[s] = self.add(c)
            elif node.op == "mul":
                done[s] = self.multiply(c)
            elif node.op == "inv":
                done[s] = self.invert(c[0], column)
            elif node.op == "abs":
                done[s] = self.absolute(c[0])
            elif node.op in ("max", "min"):
                done[s] = self.extremum(node.op, c)
            elif node.op == "where":
                done[s] = self.where(*c)
            else:
                done[s] = self.function(node.op, c[0], column, node.value)
        return done[t]

    def below(self, t: int) -> list[int]:
        """Return every node at or below ``t``, children first."""
        needed = {t}
        for s in range(t, -1, -1):
            if s in needed and self.nodes[s].op not in LEAVES:
                needed |= set(self.nodes[s].children)
        return sorted(needed)

    def polynomial(self, t: int) -> Polynomial | None:
        """Return ``t`` as a polynomial in inputs and in nodes that are no sum or product; None if that is too long."""
        stack = [t]
        while stack:
            s = stack.pop()
            node = self.nodes[s]
            below = [c for c in node.children if c not in self.polynomials] if node.op in ("add", "mul") else []
            if below:
                stack += [s, *below]
            elif s not in self.polynomials:
                self.polynomials[s] = self._polynomial(s)
        return self.polynomials[t]

    def _polynomial(self, t: int) -> Polynomial | None:
        """Return ``t`` as a polynomial, from those of its children."""
        node = self.nodes[t]
        if node.op == "const" and node.value is not None:
            return {(): node.value} if node.value else {}
        if node.op not in ("add", "mul"):
            return {(t,): Fraction(1)}
        result: Polynomial = {} if node.op == "add" else {(): Fraction(1)}
        for child in node.children:
            part = self.polynomials[child]
            size = 0 if part is None else len(part) + len(result) if node.op == "add" else len(part) * len(result)
            if part is None or size > MAX_MONOMIALS:
                return None
            if node.op == "mul" and _degree(part) + _degree(result) > MAX_DEGREE:
                return None
            if node.op == "mul":
                result = _times(result, part)
            else:
                for monomial, value in part.items():
                    result[monomial] = result.get(monomial, Fraction(0)) + value
        return {m: v for m, v in result.items() if v}

    def expression(self, roots: Sequence[int]) -> Expression:
        """Return the expression with these roots, unused nodes left out."""
        needed = set(range(len(self.inputs))) | set(roots)
        for t in range(len(self.nodes) - 1, -1, -1):
            if t in needed and self.nodes[t].op != "input":
                needed |= set(self.nodes[t].children)
        index = {t: k for k, t in enumerate(sorted(needed))}
        nodes = []
        for t in sorted(needed):
            node = self.nodes[t]
            children = node.children if node.op == "input" else tuple(index[c] for c in node.children)
            nodes.append(Node(node.op, children, node.value))
        return Expression(tuple(nodes), tuple(index[root] for root in roots))


def _short(value: Fraction) -> Fraction:
    """Return the value; UsageError if it is too long, as soon as it is, for the next could exhaust the machine."""
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise UsageError(f"the expression has a constant of more than {MAX_DIGITS} digits", "target")
    return value


def _degree(p: Polynomial) -> int:
    return max(map(len, p), default=0)


def _times(p: Polynomial, q: Polynomial) -> Polynomial:
    result: Polynomial = {}
    for m, a in p.items():
        for n, b in q.items():
            monomial = tuple(sorted(m + n))
            result[monomial] = result.get(monomial, Fraction(0)) + a * b
    return {m: v for m, v in result.items() if v}


Apply = Callable[[Graph, list[int], int], int]


def _clip(g: Graph, a: list[int], column: int) -> int:
    return g.extremum("min", [g.extremum("max", [a[0], a[1]]), a[2]])


def _dot(g: Graph, a: list[int], column: int) -> int:
    half = len(a) // 2
    return g.add([g.multiply([a[k], a[half + k]]) for k in range(half)])


def _sigmoid(g: Graph, t: int, column: int) -> int:
    return g.invert(g.add([g.constant(Fraction(1)), g.function("exp", g.scaled(Fraction(-1), t), column)]), column)


def _tanh(g: Graph, a: list[int], column: int) -> int:
    return g.add([g.constant(Fraction(-1)), g.scaled(Fraction(2), _sigmoid(g, g.scaled(Fraction(2), a[0]), column))])


def _softplus(g: Graph, a: list[int], column: int) -> int:
    return g.function("log", g.add([g.constant(Fraction(1)), g.function("exp", a[0], column)]), column)


def _gelu(g: Graph, a: list[int], column: int) -> int:
    root = g.function("power", g.constant(Fraction(1, 2)), column, Fraction(1, 2))
    erf = g.function("erf", g.multiply([a[0], root]), column)
    return g.multiply([g.constant(Fraction(1, 2)), a[0], g.add([g.constant(Fraction(1)), erf])])


def _elementary(op: str, exponent: Fraction | None = None) -> Apply:
    return lambda g, a, column: g.function(op, a[0], column, exponent)


_MANY = 1 << 17
# name: least and most arguments, their parity if it matters, what to build
CALLS: dict[str, tuple[int, int, int | None, Apply]] = {
    "abs": (1, 1, None, lambda g, a, column: g.absolute(a[0])),
    "clip": (3, 3, None, _clip),
    "cos": (1, 1, None, _elementary("cos")),
    "dot": (2, _MANY, 0, _dot),
    "erf": (1, 1, None, _elementary("erf")),
    "exp": (1, 1, None, _elementary("exp")),
    "gelu": (1, 1, None, _gelu),
    "log": (1, 1, None, _elementary("log")),
    "max": (2, _MANY, None, lambda g, a, column: g.extremum("max", a)),
    "median": (3, _MANY, 1, lambda g, a, column: g.ordered(a)[len(a) // 2]),
    "min": (2, _MANY, None, lambda g, a, column: g.extremum("min", a)),
    "norm1": (1, _MANY, None, lambda g, a, column: g.add([g.absolute(t) for t in a])),
    "norminf": (1, _MANY, None, lambda g, a, column: g.extremum("max", [g.absolute(t) for t in a])),
    "prod": (1, _MANY, None, lambda g, a, column: g.multiply(a)),
    "relu": (1, 1, None, lambda g, a, column: g.extremum("max", [a[0], g.constant(Fraction(0))])),
    "sigmoid": (1, 1, None, lambda g, a, column: _sigmoid(g, a[0], column)),
    "sin": (1, 1, None, _elementary("sin")),
    "softplus": (1, 1, None, _softplus),
    "sqrt": (1, 1, None, _elementary("power", Fraction(1, 2))),
    "tanh": (1, 1, None, _tanh),
}
SPECIAL = ("piecewise", "sort")
FUNCTION_NAMES = tuple(sorted((*CALLS, *SPECIAL)))
