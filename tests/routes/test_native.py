"""The native route: resources, and its bounds against softmax evaluated token by token by an independent program."""

from __future__ import annotations

import random
from fractions import Fraction
from functools import cache

import mpmath
import pytest

import relucert
from relucert import pipeline
from relucert.errors import UnreachableError
from relucert.routes.native import anchors
from tests.independent import sequence

QUARTER, UNIT = (Fraction(1, 4), Fraction(4)), (Fraction(-1), Fraction(1))
TRUTH = {
    "x*x": lambda x: x * x,
    "multiply": lambda x, y: x * y,
    "x*y*z": lambda x, y, z: x * y * z,
    "x*y+3*x^2-y": lambda x, y: x * y + 3 * x * x - y,
    "(x+y)*(x-2*y)*(z+2)*z": lambda x, y, z: (x + y) * (x - 2 * y) * (z + 2) * z,
    "3*x-2*y": lambda x, y: 3 * x - 2 * y,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "exp(x)": mpmath.exp,
    "sin(x)": mpmath.sin,
    "tanh(x)": mpmath.tanh,
    "sigmoid(x)": lambda x: 1 / (1 + mpmath.exp(-x)),
    "1/(1+x^2)": lambda x: 1 / (1 + x * x),
    "sqrt(x)": mpmath.sqrt,
}
# target, tolerance, domain, and the most that the issue allows
REACH = [
    ("multiply", "1e-3", None, {"layers": 1, "heads": 1, "tokens": 2, "max_weight": 40}),
    ("multiply", "1e-6", None, {"layers": 1, "heads": 2, "tokens": 2, "max_weight": 64}),
    ("multiply", "1e-9", None, {"layers": 1, "heads": 3, "tokens": 2, "max_weight": 64}),
    ("multiply", "1e-3", {"x": (0, 3), "y": (-5, 1)}, {"layers": 1, "heads": 1}),
    ("multiply", "1e-4", {"x": (Fraction(-1, 7), Fraction(1, 3)), "y": (100, 101)}, {"layers": 1, "heads": 2}),
    ("x*y*z", "1e-6", None, {"layers": 2, "heads": 4, "tokens": 2}),
    ("x*y+3*x^2-y", "1e-3", None, {"layers": 1, "heads": 2, "tokens": 2}),
    ("(x+y)*(x-2*y)*(z+2)*z", "1e-4", {"z": (0, 2)}, {"layers": 2, "heads": 8, "tokens": 2}),
    ("3*x-2*y", "1e-3", None, {"layers": 0}),
    ("square", "1e-8", {"x": UNIT}, {"layers": 1, "heads": 1, "tokens": 12}),
    ("reciprocal", "1e-6", {"x": (1, 4)}, {"layers": 1, "heads": 1, "tokens": 12}),
    pytest.param("reciprocal", "1e-6", {"x": QUARTER}, {"layers": 1, "heads": 1, "tokens": 16}, marks=pytest.mark.slow),
    pytest.param("sqrt(x)", "1e-4", {"x": QUARTER}, {"layers": 1, "heads": 1, "tokens": 12}, marks=pytest.mark.slow),
    ("exp(x)", "1e-6", None, {"layers": 1, "heads": 1, "tokens": 14}),
    ("sin(x)", "1e-6", None, {"layers": 1, "heads": 1, "tokens": 14}),
    ("tanh(x)", "1e-6", None, {"layers": 1, "heads": 1, "tokens": 14}),
    ("sigmoid(x)", "1e-6", None, {"layers": 1, "heads": 1, "tokens": 14}),
    ("1/(1+x^2)", "1e-4", None, {"layers": 1, "heads": 1, "tokens": 12}),
]


@cache
def built(target: str, eps: str, box: tuple[tuple[str, tuple[Fraction, Fraction]], ...]) -> relucert.Outcome:
    domain = {name: (Fraction(lo), Fraction(hi)) for name, (lo, hi) in box}
    problem = relucert.make_problem(target=target, tolerance=Fraction(eps), domain=domain or None, route="native")
    return relucert.build(problem)


