"""Choose constructions for the nodes of an expression so that their errors together fit an allowance.

An error e at a node moves the output by at most its influence times e, with the influence from one backward sweep over
the expression and its ranges.  Each product or square node has chains of folds whose errors shrink by 4 with each gate;
``allocate`` gives the least total.  Reciprocals get shares of the allowance, from a few that are tried.
Plans are made in floats; what they lead to is certified.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from ..spec.problem import Problem
from ..target.expression import Expression
from ..target.ranges import Interval, ranges
from .budget import allocate
from .constructions import extrema, product
from .draft import Draft, Value

if TYPE_CHECKING:
    from .constructions.reciprocal import ZigzagPlan

MOST_CHORDS = 1000
SHARES = (Fraction(1, 2), Fraction(4, 5), Fraction(3, 10), Fraction(3, 20))


Chains = tuple[tuple[int, tuple[int, ...]], ...]  # node, gates of its chains
Inverses = tuple[tuple[int, "int | ZigzagPlan"], ...]  # node, chords or zigzag


@dataclass(frozen=True, slots=True)
class Plan:
    """What to build each product or reciprocal node with: chains of folds, a number of chords, or a zigzag.

    ``construction`` and ``parameters`` name the one construction that the whole is, or a composition.
    """

    construction: str
    parameters: tuple[tuple[str, int], ...]
    chains: Chains
    inverses: Inverses

    def build(self, draft: Draft) -> list[Value]:
        """Return the values of the expression's roots, built into the draft."""
        return _build(draft, dict(self.chains), dict(self.inverses))


def _plan(expression: Expression, chains: Chains, inverses: Inverses) -> Plan:
    return Plan(*_named(expression, chains, inverses), chains, inverses)


def _named(expression: Expression, chains: Chains, inverses: Inverses) -> tuple[str, tuple[tuple[str, int], ...]]:
    """Return the name and parameters of the one construction that the expression is, or of a composition."""
    root = expression.nodes[expression.roots[0]]
    plain = len(expression.roots) == 1 and all(expression.nodes[c].op == "input" for c in root.children)
    if plain and root.op == "mul":
        gates = dict(chains).get(expression.roots[0], (0, 0))
        if root.children[0] == root.children[1]:
            return "square", (("m", gates[0]),)
        return "product", (("m1", gates[0]), ("m2", gates[1]))
    if plain and root.op in ("max", "min"):
        return root.op, (("d", len(root.children)),)
    if plain and root.op == "abs":
        return "abs", ()
    if root.op == "min" and sorted(expression.nodes[c].op for c in root.children) == ["const", "max"]:
        (inner,) = (expression.nodes[c] for c in root.children if expression.nodes[c].op == "max")
        if sorted(expression.nodes[c].op for c in inner.children) == ["const", "input"]:
            return "clip", ()
    if plain and root.op == "inv":
        how = dict(inverses).get(expression.roots[0], 1)
        if isinstance(how, int):
            return "chords", (("K", how),)
        return "zigzag", (("K", how.pieces), ("newton", how.newton), ("order", how.order), ("m", sum(how.chains)))
    folds = sum(sum(gates) for _, gates in chains)
    return "composition", (("products", len(chains)), ("folds", folds), ("reciprocals", len(inverses)))


def plans(problem: Problem, allowance: Fraction) -> Iterator[Plan]:
    """Yield plans whose approximation error is predicted to stay below ``allowance``."""
    expression = problem.expression
    inside = ranges(expression, problem.domain, problem.inputs)
    influence = _influence(expression, inside)
    chained = [
        t
        for t, node in enumerate(expression.nodes)
        if node.op == "mul" and influence[t] and all(inside[c][0] != inside[c][1] for c in node.children)
    ]
    weights = [w for t in chained for w in _weights(expression, inside, influence, t)]
    inverses = [t for t, node in enumerate(expression.nodes) if node.op == "inv" and influence[t]]
    if not inverses:
        counts = allocate(weights, allowance)
        if counts is not None:
            yield _plan(expression, _grouped(expression, chained, counts), ())
        return
    for share in SHARES if weights else (Fraction(1),):
        counts = allocate(weights, allowance * (1 - share)) if weights else []
        if counts is None:
            continue
        each = allowance * share / len(inverses)
        options = [
            list(_inverse(inside[expression.nodes[t].children[0]], float(each / influence[t]))) for t in inverses
        ]
        for k in range(max(map(len, options))):
            chosen = tuple((t, option[min(k, len(option) - 1)]) for t, option in zip(inverses, options, strict=True))
            yield _plan(expression, _grouped(expression, chained, counts), chosen)


