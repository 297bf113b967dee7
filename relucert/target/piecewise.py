"""``piecewise(condition: expr, ..., else: expr)``, rewritten with min and max once continuity is proved.

With thresholds c_1 < ... < c_k of one variable w and the branch b_i on the i-th cell,

    f = b_0(min(w, c_1)) + sum_i ( b_i(clip(w, c_i, c_(i+1))) - b_i(c_i) ),

because b_(i-1)(c_i) = b_i(c_i) makes the sum telescope on every cell; other variables may occur in the branches.  Where
one condition d < 0 compares several variables, b_1 - b_2 = lambda d gives f = b_2 + lambda min(d, 0).
Continuity is an identity of the two branches at the threshold, of polynomials in inputs and in equal parts: decided
exactly or refused.  Derived here.  Where a target may jump (norms L1 and L2), what is refused for that is written with
``where`` instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from ..errors import UsageError
from ..exact.number import exact_text
from .graph import Graph

ADVICE = "; a sup-norm bound needs a continuous target, the norms L1 and L2 do not"


@dataclass(frozen=True, slots=True)
class Comparison:
    """``difference`` < 0, or <= 0 where it is not ``strict``."""

    difference: int
    strict: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A branch that holds where all its comparisons do, unless an earlier one does; ``column`` of the condition."""

    conditions: tuple[Comparison, ...]
    branch: int
    column: int


@dataclass(frozen=True, slots=True)
class _Side:
    """The half-line of an atom below (or above) a threshold."""

    atom: int
    threshold: Fraction
    below: bool
    strict: bool

    def holds(self, w: Fraction) -> bool:
        """Return whether w lies in the half-line."""
        return (w < self.threshold) == self.below if w != self.threshold else not self.strict


def piecewise(graph: Graph, cases: Sequence[Case], default: int, names: Sequence[str]) -> int:
    """Return the node of a continuous piecewise function.

    Raises UsageError, with the column, where the branches differ at a border or where that cannot be decided.  Where
    the graph allows jumps, these are functions too.
    """
    try:
        return _continued(graph, cases, default, names)
    except UsageError:
        if not graph.jumps:
            raise
    result = default
    for case in reversed(cases):
        kept = case.branch
        for condition in case.conditions:  # difference < 0, or -difference >= 0
            d = condition.difference
            sides = (d, result, kept) if condition.strict else (graph.scaled(Fraction(-1), d), kept, result)
            kept = graph.where(*sides)
        result = kept
    return result


def _continued(graph: Graph, cases: Sequence[Case], default: int, names: Sequence[str]) -> int:
    """Return the same by min and max alone."""
    kept: list[tuple[list[_Side], Case]] = []
    for case in cases:
        sides = _sides(graph, case)
        if sides is None:
            if len(cases) > 1 or len(case.conditions) > 1:
                raise UsageError(
                    f"column {case.column}: a condition on several variables, or not affine, may only stand alone with "
                    "else; write the others with conditions affine in one variable",
                    "target",
                )
            return _proportional(graph, case, default)
        if False not in sides:
            kept.append(([s for s in sides if isinstance(s, _Side)], case))
    atoms = {side.atom for sides, _ in kept for side in sides}
    if len(atoms) > 1:
        raise UsageError(f"column {cases[0].column}: all conditions must compare one and the same variable", "target")
    if not atoms:
        return kept[0][1].branch if kept else default
    (atom,) = atoms
    return _joined(graph, atom, kept, default, cases[0].column, names)


def _sides(graph: Graph, case: Case) -> list[_Side | bool] | None:
    """Return the conditions as half-lines of one atom, or as truth values; None if one is neither."""
    result: list[_Side | bool] = []
    for condition in case.conditions:
        polynomial = graph.polynomial(condition.difference)
        if polynomial is None or any(len(monomial) > 1 for monomial in polynomial) or len(polynomial.keys() - {()}) > 1:
            return None
        offset = polynomial.get((), Fraction(0))
        moving = [(monomial[0], slope) for monomial, slope in polynomial.items() if monomial]
        if moving:
            ((atom, slope),) = moving
            result.append(_Side(atom, -offset / slope, slope > 0, condition.strict))
        else:
            result.append(offset < 0 or (offset == 0 and not condition.strict))
    return result


def _joined(
    graph: Graph, atom: int, cases: list[tuple[list[_Side], Case]], default: int, column: int, names: Sequence[str]
) -> int:
    borders = sorted({side.threshold for sides, _ in cases for side in sides})
    cells = [borders[0] - 1, *((a + b) / 2 for a, b in pairwise(borders)), borders[-1] + 1]

    def branch(w: Fraction) -> int:
        for sides, case in cases:
            if all(side.holds(w) for side in sides):
                return case.branch
        return default

    def equal(left: int, right: int, border: Fraction) -> None:
        place = graph.constant(border)
        before, after = (graph.replaced(b, atom, place, column) for b in (left, right))
        _continuous(graph, before, after, f"{_name(graph, atom, names)} = {exact_text(border)}", column)

    branches = [branch(w) for w in cells]
    for k, border in enumerate(borders):
        equal(branches[k], branches[k + 1], border)
        equal(branches[k], branch(border), border)
    places = [k for k in range(len(borders)) if branches[k] != branches[k + 1]]
    borders, branches = [borders[k] for k in places], [branches[0], *(branches[k + 1] for k in places)]
    if not borders:
        return branches[0]
    terms = [graph.replaced(branches[0], atom, graph.extremum("min", [atom, graph.constant(borders[0])]), column)]
    for k, border in enumerate(borders):
        place = graph.constant(border)
        inside = graph.extremum("max", [atom, place])
        if k + 1 < len(borders):
            inside = graph.extremum("min", [inside, graph.constant(borders[k + 1])])
        moved, fixed = (graph.replaced(branches[k + 1], atom, w, column) for w in (inside, place))
        terms.append(graph.difference(moved, fixed))
    return graph.add(terms)


def _name(graph: Graph, atom: int, names: Sequence[str]) -> str:
    node = graph.nodes[atom]
    return names[node.children[0]] if node.op == "input" else "the compared part"


def _continuous(graph: Graph, left: int, right: int, place: str, column: int) -> None:
    """Raise UsageError unless the two nodes are one function."""
    if left == right:
        return
    polynomial = graph.polynomial(graph.difference(left, right))
    if polynomial == {}:
        return
    if polynomial is not None and set(polynomial) == {()}:
        raise UsageError(
            f"column {column}: piecewise jumps by {exact_text(abs(polynomial[()]))} at {place}{ADVICE}", "target"
        )
    raise UsageError(
        f"column {column}: piecewise may jump at {place}: its branches are not seen to be equal there{ADVICE}", "target"
    )


def _proportional(graph: Graph, case: Case, default: int) -> int:
    """Return b_2 + lambda min(d, 0) where b_1 - b_2 = lambda d."""
    d = case.conditions[0].difference
    wanted, compared = graph.polynomial(graph.difference(case.branch, default)), graph.polynomial(d)
    if wanted == {}:
        return default
    if wanted and compared and set(wanted) == set(compared):
        factors = {wanted[m] / compared[m] for m in compared}
        if len(factors) == 1:
            low = graph.extremum("min", [d, graph.constant(Fraction(0))])
            return graph.add([default, graph.scaled(factors.pop(), low)])
    raise UsageError(
        f"column {case.column}: piecewise may jump where the sides of its condition are equal: under a condition on "
        f"several variables the branches must differ by a multiple of it{ADVICE}",
        "target",
    )
