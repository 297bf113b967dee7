"""Choose constructions for the nodes of an expression so that their errors together fit an allowance.

An error e at a node moves the output by at most its influence times e, to first order, with the influence from one
backward sweep over the expression and its ranges.  Each product or square has chains of folds, each reciprocal many
shapes; ``share`` gives the whole the fewest gates that it finds.  A forward sweep then predicts the error that will be
proved, and the allowance is stretched or shrunk to meet it.
Plans are made in floats; what they lead to is certified.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from ..spec.problem import Problem
from ..target.expression import Expression
from ..target.expression import Node as Operation
from ..target.ranges import Interval, ranges
from .assembly import assembled
from .budget import Choice, Node, Option, allocate, even_split, share
from .constructions import product
from .draft import Draft, Value
from .influence import influences

if TYPE_CHECKING:
    from .constructions.elementary import Recipe
    from .constructions.reciprocal import ZigzagPlan
    from .constructions.root import Root

MOST_TRIES = 16
MOST_ROOTS = 16  # with more, the even split is not worked out,
MOST_GATES = 20_000  # nor with more of these
STRETCHES = 5
SAME = 1e-6
MOST_TRIMMED = 128  # chains; beyond, one gate less somewhere is hardly seen
KINDS = ("any", "shallow", "chords")


class Counts(NamedTuple):
    """What a built network takes: ``layers`` are the gates on its longest path."""

    gates: int
    layers: int
    inverse_temperature: Fraction

    def order(self, objective: str) -> tuple[tuple[str, Fraction | int], ...]:
        """Return names and numbers, those first that the objective minimises first."""
        first = {"heads": "gates", "layers": "layers", "weight": "inverse_temperature"}[objective]
        return tuple(sorted(self._asdict().items(), key=lambda item: item[0] != first))


Chains = tuple[tuple[int, tuple[int, ...]], ...]  # node, gates of its chains
Inverses = tuple[tuple[int, "int | ZigzagPlan"], ...]  # node, chords or zigzag


@dataclass(frozen=True, slots=True)
class Plan:
    """What to build each product or reciprocal node with: chains of folds, a number of chords, or a zigzag.

    ``construction`` and ``parameters`` name the one construction that the whole is, or a composition; ``predicted`` is
    its error; ``even`` says that it splits the tolerance evenly, ``compared`` what was built and what the best even
    split takes, None with one part.  ``recipes`` are for functions.
    """

    construction: str
    parameters: tuple[tuple[str, int], ...]
    chains: Chains
    inverses: Inverses
    predicted: float = 0.0
    recipes: tuple[Recipe | Root, ...] = ()
    even: bool = False
    compared: tuple[Counts, Counts] | None = None

    def build(self, draft: Draft) -> list[Value]:
        """Return the values of the expression's roots, built into the draft."""
        return assembled(draft, dict(self.chains), dict(self.inverses), self.recipes)


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


