"""The ``native`` route: which attention-native construction a problem has, and why not if it has none."""

from __future__ import annotations

from collections.abc import Callable

from ...certificate.write import Proved
from ...errors import UnreachableError
from ...relu.plan import Plan
from ...spec.problem import Problem
from . import anchors, product

Progress = Callable[[str], None]


def predict(problem: Problem) -> str | None:
    """Return None where the route applies, and otherwise why it does not."""
    expression = problem.expression
    if not problem.sequence.is_single:
        return "it knows a single data token only"
    if len(expression.roots) > 1:
        return "it knows one output only"
    if _is_product(problem):
        if any(lo == hi for lo, hi in problem.domain):
            return "a factor is constant on this domain, so that there is nothing to multiply"
        return None
    if len(problem.inputs) > 1:
        return "it knows the product of two inputs, and functions of one input"
    odd = sorted({node.op for node in expression.nodes} - anchors.SMOOTH)
    if odd:
        return f"the target is not smooth: it uses {odd[0]}"
    ((lo, hi),) = problem.domain
    return "the domain is a single point" if lo == hi else None


def build(problem: Problem, progress: Progress) -> tuple[Proved, Plan]:
    """Return the proved transformer; UnreachableError where the route does not apply or reach the tolerance."""
    reason = predict(problem)
    if reason is not None:
        raise UnreachableError(f"the native route does not apply: {reason}")
    progress("fitting and proving")
    if _is_product(problem):
        proved, parameters = product.build(problem)
        return proved, Plan("product heads", parameters, (), ())
    proved, parameters = anchors.build(problem)
    return proved, Plan("anchored head", parameters, (), ())


def _is_product(problem: Problem) -> bool:
    expression = problem.expression
    root = expression.nodes[expression.roots[0]]
    factors = [expression.nodes[c] for c in root.children] if root.op == "mul" else []
    return len(factors) == 2 and all(node.op == "input" for node in factors) and factors[0] != factors[1]
