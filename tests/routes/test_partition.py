"""The route partition: sizes, growth on real builds, bounds against an independent evaluation, refusals."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest

import relucert
from relucert.errors import UnreachableError, UsageError
from relucert.routes.partition.route import design
from relucert.study.compare import compare
from relucert.target.expression import evaluate
from tests.independent import sequence

UNIT = (Fraction(0), Fraction(1))
LIPSCHITZ = "max(abs(x-1/3), abs(y-1/2))"  # slope 1 in the Euclidean norm
Box = dict[str, tuple[Fraction, Fraction]]


def problem(target: str, eps: str, **domain: tuple[Fraction, Fraction]) -> relucert.Problem:
    return relucert.make_problem(
        target=target, tolerance=Fraction(eps), domain=domain or None, route="partition", sequence={"mask": "full"}
    )


def test_a_lipschitz_target_of_two_inputs_takes_225_cells_in_17_tokens_and_fewer_weights_than_max_affine() -> None:
    asked = problem(LIPSCHITZ, "5e-2", x=UNIT, y=UNIT)
    assert math.prod(design(asked).cells) == 225
    outcome = relucert.build(asked)
    counted = outcome.verdict.resources
    assert (counted["tokens"], counted["layers"], counted["heads"]) == (15 + 2, 2, 2)
    assert counted["feed_forward_width"] == 1 + 15 * 16
    assert outcome.verdict.error_bound <= Fraction(1, 20)
    assert "with feed-forward parts" in outcome.verdict.statement
    other = relucert.build(relucert.make_problem(
        target=LIPSCHITZ, tolerance=Fraction(1, 20), domain={"x": UNIT, "y": UNIT}, route="max-affine"
    ))  # fmt: skip
    assert counted["parameters"] < other.verdict.resources["parameters"]
    assert outcome.verdict.error_bound <= other.verdict.error_bound


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "first", "domain", "exponent"),
    [
        ("abs(x-1/3)", 6, {"x": UNIT}, 1.0),
        ("sqrt(x)", 3, {"x": UNIT}, 2.0),
        (LIPSCHITZ, 4, {"x": UNIT, "y": UNIT}, 2.0),
    ],
)
def test_weights_grow_like_d_over_alpha_over_four_octaves(
    target: str, first: int, domain: Box, exponent: float
) -> None:
    counted = []
    for k in range(5):
        outcome = relucert.build(problem(target, f"1/{2 ** (first + k)}", **domain))
        assert outcome.verdict.status == "accepted"
        counted.append([math.log2(outcome.verdict.resources[name]) for name in ("parameters", "parameters_dense")])
    for rows in zip(*counted, strict=True):
        slope = sum((k - 2) * value for k, value in enumerate(rows)) / 10  # least squares over 0, 1, .., 4
        assert abs(slope / exponent - 1) < 0.1


@pytest.mark.parametrize(
    ("target", "eps", "domain"),
    [
        (LIPSCHITZ, "1/5", {"x": UNIT, "y": UNIT}),
        ("multiply", "1/4", {}),
        ("abs(x - 1/7)", "1/20", {}),
        ("x/(2+y); x-y", "1/2", {}),
        ("x*y*z", "1", {}),
        ("sqrt(x)", "1/6", {"x": UNIT}),
        ("sin(3*x)", "1/20", {}),
        ("1/x - min(x, 2)", "1/4", {"x": (Fraction(1), Fraction(3))}),
        ("x + 3", "1/10", {"x": (Fraction(-1, 7), Fraction(5))}),
    ],
)
def test_truth(target: str, eps: str, domain: Box) -> None:
    """The transformer, evaluated by another program with its feed-forward parts, keeps to the bound."""
    asked = problem(target, eps, **domain)
    outcome = relucert.build(asked)
    assert outcome.verdict.status == "accepted"
    assert outcome.verdict.error_bound <= Fraction(eps)
    draw, worst = random.Random(5), Fraction(0)  # noqa: S311
    plan = design(asked)
    points = [[lo for lo, _ in asked.domain], [hi for _, hi in asked.domain]]
    for k in range(16):
        parts = [60, 60, 60] if k % 2 else [2 * n for n in (plan.cells if k % 4 else plan.tokens)]  # borders of cells
        points.append(
            [lo + (hi - lo) * Fraction(draw.randint(0, n), n) for (lo, hi), n in zip(asked.domain, parts, strict=False)]
        )
    for point in points:
        (values,) = sequence(outcome.certificate, [point], 40)
        for value, wanted in zip(values, evaluate(asked.expression, point), strict=True):
            worst = max(worst, abs(Fraction(str(value)) - wanted))
    assert 0 < worst <= outcome.verdict.error_bound + Fraction(1, 10**30)


@pytest.mark.parametrize(
    ("target", "eps", "why"),
    [
        ("multiply", "1e-3", r"it would take [\d,]+ cells; at most 36,000"),
        ("x*y*z*w", "1e-1", "at most 3 inputs"),
    ],
)
def test_where_it_does_not_apply_the_reason_has_the_predicted_size(target: str, eps: str, why: str) -> None:
    with pytest.raises(UnreachableError, match=why):
        relucert.build(problem(target, eps))


def test_masks_domains_lengths_and_exponents_that_do_not_fit_are_refused_with_the_reason() -> None:
    point = {"x": (Fraction(1), Fraction(1))}
    for asked, why in (
        ({"sequence": {"mask": "full"}, "domain": point}, "without a width"),
        ({"sequence": {"length": "4", "mask": "full"}}, "single data token"),
        ({"sequence": {"mask": "causal"}}, "needs --mask full"),
    ):
        with pytest.raises(UnreachableError, match=why):
            relucert.build(relucert.make_problem(target="abs", tolerance=Fraction(1), route="partition", **asked))
    with pytest.raises(UsageError, match="alpha must lie in"):
        relucert.make_problem(target="abs", tolerance=Fraction(1), route="partition", alpha=Fraction(3, 2))


def test_compare_evaluates_it_under_the_mask_that_it_states() -> None:
    asked = relucert.make_problem(target="abs(x - 1/7)", tolerance=Fraction(1, 10))
    (row,) = (row for row in compare(asked).rows if row.route == "partition")
    assert row.error_bound is not None
    assert row.observed is not None
    assert 0 < row.observed <= row.error_bound
