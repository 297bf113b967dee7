"""The native route: resources, and its bounds against softmax evaluated token by token by an independent program."""

from __future__ import annotations

import json
import math
import random
from fractions import Fraction
from functools import cache
from itertools import product

import mpmath
import pytest

import relucert
from relucert.certificate.write import canonical
from relucert.errors import UnreachableError
from relucert.routes.native import anchors
from relucert.summary import error_budget
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
    "x*exp(-y)": lambda x, y: x * mpmath.exp(-y),
    "exp(x*y)": lambda x, y: mpmath.exp(x * y),
    "x/(1+y^2)": lambda x, y: x / (1 + y * y),
    "sin(x)+cos(y)": lambda x, y: mpmath.sin(x) + mpmath.cos(y),
    "sigmoid(x+y)*z": lambda x, y, z: z / (1 + mpmath.exp(-x - y)),
    "1/(x*y)": lambda x, y: 1 / (x * y),
    "sqrt(1+x^2+y^2)": lambda x, y: mpmath.sqrt(1 + x * x + y * y),
    "exp(x)*sin(y)*cos(z)": lambda x, y, z: mpmath.exp(x) * mpmath.sin(y) * mpmath.cos(z),
    "sin(x*exp(y))": lambda x, y: mpmath.sin(x * mpmath.exp(y)),
    "exp(y)*sigmoid(x*y)*z": lambda x, y, z: mpmath.exp(y) * z / (1 + mpmath.exp(-x * y)),
    "exp(1)*x*y+sqrt(2)": lambda x, y: mpmath.e * x * y + mpmath.sqrt(2),
    "x*sigmoid(x)": lambda x: x / (1 + mpmath.exp(-x)),
}
EXACT = ("tanh(x)", "sigmoid(x)", "3*x-2*y", "sigmoid(x+y)*z", "x*sigmoid(x)")
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
    ("x*exp(-y)", "1e-6", None, {"layers": 2, "heads": 3, "tokens": 10}),
    ("exp(x*y)", "1e-6", None, {"layers": 2, "heads": 3, "tokens": 10}),
    ("x/(1+y^2)", "1e-3", None, {"layers": 2, "heads": 2, "tokens": 16}),
    ("sin(x)+cos(y)", "1e-6", None, {"layers": 1, "heads": 2, "tokens": 8}),
    ("sigmoid(x+y)*z", "1e-6", None, {"layers": 1, "heads": 1, "tokens": 2}),
    ("1/(x*y)", "1e-6", {"x": (1, 2), "y": (1, 2)}, {"layers": 2, "heads": 3, "tokens": 10}),
    ("sqrt(1+x^2+y^2)", "1e-6", None, {"layers": 2, "heads": 3, "tokens": 8}),
    ("exp(x)*sin(y)*cos(z)", "1e-6", None, {"layers": 3, "heads": 7, "tokens": 10}),
    ("sin(x*exp(y))", "1e-4", None, {"layers": 3, "heads": 4}),
    ("exp(y)*sigmoid(x*y)*z", "1e-6", None, {"layers": 3, "heads": 7, "tokens": 10}),
    ("exp(1)*x*y+sqrt(2)", "1e-6", None, {"layers": 1, "heads": 2, "tokens": 2}),
    ("x*sigmoid(x)", "1e-6", None, {"layers": 1, "heads": 1, "tokens": 2}),
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
        box = outcome.problem.domain
        points = [[lo + (hi - lo) * Fraction(draw.randint(0, 1000), 1000) for lo, hi in box] for _ in range(20)]
        for point in [*points, *map(list, product(*box))]:
            ((value,),) = sequence(outcome.certificate, [point], 60)
            true = TRUTH[target](*(mpmath.mpf(x.numerator) / x.denominator for x in point))
            worst = max(worst, abs(mpmath.mpf(str(value)) - true))
        assert worst <= mpmath.mpf(bound.numerator) / bound.denominator + mpmath.mpf("1e-50")
        assert bound <= Fraction(eps)
        if target not in EXACT:  # which are computed exactly
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
    [("max", "not smooth: it uses max"), ("abs", "not smooth: it uses abs"), ("exp(x*abs(y))", "it uses abs"),
     ("x*y; abs(x)", "it uses abs"), ("z*sqrt(x^2+y^2)", "where the argument x.x . y.y of a root"),
     ("relu(x)", "not smooth: it uses max")],
)  # fmt: skip
def test_a_target_that_the_route_does_not_know_is_refused_with_the_reason(target: str, why: str) -> None:
    problem = relucert.make_problem(target=target, tolerance=Fraction("1e-3"), route="native")
    with pytest.raises(UnreachableError, match=why):
        relucert.build(problem)


