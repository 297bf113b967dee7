"""The recipe ``relu``: by gates over the reals, by gates on a float machine, or the one head of an extremum."""

from __future__ import annotations

from collections.abc import Callable

from ...certificate.write import Proved
from ...relu.plan import Plan
from ...spec.problem import Problem


def predict(problem: Problem) -> str | None:
    """Return None: the route knows every target that the language has, and ``build`` shows what can be reached."""
    return None


def build(problem: Problem, progress: Callable[[str], None]) -> tuple[Proved, Plan]:
    """Return the proved transformer; UnreachableError where no construction reaches the tolerance."""
    if problem.is_over_tokens:
        from ..extremum import route as extremum

        return extremum.build(problem)
    if problem.arithmetic is not None:
        from . import machine

        return machine.build(problem, progress)
    from . import route

    return route.build(problem, progress)
