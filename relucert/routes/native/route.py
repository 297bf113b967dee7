"""The ``native`` route: which attention-native construction a problem has, and why not if it has none."""

from __future__ import annotations

from collections.abc import Callable

from ...certificate.write import Proved
from ...errors import UnreachableError
from ...relu.plan import Plan
from ...spec.problem import Problem
from . import anchors, polynomial

Progress = Callable[[str], None]


def predict(problem: Problem) -> str | None:
    """Return None where the route applies, and otherwise why it does not."""
    if not problem.sequence.is_single:
        return "it knows a single data token only"
    ops = {node.op for node in problem.expression.nodes}
    if _is_polynomial(problem):
        return None
    if len(problem.expression.roots) > 1 or len(problem.inputs) > 1:
        odd = sorted(ops - {"input", "const", "add", "mul"})[0]
        return f"it knows polynomials, and smooth functions of one input; the target uses {odd}"
    kinks = sorted(ops - anchors.SMOOTH)
    if kinks:
        return f"the target is not smooth: it uses {kinks[0]}"
    ((lo, hi),) = problem.domain
    return "the domain is a single point" if lo == hi else None


def build(problem: Problem, progress: Progress) -> tuple[Proved, Plan]:
    """Return the proved transformer; UnreachableError where the route does not apply or reach the tolerance."""
    reason = predict(problem)
    if reason is not None:
        raise UnreachableError(f"the native route does not apply: {reason}")
    progress("fitting and proving")
    if _is_polynomial(problem):
        proved, parameters = polynomial.build(problem)
        return proved, Plan("product heads", parameters, (), ())
    proved, parameters = anchors.build(problem)
    return proved, Plan("anchored head", parameters, (), ())


def _is_polynomial(problem: Problem) -> bool:
    """Return whether product heads are to be used: for polynomials, but for those of one input that has a width."""
    ops = {node.op for node in problem.expression.nodes}
    several = len(problem.inputs) > 1 or len(problem.expression.roots) > 1
    return not ops - {"input", "const", "add", "mul"} and (several or problem.domain[0][0] == problem.domain[0][1])