@dataclass(frozen=True, slots=True)
class Outline:
    """What plans for a problem start from: the approximated nodes with their options, and how errors travel."""

    problem: Problem
    inside: tuple[Interval, ...]
    influence: tuple[Fraction, ...]
    chained: tuple[int, ...]
    inverses: tuple[int, ...]

    @classmethod
    def of(cls, problem: Problem) -> Outline:
        """Return the outline of a problem."""
        expression = problem.expression
        inside = tuple(ranges(expression, problem.domain, problem.inputs))
        noisy: list[bool] = []
        for node in expression.nodes:
            below = () if node.op == "input" else node.children
            noisy.append(_approximated(node, inside) or any(noisy[c] for c in below))
        influence = tuple(influences(expression, inside, expression.roots, shared=noisy))
        found = [t for t, node in enumerate(expression.nodes) if influence[t] and _approximated(node, inside)]
        chained = tuple(t for t in found if expression.nodes[t].op == "mul")
        return cls(problem, inside, influence, chained, tuple(t for t in found if expression.nodes[t].op == "inv"))

    @property
    def approximated(self) -> tuple[int, ...]:
        """The nodes that have choices, in the order of the choices."""
        return self.chained + self.inverses

    def adjoint(self) -> tuple[list[Fraction], int]:
        """Return how much an error at each node can move any one root, and the most nodes that any root hangs on."""
        influence, most = [Fraction(0)] * len(self.inside), 0
        for root in self.problem.expression.roots:
            found = influences(self.problem.expression, self.inside, (root,))
            influence = [max(pair) for pair in zip(influence, found, strict=True)]
            most = max(most, sum(1 for t in self.approximated if found[t]))
        return influence, most

    def nodes(self, kind: str, influence: Sequence[Fraction]) -> list[Node]:
        """Return the approximated nodes: products and squares, then reciprocals, as chords only if ``kind`` says so."""
        known: dict[Interval, list[Option]] = {}
        result = [Node(influence[t], [Option(0, 0, self.weights(t))]) for t in self.chained]
        for t in self.inverses:
            interval = self.inside[self.problem.expression.nodes[t].children[0]]
            if interval not in known:
                known[interval] = inverse_options(*interval, kind)
            result.append(Node(influence[t], known[interval]))
        return result

    def weights(self, t: int) -> tuple[Fraction, ...]:
        """Return the weight of each chain of a product or square, in the error of its output."""
        a, b = self.problem.expression.nodes[t].children
        half = [(self.inside[c][1] - self.inside[c][0]) / 2 for c in (a, b)]
        return (half[0] ** 2 / 2,) if a == b else (half[0] * half[1] / 2,) * 2

    def predicted(self, choices: Sequence[Choice]) -> float:
        """Return the error that choices will be proved to have; infinite where floats cannot say."""
        try:
            return self._predicted(choices)
        except OverflowError:
            return math.inf

    def _predicted(self, choices: Sequence[Choice]) -> float:
        expression, errors = self.problem.expression, [0.0] * len(self.inside)
        own = dict(zip(self.approximated, choices, strict=True))
        for t, node in enumerate(expression.nodes):
            if node.op == "input" or node.value is not None:
                continue
            found = [errors[c] for c in node.children]
            if node.op == "add":
                errors[t] = math.fsum(found)
            elif node.op in ("max", "min", "abs"):
                errors[t] = max(found)
            else:
                sizes = [float(max(map(abs, self.inside[c]))) for c in node.children]
                if node.op == "inv":
                    least = float(min(map(abs, self.inside[node.children[0]])))
                    if least <= found[0]:
                        return math.inf
                    errors[t] = own[t].error if t in own else 0.0
                    errors[t] += found[0] / (least * (least - found[0]))
                else:
                    (size_a, size_b), (a, b) = sizes, found
                    errors[t] = size_a * b + size_b * a + a * b
                    if t in own:
                        half = [self._half(c, e) for c, e in zip(node.children, found, strict=True)]
                        errors[t] += half[0] * half[1] / 2 * sum(4.0**-m for m in own[t].chains)
        found = [errors[root] for root in expression.roots]
        return math.inf if any(map(math.isnan, found)) else max(found)  # a box can be beyond the range of floats

    def _half(self, t: int, error: float) -> float:
        """Return half the width of the range that a product uses for a factor with this error, as it rounds it."""
        lo, hi = self.inside[t]
        half = float((hi - lo) / 2) + error
        if not error:
            return half
        unit = 2.0 ** (math.frexp(half)[1] - product.CENTRE_BITS)
        centre = float((lo + hi) / 2)
        return math.ceil((half + abs(centre - round(centre / unit) * unit)) / unit) * unit


def plans(outline: Outline, allowance: Fraction) -> Iterator[Plan]:
    """Yield plans whose error is predicted to stay below ``allowance``: that of fewest gates, and the even split.

    The objective ``heads`` needs no other; for the others reciprocals are also built with fewest layers, or by chords.
    """
    if not outline.problem.expression.rational:
        from .composed import choices as composed_choices

        for chosen, evenly in composed_choices(outline.problem, allowance):
            named = chosen.named(outline.problem.expression)
            yield Plan(*named, chosen.chains, chosen.inverses, recipes=chosen.recipes, even=evenly)
        return
    kinds = KINDS if outline.inverses and outline.problem.objective != "heads" else KINDS[:1]
    several = len(outline.approximated) > 1 and len(outline.problem.expression.roots) <= MOST_ROOTS
    for kind in kinds:
        nodes = outline.nodes(kind, outline.influence)
        choices = _stretched(outline, nodes, allowance)
        if choices is None:
            continue
        slack = max(0.0, float(allowance) - outline.predicted(choices))
        plan = _plan(outline, choices, slack, kind == "shallow")
        split = _even(outline, kind, allowance) if several and _gates(choices) <= MOST_GATES else None
        even = None if split is None else _plan(outline, split, 0.0, kind == "shallow")
        if plan != even:
            yield plan
        if even is not None:
            yield replace(even, even=True)


def _gates(choices: Sequence[Choice]) -> int:
    return sum(choice.gates for choice in choices)


def _even(outline: Outline, kind: str, allowance: Fraction) -> list[Choice] | None:
    """Return what every node makes of an equal share of the allowance, divided by its adjoint weight.

    Terms of second order can make that too much by a little: then less is shared, evenly.
    """
    influence, most = outline.adjoint()
    nodes = outline.nodes(kind, influence)
    room = allowance / most
    for _ in range(MOST_TRIES):
        found = even_split(nodes, room)
        ratio = math.inf if found is None else outline.predicted(found) / float(allowance)
        if ratio <= 1 or not math.isfinite(ratio):
            return found if ratio <= 1 else None
        room /= Fraction(ratio)
    return None


