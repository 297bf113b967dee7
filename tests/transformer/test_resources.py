"""Resources, recounted from the JSON with dense matrices."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests import cases, independent
from tests.cases import Case

COUNTED = tuple(case for case in cases.CASES if case.target != "reciprocal" or case.eps in ("1e-1", "1e-3"))


@pytest.mark.parametrize("case", cases.parameters(COUNTED[::3] + cases.FEW))
def test_builder_checker_and_recount_agree_on_every_resource(case: Case) -> None:
    outcome = cases.outcome(case)
    counted = independent.recount(outcome.certificate)
    assert outcome.resources._asdict() == counted
    assert outcome.verdict.resources == counted


def test_inverse_temperature_is_that_of_the_product_and_not_of_a_factor() -> None:
    from relucert.transformer.model import Head, Layer, Matrix, Transformer
    from relucert.transformer.resources import count

    def matrix(rows: int, columns: int, *entries: tuple[int, int, Fraction | int]) -> Matrix:
        return Matrix.of(rows, columns, {(i, j): Fraction(v) for i, j, v in entries})

    split = Head(
        matrix(1, 2, (0, 1, 20)),
        matrix(1, 2, (0, 0, Fraction(-7, 2))),
        matrix(1, 2, (0, 1, 1)),
        matrix(2, 1, (1, 0, 1)),
    )
    transformer = Transformer(matrix(2, 2, (0, 0, 1), (1, 1, 1)), (Layer((split,)),), matrix(1, 2, (0, 1, 1)))
    resources = count(transformer, 1)
    assert resources.inverse_temperature == 70
    assert resources.max_weight == 20
    assert (resources.parameters, resources.parameters_dense) == (7, 4 + 2 + 8)


def test_inverse_temperature_cancels_over_the_rows_of_a_head() -> None:
    """Rows q = k = (1, 1) and (1, -1): entries of W_Q^T W_K are 2 and 0, not 1."""
    from relucert.transformer.model import Head, Matrix
    from relucert.transformer.resources import _temperature

    rows = Matrix.of(2, 2, {(0, 0): Fraction(1), (0, 1): Fraction(1), (1, 0): Fraction(1), (1, 1): Fraction(-1)})
    head = Head(rows, rows, Matrix.of(2, 2, {}), Matrix.of(2, 2, {}))
    assert _temperature(head) == 2
