"""Elementary functions: real transformers against mpmath, sizes that were promised, and what is out of reach."""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import pytest

import relucert
from relucert.errors import UnreachableError
from relucert.exact.number import parse_number
from relucert.loaded import load
from relucert.relu.fit import curvature, fitted, spaced
from relucert.relu.network import evaluate_exactly
from relucert.summary import summarise
from relucert.transformer.evaluate import context, evaluate

Box = tuple[tuple[str, str], ...]


def gelu(c: Any, x: Any) -> Any:
    return x * (1 + c.erf(x / c.sqrt(2))) / 2


TRUTH: dict[str, Callable[..., Any]] = {
    "exp(x)": lambda c, x: c.exp(x),
    "sin(x)": lambda c, x: c.sin(x),
    "cos(x)": lambda c, x: c.cos(x),
    "sqrt(x)": lambda c, x: c.sqrt(x),
    "log(x)": lambda c, x: c.log(x),
    "tanh(x)": lambda c, x: c.tanh(x),
    "sigmoid(x)": lambda c, x: 1 / (1 + c.exp(-x)),
    "gelu(x)": gelu,
    "softplus(x)": lambda c, x: c.log(1 + c.exp(x)),
    "x^(3/2)": lambda c, x: c.sqrt(x) ** 3,
    "x^(-1/3)": lambda c, x: 1 / c.cbrt(x),
    "erf(2*x - 1)": lambda c, x: c.erf(2 * x - 1),
    "exp(1)*x + sin(2)": lambda c, x: c.e * x + c.sin(2),
    "log(1 + x^2)": lambda c, x: c.log(1 + x * x),
    "sqrt(1 - x^2)": lambda c, x: c.sqrt(1 - x * x),
    "x*exp(y)": lambda c, x, y: x * c.exp(y),
    "sigmoid(3*x - 2*y)": lambda c, x, y: 1 / (1 + c.exp(2 * y - 3 * x)),
    "sqrt(x^2 + y^2 + 1/10)": lambda c, x, y: c.sqrt(x * x + y * y + c.mpf(1) / 10),
    "sqrt(x^2 + y^2)": lambda c, x, y: c.sqrt(x * x + y * y),
    "max(exp(x), y)*sin(y)": lambda c, x, y: max(c.exp(x), y) * c.sin(y),
    "exp(x*y)": lambda c, x, y: c.exp(x * y),
    "log(1 + x^2 + y^2)": lambda c, x, y: c.log(1 + x * x + y * y),
    "sqrt(2 + x*y)": lambda c, x, y: c.sqrt(2 + x * y),
    "exp(x*y)/(2 + cos(x))": lambda c, x, y: c.exp(x * y) / (2 + c.cos(x)),
    "piecewise(x < 0: exp(x), else: 1 + x)": lambda c, x: c.exp(x) if x < 0 else 1 + x,
}
ONE, PERIOD, QUARTER, FOUR = (("-1", "1"),), (("-22/7", "22/7"),), (("1/4", "4"),), (("-4", "4"),)
SQUARE = (("-1", "1"), ("-1", "1"))