def chain_weights(problem: Problem, plan: Plan) -> list[tuple[Fraction, int]]:
    """Return (weight, gates) of every chain: an error E of its square on [0, 1] moves a root by about 8 weight E."""
    inside = ranges(problem.expression, problem.domain, problem.inputs)
    influence = _influence(problem.expression, inside)
    return [
        pair
        for t, gates in plan.chains
        for pair in zip(_weights(problem.expression, inside, influence, t), gates, strict=True)
    ]


def _influence(expression: Expression, inside: list[Interval]) -> list[Fraction]:
    """Return for every node how much an error there moves the roots, at most, to first order."""
    result = [Fraction(0)] * len(expression.nodes)
    for root in expression.roots:
        result[root] = Fraction(1)
    for t in range(len(expression.nodes) - 1, -1, -1):
        node = expression.nodes[t]
        if node.op == "mul":
            sizes = [max(abs(end) for end in inside[c]) for c in node.children]
            for k, c in enumerate(node.children):
                others = Fraction(1)
                for i, size in enumerate(sizes):
                    others *= size if i != k else 1
                result[c] += result[t] * others
        elif node.op == "inv":
            (c,) = node.children
            result[c] += result[t] / min(abs(end) for end in inside[c]) ** 2
        elif node.op != "input":
            for c in node.children:
                result[c] += result[t]
    return result


def _weights(expression: Expression, inside: list[Interval], influence: list[Fraction], t: int) -> list[Fraction]:
    a, b = expression.nodes[t].children
    half = [(inside[c][1] - inside[c][0]) / 2 for c in (a, b)]
    if a == b:
        return [influence[t] * half[0] ** 2 / 2]
    return [influence[t] * half[0] * half[1] / 2] * 2


def _grouped(expression: Expression, nodes: list[int], counts: list[int]) -> tuple[tuple[int, tuple[int, ...]], ...]:
    rest = list(counts)
    result = []
    for t in nodes:
        a, b = expression.nodes[t].children
        size = 1 if a == b else 2
        result.append((t, tuple(sorted(rest[:size], reverse=True))))
        del rest[:size]
    return tuple(result)


def _inverse(inside: Interval, allowance: float) -> Iterator[int | ZigzagPlan]:
    """Yield ways to build a reciprocal: the zigzag of fewest gates, that of fewest layers, and chords."""
    from .constructions import chords, reciprocal

    lo, hi = inside
    if lo == hi:
        yield 1
        return
    found = list(reciprocal.plans(lo, hi, allowance))
    if found:
        yield min(found, key=lambda plan: (plan.gates, plan.layers))
        yield min(found, key=lambda plan: (plan.layers, plan.gates))
    pieces = chords.chord_pieces(lo, hi, allowance)
    if pieces <= MOST_CHORDS:
        yield pieces


def _build(draft: Draft, chains: dict[int, tuple[int, ...]], inverses: dict[int, int | ZigzagPlan]) -> list[Value]:
    from .constructions import chords, reciprocal

    expression = draft.expression
    values: dict[int, Value] = {}
    for t, node in enumerate(expression.nodes):
        if node.op == "input":
            values[t] = draft.input(node.children[0])
            continue
        if node.value is not None:
            values[t] = draft.constant(node.value)
            continue
        arguments = [values[c] for c in node.children]
        if node.op == "add":
            values[t] = draft.affine([(Fraction(1), v) for v in arguments], Fraction(0), t)
        elif node.op == "mul":
            a, b = arguments
            gates = chains.get(t, (0, 0))
            if node.children[0] == node.children[1]:
                values[t] = product.square(draft, a, gates[0])
            else:
                values[t] = product.product(draft, a, b, (gates[0], gates[1]))
        elif node.op == "inv":
            x, how = draft.single(arguments[0]), inverses.get(t, 1)
            values[t] = chords.chords(draft, x, how) if isinstance(how, int) else reciprocal.zigzag(draft, x, how)
        elif node.op == "abs":
            values[t] = extrema.extremum(draft, "abs", arguments)
        else:
            values[t] = extrema.n_ary(draft, node.op, arguments, t)
    return [values[root] for root in expression.roots]
