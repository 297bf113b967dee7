"""The routes: complete recipes from a problem to a proved transformer, in one plain tuple."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..certificate.write import Proved
from ..errors import UnreachableError, UsageError
from ..relu.plan import Plan
from ..spec.problem import Problem

Progress = Callable[[str], None]


class Recipe(Protocol):
    """The module of a route."""

    def predict(self, problem: Problem) -> str | None:
        """Return None where the route applies, and otherwise why it does not."""

    def build(self, problem: Problem, progress: Progress) -> tuple[Proved, Plan]:
        """Return the proved transformer and the plan that names its construction; only asked where it applies.

        Raises UnreachableError, with the predicted size where there is one, for what it cannot build.
        """


@dataclass(frozen=True, slots=True)
class Route:
    """A recipe with its name and what it knows; ``load`` imports it, as no run needs them all.

    Routes that are not ``general`` know one data token and real numbers only.
    """

    name: str
    load: Callable[[], Recipe]
    general: bool = False
    norms: tuple[str, ...] = ("sup",)

    def predict(self, problem: Problem) -> str | None:
        """Return None where the route applies, and otherwise why it does not."""
        if problem.norm not in self.norms:
            return f"it knows the sup norm only, not {problem.norm}; the route max-affine knows L1 and L2"
        if not self.general and problem.arithmetic is not None:
            return "float arithmetic is certified on the route relu alone"
        if not self.general and (problem.sequence.most > 1 or problem.is_over_tokens):
            return "it knows a single data token only"
        return self.load().predict(problem)

    def build(self, problem: Problem, progress: Progress) -> tuple[Proved, Plan]:
        """Return the proved transformer and its plan; UnreachableError where the route does not apply."""
        reason = self.predict(problem)
        if reason is not None:
            raise UnreachableError(f"the route {self.name} does not apply: {reason}")
        return self.load().build(problem, progress)


def _relu() -> Recipe:
    from .relu import recipe

    return recipe


def _anchors() -> Recipe:
    from .anchors import route

    return route


def _max_affine() -> Recipe:
    from .maxaffine import route

    return route


def _partition() -> Recipe:
    from .partition import route

    return route


def _native() -> Recipe:
    from .native import route

    return route


ROUTES = (
    Route("relu", _relu, general=True),
    Route("anchors", _anchors),
    Route("max-affine", _max_affine, norms=("sup", "L1", "L2")),
    Route("partition", _partition),
    Route("native", _native),
)


def route(name: str) -> Route:
    """Return the route of this name."""
    for known in ROUTES:
        if known.name == name:
            return known
    raise UsageError(f"unknown route {name!r}", "route")