QUICK: list[tuple[str, str, Box, str]] = [
    ("exp(x)", "1e-3", ONE, "heads"),
    ("exp(x)", "1e-2", ONE, "layers"),
    ("exp(x)", "1e-20", ONE, "heads"),
    ("sin(x)", "1e-2", PERIOD, "heads"),
    ("cos(x)", "1e-2", (("5", "40"),), "heads"),
    ("sqrt(x)", "1e-3", QUARTER, "heads"),
    ("sqrt(x)", "1e-2", (("0", "1"),), "heads"),
    ("log(x)", "1e-3", QUARTER, "heads"),
    ("sigmoid(x)", "1e-2", (("-8", "8"),), "heads"),
    ("gelu(x)", "1e-2", FOUR, "heads"),
    ("softplus(x)", "1e-3", FOUR, "heads"),
    ("x^(3/2)", "1e-3", (("0", "1"),), "heads"),
    ("x^(-1/3)", "1e-3", (("1/8", "8"),), "heads"),
    ("erf(2*x - 1)", "1e-2", ONE, "heads"),
    ("exp(1)*x + sin(2)", "1e-6", ONE, "heads"),
    ("sqrt(1 - x^2)", "1e-2", ONE, "heads"),
    ("x*exp(y)", "1e-2", SQUARE, "heads"),
    ("sigmoid(3*x - 2*y)", "1e-2", SQUARE, "heads"),
    ("sqrt(x^2 + y^2 + 1/10)", "1e-2", SQUARE, "heads"),
    ("piecewise(x < 0: exp(x), else: 1 + x)", "1e-2", ONE, "heads"),
    ("exp(x)", "1e-1", (("0", "30"),), "heads"),  # too large for arcs
    ("exp(x*y)", "1e-14", SQUARE, "heads"),  # a polynomial of what is itself approximated
]
SLOW: list[tuple[str, str, Box, str]] = [
    *((f, eps, box, "heads") for eps in ("1e-6", "1e-9") for f, box in
      (("exp(x)", ONE), ("sin(x)", PERIOD), ("cos(x)", PERIOD), ("sqrt(x)", QUARTER), ("log(x)", QUARTER),
       ("softplus(x)", FOUR), ("gelu(x)", FOUR))),
    *((f, "1e-6", box, "heads") for f, box in (("tanh(x)", FOUR), ("sigmoid(x)", (("-8", "8"),)))),
    *((f, eps, box, "heads") for eps in ("1e-20", "1e-60") for f, box in
      (("exp(x)", ONE), ("sin(x)", PERIOD), ("cos(x)", PERIOD))),
    *((f, "1e-20", box, "heads") for f, box in
      (("sqrt(x)", QUARTER), ("log(x)", QUARTER), ("sigmoid(x)", (("-8", "8"),)))),
    ("sqrt(1 - x^2)", "1e-4", ONE, "heads"),
    *((f, "1e-60", box, "heads") for f, box in
      (("sqrt(x)", QUARTER), ("log(x)", QUARTER), ("softplus(x)", FOUR), ("gelu(x)", FOUR), ("tanh(x)", FOUR))),
    ("log(1 + x^2 + y^2)", "1e-30", SQUARE, "heads"),
    ("sqrt(2 + x*y)", "1e-60", SQUARE, "heads"),
    ("sqrt(x^2 + y^2)", "1e-2", SQUARE, "heads"),
    ("max(exp(x), y)*sin(y)", "1e-2", (("-1", "1"), ("0", "2")), "heads"),
    ("sin(x)", "1e-3", PERIOD, "heads"),
    ("tanh(x)", "1e-3", FOUR, "heads"),
    ("exp(x*y)/(2 + cos(x))", "1e-3", SQUARE, "heads"),
    ("log(1 + x^2)", "1e-4", (("-2", "2"),), "heads"),
]  # fmt: skip


@functools.cache
def outcome(target: str, eps: str, box: Box, objective: str) -> relucert.Outcome:
    domain = {n: (parse_number(lo), parse_number(hi)) for n, (lo, hi) in zip("xy", box, strict=False)}
    return relucert.build(relucert.make_problem(target, parse_number(eps), domain, objective=objective))