@pytest.mark.parametrize(("target", "eps", "domain", "most"), REACH)
def test_native_resources_and_truth(target, eps, domain, most) -> None:
    outcome = built(target, eps, tuple((domain or {}).items()))
    assert outcome.verdict.status == "accepted"
    assert {name: value for name, value in outcome.verdict.resources.items() if value > most.get(name, value)} == {}
    bound, draw = outcome.verdict.error_bound, random.Random(7)  # noqa: S311
    worst = mpmath.mpf(0)
    with mpmath.workdps(60):
        for _ in range(25):
            point = [lo + (hi - lo) * Fraction(draw.randint(0, 1000), 1000) for lo, hi in outcome.problem.domain]
            ((value,),) = sequence(outcome.certificate, [point], 60)
            true = TRUTH[target](*(mpmath.mpf(x.numerator) / x.denominator for x in point))
            worst = max(worst, abs(mpmath.mpf(str(value)) - true))
        assert worst <= mpmath.mpf(bound.numerator) / bound.denominator + mpmath.mpf("1e-50")
        assert bound <= Fraction(eps)
        if target not in ("tanh(x)", "sigmoid(x)", "3*x-2*y"):  # which are computed exactly
            assert worst >= mpmath.mpf(bound.numerator) / bound.denominator / 50, "not evaluated with enough digits"


def test_what_softmax_computes_exactly_is_certified_far_below_the_tolerance() -> None:
    assert built("tanh(x)", "1e-6", ()).verdict.error_bound < Fraction(1, 10**12)
    assert built("sigmoid(x)", "1e-6", ()).verdict.error_bound < Fraction(1, 10**12)


def test_several_outputs_share_one_stream() -> None:
    problem = relucert.make_problem(target="x*y; x+y; y*y", tolerance=Fraction("1e-3"), route="native")
    outcome = relucert.build(problem)
    assert (outcome.verdict.status, outcome.verdict.resources["heads"]) == ("accepted", 2)
    point = [Fraction(2, 3), Fraction(-4, 5)]
    (values,) = sequence(outcome.certificate, [point], 40)
    x, y = point
    for value, true in zip(values, (x * y, x + y, y * y), strict=True):
        assert abs(Fraction(str(value)) - true) <= outcome.verdict.error_bound


def test_the_objective_weight_lowers_the_largest_weight() -> None:
    few = built("multiply", "1e-6", ())
    problem = relucert.make_problem(target="multiply", tolerance=Fraction("1e-6"), route="native", objective="weight")
    light = relucert.build(problem)
    assert light.verdict.resources["max_weight"] < few.verdict.resources["max_weight"]
    assert light.verdict.resources["heads"] > few.verdict.resources["heads"]


@pytest.mark.parametrize(
    ("target", "why"),
    [("max", "the target uses max"), ("abs", "not smooth: it uses abs"), ("x*y/(1+z^2)", "the target uses inv"),
     ("x*y; abs(x)", "the target uses abs"), ("relu(x)", "not smooth: it uses max")],
)  # fmt: skip
def test_a_target_that_the_route_does_not_know_is_refused_with_the_reason(target: str, why: str) -> None:
    problem = relucert.make_problem(target=target, tolerance=Fraction("1e-3"), route="native")
    with pytest.raises(UnreachableError, match=why):
        relucert.build(problem)


def test_a_point_domain_and_sequences_are_refused_with_the_reason() -> None:
    here = (Fraction(1), Fraction(1))
    for asked, why in (({"domain": {"x": here}}, "single point"), ({"sequence": {"length": "4"}}, "single data token")):
        with pytest.raises(UnreachableError, match=why):
            relucert.build(relucert.make_problem(target="exp(x)", tolerance=Fraction("1e-3"), route="native", **asked))


def test_a_tolerance_beyond_reach_names_what_was_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchors, "COUNTS", (2, 4))
    problem = relucert.make_problem(target="square", tolerance=Fraction("1e-8"), domain={"x": UNIT}, route="native")
    with pytest.raises(UnreachableError, match=r"at most 4 anchors reaches about .*e-05 .*\(an estimate\), not 1e-8"):
        relucert.build(problem)


def test_auto_takes_the_cheapest_route_that_applies() -> None:
    def chosen(target: str, **asked: object) -> str:
        problem = relucert.make_problem(target=target, tolerance=Fraction("1e-3"), route="auto", **asked)
        return relucert.build(problem).plan.construction

    assert chosen("multiply") == "product heads"
    assert chosen("abs") == "abs"
    assert chosen("max", sequence={"length": "4", "layout": "one-per-token"}) == "seen_max"


def test_the_route_and_the_proof_stay_in_the_specification_that_a_certificate_quotes() -> None:
    text = relucert.make_problem(target="multiply", tolerance=Fraction("1e-3"), route="native", proof="adjoint").text
    assert "route: native\n" in text
    assert "proof: adjoint\n" in text
    assert "route" not in relucert.make_problem(target="multiply", tolerance=Fraction("1e-3")).text


def test_the_error_budget_has_no_gates_where_there_are_none() -> None:
    rows = pipeline.error_budget(built("multiply", "1e-3", ()).verdict.certificate)
    assert [name for name, _ in rows] == ["approximation", "leak"]
    assert sum(part for _, part in rows) == built("multiply", "1e-3", ()).verdict.error_bound
