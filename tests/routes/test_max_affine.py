"""The route max-affine: cells, growth, bounds against an independent evaluation, and why it does not apply."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest

import relucert
from relucert.check import decode
from relucert.check.kernel import Context
from relucert.check.rules.holder import modulus, power_up
from relucert.errors import UnreachableError, UsageError
from relucert.routes.maxaffine.route import design
from relucert.summary import error_budget
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
    rows = dict(error_budget(outcome.verdict.certificate))
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
        ("exp(x)", "1/2", {}),
        ("log(x)", "1/5", {"x": (Fraction(1, 2), Fraction(2))}),
        ("sin(2*x)*cos(x)", "1/2", {}),
        ("tanh(x)", "1/5", {}),
        ("gelu(x)", "1/5", {}),
        ("sqrt(abs(x-y))", "1/3", {"x": UNIT, "y": UNIT}),
        ("abs(x)^(1/3)", "1/3", {}),
        ("x^(3/2) - 1/sqrt(1+x)", "1/5", {"x": UNIT}),
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
    ("target", "alpha"),
    [(f, "1") for f in (LIPSCHITZ, "x*y - x*x", "x/(2+y)", "min(x, y, x*y)", "1/(2 + x*y)*y", "y/(1 + x^2)")]
    + [(f, "1") for f in ("sin(3*x)*cos(y)", "exp(x-y)/9", "erf(x)*y")]
    + [(f, "1") for f in ("log(2+x*y)", "sigmoid(3*x)+y/9", "(2+x*y)^(-1/2)")]
    + [("softplus(4*x) + y/9", "1"), ("(1+x*y)^(3/2)", "1"), ("x*y", "1/2"), ("sqrt(2+x)*y", "1/3")]
    + [("sqrt(abs(x-y))", "1/2"), ("sqrt(abs(x))*y", "1/2"), ("sqrt(sqrt(abs(x)) + abs(y))", "1/4")]
    + [("max(abs(x)^(2/3), y)", "2/3"), ("sqrt(x^2+y^2)", "1/2"), ("sqrt(abs(x*y))", "1/4")],
)  # fmt: skip
def test_moduli_that_the_checker_derives_bound_difference_quotients(target: str, alpha: str) -> None:
    asked = relucert.make_problem(target=target, tolerance=Fraction(2), route="max-affine", alpha=Fraction(alpha))
    certificate = decode.certificate(relucert.build(asked).certificate)
    context, exponent = Context(certificate), Fraction(alpha)
    lo, hi, found, (*each, joint) = modulus(context, certificate.statement.targets[0], exponent)
    assert found == exponent
    draw, steepest = random.Random(9), 0.0  # noqa: S311
    for k in range(300):
        x = [Fraction(draw.randint(-64, 64), 64) for _ in range(2)]
        y = [Fraction(0)] * 2 if k % 3 == 0 else [Fraction(draw.randint(-64, 64), 64) for _ in range(2)]
        if k % 3 == 1:
            y = [x[0], x[1] / 16]
        f, g = (evaluate(asked.expression, p)[0] for p in (x, y))
        gaps = [abs(float(a - b)) for a, b in zip(x, y, strict=True)]
        moved, room = abs(float(f - g)), 1 + 1e-12
        assert lo - Fraction(1, 2**90) <= f <= hi + Fraction(1, 2**90)
        assert moved <= room * sum(float(h) * gap ** float(exponent) for h, gap in zip(each, gaps, strict=True))
        assert moved <= room * float(joint) * math.hypot(*gaps) ** float(exponent)
        if x != y:
            steepest = max(steepest, moved / math.hypot(*gaps) ** float(exponent))
    assert steepest > float(joint) / 12


@pytest.mark.parametrize(("base", "exponent"), [("2", "1/2"), ("1/3", "2/3"), ("7", "1/5"), ("9/4", "1/2"), ("5", "1")])
def test_powers_are_bounded_above_and_nearly_met(base: str, exponent: str) -> None:
    outcome = relucert.build(problem("abs", "1/2"))
    x, s = Fraction(base), Fraction(exponent)
    found = power_up(Context(decode.certificate(outcome.certificate)), x, s)
    assert x**s.numerator <= found**s.denominator < (1 + Fraction(1, 2**60)) * x**s.numerator


def test_the_square_root_of_a_distance_takes_the_exponent_one_half_and_grows_like_eps_to_the_4() -> None:
    cells = [design(problem("sqrt(abs(x-y))", f"1/{4 * 2**k}", x=UNIT, y=UNIT)).cells for k in range(5)]
    assert abs(math.log2(cells[-1] / cells[0]) / 4 - 4) < 0.4
    outcome = relucert.build(problem("sqrt(abs(x-y))", "1/10", x=UNIT, y=UNIT))
    assert outcome.verdict.error_bound <= Fraction(1, 10)
    (step,) = [s for s in decode.certificate(outcome.certificate).trace if s.rule == "grid_head"]
    assert step.args["alpha"] == "1/2"


@pytest.mark.parametrize("alpha", ["0", "-1/2", "3/2"])
def test_an_alpha_outside_of_0_to_1_is_bad_input(alpha: str) -> None:
    with pytest.raises(UsageError, match=r"alpha must lie in \(0, 1\]"):
        relucert.make_problem(target="abs", tolerance=Fraction(1), route="max-affine", alpha=Fraction(alpha))


def test_an_alpha_that_the_target_does_not_have_and_one_for_another_route_are_refused() -> None:
    asked = relucert.make_problem(
        target="sqrt(abs(x))", tolerance=Fraction(1), route="max-affine", alpha=Fraction(2, 3)
    )
    with pytest.raises(UnreachableError, match=r"no Lipschitz constant derivable: .* exponents up to 1/2, not alpha"):
        relucert.build(asked)
    with pytest.raises(UsageError, match="alpha is for the routes"):
        relucert.make_problem(target="abs", tolerance=Fraction(1), alpha=Fraction(1, 2))


@pytest.mark.parametrize(
    ("target", "eps", "why"),
    [
        ("multiply", "1e-3", r"it would take 4,\d{3},\d{3} cells; at most 20,000"),
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
