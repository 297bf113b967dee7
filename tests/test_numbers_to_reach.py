"""The issue's table of numbers, but for the times, which tests/benchmarks measures."""

from __future__ import annotations

from fractions import Fraction

import pytest

from relucert.loaded import load
from relucert.transformer.evaluate import context, evaluate, exact
from tests import cases
from tests.cases import Case

REACH = (
    (Case("multiply", "1e-3"), {"heads": 15, "layers": 5}),
    (Case("multiply", "1e-6"), {"gates": 20}),
    (Case("multiply", "1e-30"), {"gates": 100}),
    (Case("square", "1e-3"), {"gates": 4}),
    (Case("max", "1e-3"), {"gates": 1}),
    (Case("max", "1e-3", arity=64), {"gates": 63, "layers": 6}),
    (Case("reciprocal", "1e-3", (cases.QUARTER,)), {"gates": 33}),
    (Case("reciprocal", "1e-9", (cases.QUARTER,)), {"gates": 150}),
)


@pytest.mark.parametrize(("case", "most"), [pytest.param(*row, id=row[0].id) for row in REACH])
def test_resources_stay_within_the_table(case: Case, most: dict[str, int]) -> None:
    outcome = cases.outcome(case)
    assert outcome.verdict.status == "accepted"
    for name, limit in most.items():
        assert outcome.verdict.resources[name] <= limit


@pytest.mark.parametrize(
    ("case", "gates"),
    [(Case("multiply", "1e-3"), 10), (Case("reciprocal", "1e-3", (cases.QUARTER,)), 18),
     (Case("reciprocal", "1e-9", (cases.QUARTER,)), 76)],
    ids=lambda value: getattr(value, "id", None),
)  # fmt: skip
def test_what_the_design_calls_possible_is_reached(case: Case, gates: int) -> None:
    assert cases.outcome(case).resources.gates <= gates


def test_certified_bound_is_within_five_percent_of_the_largest_error_found() -> None:
    """Dense search on a grid of 3/32, which meets places where one sawtooth is worst low and the other worst high."""
    outcome = cases.outcome(Case("multiply", "1e-3"))
    transformer = load(outcome.verdict).transformer
    ctx = context(40)
    worst = Fraction(0)
    for a in range(-64, 65, 6):
        for b in range(-64, 65, 6):
            x, y = Fraction(a, 64), Fraction(b, 64)
            (value,) = evaluate(transformer, (x, y), ctx)
            worst = max(worst, abs(exact(value) - x * y))
    bound = outcome.verdict.error_bound
    assert bound is not None
    assert worst <= bound <= worst * Fraction(105, 100)
