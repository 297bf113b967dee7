"""The route anchors: resources, bounds against an independent evaluation, and why it does not apply."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

import pytest

import relucert
from relucert.errors import UnreachableError, UsageError
from relucert.loaded import load
from relucert.summary import error_budget
from relucert.transformer.evaluate import context, evaluate, exact
from tests.independent import sequence


def build(target: str, eps: str, **asked: object) -> relucert.Outcome:
    return relucert.build(relucert.make_problem(target=target, tolerance=Fraction(eps), route="anchors", **asked))


TRUTH = {
    "multiply": lambda x, y: x * y,
    "abs": abs,
    "min": min,
    "x*y; abs(x - y)": lambda x, y: (x * y, abs(x - y)),
    "3*x": lambda x: 3 * x,
    "1/(2+x*y)": lambda x, y: 1 / (2 + x * y),
}
REACH = [
    ("multiply", "1e-1", {"layers": 3, "heads": 6, "tokens": 8, "d_head": 2}),
    ("abs", "1e-2", {"layers": 1, "heads": 1, "tokens": 14}),
    ("min", "1e-2", {"layers": 1, "heads": 1, "tokens": 14}),
    ("3*x", "1e-3", {"layers": 0, "tokens": 2}),
    ("x*y; abs(x - y)", "1/5", {"heads": 5, "tokens": 20}),
    ("1/(2+x*y)", "1/10", {"tokens": 100}),
]


@pytest.mark.parametrize(("target", "eps", "most"), REACH)
def test_resources_and_truth(target: str, eps: str, most: dict[str, int]) -> None:
    outcome = build(target, eps)
    assert outcome.verdict.status == "accepted"
    assert {name: value for name, value in outcome.verdict.resources.items() if value > most.get(name, value)} == {}
    assert outcome.verdict.error_bound <= Fraction(eps)
    draw = random.Random(5)  # noqa: S311
    for _ in range(6):
        point = [lo + (hi - lo) * Fraction(draw.randint(0, 64), 64) for lo, hi in outcome.problem.domain]
        (values,) = sequence(outcome.certificate, [point], 40)
        true = TRUTH[target](*point)
        for value, wanted in zip(values, true if isinstance(true, tuple) else (true,), strict=True):
            assert abs(Fraction(str(value)) - wanted) <= outcome.verdict.error_bound + Fraction(1, 10**30)


def test_the_kink_of_abs_is_off_by_nearly_what_is_proved() -> None:
    outcome = build("abs", "1e-2")
    ((value,),) = sequence(outcome.certificate, [[Fraction(0)]], 40)
    assert abs(Fraction(str(value))) > Fraction(98, 100) * outcome.verdict.error_bound


def test_the_error_budget_charges_the_interpolation_to_the_gates() -> None:
    outcome = build("multiply", "1e-1")
    rows = dict(error_budget(outcome.verdict.certificate))
    assert rows["leak"] == 0
    assert rows["gates"] > 0
    assert sum(rows.values()) == outcome.verdict.error_bound


@pytest.mark.parametrize(
    ("target", "eps", "asked", "why"),
    [
        ("multiply", "1e-6", {}, r"it would take \d{3},\d{3} anchors; at most 20,000"),
        ("multiply", "1e-3", {"sequence": {"length": "4"}}, "single data token"),
        ("max", "1e-3", {"sequence": {"length": "4", "layout": "one-per-token"}}, "single data token"),
    ],
)
def test_where_it_does_not_apply_the_reason_has_the_predicted_size(
    target: str, eps: str, asked: dict[str, object], why: str
) -> None:
    with pytest.raises(UnreachableError, match=why):
        build(target, eps, **asked)


def test_anchors_halve_when_the_tolerance_doubles() -> None:
    tokens = [build("abs", eps).verdict.resources["tokens"] for eps in ("1/100", "1/200", "1/400")]
    gaps = [count - 1 for count in tokens]  # P
    assert [abs(b - 2 * a) <= 1 for a, b in pairwise(gaps)] == [True, True]


def test_the_published_bound_takes_sixteen_times_the_anchors_of_our_own() -> None:
    ours, theirs = (
        relucert.build(relucert.make_problem("abs", Fraction(1, 100), route="anchors", proof=proof))
        for proof in ("direct", "stated")
    )
    assert theirs.verdict.status == "accepted"
    assert {step.rule for step in theirs.verdict.certificate.trace} >= {"anchor_gates_stated"}
    ratio = Fraction(theirs.resources.tokens, ours.resources.tokens)
    assert 14 < ratio < 18
    transformer = load(theirs.verdict).transformer
    for x in (Fraction(-1), Fraction(-1, 333), Fraction(1, 1000), Fraction(2, 7), Fraction(1)):
        (value,) = evaluate(transformer, [x], context(60))
        assert abs(exact(value) - abs(x)) <= theirs.verdict.error_bound


def test_the_published_bound_is_for_anchors_alone() -> None:
    with pytest.raises(UsageError, match="try route anchors"):
        relucert.make_problem("abs", Fraction(1, 100), proof="stated")
