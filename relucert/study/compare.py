"""One problem by every route, each certified and checked, side by side; what was observed is an estimate."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product

from ..errors import RelucertError, UnreachableError
from ..loaded import load
from ..pipeline import Outcome, build_by, check_bytes
from ..relu.lower_bound import lower_bound, published
from ..report.comparison import CompareRow, Comparison
from ..routes.table import ROUTES, Route
from ..spec.problem import Problem, by_route
from ..target.expression import evaluate
from ..transformer import evaluate as transformer

POINTS = 400
WORK = 400_000  # nonzero weights times points
READS = 8  # what one token costs one head, in weights
LEAST_POINTS = 25
GUARD_DIGITS = 30
BEST_IS_LEAST = (
    "tokens",
    "layers",
    "heads",
    "d_model",
    "parameters",
    "parameters_dense",
    "max_weight",
    "inverse_temperature",
    "bits",
)


def compare(problem: Problem, progress: Callable[[str], None] = lambda stage: None) -> Comparison:
    """Return a row for every route, with its reason where it does not apply or reach the tolerance.

    Raises UnreachableError where no route succeeds.
    """
    rows = []
    for route in ROUTES:
        progress(f"the route {route.name}")
        rows.append(_row(route, by_route(problem, route.name)))
    if not any(row.reason == "" for row in rows):
        raise UnreachableError("no route succeeds; " + "; ".join(f"{row.route}: {row.reason}" for row in rows))
    below = lower_bound(problem)
    bound = None if below is None else f"at least {below.gates} ReLU gates: {below.reason}"
    known = [published(by_route(problem, name)) for name in ("relu", *(r.route for r in rows if not r.reason))]
    texts = "; ".join(dict.fromkeys(text for text in known if text is not None))
    return Comparison(problem.target, problem.tolerance, BEST_IS_LEAST, tuple(rows), bound, texts or None)


def _row(route: Route, problem: Problem) -> CompareRow:
    reason = route.predict(problem)
    if reason is not None:
        return CompareRow(route.name, "", reason)
    start = time.perf_counter()
    try:
        outcome = build_by(route, problem)
    except UnreachableError as error:
        return CompareRow(route.name, "", str(error), predicted=error.size)
    except RelucertError as error:
        return CompareRow(route.name, "", str(error))
    built = time.perf_counter()
    verdict = check_bytes(outcome.certificate)
    checked = time.perf_counter()
    counted = tuple((name, Fraction(verdict.resources[name])) for name in BEST_IS_LEAST)
    observed, points = _observed(outcome)
    return CompareRow(
        route.name,
        outcome.plan.construction,
        "",
        counted,
        verdict.error_bound,
        observed,
        points,
        built - start - (checked - built),  # a build checks once itself
        checked - built,
        verdict.sha256,
    )


def _observed(outcome: Outcome) -> tuple[Fraction | None, int]:
    """Return the largest | T - f | seen on a grid of the box, T by plain softmax at many digits, and how many points.

    None where the data tokens are not one, or the bound is in another norm.
    """
    problem = outcome.problem
    if not problem.sequence.is_single or problem.norm != "sup":
        return None, 0
    loaded = load(outcome.verdict)
    counted = outcome.verdict.resources
    weights = int(counted["parameters"] + READS * counted["tokens"] * counted["heads"])
    points = list(_grid(problem, max(LEAST_POINTS, min(POINTS, WORK // max(1, weights)))))
    size = max(Fraction(1), Fraction(outcome.verdict.resources["max_weight"]))
    digits = GUARD_DIGITS + len(str(int(size))) * 2 + len(str(int(1 / problem.tolerance)))
    context = transformer.context(digits)
    worst = Fraction(0)
    for point in points:
        computed = transformer.evaluate(loaded.transformer, point, context, problem.sequence.mask)
        for f, t in zip(evaluate(loaded.expression, point), computed, strict=True):
            worst = max(worst, abs(transformer.exact(t) - f))
    return worst, len(points)


def _grid(problem: Problem, most: int) -> Iterator[list[Fraction]]:
    """Yield a grid of the box with its corners; the middle alone stands in for inputs beyond what fits."""
    side = max(2, int(most ** (1 / len(problem.domain)) + 1e-9))
    moving = len(problem.domain) if side ** len(problem.domain) <= most else max(1, most.bit_length() - 1)
    axes = []
    for k, (lo, hi) in enumerate(problem.domain):
        axes.append([lo + (hi - lo) * Fraction(i, side - 1) for i in range(side)] if k < moving else [(lo + hi) / 2])
    for point in product(*axes):
        yield list(point)
