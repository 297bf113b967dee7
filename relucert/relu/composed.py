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
from ..exact.number import decimal_up
from ..spec.problem import Problem
from ..target.expression import Expression
from ..target.ranges import Interval, formula, ranges
from .assembly import live
from .budget import Choice, Node, Option, even_split, share
from .constructions.elementary import Recipe
from .constructions.reciprocal import ZigzagPlan
from .constructions.root import Root
from .influence import influences
from .plan import inverse_options, inverse_plan
from .recipes import MOST_CHORDS as CHORDS_LIMIT
from .recipes import chord_count, recipe, shape
from .univariate import Univariate, affine, merged, single, variables

FEW_GATES = 120  # functions taken apart are not tried where whole ones take no more
ALONE = Fraction(99, 100)  # what a single part is planned with, so that something is left for the gates
TIMES = tuple(Fraction(k, 20) for k in (10, 18, 24, 32))  # of what functions and reciprocals alone would have
ONE_TIMES = tuple(Fraction(k, 20) for k in (6, 10, 12, 13, 15, 17, 18, 19))
FEW_TIMES = (Fraction(1, 2), Fraction(9, 10), Fraction(3, 2))
NEAR_GATES = 1  # what is left of the tolerance may save more than this in splits that are as much worse
FEW_FUNCTIONS = 4  # with more, fewer shares are tried for each

Inverse = int | ZigzagPlan


@dataclass(frozen=True, slots=True)
class Parts:
    """Which functions are built as wholes, by root, and which nodes are built at all."""

    functions: tuple[Univariate, ...]
    live: tuple[int, ...]

    @classmethod
    def of(cls, expression: Expression, functions: Sequence[Univariate]) -> Parts:
        """Return the parts with what they need."""
        by_root, built = {f.root: f for f in functions}, live(expression, functions)
        return cls(tuple(by_root[t] for t in built if t in by_root), built)


@dataclass(frozen=True, slots=True)
class Choices:
    """What each product, reciprocal and function is built with."""

    parts: Parts
    chains: tuple[tuple[int, tuple[int, ...]], ...]
    inverses: tuple[tuple[int, Inverse], ...]
    recipes: tuple[Recipe | Root, ...]

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


def choices(problem: Problem, allowance: Fraction) -> Iterator[tuple[Choices, bool]]:
    """Yield what to build within an allowance, and whether it splits it evenly.

    The objective ``layers`` gets all that was found, as fewer gates may be deeper; others get that of fewest gates.
    Raises ArithmeticError where that is beyond the range of floats, UnreachableError where nothing reaches it.
    """
    expression = problem.expression
    inside = ranges(expression, problem.domain, problem.inputs)
    shallow = (False,) if problem.objective == "heads" else (False, True)
    found: list[Choices] = []
    evens: list[Choices] = []
    tried, failed = set[Parts](), None
    for kind in (merged, single):
        parts = Parts.of(expression, tuple(kind(expression)))
        if kind is merged and any(_steep(f, inside) for f in parts.functions):
            continue
        if parts in tried or min((chosen.gates for chosen in found), default=math.inf) <= FEW_GATES:
            continue
        tried.add(parts)
        for how in shallow:
            try:
                offered, even = _shared(problem, parts, inside, allowance, how)
            except ArithmeticError as error:  # floats plan, and one of several plans can be beyond their range
                failed = error
                continue
            found += offered[: None if problem.objective == "layers" else 1]
            evens += [] if even is None else [even]
    if not found:
        raise failed or _advice(problem, inside, allowance)
    for chosen in dict.fromkeys([*found, *evens]):
        yield chosen, chosen in evens


def _steep(f: Univariate, inside: list[Interval]) -> bool:
    """Return whether a root of what comes to zero hides inside: only one of an affine function can be cut off there."""
    nodes = f.expression.nodes
    for t in f.order():
        node = nodes[t]
        straight = t == f.root and affine(f.expression, node.children[0], f.variable) is not None
        if node.op == "power" and inside[node.children[0]][0] <= 0 and not straight:
            return True
    return False


def _advice(problem: Problem, inside: list[Interval], allowance: Fraction) -> UnreachableError:
    """Return what to say where no construction reaches the tolerance, with the size that chords would have."""
    text = f"no construction of {problem.target} reaches {decimal_up(problem.tolerance)} here"
    parts = Parts.of(problem.expression, tuple(merged(problem.expression)))
    influence = influences(problem.expression, inside, problem.expression.roots, allowance)
    for f in parts.functions:
        pieces = chord_count(f, inside[f.variable], allowance / len(parts.functions) / influence[f.root])
        if pieces:
            size = f"about {pieces:.3g} gates, more than the {CHORDS_LIMIT} that are built"
            what = f"{text}: chords of {formula(problem.expression, f.root, problem.inputs)} would take {size}"
            return UnreachableError(what, [("gates", math.ceil(pieces)), ("layers", 1)])
    return UnreachableError(text)


