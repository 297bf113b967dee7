"""Certificates of sequences: inside the bound at every token, by softmax over all tokens written from the JSON."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import pytest

import relucert
from relucert import Outcome
from relucert.loaded import load
from relucert.relu.closed_form import closed_forms
from relucert.spec.problem import make_problem
from relucert.study.run.sequence import random_rows, target_values
from relucert.summary import error_budget
from relucert.target.expression import Expression, Node
from tests import independent

DIGITS = 40
ROUNDED = Fraction(1, 10**25)  # of the evaluation with 30 digits or more, values and weights being below 1000

Rows = list[list[Fraction]]


class Asked(NamedTuple):
    target: str
    tolerance: str
    domain: tuple[str, str] | None = None
    arity: int | None = None


TOKENWISE = {
    "multiply": Asked("multiply", "1/1000"),
    "reciprocal": Asked("reciprocal", "1/100", ("1/4", "4")),
    "max of three": Asked("max", "1/100", None, 3),
    "expression": Asked("x*y/(1+z^2); x - abs(y)", "1/20"),
}
OVER_TOKENS = {"largest": Asked("max", "1/1000", ("-3", "1/2")), "least": Asked("min", "1/50", ("1/3", "5"))}


@cache
def built(asked: Asked, length: str, mask: str, layout: str = "tokenwise") -> Outcome:
    sequence: dict[str, str | None] = {"length": length, "mask": mask, "layout": layout}
    if length.startswith("<="):
        sequence |= {"length": "any", "up_to": length[2:]}
    domain = None
    if asked.domain is not None:
        lo, hi = map(Fraction, asked.domain)
        domain = {"x": (lo, hi)}
    tolerance = Fraction(asked.tolerance)
    problem = make_problem(asked.target, tolerance, domain, asked.arity, sequence=sequence, proof="adjoint")
    return relucert.build(problem)


def difficult_rows(outcome: Outcome, count: int) -> Rows:
    """Random rows, with tokens at breakpoints of the network, at corners, and next to a token of opposite corner."""
    loaded = load(outcome.verdict)
    rows = random_rows(loaded, count)
    box = outcome.problem.domain
    corners = [[lo for lo, _ in box], [hi for _, hi in box]]
    if loaded.network is not None:
        ends = tuple(corners[0]), tuple(corners[1])
        corners += [list(point) for point in independent.breakpoints(outcome.certificate, *ends, 16, count)]
    draw = random.Random(count)  # noqa: S311
    places = draw.sample(range(count), min(count, len(corners)) // 2 + 1 if count > 1 else 1)
    for place, row in zip(places, draw.sample(corners, len(corners)), strict=False):
        rows[place] = row
    return rows


def assert_inside(outcome: Outcome, rows: Rows, digits: int) -> Fraction:
    """Compare every output at every token with its target; return the largest error."""
    bound, problem = outcome.verdict.error_bound, outcome.problem
    assert bound is not None and bound <= problem.tolerance
    computed = independent.sequence(outcome.certificate, rows, digits)
    targets = target_values(problem.expression, rows, problem.sequence.mask)
    assert len(computed) == len(targets) == len(rows)
    errors = [
        abs(Fraction(t) - f) for ts, fs in zip(computed, targets, strict=True) for t, f in zip(ts, fs, strict=True)
    ]
    assert max(errors) <= bound + ROUNDED
    return max(errors)


@pytest.mark.parametrize("mask", ["causal", "full"])
@pytest.mark.parametrize("count", [1, 2, 16])
@pytest.mark.parametrize("name", TOKENWISE)
def test_every_token_is_inside_the_bound(name: str, count: int, mask: str) -> None:
    outcome = built(TOKENWISE[name], "<=16", mask)
    assert_inside(outcome, difficult_rows(outcome, count), DIGITS)


@pytest.mark.parametrize("mask", ["causal", "full"])
@pytest.mark.parametrize("count", [1, 2, 16])
@pytest.mark.parametrize("name", OVER_TOKENS)
def test_the_extremum_over_tokens_is_inside_the_bound(name: str, count: int, mask: str) -> None:
    outcome = built(OVER_TOKENS[name], "<=16", mask, "one-per-token")
    assert_inside(outcome, random_rows(load(outcome.verdict), count), DIGITS)


def worst_case(outcome: Outcome, count: int) -> Rows:
    """One token at the largest value and all others where the bound W(n/e) / beta is attained without a sink."""
    ((lo, hi),) = outcome.problem.domain
    beta = outcome.verdict.resources["inverse_temperature"]
    assert outcome.verdict.error_bound is not None
    gap = (outcome.verdict.error_bound * beta + 1) / beta  # t = c + 1 maximises (t - c) e^-t
    top = lo + gap
    assert top <= hi
    return [[top if t == count // 2 else lo] for t in range(count)]


def test_the_bound_of_the_extremum_is_nearly_attained() -> None:
    outcome = built(OVER_TOKENS["largest"], "<=16", "full", "one-per-token")
    error = assert_inside(outcome, worst_case(outcome, 16), DIGITS)
    assert outcome.verdict.error_bound is not None
    assert error >= outcome.verdict.error_bound * Fraction(999, 1000)


@pytest.mark.parametrize("mask", ["causal", "full"])
@pytest.mark.parametrize(("target", "arity"), [("multiply", 2), ("x*y - z", 3), ("x^2", 1)])
def test_one_input_on_each_token_is_gathered_and_inside_the_bound(target: str, arity: int, mask: str) -> None:
    outcome = built(Asked(target, "1/1000"), str(arity), mask, "one-per-token")
    assert outcome.verdict.certificate is not None
    assert outcome.verdict.certificate.statement.sequence[:2] == (arity, arity)
    for point in difficult_rows_of_one_token(arity):
        rows = [[x if k == s else Fraction(0) for k, x in enumerate(point)] for s in range(arity)]
        value = independent.sequence(outcome.certificate, rows, DIGITS)[-1][0]
        (wanted,) = target_values(outcome.problem.expression, [point], mask)[0]
        assert abs(Fraction(value) - wanted) <= (outcome.verdict.error_bound or 0) + ROUNDED


def difficult_rows_of_one_token(arity: int) -> Rows:
    draw = random.Random(arity)  # noqa: S311
    ends = [[Fraction(draw.choice((-1, 1))) for _ in range(arity)] for _ in range(4)]
    return ends + [[Fraction(draw.randint(-64, 64), 64) for _ in range(arity)] for _ in range(8)]


@pytest.mark.parametrize("mask", ["causal", "full"])
@pytest.mark.parametrize(("target", "arity"), [("multiply", 2), ("x*y - z", 3)])
def test_inputs_that_share_a_coordinate_are_gathered_with_a_leak(target: str, arity: int, mask: str) -> None:
    asked: dict[str, str | int | None] = {"layout": "one-per-token", "coordinates": "shared", "mask": mask}
    outcome = relucert.build(make_problem(target, Fraction(1, 1000), sequence=asked))
    budget = dict(error_budget(load(outcome.verdict).certificate))
    assert 0 < budget["leak"] < Fraction(1, 10**15)
    assert outcome.resources.heads == outcome.resources.gates + arity
    data = json.loads(outcome.certificate)["subject"]["embedding"]
    assert len({row for row, column, _ in data if 1 <= column <= arity}) == 1
    for point in difficult_rows_of_one_token(arity):
        rows = [[x if k == s else Fraction(0) for k, x in enumerate(point)] for s in range(arity)]
        value = independent.sequence(outcome.certificate, rows, DIGITS)[-1][0]
        (wanted,) = target_values(outcome.problem.expression, [point], mask)[0]
        assert abs(Fraction(value) - wanted) <= (outcome.verdict.error_bound or 0) + ROUNDED


@pytest.mark.slow
@pytest.mark.parametrize("mask", ["causal", "full"])
@pytest.mark.parametrize("asked", [Asked("abs", "1/1000"), OVER_TOKENS["largest"]], ids=lambda asked: asked.target)
def test_512_tokens_at_many_digits_are_inside_the_bound(asked: Asked, mask: str) -> None:
    layout = "one-per-token" if asked.target == "max" else "tokenwise"
    outcome = built(asked, "512", mask, layout)
    rows = worst_case(outcome, 512) if asked.target == "max" else difficult_rows(outcome, 512)
    assert_inside(outcome, rows, 30)


@pytest.mark.slow
@pytest.mark.parametrize("mask", ["causal", "full"])
@pytest.mark.parametrize("count", [1, 2, 16, 512])
def test_multiply_is_inside_the_bound_at_every_token_of_one_certificate_for_all_lengths(count: int, mask: str) -> None:
    outcome = built(Asked("multiply", "1/100"), "<=1000000", mask)
    assert_inside(outcome, difficult_rows(outcome, count), 30)


def test_the_bound_does_not_depend_on_the_number_of_tokens() -> None:
    bounds, entries = set(), []
    for length in ("1", "2", "8", "1000000", "<=1000000000000000000"):
        outcome = built(TOKENWISE["multiply"], length, "full")
        assert outcome.verdict.error_bound is not None
        bounds.add(outcome.verdict.error_bound)
        entries.append(outcome.resources.code_max)
    assert max(bounds) - min(bounds) <= Fraction(1, 10**12)
    assert entries == [0, 1, 7**2, 1, 1]  # at 8 the quadratic code is narrower, and its entries below beta


def test_a_million_tokens_need_twenty_columns_of_signs() -> None:
    outcome = built(TOKENWISE["multiply"], "1000000", "causal")
    resources = outcome.resources
    assert (resources.code_size, resources.code_max, resources.tokens) == (20, 1, 1_000_001)
    assert resources.heads == resources.gates == 10
    budget = dict(error_budget(load(outcome.verdict).certificate))
    assert 0 < budget["leak"] < Fraction(1, 10**15)
    assert sum(budget.values()) == outcome.verdict.error_bound


@pytest.mark.parametrize("length", ["2", "128", "1000000"])
def test_resources_of_sequences_agree_with_a_recount_from_the_json(length: str) -> None:
    outcome = built(TOKENWISE["multiply"], length, "full")
    assert outcome.verdict.resources == independent.recount(outcome.certificate)


@pytest.mark.parametrize("mask", ["causal", "full"])
def test_resources_agree_on_both_sides(mask: str) -> None:
    outcome = built(Asked("x*y - z", "1/1000"), "3", mask, "one-per-token")
    ours: Any = outcome.resources
    assert {name: getattr(ours, name) for name in outcome.verdict.resources} == outcome.verdict.resources


@pytest.mark.parametrize(("mask", "wanted"), [("causal", [3, 9, 5, 15]), ("full", [11, 13, 9, 15])])
def test_the_exact_target_of_an_extremum_inside_an_expression(mask: str, wanted: list[int]) -> None:
    """x + the largest 2 x over the tokens seen, worked out by hand."""
    nodes = (Node("input", (0,)), Node("add", (0, 0)), Node("seen_max", (1,)), Node("add", (0, 2)))
    rows = [[Fraction(x)] for x in (1, 3, -1, 5)]
    assert [value for (value,) in target_values(Expression(nodes, (3,)), rows, mask)] == wanted


@pytest.mark.parametrize("name", OVER_TOKENS)
def test_closed_forms_of_the_extremum_equal_a_recount(name: str) -> None:
    outcome = built(OVER_TOKENS[name], "<=16", "causal", "one-per-token")
    forms, counted = closed_forms(outcome.plan.construction), independent.recount(outcome.certificate)
    assert forms is not None
    assert dict(outcome.plan.parameters) == {"n": 16}
    assert {key: function(16) for key, (_, function) in forms.resources.items()} == {
        key: counted[key] for key in forms.resources
    }
