"""Choose a construction: for a problem and an allowance, every sensible plan with its predicted cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from ..spec.problem import Problem
from ..target.expression import Node
from .constructions import extrema, product
from .draft import Draft, Value

if TYPE_CHECKING:
    from .constructions.reciprocal import ZigzagPlan

MOST_CHORDS = 1000


@dataclass(frozen=True, slots=True)
class Plan:
    """A construction with its parameters, its predicted gates and layers, and how to build it."""

    construction: str
    parameters: tuple[tuple[str, int], ...]
    gates: int
    layers: int
    make: Callable[[Draft], Value]


def plans(problem: Problem, allowance: Fraction) -> list[Plan]:
    """Return plans whose approximation error is predicted to stay below ``allowance``, which is exclusive."""
    root = problem.expression.nodes[problem.expression.roots[0]]
    return list(_PLANNERS[root.op](problem, root, allowance))


def _half_width(problem: Problem, k: int) -> Fraction:
    lo, hi = problem.domain[k]
    return (hi - lo) / 2


def _folds(scale: Fraction, allowance: Fraction) -> int:
    """Return the least m >= 0 with scale * 4^-m < allowance."""
    m = max(0, math.floor((math.log2(scale.numerator) - math.log2(scale.denominator)) / 2)) if scale else 0
    m = max(0, m - 1 + max(0, math.floor((math.log2(allowance.denominator) - math.log2(allowance.numerator)) / 2)))
    while m and scale / 4 ** (m - 1) < allowance:
        m -= 1
    while scale / 4**m >= allowance:
        m += 1
    return m


def _multiplication(problem: Problem, root: Node, allowance: Fraction) -> Iterator[Plan]:
    a, b = root.children
    half_widths = _half_width(problem, a) * _half_width(problem, b)
    if a == b:
        m = _folds(half_widths / 2, allowance)  # width^2 / 8
        m = m if half_widths else 0
        yield Plan("square", (("m", m),), m, m, lambda d: product.square(d, d.input(a), m))
        return
    balanced = _folds(half_widths, allowance) if half_widths else 0
    for n in sorted({balanced, max(0, balanced - 1)}, reverse=True):
        left = allowance - half_widths / 2 / 4**n
        if left > 0:
            m = _folds(half_widths / 2, left) if half_widths else 0
            pair = (max(m, n), min(m, n))
            yield Plan("product", (("m1", pair[0]), ("m2", pair[1])), sum(pair), pair[0], _product(a, b, pair))


def _product(a: int, b: int, gates: tuple[int, int]) -> Callable[[Draft], Value]:
    return lambda d: product.product(d, d.input(a), d.input(b), gates)


def _extremum(problem: Problem, root: Node, allowance: Fraction) -> Iterator[Plan]:
    nodes = problem.expression.nodes

    def value(d: Draft, t: int) -> Value:
        node = nodes[t]
        if node.op == "input":
            return d.input(node.children[0])
        if node.value is not None:
            return d.constant(node.value)
        values = [value(d, c) for c in node.children]
        return extrema.extremum(d, "abs", values) if node.op == "abs" else extrema.n_ary(d, node.op, values, t)

    def cost(t: int) -> tuple[int, int]:
        node = nodes[t]
        if node.op in ("input", "const"):
            return 0, 0
        below = [cost(c) for c in node.children]
        count = len(node.children)
        own = (1, 1) if node.op == "abs" else (count - 1, (count - 1).bit_length())
        return sum(g for g, _ in below) + own[0], max(n for _, n in below) + own[1]

    gates, layers = cost(problem.expression.roots[0])
    name = "clip" if problem.target == "clip" else root.op
    yield Plan(name, (("d", len(problem.inputs)),), gates, layers, lambda d: value(d, problem.expression.roots[0]))


def _inverse(problem: Problem, root: Node, allowance: Fraction) -> Iterator[Plan]:
    from .constructions import chords, reciprocal

    lo, hi = problem.domain[0]
    if lo == hi:
        yield Plan("chords", (("K", 1),), 0, 0, chords.point)
        return
    pieces = chords.chord_pieces(lo, hi, allowance)
    if pieces <= MOST_CHORDS:
        yield Plan("chords", (("K", pieces),), pieces - 1, min(pieces - 1, 1), lambda d: chords.chords(d, pieces))
    best: dict[str, ZigzagPlan] = {}
    for plan in reciprocal.plans(lo, hi, float(allowance)):
        for name, key in (("gates", (plan.gates, plan.layers)), ("layers", (plan.layers, plan.gates))):
            if name not in best or key < _key(best[name], name):
                best[name] = plan
    for plan in dict.fromkeys(best.values()):
        parameters = (("K", plan.pieces), ("newton", plan.newton), ("order", plan.order), ("m", sum(plan.chains)))
        yield Plan("zigzag", parameters, plan.gates, plan.layers, _zigzag(plan))


def _zigzag(plan: ZigzagPlan) -> Callable[[Draft], Value]:
    from .constructions import reciprocal

    return lambda d: reciprocal.zigzag(d, plan)


def _key(plan: ZigzagPlan, name: str) -> tuple[int, int]:
    return (plan.gates, plan.layers) if name == "gates" else (plan.layers, plan.gates)


_PLANNERS: dict[str, Callable[[Problem, Node, Fraction], Iterator[Plan]]] = {
    "mul": _multiplication,
    "max": _extremum,
    "min": _extremum,
    "abs": _extremum,
    "inv": _inverse,
}
