"""Truth: the transformer itself, at high precision, against the exact target."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from relucert.errors import UnreachableError
from relucert.loaded import load
from relucert.transformer.evaluate import context, evaluate, exact
from relucert.transformer.model import Transformer
from tests import cases, independent
from tests.cases import Case, Point

WORK = 8_000  # nonzero weights read per case, about
DIGITS_BEYOND = 40


def working_digits(case: Case, transformer: Transformer, box: tuple[tuple[Fraction, Fraction], ...]) -> int:
    """At least 40 digits more than the tolerance has, and more for large weights, large inputs and deep chains."""
    weights = [abs(w) for head in transformer.heads for m in (head.w_q, head.w_o) for _, _, w in m.entries]
    large = max([Fraction(1), *weights, *(abs(end) for side in box for end in side)])
    size = len(str(large.numerator // large.denominator))
    return DIGITS_BEYOND + max(0, -math.floor(math.log10(case.tolerance))) + 3 * size + len(transformer.layers)


def observed_error(case: Case, transformer: Transformer, point: Point, digits: int) -> Fraction:
    ctx, truth = context(digits), case.truth(point)
    (value,) = evaluate(transformer, point, ctx)
    distance = abs(value - ctx.mpf(truth.numerator) / truth.denominator)
    return exact(distance) if distance > ctx.mpf(10) ** -digits else Fraction(0)  # exp(-10^20) has no short fraction


def places(case: Case, certificate: bytes, box: tuple[tuple[Fraction, Fraction], ...], count: int) -> list[Point]:
    """Corners, a grid, random rational points, and exact zeros of the neurons on lines through the box."""
    points = cases.corners(box) + cases.grid(box, count) + cases.scattered(box, count, case.id)
    ends = cases.scattered(box, 2, case.id + " lines")
    for start, end in ((cases.corners(box)[0], cases.corners(box)[-1]), (ends[0], ends[1])):
        points += independent.breakpoints(certificate, start, end, 16, count)
    return list(dict.fromkeys(points))


def assert_true(case: Case) -> None:
    outcome = cases.outcome(case)
    bound = outcome.verdict.error_bound
    assert outcome.verdict.status == "accepted"
    assert bound is not None
    assert 0 <= bound <= case.tolerance

    transformer = load(outcome.verdict).transformer
    box = outcome.problem.domain
    size = 1 + sum(len(m.entries) for h in transformer.heads for m in (h.w_q, h.w_k, h.w_v, h.w_o))
    digits = working_digits(case, transformer, box)
    count = max(3, min(16, WORK // size // (1 + digits // 100)))
    rounding = case.tolerance / 10**30  # of the evaluation, which has 40 digits more; some bounds are exactly zero
    for point in places(case, outcome.certificate, box, count):
        error = observed_error(case, transformer, point, digits)
        assert error <= bound + rounding, f"at {', '.join(map(str, point))} the error is {float(error):.3e}"


@pytest.mark.parametrize("case", cases.parameters(cases.CASES))
def test_transformer_stays_within_the_certified_bound(case: Case) -> None:
    assert_true(case)


@pytest.mark.slow
@pytest.mark.parametrize("case", cases.parameters(cases.SLOW_CASES))
def test_transformer_stays_within_the_certified_bound_of_expensive_cases(case: Case) -> None:
    assert_true(case)


@pytest.mark.parametrize(
    "case",
    [
        Case("clip", "1e-3", (), args=(("lo", "1/2"), ("hi", "1/2"))),
        Case("reciprocal", "1e-3", (("1", "1.0000000000000000000000000000001"),)),
    ],
    ids=lambda case: case.id,
)
def test_extreme_requests_are_built_and_true(case: Case) -> None:
    assert_true(case)


def test_a_huge_box_is_built() -> None:
    from relucert import pipeline

    outcome = cases.outcome(Case("multiply", "1e-3", (("-1e200", "1e200"), ("-1e200", "1e200"))))
    assert pipeline.check_bytes(outcome.certificate).status == "accepted"


def test_a_box_beyond_what_can_be_planned_is_called_unreachable() -> None:
    with pytest.raises(UnreachableError):
        cases.outcome(Case("reciprocal", "1e-3", (("1e-300", "1"),)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "case",
    [Case("reciprocal", "1e-6", (box,), "layers") for box in (cases.QUARTER, cases.NEGATIVE)],
    ids=lambda case: case.id,
)
def test_reciprocal_in_fewest_layers_is_built_and_true(case: Case) -> None:
    assert_true(case)


def test_every_case_with_gates_is_evaluated_at_breakpoints() -> None:
    for case in cases.FEW:
        outcome = cases.outcome(case)
        box = outcome.problem.domain
        ends = cases.corners(box) if len(box) == 1 else cases.scattered(box, 2, case.id + " lines")
        start, end = ends
        found = independent.breakpoints(outcome.certificate, start, end, 16, 50)
        assert found, case.id
        data = independent.json.loads(outcome.certificate)["lemmas"]["networks"][0]
        for point in found:
            assert 0 in independent.pre_activations(data, point)[0]


def test_a_bound_one_tenth_smaller_would_be_false_for_the_product_at_1e_3() -> None:
    """The truth test can fail: the largest error seen is within a tenth of the bound."""
    case = Case("multiply", "1e-3")
    outcome = cases.outcome(case)

    transformer = load(outcome.verdict).transformer
    errors = [
        observed_error(case, transformer, (Fraction(a, 64), Fraction(b, 64)), 60)
        for a in range(-4, 5)
        for b in range(-4, 5)
    ]
    assert max(errors) > outcome.verdict.error_bound * Fraction(9, 10)