def _stretched(outline: Outline, nodes: list[Node], allowance: Fraction) -> list[Choice] | None:
    """Return the cheapest choices found whose predicted error fits.

    Terms of second order shrink what can be shared; a maximum, whose error is the largest and not the sum of its
    arguments' errors, stretches it.
    """
    tried, fitting, factor = share(nodes, allowance), None, Fraction(1)
    if tried is None or not nodes:
        return tried
    for _ in range(STRETCHES):
        predicted = outline.predicted(tried)
        if predicted <= float(allowance) and (fitting is None or _gates(tried) < _gates(fitting)):
            fitting = tried
        linear = math.fsum(float(node.influence) * choice.error for node, choice in zip(nodes, tried, strict=True))
        before, factor = factor, Fraction(linear / predicted) if 0 < predicted < math.inf else factor
        if abs(factor / before - 1) < SAME:
            break
        tried = share(nodes, allowance * factor) or tried
    return _trimmed(outline, fitting or tried, allowance)


def _trimmed(outline: Outline, choices: list[Choice], allowance: Fraction) -> list[Choice]:
    """Return choices with gates removed one by one, from the chain that this costs least, while the rest still fits."""
    if sum(len(choice.chains) for choice in choices) > MOST_TRIMMED:
        return choices
    while True:
        shorter: list[tuple[float, int, list[Choice]]] = []
        for k, choice in enumerate(choices):
            for i, gates in enumerate(choice.chains):
                if gates:
                    chains = (*choice.chains[:i], gates - 1, *choice.chains[i + 1 :])
                    fewer = [*choices[:k], Choice(choice.option, chains), *choices[k + 1 :]]
                    shorter.append((outline.predicted(fewer), len(shorter), fewer))
        if not shorter or min(shorter)[0] > float(allowance):
            return choices
        choices = min(shorter)[2]


def _plan(outline: Outline, choices: Sequence[Choice], slack: float, shallow: bool = False) -> Plan:
    """Return the plan of these choices, whose first reciprocal may use the ``slack``."""
    expression, influence = outline.problem.expression, outline.adjoint()[0] if outline.inverses else []
    chains, inverses = [], []
    for t, choice in zip(outline.approximated, choices, strict=True):
        node = expression.nodes[t]
        if node.op == "mul":
            chains.append((t, tuple(sorted(choice.chains, reverse=True))))
        else:
            room, slack = slack / float(influence[t]), 0.0
            inverses.append((t, inverse_plan(choice, outline.inside[node.children[0]], room, shallow)))
    parts = tuple(chains), tuple(inverses)
    return Plan(*_named(expression, *parts), *parts, outline.predicted(choices))


def chain_weights(outline: Outline, plan: Plan) -> dict[int, float]:
    """Return by number of gates the weight of all such chains: errors E of their squares move a root by 8 weight E."""
    result: dict[int, float] = {}
    for t, chains in plan.chains:
        for weight, gates in zip(outline.weights(t), chains, strict=True):
            result[gates] = result.get(gates, 0.0) + float(outline.influence[t] * weight)
    return result


def _approximated(node: Operation, inside: Sequence[Interval]) -> bool:
    """Return whether a node is a product or reciprocal of what is not constant."""
    return node.op in ("mul", "inv") and all(inside[c][0] != inside[c][1] for c in node.children)


def inverse_options(lo: Fraction, hi: Fraction, kind: str) -> list[Option]:
    """Return the ways to build a reciprocal, by growing gates."""
    from .constructions import chords, reciprocal

    found = reciprocal.options(lo, hi) if kind != "chords" else []
    if kind != "shallow" or not found:
        found = found + chords.options(lo, hi)
    return sorted(found, key=lambda option: option.gates)


def inverse_plan(choice: Choice, interval: Interval, room: float, shallow: bool) -> int | ZigzagPlan:
    """Return a reciprocal as it is to be built within its error and what ``room`` there is.

    Of all shapes with as few gates that of fewest layers, or the other way round where it is to be ``shallow``.
    """
    from .constructions import chords, reciprocal

    (lo, hi), error, most = interval, choice.error, math.inf if shallow else choice.gates
    if isinstance(choice.option.shape, int):
        return min(choice.option.shape, chords.chord_pieces(lo, hi, error + room))
    found = [reciprocal.plan_of(choice.option, choice.chains, lo, hi, error)]
    for option in reciprocal.options(lo, hi):
        chains = allocate(option.weights, error + room - float(option.error), most - option.gates)
        if chains is not None:
            found.append(reciprocal.plan_of(option, tuple(chains), lo, hi, error))
    return min(found, key=lambda plan: (plan.layers, plan.gates) if shallow else (plan.gates, plan.layers))
