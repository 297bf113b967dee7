"""The route max-affine: cells, growth, bounds against an independent evaluation, and why it does not apply."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest

import relucert
from relucert import pipeline
from relucert.check import decode
from relucert.check.kernel import Context
from relucert.check.rules.maxaffine import _slopes
from relucert.check.statement import below
from relucert.errors import UnreachableError
from relucert.routes.maxaffine.route import design
from relucert.target.expression import evaluate
from tests.independent import sequence

UNIT = (Fraction(0), Fraction(1))
LIPSCHITZ = "max(abs(x-1/3), abs(y-1/2))"  # slope 1 in the Euclidean norm


def problem(target: str, eps: str, **domain: tuple[Fraction, Fraction]) -> relucert.Problem:
    tolerance = Fraction(eps)
    return relucert.make_problem(target=target, tolerance=tolerance, domain=domain or None, route="max-affine")


def test_a_lipschitz_target_of_two_inputs_takes_225_cells_in_one_head() -> None:
    outcome = relucert.build(problem(LIPSCHITZ, "5e-2", x=UNIT, y=UNIT))
    counted = outcome.verdict.resources
    assert (counted["tokens"], counted["layers"], counted["heads"]) == (225 + 2, 1, 1)
    assert outcome.verdict.error_bound <= Fraction(1, 20)
    rows = dict(pipeline.error_budget(outcome.verdict.certificate))
    assert rows == {"approximation": outcome.verdict.error_bound, "leak": 0}


def test_cells_grow_like_the_square_of_1_over_eps_over_four_octaves() -> None:
    cells = [design(problem(LIPSCHITZ, f"1/{20 * 2**k}", x=UNIT, y=UNIT)).cells for k in range(5)]
    assert abs(math.log2(cells[-1] / cells[0]) / 4 - 2) < 0.2


@pytest.mark.parametrize(
    ("target", "eps", "domain"),
    [
        (LIPSCHITZ, "1/5", {"x": UNIT, "y": UNIT}),
        ("multiply", "1/4", {}),
        ("abs", "1/10", {}),
        ("x/(2+y); x-y", "1/2", {}),
        ("x*y*z", "1", {}),
        ("x/(1+x^2)", "1/4", {}),
        ("y^2", "1/4", {"y": (Fraction(-3), Fraction(-1))}),
        ("1/x - min(x, 2)", "1/4", {"x": (Fraction(1), Fraction(3))}),
        ("x + 3", "1/10", {"x": (Fraction(-1, 7), Fraction(5))}),
    ],
)
def test_truth(target: str, eps: str, domain: dict[str, tuple[Fraction, Fraction]]) -> None:
    outcome = relucert.build(problem(target, eps, **domain))
    assert outcome.verdict.status == "accepted"
    assert outcome.verdict.error_bound <= Fraction(eps)
    draw, worst = random.Random(3), Fraction(0)  # noqa: S311
    for k in range(12):
        point = [lo + (hi - lo) * Fraction(draw.randint(0, 60), 60) for lo, hi in outcome.problem.domain]
        if not k:
            point = [hi for _, hi in outcome.problem.domain]
        (values,) = sequence(outcome.certificate, [point], 40)
        for value, wanted in zip(values, evaluate(outcome.problem.expression, point), strict=True):
            worst = max(worst, abs(Fraction(str(value)) - wanted))
    assert outcome.verdict.error_bound / 20 < worst <= outcome.verdict.error_bound + Fraction(1, 10**30)


@pytest.mark.parametrize(
    "target", [LIPSCHITZ, "x*y - x*x", "x/(2+y)", "min(x, y, x*y)", "1/(2 + x*y)*y", "y/(1 + x^2)"]
)
def test_slopes_that_the_checker_derives_bound_difference_quotients(target: str) -> None:
    outcome = relucert.build(problem(target, "1"))
    certificate = decode.certificate(outcome.certificate)
    goal = certificate.statement.targets[0]
    lo, hi, each, joint = _slopes(Context(certificate), below(certificate.terms, (goal,)), goal)
    draw, steepest = random.Random(9), 0.0  # noqa: S311
    for _ in range(300):
        x, y = ([Fraction(draw.randint(-64, 64), 64) for _ in range(2)] for _ in range(2))
        f, g = (evaluate(outcome.problem.expression, p)[0] for p in (x, y))
        gaps = [abs(a - b) for a, b in zip(x, y, strict=True)]
        assert lo <= f <= hi
        assert abs(f - g) <= sum(s * gap for s, gap in zip(each, gaps, strict=True))
        assert (f - g) ** 2 <= joint**2 * sum(gap**2 for gap in gaps)
        if x != y:
            steepest = max(steepest, abs(float(f - g)) / math.hypot(*map(float, gaps)))
    assert steepest > float(joint) / 12


@pytest.mark.parametrize(
    ("target", "eps", "why"),
    [
        ("multiply", "1e-3", r"it would take 4,\d{3},\d{3} cells; at most 20,000"),
        ("exp(x)", "1e-1", "no Lipschitz constant is derived through exp"),
        ("x*y*z*w", "1e-1", "at most 3 inputs"),
    ],
)
def test_where_it_does_not_apply_the_reason_has_the_predicted_size(target: str, eps: str, why: str) -> None:
    with pytest.raises(UnreachableError, match=why):
        relucert.build(problem(target, eps))


def test_a_point_domain_and_sequences_are_refused_with_the_reason() -> None:
    for asked, why in (
        ({"domain": {"x": (Fraction(1), Fraction(1))}}, "without a width"),
        ({"sequence": {"length": "4"}}, "single data token"),
    ):
        with pytest.raises(UnreachableError, match=why):
            relucert.build(relucert.make_problem(target="abs", tolerance=Fraction(1), route="max-affine", **asked))
