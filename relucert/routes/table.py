"""The routes: complete recipes from a problem to a proved transformer, in one plain tuple.

A route is two functions.  ``predict(problem)`` returns None where the route applies, and otherwise why it does not.
``build(problem, progress)`` returns the proved transformer and the plan that names its construction.
It raises UnreachableError, with the predicted size where there is one, for what it cannot build.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..certificate.write import Proved
from ..errors import UsageError
from ..relu.plan import Plan
from ..spec.problem import Problem

Progress = Callable[[str], None]


class Route(NamedTuple):
    """A name and the two functions of a route."""

    name: str
    predict: Callable[[Problem], str | None]
    build: Callable[[Problem, Progress], tuple[Proved, Plan]]


def _relu_predict(problem: Problem) -> str | None:
    return None  # every target that the language has; whether the tolerance is reached, building shows


def _relu_build(problem: Problem, progress: Progress) -> tuple[Proved, Plan]:
    """Build by gates; an extremum over tokens, which the target language states as one, is a single head."""
    if problem.is_over_tokens:
        from .extremum import route as extremum

        return extremum.build(problem)
    if problem.arithmetic is not None:
        from .relu import machine

        return machine.build(problem, progress)
    from .relu import route as relu

    return relu.build(problem, progress)


def _native_predict(problem: Problem) -> str | None:
    if problem.arithmetic is not None:
        return "float arithmetic is certified on the route relu alone"
    from .native import route as native

    return native.predict(problem)


def _native_build(problem: Problem, progress: Progress) -> tuple[Proved, Plan]:
    from .native import route as native

    return native.build(problem, progress)


def _anchors_predict(problem: Problem) -> str | None:
    from .anchors import route as anchors

    return anchors.predict(problem)


def _anchors_build(problem: Problem, progress: Progress) -> tuple[Proved, Plan]:
    from .anchors import route as anchors

    return anchors.build(problem, progress)


def _max_affine_predict(problem: Problem) -> str | None:
    from .maxaffine import route as maxaffine

    return maxaffine.predict(problem)


def _max_affine_build(problem: Problem, progress: Progress) -> tuple[Proved, Plan]:
    from .maxaffine import route as maxaffine

    return maxaffine.build(problem, progress)


def _partition_predict(problem: Problem) -> str | None:
    from .partition import route as partition

    return partition.predict(problem)


def _partition_build(problem: Problem, progress: Progress) -> tuple[Proved, Plan]:
    from .partition import route as partition

    return partition.build(problem, progress)


def _in_sup_norm(predict: Callable[[Problem], str | None]) -> Callable[[Problem], str | None]:
    """Return a ``predict`` for a route that knows the sup norm alone."""

    def predicted(problem: Problem) -> str | None:
        if problem.norm != "sup":
            return f"it knows the sup norm only, not {problem.norm}; the route max-affine knows L1 and L2"
        return predict(problem)

    return predicted


ROUTES = (
    Route("relu", _in_sup_norm(_relu_predict), _relu_build),
    Route("anchors", _in_sup_norm(_anchors_predict), _anchors_build),
    Route("max-affine", _max_affine_predict, _max_affine_build),
    Route("partition", _in_sup_norm(_partition_predict), _partition_build),
    Route("native", _in_sup_norm(_native_predict), _native_build),
)


def route(name: str) -> Route:
    """Return the route of this name."""
    for known in ROUTES:
        if known.name == name:
            return known
    raise UsageError(f"unknown route {name!r}", "route")
