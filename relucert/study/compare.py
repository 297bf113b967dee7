"""One problem by every route, each certified and checked, side by side; what was observed is an estimate."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import product

from ..errors import RelucertError, UnreachableError, UsageError
from ..loaded import load
from ..pipeline import Outcome, build_by, check_bytes
from ..relu.lower_bound import lower_bound, published
from ..report.records.compare import CompareRow, Comparison
from ..routes.table import ROUTES, Route
from ..spec.problem import PROOFS, SEEING, Problem
from ..spec.sequence import MIRRORED, SINGLE, Sequence
from ..target.expression import evaluate
from ..transformer import evaluate as transformer

POINTS = 400
WORK, MOST_WORK = 400_000, 3_000_000  # nonzero weights times points
READS = 8  # what one token costs one head, in weights
LEAST_POINTS = 25
GUARD_DIGITS = 30
VARIANTS: Mapping[str, Mapping[str, Mapping[str, str]]] = {  # of a route: what else it is asked for, by name of the row
    "relu": {"relu mirror": {"gate": "mirror"}},
    "anchors": {"anchors stated": {"proof": "stated"}},
}
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
    """Return a row for every route and its variants, with the reason where one does not apply or reach the tolerance.

    The problem's own route, gate and proof as stated are not looked at: all of them have rows.
    Raises UnreachableError where no route succeeds.
    """
    rows, known = [], [published(_by_route(problem, "relu"))]
    for route in ROUTES:
        for name, changes in {route.name: {}, **VARIANTS.get(route.name, {})}.items():
            progress(f"the route {name}")
            try:
                asked = _by_route(problem, route.name, **changes)
            except UsageError as error:
                rows.append(CompareRow(name, "", str(error)))
                continue
            rows.append(_row(name, route, asked))
            known += [] if rows[-1].reason else [published(asked)]
    if not any(row.reason == "" for row in rows):
        raise UnreachableError("no route succeeds; " + "; ".join(f"{row.route}: {row.reason}" for row in rows))
    below = lower_bound(problem)
    bound = None if below is None else f"at least {below.gates} ReLU gates: {below.reason}"
    texts = "; ".join(dict.fromkeys(text for text in known if text is not None))
    return Comparison(problem.target, problem.tolerance, BEST_IS_LEAST, tuple(rows), bound, texts or None)


def _by_route(problem: Problem, route: str, gate: str = "sink", proof: str | None = None) -> Problem:
    """Return the problem with another route, gate and proof, and for a single data token the mask that they need.

    Raises UsageError where these do not know what the problem asks.
    """
    tokens = SINGLE if problem.sequence == MIRRORED else problem.sequence
    if problem.norm != "sup":  # known to no route with tokens of its own, as ``predict`` says
        pass
    elif gate == "mirror":
        if not tokens.is_single:
            raise UsageError("the gate mirror knows a single data token only")
        tokens = MIRRORED
    elif route in SEEING and tokens == SINGLE:
        tokens = Sequence(mask="full")
    kept = PROOFS[0] if problem.proof == "stated" else problem.proof
    return replace(problem, route=route, sequence=tokens, proof=proof or kept)


def _row(name: str, route: Route, problem: Problem) -> CompareRow:
    reason = route.predict(problem)
    if reason is not None:
        return CompareRow(name, "", reason)
    start = time.perf_counter()
    try:
        outcome = build_by(route, problem)
    except UnreachableError as error:
        return CompareRow(name, "", str(error), predicted=error.size)
    except RelucertError as error:
        return CompareRow(name, "", str(error))
    built = time.perf_counter()
    verdict = check_bytes(outcome.certificate)
    checked = time.perf_counter()
    counted = tuple((name, Fraction(verdict.resources[name])) for name in BEST_IS_LEAST)
    observed, points = _observed(outcome)
    return CompareRow(
        name,
        outcome.plan.construction,
        "",
        counted,
        verdict.error_bound,
        observed,
        points,
        max(0.0, built - start - (checked - built)),  # a build checks once itself
        checked - built,
        verdict.sha256,
    )


def _observed(outcome: Outcome) -> tuple[Fraction | None, int]:
    """Return the largest | T - f | seen on a grid of the box, T by plain softmax at many digits, and how many points.

    None where the data tokens are not one, the bound is in another norm, or the fewest points would take too long.
    """
    problem = outcome.problem
    if not problem.sequence.is_single or problem.norm != "sup":
        return None, 0
    loaded = load(outcome.verdict)
    counted = outcome.verdict.resources
    weights = int(counted["parameters"] + READS * counted["tokens"] * counted["heads"])
    if weights * LEAST_POINTS > MOST_WORK:
        return None, 0
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
