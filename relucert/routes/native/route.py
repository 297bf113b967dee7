"""The ``native`` route: smooth targets by softmax heads without ReLU gates, and why not where it does not apply."""

from __future__ import annotations

from collections.abc import Callable

from ...certificate.write import Proved
from ...errors import UnreachableError
from ...relu.plan import Plan
from ...spec.problem import Problem
from . import composed

Progress = Callable[[str], None]
SMOOTH = frozenset(["input", "const", "add", "mul", "inv", "exp", "log", "sin", "cos", "erf", "power"])


def predict(problem: Problem) -> str | None:
    """Return None where the route applies, and otherwise why it does not."""
    if not problem.sequence.is_single:
        return "it knows a single data token only"
    kinks = sorted({node.op for node in problem.expression.nodes} - SMOOTH)
    if kinks:
        return f"the target is not smooth: it uses {kinks[0]}"
    return None


def build(problem: Problem, progress: Progress) -> tuple[Proved, Plan]:
    """Return the proved transformer; UnreachableError where the route does not apply or reach the tolerance."""
    reason = predict(problem)
    if reason is not None:
        raise UnreachableError(f"the native route does not apply: {reason}")
    progress("fitting and proving")
    proved, name, parameters = composed.build(problem)
    return proved, Plan(name, parameters, (), ())