def assert_within_the_bound(target: str, eps: str, box: Box, objective: str) -> None:
    made = outcome(target, eps, box, objective)
    bound, tolerance = made.verdict.error_bound, parse_number(eps)
    assert made.verdict.status == "accepted"
    assert bound is not None
    assert bound <= tolerance
    assert all(row.formula_value in (None, row.counted) for row in summarise(made).resources)
    loaded = load(made.verdict)
    digits = 60 + 2 * len(str(tolerance.denominator)) + len(loaded.transformer.layers) // 2
    ctx = context(digits + 60)
    draw = random.Random(f"{target} {eps}")  # noqa: S311
    sides = made.problem.domain
    points = [tuple(lo + (hi - lo) * Fraction(k, 12) for lo, hi in sides) for k in range(13)]
    points += [tuple(lo + (hi - lo) * Fraction(draw.randrange(10**6), 10**6) for lo, hi in sides) for _ in range(12)]
    for point in points:
        truth = TRUTH[target](ctx, *(ctx.mpf(p.numerator) / p.denominator for p in point))
        (value,) = evaluate(loaded.transformer, point, ctx)
        assert abs(value - truth) <= ctx.mpf(bound.numerator) / bound.denominator
        assert loaded.network is not None
        relu = evaluate_exactly(loaded.network, point)[loaded.outputs[0]]
        assert (
            abs(ctx.mpf(relu.numerator) / relu.denominator - truth)
            <= ctx.mpf(tolerance.numerator) / tolerance.denominator
        )


def name(case: object) -> str:
    return "-".join(str(part) for part in case) if isinstance(case, tuple) else str(case)


@pytest.mark.parametrize("case", QUICK, ids=name)
def test_transformer_is_within_the_proved_bound_of_the_function(case: tuple[str, str, Box, str]) -> None:
    assert_within_the_bound(*case)


@pytest.mark.slow
@pytest.mark.parametrize("case", SLOW, ids=name)
def test_precise_transformer_is_within_the_proved_bound_of_the_function(case: tuple[str, str, Box, str]) -> None:
    assert_within_the_bound(*case)


@pytest.mark.parametrize(
    ("target", "box", "most"), [("exp(x)", ONE, 12), ("log(x)", QUARTER, 16), ("sqrt(x)", QUARTER, 10)]
)
def test_few_gates_do_at_a_thousandth(target: str, box: Box, most: int) -> None:
    assert outcome(target, "1e-3", box, "heads").verdict.resources["gates"] <= most


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "box", "most"), [("exp(x)", ONE, 70), ("sin(x)", PERIOD, 95), ("sqrt(x)", QUARTER, 105)]
)
def test_few_gates_do_at_a_billionth(target: str, box: Box, most: int) -> None:
    assert outcome(target, "1e-9", box, "heads").verdict.resources["gates"] <= most


@pytest.mark.parametrize("target", ["exp(x)", "sin(4*x)", "gelu(4*x)", "softplus(4*x)"])
def test_the_objective_layers_gets_one_layer(target: str) -> None:
    assert outcome(target, "1e-2", ONE, "layers").verdict.resources["layers"] == 1


def test_what_only_chords_could_reach_is_refused_with_the_size_they_would_have() -> None:
    problem = relucert.make_problem("x^(3/2)", Fraction(1, 10**20), {"x": (Fraction(0), Fraction(1))})
    with pytest.raises(UnreachableError, match=r"chords of .* would take about .* gates"):
        relucert.build(problem)


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("pieces", [3, 9])
def test_the_error_of_a_fit_is_what_it_says(order: int, pieces: int) -> None:
    ctx = mpmath.mp.clone()
    ctx.prec = 200
    lo, hi = Fraction(1, 4), Fraction(4)
    knots = spaced(ctx, ctx.log, curvature(ctx, ctx.log, lo, hi), lo, hi, pieces, order, 20)
    fit = fitted(ctx, ctx.log, knots, order, 1e-9)
    assert (fit.knots[0], fit.knots[-1]) == (lo, hi)
    worst = 0.0
    for i in range(pieces):
        for j in range(41):
            t, s = Fraction(j, 40), Fraction(j * (40 - j), 1600)
            x = fit.knots[i] + (fit.knots[i + 1] - fit.knots[i]) * t
            value = sum(s**k * ((1 - t) * table[i] + t * table[i + 1]) for k, table in enumerate(fit.tables))
            worst = max(
                worst,
                abs(
                    float(ctx.mpf(value.numerator) / value.denominator - ctx.log(ctx.mpf(x.numerator) / x.denominator))
                ),
            )
    assert 0.9 * fit.error <= worst <= 1.25 * fit.error


