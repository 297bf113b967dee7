"""Roots of what comes to zero: real transformers against mpmath near zero and far from it, sizes, and forgeries."""

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
from relucert.loaded import load
from relucert.relu.constructions.root import Root, bernstein, knots
from relucert.relu.network import evaluate_exactly
from relucert.transformer.evaluate import context, evaluate

Box = tuple[tuple[int | Fraction, int | Fraction], ...]
UNIT: Box = ((0, 1),)
QUARTER: Box = ((Fraction(1, 4), 4),)
SQUARE: Box = ((-1, 1), (-1, 1))

TRUTH: dict[str, Callable[..., Any]] = {
    "sqrt(x)": lambda c, x: c.sqrt(x),
    "sqrt(1-x)": lambda c, x: c.sqrt(1 - x),
    "x^(1/3)": lambda c, x: c.cbrt(x),
    "x^(2/3)": lambda c, x: c.cbrt(x) ** 2,
    "sqrt(1-x^2)": lambda c, x: c.sqrt(1 - x * x),
    "sqrt(x^2+y^2)": lambda c, x, y: c.sqrt(x * x + y * y),
    "exp(sqrt(x))": lambda c, x: c.exp(c.sqrt(x)),
}
# target, eps, box, gates
QUICK = (("sqrt(x)", "1e-5", UNIT, 139), ("sqrt(x)", "1e-9", UNIT, 263), ("sqrt(x)", "1e-20", QUARTER, 414))
SLOW = (
    ("sqrt(x)", "1e-6", UNIT, 169),
    ("sqrt(x)", "1e-12", UNIT, 370),
    ("sqrt(x)", "1e-60", UNIT, 2914),
    ("sqrt(x)", "1e-60", QUARTER, 1914),
    ("sqrt(1-x)", "1e-9", SQUARE[:1], 267),
    ("x^(1/3)", "1e-6", UNIT, 268),
    ("x^(2/3)", "1e-9", UNIT, 282),
    ("sqrt(1-x^2)", "1e-6", SQUARE[:1], 195),
    ("sqrt(x^2+y^2)", "1e-9", SQUARE, 338),
    ("exp(sqrt(x))", "1e-6", UNIT, 212),
)


@functools.cache
def outcome(target: str, eps: str, box: Box) -> relucert.Outcome:
    domain = {name: (Fraction(lo), Fraction(hi)) for name, (lo, hi) in zip("xy", box, strict=False)}
    return relucert.build(relucert.make_problem(target, Fraction(eps), domain))


def points(box: Box, eps: Fraction, seed: str) -> list[tuple[Fraction, ...]]:
    """Ends, places that crowd at both ends of every side, on the scale of eps^2 too, and random ones."""
    draw = random.Random(seed)  # noqa: S311
    near = [Fraction(0), eps**3, eps**2 / 16, eps**2, eps, Fraction(1, 3), Fraction(1)]
    shares = near + [1 - k for k in near]
    shares += [Fraction(draw.randrange(1, 2**20), 2 ** (20 + draw.randrange(60))) for _ in range(12)]
    return [
        tuple(Fraction(lo) + (hi - lo) * (share if k == 0 else draw.choice(shares)) for k, (lo, hi) in enumerate(box))
        for share in shares
    ]


