"""Parts of an expression that are smooth functions of one other part, its variable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..exact.functions import FUNCTIONS
from ..target.expression import LEAVES, Expression, Node
from .draft import Draft

if TYPE_CHECKING:
    from mpmath.ctx_mp import MPContext

SMOOTH = frozenset(("add", "mul", "inv", *FUNCTIONS))


@dataclass(frozen=True, slots=True)
class Univariate:
    """The node ``root`` as a function of the node ``variable``."""

    expression: Expression
    root: int
    variable: int

    def order(self) -> tuple[int, ...]:
        """Return the nodes between variable and root, constants among them, children first."""
        return _order(self)

    def compiled(self, ctx: MPContext) -> Callable[[Any], Any]:
        """Return the function on numbers of the context, to about its precision; constants are computed once."""
        fixed: dict[int, Any] = {}
        moving: list[tuple[int, Node]] = []
        for t in self.order():
            node = self.expression.nodes[t]
            if node.op in LEAVES or all(c in fixed for c in node.children):
                fixed[t] = _apply(ctx, node, [fixed[c] for c in node.children])
            else:
                moving.append((t, node))

        def at(x: Any) -> Any:
            values = {**fixed, self.variable: x}
            for t, node in moving:
                values[t] = _apply(ctx, node, [values[c] for c in node.children])
            return values[self.root]

        return at

    def term(self, draft: Draft, variable: int) -> int:
        """Return the term of the function at another variable."""
        d, terms = draft.derivation, {self.variable: variable}
        for t in self.order():
            node = self.expression.nodes[t]
            terms[t] = d.term(node.op, *(terms[c] for c in node.children), value=node.value)
        return terms[self.root]

    def inner(self) -> tuple[str, Fraction, Fraction] | None:
        """Return (op, a, b) if the root is op(a v + b) for exp, sin or cos, else None."""
        root = self.expression.nodes[self.root]
        if root.op not in ("exp", "sin", "cos"):
            return None
        line = affine(self.expression, root.children[0], self.variable)
        return None if line is None else (root.op, *line)


@lru_cache(maxsize=64)
def _order(f: Univariate) -> tuple[int, ...]:
    nodes, seen, stack = f.expression.nodes, {f.variable}, [f.root]
    while stack:
        t = stack.pop()
        if t not in seen:
            seen.add(t)
            stack.extend(nodes[t].children if nodes[t].op not in LEAVES else ())
    return tuple(sorted(seen - {f.variable}))


def affine(expression: Expression, t: int, variable: int) -> tuple[Fraction, Fraction] | None:
    """Return (a, b) if node ``t`` is a v + b for the node v = ``variable``, else None."""
    if t == variable:
        return Fraction(1), Fraction(0)
    node = expression.nodes[t]
    if node.op == "const" and node.value is not None:
        return Fraction(0), node.value
    if node.op not in ("add", "mul"):
        return None
    lines = [affine(expression, c, variable) for c in node.children]
    result = lines[0]
    for line in lines[1:]:
        if result is None or line is None or (node.op == "mul" and result[0] and line[0]):
            return None
        (a, b), (c, e) = result, line
        result = (a + c, b + e) if node.op == "add" else (a * e + b * c, b * e)
    return result


def _apply(ctx: MPContext, node: Node, arguments: list[Any]) -> Any:
    if node.op == "const" and node.value is not None:
        return ctx.mpf(node.value.numerator) / node.value.denominator
    if node.op in ("add", "mul"):
        result = arguments[0]
        for other in arguments[1:]:
            result = result + other if node.op == "add" else result * other
        return result
    if node.op == "inv":
        return 1 / arguments[0]
    if node.op == "power" and node.value is not None:
        return arguments[0] ** (ctx.mpf(node.value.numerator) / node.value.denominator)
    return getattr(ctx, node.op)(arguments[0])


def variables(expression: Expression) -> list[int | None]:
    """Return for every node the one that it is a smooth function of: itself if there is no other, None if constant."""
    result: list[int | None] = []
    for t, node in enumerate(expression.nodes):
        if node.op == "const":
            result.append(None)
        elif node.op not in SMOOTH:
            result.append(t)
        else:
            found = {result[c] for c in node.children} - {None}
            result.append(t if len(found) > 1 else next(iter(found)) if found else None)
    return result


def merged(expression: Expression) -> Iterator[Univariate]:
    """Yield the largest parts that are functions of one variable and more than rational."""
    of = variables(expression)
    roots = {t for t in expression.roots if of[t] not in (t, None)}
    for t, node in enumerate(expression.nodes):
        if node.op not in LEAVES and of[t] is not None:
            roots |= {c for c in node.children if of[c] not in (c, None) and (of[c] != of[t])}
    for t in sorted(roots):
        variable = of[t]
        part = Univariate(expression, t, t if variable is None else variable)
        if any(expression.nodes[s].op in FUNCTIONS for s in part.order()):
            yield part


def single(expression: Expression) -> Iterator[Univariate]:
    """Yield every elementary function alone, as a function of what its argument is an affine function of."""
    of = variables(expression)
    for t, node in enumerate(expression.nodes):
        if node.op in FUNCTIONS and of[t] is not None:
            c = node.children[0]
            while of[c] != c:
                moving = [s for s in expression.nodes[c].children if of[s] is not None]
                if len(moving) != 1 or expression.nodes[c].op not in ("add", "mul"):
                    break
                (c,) = moving
            yield Univariate(expression, t, c)