def test_sequences_are_refused_with_the_reason() -> None:
    problem = relucert.make_problem("exp(x)", Fraction("1e-3"), route="native", sequence={"length": "4"})
    with pytest.raises(UnreachableError, match="single data token"):
        relucert.build(problem)


def test_several_layers_over_anchors_need_a_causal_mask() -> None:
    asked = {"tolerance": Fraction("1e-3"), "route": "native", "sequence": {"mask": "full"}}
    assert relucert.build(relucert.make_problem("sin(x)+cos(y)", **asked)).verdict.status == "accepted"
    with pytest.raises(UnreachableError, match="need a causal mask"):
        relucert.build(relucert.make_problem("x*exp(y)", **asked))


@pytest.mark.parametrize(("target", "y"), [("exp(x)", None), ("exp(x)*y", 1), ("x*y+exp(x+x)*y", 1)])
def test_what_does_not_move_is_a_constant_and_takes_no_head(target: str, y: int | None) -> None:
    box = {"x": (Fraction(1), Fraction(1))} | ({} if y is None else {"y": (Fraction(-1), Fraction(y))})
    outcome = relucert.build(relucert.make_problem(target, Fraction("1e-9"), box, route="native"))
    assert (outcome.verdict.status, outcome.verdict.resources["heads"]) == ("accepted", 0)
    ((value,),) = sequence(outcome.certificate, [[hi for _, hi in box.values()]], 40)
    true = {"exp(x)": mpmath.e, "exp(x)*y": mpmath.e, "x*y+exp(x+x)*y": 1 + mpmath.exp(2)}[target]
    assert abs(float(value) - float(true)) < 1e-12


def test_smooth_outputs_share_layers_and_anchors() -> None:
    problem = relucert.make_problem("sin(x); cos(x); x*y; x*exp(y)", Fraction("1e-5"), route="native")
    outcome = relucert.build(problem)
    assert (outcome.verdict.status, outcome.verdict.resources["layers"]) == ("accepted", 2)
    point = [Fraction(2, 3), Fraction(-4, 5)]
    (values,) = sequence(outcome.certificate, [point], 40)
    x, y = map(float, point)
    for value, true in zip(values, (math.sin(x), math.cos(x), x * y, x * math.exp(y)), strict=True):
        assert abs(float(value) - true) <= outcome.verdict.error_bound + Fraction(1, 10**12)


def test_anchors_that_a_later_layer_reads_start_with_the_negative_of_what_they_get() -> None:
    """Without those entries the transformer is another one, and the checker says so."""
    data = json.loads(built("exp(x)*sin(y)*cos(z)", "1e-6", ()).certificate)
    layer = data["subject"]["layers"][0]
    heads = layer["heads"] if isinstance(layer, dict) else layer
    results = {entry[0] for head in heads for entry in head["w_o"]}
    anchors = data["subject"]["anchors"]
    assert any(row in results for anchor in anchors for row, _ in anchor)
    data["subject"]["anchors"] = [[entry for entry in anchor if entry[0] not in results] for anchor in anchors]
    verdict = relucert.check(canonical(data))
    assert (verdict.status, verdict.rule) == ("rejected", "softmax")


def test_a_tolerance_beyond_reach_names_what_was_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchors, "COUNTS", (2, 4))
    problem = relucert.make_problem(target="square", tolerance=Fraction("1e-8"), domain={"x": UNIT}, route="native")
    with pytest.raises(
        UnreachableError,
        match=r"at most 4 anchors reaches about .*e-05 .*\(an estimate\), not 1e-8; it would take about \d+",
    ):
        relucert.build(problem)


def test_a_function_with_too_many_anchors_is_refused_with_its_name_and_size() -> None:
    problem = relucert.make_problem("x*sin(30*y)", Fraction("1e-3"), route="native")
    with pytest.raises(
        UnreachableError, match=r"for sin\(30\*y\) here .* it would take about \d+ anchors .an estimate"
    ):
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
    rows = error_budget(built("multiply", "1e-3", ()).verdict.certificate)
    assert [name for name, _ in rows] == ["approximation", "leak"]
    assert sum(part for _, part in rows) == built("multiply", "1e-3", ()).verdict.error_bound
