"""Build an expression from what a plan says of its parts, children first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ..target.expression import LEAVES, Expression
from .constructions import extrema, product
from .draft import Draft, Value
from .univariate import variables

if TYPE_CHECKING:
    from .constructions.elementary import Recipe
    from .constructions.reciprocal import ZigzagPlan
    from .constructions.root import Root
    from .univariate import Univariate


def live(expression: Expression, functions: Sequence[Univariate]) -> tuple[int, ...]:
    """Return the nodes that are built at all where these functions are built as wholes."""
    by_root, found, stack = {f.root: f for f in functions}, set[int](), list(expression.roots)
    constants = variables(expression)
    while stack:
        t = stack.pop()
        if t not in found:
            found.add(t)
            if t in by_root:
                stack.append(by_root[t].variable)
            elif expression.nodes[t].op not in LEAVES and constants[t] is not None:
                stack.extend(expression.nodes[t].children)
    return tuple(sorted(found))


def assembled(
    draft: Draft,
    chains: Mapping[int, tuple[int, ...]],
    inverses: Mapping[int, int | ZigzagPlan],
    recipes: Sequence[Recipe | Root],
) -> list[Value]:
    """Return the values of the expression's roots, built into the draft."""
    expression = draft.expression
    constants = variables(expression)
    by_root = {recipe.function.root: recipe for recipe in recipes}
    for node in expression.nodes:  # the statement has to be shown to be defined in its constants, too
        if node.op in ("inv", "log", "power") and constants[node.children[0]] is None:
            draft.range(node.children[0])
    values: dict[int, Value] = {}
    for t in live(expression, [recipe.function for recipe in recipes]):
        node = expression.nodes[t]
        if node.op == "input":
            values[t] = draft.input(node.children[0])
        elif node.op == "const" and node.value is not None:
            values[t] = draft.constant(node.value)
        elif constants[t] is None:
            from .constructions.elementary import constant_value

            values[t] = constant_value(draft, draft.range(t))
        elif t in by_root:
            values[t] = _function(draft, draft.single(values[by_root[t].function.variable]), by_root[t])
        else:
            arguments = [values[c] for c in node.children]
            values[t] = _operation(draft, t, arguments, chains.get(t, (0, 0)), inverses.get(t, 1))
    return [values[root] for root in expression.roots]


def _function(draft: Draft, variable: Value, how: Recipe | Root) -> Value:
    from .constructions.elementary import function
    from .constructions.root import Root, build_root

    return build_root(draft, variable, how) if isinstance(how, Root) else function(draft, variable, how)


def _operation(draft: Draft, t: int, arguments: list[Value], gates: tuple[int, ...], how: int | ZigzagPlan) -> Value:
    node = draft.expression.nodes[t]
    if node.op == "add":
        return draft.affine([(Fraction(1), v) for v in arguments], Fraction(0), t)
    if node.op == "mul":
        if node.children[0] == node.children[1]:
            return product.square(draft, arguments[0], gates[0])
        return product.product(draft, arguments[0], arguments[1], (gates[0], gates[1]))
    if node.op == "inv":
        from .constructions import chords, reciprocal

        x = draft.single(arguments[0])
        return chords.chords(draft, x, how) if isinstance(how, int) else reciprocal.zigzag(draft, x, how)
    if node.op == "abs":
        return extrema.extremum(draft, "abs", arguments)
    return extrema.n_ary(draft, node.op, arguments, t)
