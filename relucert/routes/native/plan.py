"""Take a target apart into what one layer of heads computes each, and share the tolerance among these parts.

An error at a node moves an output by at most its influence times as much, to first order, operation by operation, as
its proof does.  What the plan leads to is certified.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from ...relu.influence import SLOPE_BITS, slope
from ...relu.univariate import Univariate, affine, variables
from ...spec.problem import Problem
from ...target.expression import LEAVES, Expression
from ...target.ranges import Interval, ranges

APPROXIMATED = ("product", "gate", "sigma", "function")


@dataclass(frozen=True, slots=True)
class Piece:
    """How node ``root`` is made from the nodes ``reads``.

    leaf (an input), constant, linear (a sum, or a multiple); product of its two factors; sigma, 1/(1 + exp(a)) of a;
    gate, the product of a value and a s + b for such a sigma s, which reads (value, argument of s), and where
    ``logistic`` is s; function, a smooth function of one node.
    """

    root: int
    kind: str
    reads: tuple[int, ...] = ()
    logistic: int = -1


@dataclass(frozen=True, slots=True)
class Plan:
    """The pieces of a target, each after those that it reads, ranges of all nodes and the share of each piece."""

    pieces: tuple[Piece, ...]
    inside: tuple[Interval, ...]
    shares: dict[int, Fraction]

    @classmethod
    def of(cls, problem: Problem) -> Plan:
        """Return the plan of a problem whose target is smooth."""
        expression = problem.expression
        inside = tuple(ranges(expression, problem.domain, problem.inputs))
        found = _pieces(expression, inside, polynomial=is_polynomial(problem))
        return cls(found, inside, _shares(problem, found, inside))

    @property
    def depth(self) -> int:
        """The number of layers."""
        found: dict[int, int] = {}
        for piece in self.pieces:
            found[piece.root] = max((found[t] for t in piece.reads), default=0) + (piece.kind in APPROXIMATED)
        return max(found.values())

    def count(self, kind: str) -> int:
        """Return how many pieces are of a kind."""
        return sum(piece.kind == kind for piece in self.pieces)


def is_polynomial(problem: Problem) -> bool:
    """Return whether product heads alone are to be used: for polynomials, but for those of one input with a width."""
    ops = {node.op for node in problem.expression.nodes}
    several = len(problem.inputs) > 1 or len(problem.expression.roots) > 1
    return not ops - {"input", "const", "add", "mul"} and (several or problem.domain[0][0] == problem.domain[0][1])


def _pieces(expression: Expression, inside: tuple[Interval, ...], polynomial: bool) -> tuple[Piece, ...]:
    of = variables(expression)
    fixed: list[bool] = []
    for t, node in enumerate(expression.nodes):
        below = [fixed[c] for c in node.children] if node.op not in LEAVES else [False]
        fixed.append(of[t] is None or inside[t][0] == inside[t][1] or all(below))
    done: dict[int, Piece] = {}
    stack = list(expression.roots)
    while stack:
        t = stack.pop()
        if t in done:
            continue
        if fixed[t]:
            done[t] = Piece(t, "constant")
        elif expression.nodes[t].op == "input":
            done[t] = Piece(t, "leaf")
        else:
            done[t] = _piece(expression, t, of[t] or 0, fixed, polynomial)
        stack.extend(done[t].reads)
    return tuple(done[t] for t in sorted(done))


def _piece(expression: Expression, t: int, variable: int, fixed: list[bool], polynomial: bool) -> Piece:
    node = expression.nodes[t]
    argument = _logistic(expression, t)
    if argument is not None:
        return Piece(t, "sigma", (argument,))
    product = node.op == "mul" and not any(fixed[c] for c in node.children)
    for value, other in (node.children, node.children[::-1]) if product else ():
        for s in _below(expression, other, fixed):
            found = _logistic(expression, s)
            if found is not None and affine(expression, other, s) is not None:
                return Piece(t, "gate", (value, found), s)
    if variable != t and not polynomial:
        *_, core = _below(expression, t, fixed)
        if core != variable and _logistic(expression, core) is None:
            return Piece(t, "function", (variable,))
    return Piece(t, "product" if product else "linear", node.children)


def _below(expression: Expression, t: int, fixed: list[bool]) -> Iterator[int]:
    """Yield a node, what it is a multiple of plus a constant, what that is one of, and so on."""
    yield t
    node = expression.nodes[t]
    while node.op in ("add", "mul"):
        moving = [c for c in node.children if not fixed[c]]
        if len(moving) != 1:
            return
        yield moving[0]
        node = expression.nodes[moving[0]]


def _logistic(expression: Expression, t: int) -> int | None:
    """Return a where node ``t`` is 1/(1 + exp(a)), else None."""
    node = expression.nodes[t]
    below = expression.nodes[node.children[0]] if node.op == "inv" else node
    if node.op != "inv" or below.op != "add" or len(below.children) != 2:
        return None
    one, power = sorted((expression.nodes[c] for c in below.children), key=lambda n: n.op == "exp")
    return power.children[0] if power.op == "exp" and one.op == "const" and one.value == 1 else None


def _shares(problem: Problem, pieces: tuple[Piece, ...], inside: tuple[Interval, ...]) -> dict[int, Fraction]:
    """Return what each piece may err so that no output errs by more than the tolerance, to first order."""
    asked = [piece.root for piece in pieces if piece.kind in APPROXIMATED]
    result: dict[int, Fraction] = {}
    for root in dict.fromkeys(problem.expression.roots):
        moved = _influence(problem.expression, inside, root)
        shared = [t for t in asked if moved[t]]
        for t in shared:
            share = problem.tolerance / len(shared) / moved[t]
            result[t] = min(result.get(t, share), share)
    return result


def _influence(expression: Expression, inside: tuple[Interval, ...], root: int) -> list[Fraction]:
    """Return for every node how much an error there moves the root, at most, to first order."""
    result = [Fraction(0)] * len(expression.nodes)
    result[root] = Fraction(1)
    for t in range(root, -1, -1):
        node = expression.nodes[t]
        if node.op in LEAVES or not result[t]:
            continue
        sizes = [max(map(abs, inside[c])) for c in node.children]
        for k, c in enumerate(node.children):
            if node.op == "mul":
                factor = math.prod(size for i, size in enumerate(sizes) if i != k)
            elif node.op == "inv":
                factor = 1 / min(map(abs, inside[c])) ** 2
            else:
                factor = slope(node.op, node.value, inside[c])
            result[c] = _short(result[c] + result[t] * factor)
    return result


def _short(value: Fraction) -> Fraction:
    """Return about the value, at least, in few digits."""
    if not value:
        return value
    unit = Fraction(2) ** (value.numerator.bit_length() - value.denominator.bit_length() - SLOPE_BITS)
    return -(-value // unit) * unit


def function_of(expression: Expression, piece: Piece) -> Univariate:
    """Return the function that a piece of kind ``function`` is."""
    return Univariate(expression, piece.root, piece.reads[0])