def test_min_and_max_of_one_comparison_share_a_gate() -> None:
    for target, gates in (("sort(x, y, z)", 3), ("median(a, b, c, d, e)", 8), ("max(x, y) - min(y, x)", 1)):
        made = relucert.build(relucert.make_problem(target, Fraction(1, 100)))
        assert made.verdict.resources["gates"] == gates
        loaded = load(made.verdict)
        assert loaded.network is not None
        draw = random.Random(target)  # noqa: S311
        for _ in range(20):
            point = [Fraction(draw.randrange(-9, 10), 9) for _ in made.problem.inputs]
            ordered = sorted(point)
            wanted = {3: ordered, 5: ordered[2:3], 2: [ordered[-1] - ordered[0]]}[len(point)]
            values = evaluate_exactly(loaded.network, point)
            assert [values[o] for o in loaded.outputs] == wanted


def tampered(change: Callable[[dict[str, Any]], None]) -> relucert.Verdict:
    data = json.loads(outcome("exp(x)", "1e-3", ONE, "heads").certificate)
    change(data)
    return relucert.check(json.dumps(data, sort_keys=True, separators=(",", ":")).encode() + b"\n")


def test_a_smaller_bound_or_a_coarser_proof_is_rejected() -> None:
    def smooth(data: dict[str, Any]) -> dict[str, Any]:
        (found,) = (step for step in data["trace"] if step["rule"] == "smooth")
        return found

    def tighter(data: dict[str, Any]) -> None:
        smooth(data)["conclusion"][3] = str(Fraction(smooth(data)["conclusion"][3]) * Fraction(99, 100))

    def coarser(data: dict[str, Any]) -> None:
        smooth(data)["args"]["order"] = 2

    def fewer(data: dict[str, Any]) -> None:
        knots = smooth(data)["args"]["knots"]
        del knots[len(knots) // 2]

    def wider(data: dict[str, Any]) -> None:
        data["statement"]["domain"][0][1] = "9/8"

    for change in (tighter, coarser, fewer):
        verdict = tampered(change)
        assert (verdict.status, verdict.rule) == ("rejected", "smooth")
    assert tampered(wider).status == "rejected"


@pytest.mark.parametrize("text", ["2*y-tanh(-1)", "log(1+1/4)+x*y", "sqrt(2)+clip(y,-1/2,1)", "sin(log(1+1/4))+y"])
def test_functions_of_constants_are_shown_to_be_defined(text: str) -> None:
    assert relucert.build(relucert.make_problem(text, Fraction(1, 100))).verdict.status == "accepted"


def test_another_function_in_the_statement_is_rejected() -> None:
    def swapped(data: dict[str, Any]) -> None:
        for node in data["statement"]["nodes"]:
            node[0] = "sin" if node[0] == "exp" else node[0]

    assert tampered(swapped).status == "rejected"


def test_another_weight_in_the_network_of_the_proof_is_rejected() -> None:
    def moved(data: dict[str, Any]) -> None:
        (network,) = data["lemmas"]["networks"]
        row = next(form for form in network["neurons"] if form[3])  # the first form that reads a gate
        row[3][0][1] = str(Fraction(row[3][0][1]) * Fraction(1001, 1000))

    assert tampered(moved).status == "rejected"


@pytest.mark.parametrize("text", ["log(exp(x))", "exp(x)*exp(-x)", "exp(log(2+x)-log(2+x))+y"])
def test_functions_that_come_out_straight_take_no_gates(text: str) -> None:
    made = relucert.build(relucert.make_problem(text, Fraction(1, 100)))
    assert made.verdict.status == "accepted"
    assert made.verdict.resources["gates"] == 0
    assert (
        len(made.certificate) < 100_000
    )  # cells were halved until even rounding was proved to be small: 16,000 of them