def assert_a_root_within_its_bound(target: str, eps: str, box: Box, gates: int) -> None:
    made = outcome(target, eps, box)
    assert made.verdict.status == "accepted"
    assert made.verdict.resources["gates"] == gates
    assert "powers" in made.verdict.families
    assert made.verdict.error_bound is not None
    loaded = load(made.verdict)
    assert loaded.network is not None
    tolerance = Fraction(eps)
    scale = made.verdict.resources["inverse_temperature"].numerator
    ctx = context(60 + 3 * len(str(tolerance.denominator)) + len(str(scale)) + len(loaded.transformer.layers) // 2)
    places = points(box, tolerance, target)
    for number, point in enumerate(places):
        truth = TRUTH[target](ctx, *(ctx.mpf(p.numerator) / p.denominator for p in point))
        relu = evaluate_exactly(loaded.network, point)[loaded.outputs[0]]
        assert abs(ctx.mpf(relu.numerator) / relu.denominator - truth) <= ctx.mpf(eps)
        if number % 4 == 0:
            (value,) = evaluate(loaded.transformer, point, ctx)
            bound = made.verdict.error_bound
            assert abs(value - truth) <= ctx.mpf(bound.numerator) / bound.denominator


@pytest.mark.parametrize(("target", "eps", "box", "gates"), QUICK)
def test_a_root_is_within_its_bound_on_every_scale(target: str, eps: str, box: Box, gates: int) -> None:
    assert_a_root_within_its_bound(target, eps, box, gates)


@pytest.mark.slow
@pytest.mark.parametrize(("target", "eps", "box", "gates"), SLOW)
def test_precise_and_composed_roots_are_within_their_bounds(target: str, eps: str, box: Box, gates: int) -> None:
    assert_a_root_within_its_bound(target, eps, box, gates)


def test_gates_grow_with_the_digits_where_chords_grow_with_the_root_of_the_tolerance() -> None:
    """Chords of sqrt on [0, 1] took 216 gates at 1e-5, 698 at 1e-6, and so about 22,000 at 1e-9."""
    digits = {5: 139, 9: 263, 20: 738}
    assert [outcome("sqrt(x)", f"1e-{k}", UNIT).verdict.resources["gates"] for k in digits] == list(digits.values())


def test_chords_stay_where_they_take_fewer_gates() -> None:
    made = outcome("sqrt(x)", "1e-3", UNIT)
    assert made.plan.construction == "arcs"
    assert made.verdict.resources["gates"] == 19


def test_the_objective_decides_between_a_deep_root_and_shallow_chords() -> None:
    problem = relucert.make_problem(
        "sqrt(x)", Fraction(1, 10**5), {"x": (Fraction(0), Fraction(1))}, objective="layers"
    )
    made = relucert.build(problem)
    assert made.plan.construction == "arcs"
    assert made.verdict.resources["layers"] <= 2


def test_bernstein_coefficients_enclose_the_normalised_argument() -> None:
    """w = x z^n at many places of every piece, by mpmath from the rounded knots and values."""
    for n in (2, 3, 5):
        places, values = knots(Fraction(1, 10**9), Fraction(3, 7), 20, n)
        cells, lo, hi = bernstein(places, values, n, 2)
        assert (cells[0], cells[-1], len(cells)) == (places[0], places[-1], 41)
        found = []
        for (p, v), (q, w) in zip(
            zip(places, values, strict=True), list(zip(places, values, strict=True))[1:], strict=False
        ):
            for k in range(17):
                t = Fraction(k, 16)
                found.append((p + (q - p) * t) * (v + (w - v) * t) ** n)
        assert lo <= min(found)
        assert max(found) <= hi <= max(found) * Fraction(11, 10)
        for p, v in zip(places, values, strict=True):
            assert float(v) == pytest.approx(float(p) ** (-1 / n), rel=1e-4)


def tampered(change: Callable[[dict[str, Any]], None]) -> relucert.Verdict:
    data = json.loads(outcome("sqrt(x)", "1e-5", UNIT).certificate)
    change(data)
    return relucert.check(json.dumps(data, sort_keys=True, separators=(",", ":")).encode() + b"\n")


def step(data: dict[str, Any], rule: str) -> dict[str, Any]:
    return next(found for found in data["trace"] if found["rule"] == rule)


def test_forged_roots_are_rejected() -> None:
    def without_positivity(data: dict[str, Any]) -> None:
        del step(data, "powers")["premises"][0]

    def another_exponent(data: dict[str, Any]) -> None:
        found = step(data, "powers")
        terms = data["lemmas"]["terms"]
        place = found["args"]["right"] - len(data["statement"]["nodes"])
        terms[place][2] = "1/3"

    def another_core(data: dict[str, Any]) -> None:
        for term in data["lemmas"]["terms"]:
            if term[0] == "power" and term[2] == "-1/2":
                term[2] = "-1/3"

    def tighter(data: dict[str, Any]) -> None:
        found = step(data, "lipschitz")
        found["conclusion"][3] = str(Fraction(found["conclusion"][3]) * Fraction(99, 100))

    def wider(data: dict[str, Any]) -> None:
        data["statement"]["domain"][0][1] = "9/8"

    def below_zero(data: dict[str, Any]) -> None:
        data["statement"]["domain"][0][0] = "-1/1000000000000000000000000"

    verdict = tampered(without_positivity)
    assert (verdict.status, verdict.rule) == ("rejected", "powers")
    assert tampered(lambda data: None).status == "accepted"
    for change in (another_exponent, another_core, wider, below_zero):
        assert tampered(change).status == "rejected"
    verdict = tampered(tighter)
    assert (verdict.status, verdict.rule) == ("rejected", "lipschitz")


def test_the_plan_of_a_root_counts_its_gates_and_layers() -> None:
    made = outcome("sqrt(x)", "1e-5", UNIT)
    (plan,) = made.plan.recipes
    assert isinstance(plan, Root)
    assert plan.gates == made.verdict.resources["gates"]
    assert plan.layers >= made.verdict.resources["layers"]
    assert plan.least is not None
    assert mpmath.sqrt(float(plan.least)) < 1e-5
