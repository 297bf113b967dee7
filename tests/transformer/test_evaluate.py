"""The package's evaluation against one written from the certificate's JSON with ``decimal``."""

from __future__ import annotations

from fractions import Fraction

import pytest

from relucert import pipeline
from relucert.relu.network import evaluate_exactly
from relucert.transformer.evaluate import context, evaluate, exact
from relucert.transformer.model import Head, Matrix, Transformer
from tests import cases, independent
from tests.cases import Case

DIGITS = 90


@pytest.mark.parametrize("case", cases.parameters(cases.FEW))
def test_evaluation_agrees_with_brute_force_from_the_json(case: Case) -> None:
    outcome = cases.outcome(case)
    transformer = pipeline.load(outcome.verdict).transformer
    box = outcome.problem.domain
    points = cases.corners(box)[:2] + cases.scattered(box, 2, case.id + " brute force")
    for point in points:
        (ours,) = evaluate(transformer, point, context(DIGITS))
        theirs = independent.transform(outcome.certificate, point, DIGITS)
        distance = abs(exact(ours + 1) - 1 - Fraction(theirs))
        assert distance <= Fraction(1, 10 ** (DIGITS - 20)) * max(1, abs(Fraction(theirs)))


@pytest.mark.parametrize("case", cases.parameters(cases.FEW))
def test_loaded_network_agrees_with_the_network_in_the_json(case: Case) -> None:
    outcome = cases.outcome(case)
    loaded = pipeline.load(outcome.verdict)
    assert loaded.network is not None
    for point in cases.scattered(outcome.problem.domain, 5, case.id + " network"):
        value = evaluate_exactly(loaded.network, point)[loaded.outputs[0]]
        assert value == independent.network_value(outcome.certificate, point)


@pytest.mark.parametrize("case", cases.parameters(cases.FEW))
def test_transformer_is_within_the_gates_row_of_its_network(case: Case) -> None:
    outcome = cases.outcome(case)
    loaded = pipeline.load(outcome.verdict)
    gates = dict(pipeline.error_budget(loaded.certificate))["gates"]
    for point in cases.scattered(outcome.problem.domain, 6, case.id + " gates"):
        (value,) = evaluate(loaded.transformer, point, context(150))  # + 1: exp(-10^60) has no short fraction
        distance = abs(exact(value + 1) - 1 - independent.network_value(outcome.certificate, point))
        assert distance <= gates + case.tolerance / 10**30
        assert distance <= case.tolerance


def test_the_sink_stays_zero_so_one_sink_gate_is_a_sigmoid() -> None:
    """One head written out by hand: u sigma(beta u) at u = 2, beta = 3 is 2 / (1 + e^-6)."""
    one = Fraction(1)

    def matrix(rows: int, columns: int, *entries: tuple[int, int, int]) -> Matrix:
        return Matrix.of(rows, columns, {(i, j): Fraction(v) for i, j, v in entries})

    head = Head(matrix(1, 3, (0, 1, 3)), matrix(1, 3, (0, 0, 1)), matrix(1, 3, (0, 1, 1)), matrix(3, 1, (2, 0, 1)))
    transformer = Transformer(matrix(3, 2, (0, 0, 1), (1, 1, 1)), ((head,),), matrix(1, 3, (0, 2, 1)))
    ctx = context(50)
    (value,) = evaluate(transformer, [2 * one], ctx)
    assert abs(value - 2 / (1 + ctx.exp(-6))) < ctx.mpf(10) ** -48
    assert str(value).startswith("1.99505475368673")


def test_two_heads_of_one_layer_both_read_the_stream_before_the_layer() -> None:
    """x -> x + 2 heads that each add x/2 by a linear head: 2x in one layer, 4x in two."""

    def matrix(rows: int, columns: int, *entries: tuple[int, int, int]) -> Matrix:
        return Matrix.of(rows, columns, {(i, j): Fraction(v) for i, j, v in entries})

    zero = matrix(1, 2)
    head = Head(zero, zero, matrix(1, 2, (0, 1, 1)), matrix(2, 1, (1, 0, 1)))
    embedding, readout = matrix(2, 2, (0, 0, 1), (1, 1, 1)), matrix(1, 2, (0, 1, 1))
    once, twice = (Transformer(embedding, ((head, head),) * n, readout) for n in (1, 2))
    ctx = context(40)
    assert exact(evaluate(once, [Fraction(3)], ctx)[0]) == 6
    assert exact(evaluate(twice, [Fraction(3)], ctx)[0]) == 12


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (((0, 0, Fraction(1)), (0, 0, Fraction(2))), "distinct"),
        (((1, 0, Fraction(1)), (0, 0, Fraction(2))), "sorted"),
        (((0, 5, Fraction(1)),), "outside"),
        (((0, 0, Fraction(0)),), "zero"),
    ],
)
def test_a_malformed_matrix_is_refused(entries: tuple[tuple[int, int, Fraction], ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Matrix(2, 2, entries)
