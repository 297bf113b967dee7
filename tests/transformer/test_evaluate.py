"""The package's evaluation against one written from the certificate's JSON with ``decimal``."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from relucert.loaded import load
from relucert.relu.network import evaluate_exactly
from relucert.summary import error_budget
from relucert.transformer.evaluate import context, evaluate, evaluate_sequence, exact
from relucert.transformer.model import Code, FeedForward, Head, Layer, Matrix, Transformer
from tests import cases, independent
from tests.cases import Case

DIGITS = 90


@pytest.mark.parametrize("case", cases.parameters(cases.FEW))
def test_evaluation_agrees_with_brute_force_from_the_json(case: Case) -> None:
    outcome = cases.outcome(case)
    transformer = load(outcome.verdict).transformer
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
    loaded = load(outcome.verdict)
    assert loaded.network is not None
    for point in cases.scattered(outcome.problem.domain, 5, case.id + " network"):
        value = evaluate_exactly(loaded.network, point)[loaded.outputs[0]]
        assert value == independent.network_value(outcome.certificate, point)


@pytest.mark.parametrize("case", cases.parameters(cases.FEW))
def test_transformer_is_within_the_gates_row_of_its_network(case: Case) -> None:
    outcome = cases.outcome(replace(case, proof="adjoint"))
    loaded = load(outcome.verdict)
    gates = dict(error_budget(loaded.certificate))["gates"]
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
    transformer = Transformer(matrix(3, 2, (0, 0, 1), (1, 1, 1)), (Layer((head,)),), matrix(1, 3, (0, 2, 1)))
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
    once, twice = (Transformer(embedding, (Layer((head, head)),) * n, readout) for n in (1, 2))
    ctx = context(40)
    assert exact(evaluate(once, [Fraction(3)], ctx)[0]) == 6
    assert exact(evaluate(twice, [Fraction(3)], ctx)[0]) == 12


def _matrix(rows: int, columns: int, *entries: tuple[int, int, int]) -> Matrix:
    return Matrix.of(rows, columns, {(i, j): Fraction(v) for i, j, v in entries})


def _averaging(score: int = 0, anchors: tuple[tuple[tuple[int, Fraction], ...], ...] = ()) -> Transformer:
    """Coordinate 0 holds x (or an anchor's value), coordinate 1 what one head with score x_t x_s * score averages."""
    head = Head(
        _matrix(1, 2, *[(0, 0, score)] * bool(score)), _matrix(1, 2, (0, 0, 1)), _matrix(1, 2, (0, 0, 1)),
        _matrix(2, 1, (1, 0, 1)),
    )  # fmt: skip
    return Transformer(_matrix(2, 2, (0, 1, 1)), (Layer((head,)),), _matrix(1, 2, (0, 1, 1)), anchors)


def test_a_causal_mask_averages_over_sink_and_prefix_and_a_full_one_over_all() -> None:
    ctx = context(40)
    rows = [[Fraction(x)] for x in (3, 6, -1)]
    causal = [exact(value) for (value,) in evaluate_sequence(_averaging(), rows, "causal", ctx)]
    full = [exact(value) for (value,) in evaluate_sequence(_averaging(), rows, "full", ctx)]
    assert [round(v, 30) for v in causal] == [Fraction(3, 2), 3, 2]
    assert [round(v, 30) for v in full] == [2, 2, 2]


def test_every_data_token_sees_the_anchors_and_anchors_see_data_tokens_under_a_full_mask_only() -> None:
    ctx = context(40)
    anchored = _averaging(anchors=(((0, Fraction(5)),), ()))
    assert round(exact(evaluate_sequence(anchored, [[Fraction(3)]], "causal", ctx)[0][0]), 30) == 2
    # two layers: the second reads the averages that the first wrote on every token but the sink
    second = Head(_matrix(1, 2), _matrix(1, 2), _matrix(1, 2, (0, 1, 1)), _matrix(2, 1, (1, 0, 1)))
    twice = Transformer(anchored.embedding, (*anchored.layers, Layer((second,))), anchored.readout, anchored.anchors)
    causal = exact(evaluate_sequence(twice, [[Fraction(3)]], "causal", ctx)[0][0])
    full = exact(evaluate_sequence(twice, [[Fraction(3)]], "full", ctx)[0][0])
    # causal: the anchors 1 and 2 hold 5/2 and 5/3, the data token 8/4; full: all three hold 8/4
    assert round(causal, 30) == round(2 + (Fraction(5, 2) + Fraction(5, 3) + 2) / 4, 30)
    assert round(full, 30) == round(2 + (2 + 2 + Fraction(2)) / 4, 30)


def test_scores_are_between_tokens() -> None:
    ctx = context(40)
    values = evaluate_sequence(_averaging(score=1), [[Fraction(1)], [Fraction(2)]], "full", ctx)
    for (value,), x in zip(values, (1, 2), strict=True):
        powers = [ctx.one, ctx.exp(x), ctx.exp(2 * x)]
        assert abs(value - (powers[1] + 2 * powers[2]) / sum(powers)) < ctx.mpf(10) ** -38


@pytest.mark.parametrize(
    ("code", "entries"),
    [(Code("binary", 3), [(-1, -1, -1), (1, -1, -1), (-1, 1, -1), (1, 1, -1)]), (Code("quadratic", 2),
     [(0, 0), (1, 1), (2, 4), (3, 9)])],
)  # fmt: skip
def test_the_position_code_reaches_the_stream(code: Code, entries: list[tuple[int, ...]]) -> None:
    size = len(entries[0])
    embedding = _matrix(size, 2 + size, *[(k, 2 + k, 1) for k in range(size)])
    plain = Transformer(embedding, (), _matrix(size, size, *[(k, k, 1) for k in range(size)]), (), code)
    assert plain.inputs == 1
    rows = evaluate_sequence(plain, [[Fraction(7)]] * 4, "causal", context(20))
    assert [tuple(int(v) for v in row) for row in rows] == entries


@pytest.mark.parametrize("anchor", [((2, 1),), ((0, 0),), ((1, 1), (0, 1)), ((0, 1), (0, 1))])
def test_a_malformed_anchor_is_refused(anchor: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(ValueError, match="anchor"):
        _averaging(anchors=(tuple((row, Fraction(value)) for row, value in anchor),))


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


def test_a_feed_forward_part_follows_the_heads_and_acts_on_every_token_but_the_zero_sink() -> None:
    """A linear head adds (sink + anchor + x) / 3 to coordinate 1; then 2 max(c1 - 1, 0) is added to coordinate 0."""
    head = Head(_matrix(1, 2), _matrix(1, 2), _matrix(1, 2, (0, 0, 1)), _matrix(2, 1, (1, 0, 3)))
    part = FeedForward(_matrix(2, 2, (0, 1, 1), (0, 0, -1), (1, 0, -1)), _matrix(2, 2, (0, 0, 2), (0, 1, 100)))
    anchor = ((0, Fraction(5)),)
    whole = Transformer(
        _matrix(2, 2, (0, 1, 1)), (Layer((head,), part), Layer((head,))), _matrix(2, 2, (0, 0, 1), (1, 1, 1)), (anchor,)
    )
    assert not whole.is_attention_only
    (values,) = evaluate_sequence(whole, [[Fraction(2)]], "causal", context(40))
    # anchor: (5, 3 * 5/2) -> (5 + 2 * 5/2) = 10; data: (2, 7) -> 2 + 2 * 5 = 12; then 7 + (10 + 12)
    assert [round(exact(v), 30) for v in values] == [12, 29]
    (values,) = evaluate_sequence(whole, [[Fraction(-2)]], "causal", context(40))
    # data: (-2, 3) -> -2 + 2 * 5 + 100 * 2 = 208; then 3 + (10 + 208)
    assert [round(exact(v), 30) for v in values] == [208, 221]


def test_a_feed_forward_part_needs_transposed_shapes_and_the_width_of_the_stream() -> None:
    with pytest.raises(ValueError, match="transposed"):
        FeedForward(_matrix(1, 2), _matrix(2, 2))
    with pytest.raises(ValueError, match="d_model"):
        Transformer(_matrix(2, 2), (Layer((), FeedForward(_matrix(1, 3), _matrix(3, 1))),), _matrix(1, 2))
