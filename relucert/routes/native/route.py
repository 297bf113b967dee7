"""The ``native`` route: smooth targets by softmax heads without ReLU gates, and why not where it does not apply."""

from __future__ import annotations

from collections.abc import Callable

from ...certificate.write import Proved
from ...relu.plan import Plan
from ...spec.problem import Problem
from ...target.ranges import formula, ranges
from . import composed
from .plan import Plan as Outline

Progress = Callable[[str], None]
SMOOTH = frozenset(["input", "const", "add", "mul", "inv", "exp", "log", "sin", "cos", "erf", "power"])


def predict(problem: Problem) -> str | None:
    """Return None where the route applies, and otherwise why it does not."""
    kinks = sorted({node.op for node in problem.expression.nodes} - SMOOTH)
    if kinks:
        return f"the target is not smooth: it uses {kinks[0]}"
    inside = ranges(problem.expression, problem.domain, problem.inputs)
    for node in problem.expression.nodes:
        if node.op == "power" and inside[node.children[0]][0] <= 0 < inside[node.children[0]][1]:
            part = formula(problem.expression, node.children[0], problem.inputs)
            return f"the target is not smooth where the argument {part} of a root or a power is 0"
    if problem.sequence.mask != "causal":
        plan = Outline.of(problem)
        if plan.count("function") and plan.depth > 1:
            return "anchors in several layers need a causal mask"
    return None


def build(problem: Problem, progress: Progress) -> tuple[Proved, Plan]:
    """Return the proved transformer; UnreachableError where the tolerance is not reached."""
    progress("fitting and proving")
    proved, name, parameters = composed.build(problem)
    return proved, Plan(name, parameters, (), ())
