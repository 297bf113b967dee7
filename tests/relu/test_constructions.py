"""The ReLU networks in certificates, evaluated exactly, are what the formulas say."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from fractions import Fraction

import pytest

import relucert
from relucert.summary import error_budget
from tests import cases, independent
from tests.cases import Case

UNIT_SQUARES = tuple(
    Case("square", eps, objective=o, proof="adjoint") for eps in ("1e-1", "1e-3", "1e-6") for o in ("heads", "weight")
)


def hat(t: Fraction) -> Fraction:
    return 1 - abs(2 * t - 1)


def sawtooth_square(t: Fraction, m: int) -> Fraction:
    """t - sum_(k=1..m) 4^-k g^k(t) - 2^(-2m-3), g the hat: the closed formula."""
    total, wave = t, t
    for k in range(1, m + 1):
        wave = hat(wave)
        total -= wave / 4**k
    return total - Fraction(1, 2 ** (2 * m + 3))


@pytest.mark.parametrize("case", cases.parameters(UNIT_SQUARES))
def test_folded_square_equals_the_closed_sawtooth_formula(case: Case) -> None:
    outcome = cases.outcome(case)
    m = dict(outcome.plan.parameters)["m"]
    for point in cases.scattered(outcome.problem.domain, 40, case.id) + cases.grid(outcome.problem.domain, 33):
        assert independent.network_value(outcome.certificate, point) == sawtooth_square(point[0], m)


@pytest.mark.parametrize("case", cases.parameters(UNIT_SQUARES))
def test_error_of_the_square_is_exactly_attained(case: Case) -> None:
    """At k/2^m the network is 2^(-2m-3) below the square, half way between as much above, nowhere more."""
    outcome = cases.outcome(case)
    m = dict(outcome.plan.parameters)["m"]
    error = Fraction(1, 2 ** (2 * m + 3))
    for k in {0, 1, 2**m // 2, 2**m - 1, 2**m}:
        x = Fraction(k, 2**m)
        assert independent.network_value(outcome.certificate, (x,)) - x * x == -error
        if k < 2**m:
            x += Fraction(1, 2 ** (m + 1))
            assert independent.network_value(outcome.certificate, (x,)) - x * x == error
    proved = dict(error_budget(outcome.verdict.certificate))["approximation"]
    assert error <= proved <= error * (1 + Fraction(1, 10**10))


@pytest.mark.parametrize(
    "case",
    cases.parameters(
        (
            Case("square", "1e-3", (("-3", "7/3"),), proof="adjoint"),
            Case("square", "1e-3", (("-1", "1"),), proof="adjoint"),
            Case("square", "1e-6", (("1000", "1001"),), proof="adjoint"),
        )
    ),
)
def test_square_on_any_interval_is_the_unit_square_rescaled(case: Case) -> None:
    outcome = cases.outcome(case)
    ((lo, hi),) = outcome.problem.domain
    m, width = dict(outcome.plan.parameters)["m"], hi - lo
    for (x,) in cases.scattered(outcome.problem.domain, 25, case.id):
        t = (x - lo) / width
        expected = lo * lo + 2 * lo * width * t + width * width * sawtooth_square(t, m)
        assert independent.network_value(outcome.certificate, (x,)) == expected
    proved, error = (
        dict(error_budget(outcome.verdict.certificate))["approximation"],
        width**2 / 2 ** (2 * m + 3),
    )
    assert error <= proved <= error * (1 + Fraction(1, 10**10))


@pytest.mark.parametrize(
    "case",
    cases.parameters(
        (
            Case("multiply", "1e-1", proof="adjoint"),
            Case("multiply", "1e-3", proof="adjoint"),
            Case("multiply", "7/1000", (("-1", "1"), ("0", "1/3")), "layers", proof="adjoint"),
            Case("multiply", "1e-3", (("1/3", "7/2"), ("-5", "2/7")), proof="adjoint"),
            Case("multiply", "1e-3", (("1/3", "7/2"), ("-5", "2/7")), "weight", proof="adjoint"),
        )
    ),
)
def test_product_is_four_times_a_difference_of_sawtooth_squares(case: Case) -> None:
    outcome = cases.outcome(case)
    (xl, xh), (yl, yh) = outcome.problem.domain
    cx, hx, cy, hy = (xl + xh) / 2, (xh - xl) / 2, (yl + yh) / 2, (yh - yl) / 2
    m1, m2 = (dict(outcome.plan.parameters)[name] for name in ("m1", "m2"))
    for x, y in cases.scattered(outcome.problem.domain, 25, case.id):
        a, b = (x - cx) / hx, (y - cy) / hy
        plus, minus = (a + b) / 4 + Fraction(1, 2), (a - b) / 4 + Fraction(1, 2)
        product = 4 * (sawtooth_square(plus, m1) - sawtooth_square(minus, m2)) - 4 * (plus - minus)
        assert independent.network_value(outcome.certificate, (x, y)) == hx * hy * product + cy * x + cx * y - cx * cy
    proved = dict(error_budget(outcome.verdict.certificate))["approximation"]
    exact = hx * hy * (Fraction(1, 2 ** (2 * m1 + 1)) + Fraction(1, 2 ** (2 * m2 + 1)))
    assert exact <= proved <= exact * (1 + Fraction(1, 10**10))


def test_error_of_the_product_is_exactly_attained() -> None:
    """x + y = 2 k / 2^(m-1) - 2 makes one square worst low; a shift of half a piece makes the other worst high."""
    outcome = cases.outcome(Case("multiply", "1e-3"))
    parameters = dict(outcome.plan.parameters)
    assert parameters == {"m1": 5, "m2": 5}
    step = Fraction(1, 2**5)
    plus, minus = 20 * step + step / 2, 12 * step  # (A + B)/4 + 1/2 and (A - B)/4 + 1/2
    x, y = 2 * (plus + minus) - 2, 2 * (plus - minus)
    error = independent.network_value(outcome.certificate, (x, y)) - x * y
    assert error == Fraction(1, 2**11) + Fraction(1, 2**11)


CANCELLING = (
    ("relu(x)^2", lambda x, y: max(x, 0) ** 2),
    ("piecewise(x < 0: -x, else: x^2)", lambda x, y: -x if x < 0 else x * x),
    ("(2*relu(x)+1)^2", lambda x, y: (2 * max(x, 0) + 1) ** 2),
    ("clip(x,0,1)*clip(y,-1,1)", lambda x, y: max(x, 0) * y),
    ("(relu(x)-1/2+y/2)*(relu(x)-1/2-y/2)", lambda x, y: (max(x, 0) - Fraction(1, 2)) ** 2 - y * y / 4),
    ("relu(x)*relu(y)-relu(x)^2", lambda x, y: max(x, 0) * max(y, 0) - max(x, 0) ** 2),
)


@pytest.mark.parametrize(("text", "value"), CANCELLING, ids=[text for text, _ in CANCELLING])
def test_products_of_neurons_that_need_no_scaling(text: str, value: Callable[[Fraction, Fraction], Fraction]) -> None:
    """What is to be squared may be a neuron as it is, or become one where terms cancel."""
    outcome = relucert.build(relucert.make_problem(text, Fraction(1, 100)))
    for point in cases.grid(outcome.problem.domain, 33):
        x, y = (*point, Fraction(0))[:2]
        assert abs(independent.network_value(outcome.certificate, point) - value(x, y)) <= Fraction(1, 100)


ONE_GATE = (
    ("max(x,y)-3*min(x,y)", lambda x, y: max(x, y) - 3 * min(x, y)),
    ("max(x,y)-min(y,x)", lambda x, y: abs(x - y)),
    ("abs(x)+relu(-x)", lambda x, y: abs(x) + max(-x, 0)),
    ("piecewise(1/2 > x: 3*x, else: x+1)", lambda x, y: 3 * x if x < Fraction(1, 2) else x + 1),
)


@pytest.mark.parametrize(("text", "value"), ONE_GATE, ids=[text for text, _ in ONE_GATE])
def test_extrema_of_one_comparison_share_its_gate(text: str, value: Callable[[Fraction, Fraction], Fraction]) -> None:
    outcome = relucert.build(relucert.make_problem(text, Fraction(1, 100)))
    assert outcome.verdict.resources["gates"] == 1
    for point in cases.grid(outcome.problem.domain, 33):
        x, y = (*point, Fraction(0))[:2]
        assert independent.network_value(outcome.certificate, point) == value(x, y)


EXACT = tuple(
    case
    for case in cases.CASES
    if case.target in ("max", "min", "abs", "clip") and case.eps == "1e-3" and case.objective == "heads"
)


@pytest.mark.parametrize("case", cases.parameters(EXACT))
def test_extrema_abs_and_clip_are_exact(case: Case) -> None:
    outcome = cases.outcome(case)
    box = outcome.problem.domain
    points = cases.corners(box) + cases.grid(box, 30) + cases.scattered(box, 30, case.id)
    points += [tuple(Fraction(1, 3) for _ in box)]  # a tie of all inputs, inside or outside the box: still exact
    for point in points:
        assert independent.network_value(outcome.certificate, point) == case.truth(point)
    assert dict(error_budget(outcome.verdict.certificate))["approximation"] == 0


@pytest.mark.parametrize(
    "case",
    cases.parameters(tuple(Case("reciprocal", "1e-3", (box,), "layers") for box in (cases.QUARTER, cases.NEGATIVE))),
)
def test_chords_interpolate_at_every_knot_but_for_the_centring_shift(case: Case) -> None:
    outcome = cases.outcome(case)
    assert outcome.plan.construction == "chords"
    ((lo, hi),) = outcome.problem.domain
    data = independent.json.loads(outcome.certificate)
    (knots,) = [[Fraction(k) for k in s["args"]["knots"]] for s in data["trace"] if s["rule"] == "pieces"]
    assert (knots[0], knots[-1]) == (lo, hi)
    assert knots == sorted(set(knots))
    approximation = dict(error_budget(outcome.verdict.certificate))["approximation"]
    sign = 1 if lo > 0 else -1
    for p, q in itertools.pairwise(knots):
        at_p, at_q = (independent.network_value(outcome.certificate, (k,)) for k in (p, q))
        assert (at_p, at_q) == (1 / p - sign * approximation, 1 / q - sign * approximation)
        third = p + (q - p) / 3
        assert independent.network_value(outcome.certificate, (third,)) == at_p + (at_q - at_p) / 3
        worst = Fraction(sign * math.isqrt(int(p * q * 10**40)), 10**20)  # near sqrt(p q), where the gap is largest
        assert abs(independent.network_value(outcome.certificate, (worst,)) - 1 / worst) <= approximation


@pytest.mark.parametrize(
    "case", cases.parameters(tuple(c for c in cases.CASES if c.target == "reciprocal" and c.eps != "1e-60"))
)
def test_reciprocal_network_is_within_the_approximation_row(case: Case) -> None:
    outcome = cases.outcome(case)
    approximation = dict(error_budget(outcome.verdict.certificate))["approximation"]
    box = outcome.problem.domain
    for point in cases.scattered(box, 15, case.id) + cases.corners(box):
        assert abs(independent.network_value(outcome.certificate, point) - 1 / point[0]) <= approximation


@pytest.mark.parametrize("case", cases.parameters(cases.CASES[::4] + cases.FEW))
def test_rows_of_the_error_budget_sum_to_the_bound(case: Case) -> None:
    outcome = cases.outcome(case)
    rows = error_budget(outcome.verdict.certificate)
    names = [name for name, _ in rows]
    assert names in (["approximation", "gates", "leak"], ["approximation and gates", "leak"])
    assert (len(names) == 2) == ("sawtooth_gated" in {step.rule for step in outcome.verdict.certificate.trace})
    assert sum(part for _, part in rows) == outcome.verdict.error_bound
    assert all(part >= 0 for _, part in rows)


@pytest.mark.parametrize(
    ("text", "lo", "hi", "eps"),
    [("1/x", 1, 1000, "1/10"), ("1/x", -400, -1, "1/100"), ("1/(2 + x^2)", -14, 14, "1/37")],
)
def test_centred_chords_may_cross_zero_far_out(text: str, lo: int, hi: int, eps: str) -> None:
    problem = relucert.make_problem(text, Fraction(eps), {"x": (Fraction(lo), Fraction(hi))})
    outcome = relucert.build(problem)
    assert outcome.verdict.status == "accepted"
    values = {x: independent.network_value(outcome.certificate, (Fraction(x),)) for x in range(lo, hi + 1)}
    for x, value in values.items():
        assert abs(value - (Fraction(1, x) if text == "1/x" else Fraction(1, 2 + x * x))) <= Fraction(eps)
    far = max(values, key=abs)
    assert values[far] * far <= 0 if text == "1/x" else values[far] < 0


def test_a_denominator_that_is_approximated_too_coarsely_is_approximated_again() -> None:
    """A tenth of the output is 2 of the inner denominator, which must not come to zero."""
    box = {"x": (Fraction(-1), Fraction(1))}
    outcome = relucert.build(relucert.make_problem("1/(2 + 1/(2 + x^4)^2)", Fraction(1, 10), box, objective="layers"))
    for k in range(-50, 51):
        x = Fraction(k, 50)
        exact = 1 / (2 + 1 / (2 + x**4) ** 2)
        assert abs(independent.network_value(outcome.certificate, (x,)) - exact) <= Fraction(1, 10)
