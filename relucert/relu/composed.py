"""Plans for expressions with elementary functions.

Every part that is a smooth function of one other part is built as one function, whatever it is made of (``merged``), or
every elementary function alone (``single``); both are tried.  Products, reciprocals and functions share the tolerance:
an error at a node moves the output by at most its influence times the error, to first order.
Plans are made in floats; what they lead to is certified.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..errors import UnreachableError
from ..exact.functions import FUNCTIONS, enclosed
from ..exact.number import decimal_up
from ..spec.problem import Problem
from ..target.expression import LEAVES, Expression
from ..target.ranges import Interval, formula, ranges
from .budget import Node, allocate, share
from .constructions import chords, extrema, product, reciprocal
from .constructions.elementary import Recipe, constant_value, function
from .constructions.reciprocal import ZigzagPlan
from .draft import Draft, Value
from .plan import inverse_options, inverse_plan
from .recipes import MOST_CHORDS as CHORDS_LIMIT
from .recipes import chord_count, recipe
from .univariate import Univariate, merged, single, variables

FEW_GATES = 120  # functions taken apart are not tried where whole ones take no more
SHARES = (Fraction(1, 2), Fraction(3, 4), Fraction(9, 10))
SLOPE_BITS = 64
HOELDER = 4  # an error e of a root's argument near zero is planned to satisfy (4 e)^p <= its share

Inverse = int | ZigzagPlan


@dataclass(frozen=True, slots=True)
class Parts:
    """Which functions are built as wholes, by root, and which nodes are built at all."""

    functions: tuple[Univariate, ...]
    live: tuple[int, ...]

    @classmethod
    def of(cls, expression: Expression, functions: Sequence[Univariate]) -> Parts:
        """Return the parts with what they need."""
        by_root, live, stack = {f.root: f for f in functions}, set[int](), list(expression.roots)
        constants = variables(expression)
        while stack:
            t = stack.pop()
            if t not in live:
                live.add(t)
                if t in by_root:
                    stack.append(by_root[t].variable)
                elif expression.nodes[t].op not in LEAVES and constants[t] is not None:
                    stack.extend(expression.nodes[t].children)
        used = tuple(by_root[t] for t in sorted(live) if t in by_root)
        return cls(used, tuple(sorted(live)))


@dataclass(frozen=True, slots=True)
class Choices:
    """What each product, reciprocal and function is built with."""

    parts: Parts
    chains: tuple[tuple[int, tuple[int, ...]], ...]
    inverses: tuple[tuple[int, Inverse], ...]
    recipes: tuple[Recipe, ...]

    @property
    def gates(self) -> int:
        """The number of gates of all parts that have a choice."""
        folds = sum(sum(gates) for _, gates in self.chains)
        inverses = sum(how - 1 if isinstance(how, int) else how.gates for _, how in self.inverses)
        return folds + inverses + sum(r.gates for r in self.recipes)

    def named(self, expression: Expression) -> tuple[str, tuple[tuple[str, int], ...]]:
        """Return the name and parameters of the one construction that the expression is, or of a composition."""
        if len(self.recipes) == 1 and not self.chains and not self.inverses and len(expression.roots) == 1:
            (only,) = self.recipes
            if only.function.root == expression.roots[0]:
                return only.name, only.parameters
        folds = sum(sum(gates) for _, gates in self.chains)
        counts = (("products", len(self.chains)), ("folds", folds), ("reciprocals", len(self.inverses)))
        return "composition", (*counts, ("functions", len(self.recipes)))


def choices(problem: Problem, allowance: Fraction) -> Iterator[Choices]:
    """Yield what to build within an allowance."""
    expression = problem.expression
    inside = ranges(expression, problem.domain, problem.inputs)
    least, tried = math.inf, set[Parts]()
    for found in (merged, single):
        parts = Parts.of(expression, tuple(found(expression)))
        if parts not in tried and least > FEW_GATES:
            tried.add(parts)
            for chosen in _shared(problem, parts, inside, allowance):
                least = min(least, chosen.gates)
                yield chosen
    if least == math.inf:
        raise _advice(problem, inside, allowance)


def _advice(problem: Problem, inside: list[Interval], allowance: Fraction) -> UnreachableError:
    """Return what to say where no construction reaches the tolerance, with the size that chords would have."""
    text = f"no construction of {problem.target} reaches {decimal_up(problem.tolerance)} here"
    parts = Parts.of(problem.expression, tuple(merged(problem.expression)))
    influence = _influence(problem.expression, parts, inside, allowance)
    for f in parts.functions:
        pieces = chord_count(f, inside[f.variable], allowance / len(parts.functions) / influence[f.root])
        if pieces:
            size = f"about {pieces:.3g} gates, more than the {CHORDS_LIMIT} that are built"
            what = f"{text}: chords of {formula(problem.expression, f.root, problem.inputs)} would take {size}"
            return UnreachableError(what, [("gates", math.ceil(pieces)), ("layers", 1)])
    return UnreachableError(text)


def _shared(problem: Problem, parts: Parts, inside: list[Interval], allowance: Fraction) -> Iterator[Choices]:
    expression = problem.expression
    constants = variables(expression)
    influence = _influence(expression, parts, inside, allowance)
    whole = {f.root for f in parts.functions}
    moving = [t for t in parts.live if t not in whole and constants[t] is not None and influence[t]]
    chained = [
        t
        for t in moving
        if expression.nodes[t].op == "mul"
        and all(inside[c][0] != inside[c][1] and constants[c] is not None for c in expression.nodes[t].children)
    ]
    inverses = [t for t in moving if expression.nodes[t].op == "inv"]
    weights = [w for t in chained for w in _weights(expression, inside, influence, t)]
    kinds = (False, True) if problem.objective == "layers" else (False,)
    count = len(inverses) + len(parts.functions)
    for part in SHARES if weights else (Fraction(99, 100),):
        counts = allocate(weights, allowance * (1 - part)) if weights else []
        if counts is None or not count:
            continue
        each = allowance * part / count
        for shallow in kinds:
            recipes = [recipe(f, inside[f.variable], each / influence[f.root], shallow) for f in parts.functions]
            how = [_inverse(inside[expression.nodes[t].children[0]], each / influence[t], shallow) for t in inverses]
            if None in recipes or None in how:
                continue
            yield Choices(
                parts,
                _grouped(expression, chained, counts),
                tuple((t, h) for t, h in zip(inverses, how, strict=True) if h is not None),
                tuple(r for r in recipes if r is not None),
            )


def _inverse(inside: Interval, allowance: Fraction, shallow: bool) -> Inverse | None:
    lo, hi = inside
    if lo == hi:
        return 1
    found = share([Node(1, inverse_options(lo, hi, "shallow" if shallow else "any"))], allowance)
    return None if found is None else inverse_plan(found[0], inside, 0.0, shallow)


def _influence(expression: Expression, parts: Parts, inside: list[Interval], allowance: Fraction) -> list[Fraction]:
    """Return for every node how much an error there moves the roots, at most, to first order.

    Errors pass through a function that is built as a whole operation by operation, as their proof does.
    """
    result = [Fraction(0)] * len(expression.nodes)
    for root in expression.roots:
        result[root] = Fraction(1)
    for t in range(len(expression.nodes) - 1, -1, -1):
        node = expression.nodes[t]
        if node.op in LEAVES or not result[t]:
            continue
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
        elif node.op in FUNCTIONS:
            (c,) = node.children
            result[c] += result[t] * _slope(node.op, node.value, inside[c], allowance / result[t])
        else:
            for c in node.children:
                result[c] += result[t]
    return [_short(value) for value in result]


def _short(value: Fraction) -> Fraction:
    """Return about the value, in few digits."""
    if not value:
        return value
    shift = value.numerator.bit_length() - value.denominator.bit_length() - SLOPE_BITS
    unit = Fraction(2) ** shift
    return round(value / unit) * unit


def _slope(op: str, exponent: Fraction | None, inside: Interval, room: Fraction) -> Fraction:
    """Return the largest slope of a function on an interval, or what stands for it where a root comes near zero."""
    lo, hi = inside
    if op == "exp":
        return enclosed("exp", (hi, hi), None, SLOPE_BITS)[1]
    if op == "log":
        return 1 / lo
    if op == "power" and exponent is not None:
        if 0 < exponent < 1:
            small = enclosed("power", (room / 8, room / 8), 1 / exponent, SLOPE_BITS)[1] / HOELDER
            if lo <= 4 * small:
                return room / small / 4
        return abs(exponent) * max(enclosed("power", (end, end), exponent - 1, SLOPE_BITS)[1] for end in inside)
    return Fraction(113, 100) if op == "erf" else Fraction(1)


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


def build(draft: Draft, chosen: Choices) -> list[Value]:
    """Return the values of the expression's roots, built into the draft."""
    expression = draft.expression
    constants = variables(expression)
    recipes = {r.function.root: r for r in chosen.recipes}
    chains, inverses = dict(chosen.chains), dict(chosen.inverses)
    for node in expression.nodes:  # the statement has to be shown to be defined in its constants, too
        if node.op in ("inv", "log", "power") and constants[node.children[0]] is None:
            draft.range(node.children[0])
    values: dict[int, Value] = {}
    for t in chosen.parts.live:
        node = expression.nodes[t]
        if node.op == "input":
            values[t] = draft.input(node.children[0])
        elif node.op == "const" and node.value is not None:
            values[t] = draft.constant(node.value)
        elif constants[t] is None:
            values[t] = constant_value(draft, draft.range(t))
        elif t in recipes:
            values[t] = function(draft, draft.single(values[recipes[t].function.variable]), recipes[t])
        else:
            arguments = [values[c] for c in node.children]
            values[t] = _operation(draft, t, arguments, chains.get(t, (0, 0)), inverses.get(t, 1))
    return [values[root] for root in expression.roots]


def _operation(draft: Draft, t: int, arguments: list[Value], gates: tuple[int, ...], how: Inverse) -> Value:
    node = draft.expression.nodes[t]
    if node.op == "add":
        return draft.affine([(Fraction(1), v) for v in arguments], Fraction(0), t)
    if node.op == "mul":
        if node.children[0] == node.children[1]:
            return product.square(draft, arguments[0], gates[0])
        return product.product(draft, arguments[0], arguments[1], (gates[0], gates[1]))
    if node.op == "inv":
        x = draft.single(arguments[0])
        return chords.chords(draft, x, how) if isinstance(how, int) else reciprocal.zigzag(draft, x, how)
    if node.op == "abs":
        return extrema.extremum(draft, "abs", arguments)
    return extrema.n_ary(draft, node.op, arguments, t)