def _shared(
    problem: Problem, parts: Parts, inside: list[Interval], allowance: Fraction, shallow: bool
) -> tuple[list[Choices], Choices | None]:
    """Return what to build, by growing gates, and the even split; None where there is nothing to split.

    A function offers recipes for a few shares around the even one, products and reciprocals what they offer elsewhere;
    ``share`` then finds the price on error that is common to all.  The even split is among what is found.
    """
    expression = problem.expression
    constants = variables(expression)
    influence = influences(expression, inside, expression.roots, allowance)
    whole = {f.root for f in parts.functions}
    moving = [t for t in parts.live if t not in whole and constants[t] is not None and influence[t]]
    chained = [
        t
        for t in moving
        if expression.nodes[t].op == "mul"
        and all(inside[c][0] != inside[c][1] and constants[c] is not None for c in expression.nodes[t].children)
    ]
    inverses = [t for t in moving if expression.nodes[t].op == "inv"]
    places = [*chained, *inverses, *(f.root for f in parts.functions)]
    each = [influences(expression, inside, (root,), allowance) for root in expression.roots]
    alone = [max(found[t] for found in each) for t in range(len(influence))]
    most = max(1, *(sum(1 for t in places if found[t]) for found in each))
    room = allowance if len(places) > 1 else allowance * ALONE
    if not places:
        return [Choices(parts, (), (), ())], None
    options: list[list[Option]] = [[Option(0, 0, _weights(expression, inside, t))] for t in chained]
    options += [_inverse_options(inside[expression.nodes[t].children[0]], shallow) for t in inverses]

    def offered(around: Sequence[Fraction], times: Sequence[Fraction]) -> list[Node] | None:
        result = [Node(around[t], given) for t, given in zip(places, options, strict=False)]
        for f in parts.functions:
            size = around[f.root] or Fraction(1)  # what is multiplied by zero has to be built all the same
            result.append(Node(size, _recipes(f, inside[f.variable], room / most / size, times, shallow)))
        return result if all(node.options for node in result) else None

    def chosen(nodes: list[Node], split: list[Choice]) -> Choices:
        how: list[tuple[int, Inverse]] = []
        for t, choice in zip(inverses, split[len(chained) :], strict=False):
            lo, hi = inside[expression.nodes[t].children[0]]
            how.append((t, 1 if lo == hi else inverse_plan(choice, (lo, hi), 0.0, shallow)))
        gates = tuple(
            (t, tuple(sorted(choice.chains, reverse=True))) for t, choice in zip(chained, split, strict=False)
        )
        recipes = tuple(choice.option.shape for choice in split[len(chained) + len(inverses) :])
        return Choices(parts, gates, tuple(how), recipes)

    found = []
    plain = offered(alone, ())
    even = None if plain is None else even_split(plain, room / most)
    if plain is not None and even is not None:
        found.append(chosen(plain, even))
    if len(places) > 1:
        count = len(parts.functions)
        times = ONE_TIMES if count == 1 else TIMES if count <= FEW_FUNCTIONS else FEW_TIMES
        per = Fraction(most, count + len(inverses)) if count else Fraction(1)
        nodes = offered(influence, [k * per for k in times if k * per < most])
        if nodes is not None:
            found += [chosen(nodes, _spent(nodes, split, room, inside, shallow)) for split in _splits(nodes, room)]
    split = found[0] if even is not None and len(places) > 1 else None
    return sorted(dict.fromkeys(found), key=lambda each: each.gates), split


def _recipes(
    f: Univariate, inside: Interval, error: Fraction, times: Sequence[Fraction], shallow: bool
) -> list[Option]:
    """Return the best for an error, and others of its shape for some times as much, by growing gates."""
    best = recipe(f, inside, error, shallow)
    if best is None:
        return []
    others = [(error * k, recipe(f, inside, error * k, shallow, shape(best))) for k in times]
    found = [(error, best), *((e, made) for e, made in others if made is not None)]
    return sorted(
        (Option(made.gates, e, (), made) for e, made in found), key=lambda option: (option.gates, option.error)
    )


def _splits(nodes: list[Node], room: Fraction) -> list[list[Choice]]:
    """Return the best split of the room; where only one function has a choice, also those that come near it."""
    found = [share(nodes, room)]
    *others, last = nodes
    if all(len(node.options) == 1 for node in others):
        found += [share([*others, last._replace(options=[option])], room) for option in last.options]
    splits = [split for split in found if split is not None]
    least = min((sum(choice.gates for choice in split) for split in splits), default=0)
    return [split for split in splits if sum(choice.gates for choice in split) <= least + NEAR_GATES]


def _spent(
    nodes: list[Node], split: list[Choice], room: Fraction, inside: list[Interval], shallow: bool
) -> list[Choice]:
    """Return the choices with what they leave of ``room`` given to a function, the largest that it makes smaller."""
    errors = [Fraction(node.influence) * Fraction(choice.error) for node, choice in zip(nodes, split, strict=True)]
    left = room - sum(errors, Fraction(0))
    for k in sorted(range(len(split)), key=lambda k: -split[k].gates):
        made = split[k].option.shape
        if isinstance(made, Recipe | Root) and left > 0:
            f, error = made.function, (errors[k] + left) / Fraction(nodes[k].influence)
            for option in _recipes(f, inside[f.variable], error, (), shallow):
                if option.gates < made.gates:
                    return [*split[:k], Choice(option, ()), *split[k + 1 :]]
    return split


def _inverse_options(inside: Interval, shallow: bool) -> list[Option]:
    lo, hi = inside
    return [Option(0, 0, (), 1)] if lo == hi else inverse_options(lo, hi, "shallow" if shallow else "any")


def _weights(expression: Expression, inside: list[Interval], t: int) -> tuple[Fraction, ...]:
    a, b = expression.nodes[t].children
    half = [(inside[c][1] - inside[c][0]) / 2 for c in (a, b)]
    return (half[0] ** 2 / 2,) if a == b else (half[0] * half[1] / 2,) * 2
