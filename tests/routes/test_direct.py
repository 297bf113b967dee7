"""The direct proof of folded squares: small inverse temperatures, and the same truth."""

from __future__ import annotations

import random
from fractions import Fraction

import mpmath
import pytest

import relucert
from relucert.summary import error_budget
from tests.independent import sequence


@pytest.mark.parametrize(
    ("target", "eps", "gates", "hottest"),
    [("multiply", "1e-3", 10, 200), ("multiply", "1e-6", 20, 4000), ("x*y*z", "1e-6", 43, 10**4),
     ("square", "1e-3", 4, 40)],
)  # fmt: skip
def test_the_inverse_temperature_is_small_and_no_gate_more_is_needed(target, eps, gates, hottest) -> None:
    verdict = relucert.build(relucert.make_problem(target=target, tolerance=Fraction(eps))).verdict
    assert verdict.resources["gates"] <= gates
    assert verdict.resources["inverse_temperature"] <= hottest
    adjoint = relucert.make_problem(target=target, tolerance=Fraction(eps), proof="adjoint")
    assert relucert.build(adjoint).verdict.resources["inverse_temperature"] > 4 * hottest


def test_the_direct_bound_holds_where_the_gates_are_softest() -> None:
    """Points around the kinks of every fold, at distances of the softness."""
    outcome = relucert.build(relucert.make_problem(target="multiply", tolerance=Fraction("1e-3")))
    beta = outcome.verdict.resources["inverse_temperature"]
    draw, worst = random.Random(3), mpmath.mpf(0)  # noqa: S311
    with mpmath.workdps(40):
        for _ in range(60):
            places = []
            for _ in range(2):  # (x +- y) / 4 + 1/2 near a multiple of 1/16
                kink = Fraction(draw.randint(3, 13), 16)
                places.append(kink + Fraction(draw.randint(-40, 40), 10) / beta / 2 ** draw.randint(0, 5))
            x, y = (places[0] + places[1] - 1) * 2, (places[0] - places[1]) * 2
            if max(abs(x), abs(y)) <= 1:
                ((value,),) = sequence(outcome.certificate, [[x, y]], 40)
                worst = max(worst, abs(mpmath.mpf(str(value)) - mpmath.mpf((x * y).numerator) / (x * y).denominator))
        bound = outcome.verdict.error_bound
        assert worst <= mpmath.mpf(bound.numerator) / bound.denominator
        assert worst >= mpmath.mpf("9e-4")


def test_gates_and_approximation_are_one_part_of_the_budget() -> None:
    verdict = relucert.build(relucert.make_problem(target="multiply", tolerance=Fraction("1e-3"))).verdict
    rows = dict(error_budget(verdict.certificate))
    assert rows == {"approximation and gates": verdict.error_bound, "leak": 0}


@pytest.mark.parametrize("target", ["abs", "max(x*y, x)", "1/(2+x*y)"])
def test_other_gates_keep_the_adjoint_proof(target: str) -> None:
    verdict = relucert.build(relucert.make_problem(target=target, tolerance=Fraction("1e-2"))).verdict
    assert any(step.rule.startswith("gate_error") for step in verdict.certificate.trace)
