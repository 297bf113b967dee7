"""Fits recover the laws that the numbers were made from, and agree with a fit written here once more."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from relucert.report.records.sweep import SweepCell
from relucert.study.sweep.growth import QUANTITIES, fitted, growth

DECADES = [k * math.log2(10) for k in range(1, 13)]
OCTAVES = [float(k) for k in range(1, 9)]


def ratio(value: float) -> Fraction:
    return Fraction(value)


@pytest.mark.parametrize(
    ("letter", "z", "law", "formula"),
    [
        ("1/eps", DECADES, lambda t: 7, "7"),
        ("1/eps", DECADES, lambda t: 3 * t + 2, "3 log2(1/eps) + 2"),
        ("1/eps", DECADES, lambda t: t - 1, "log2(1/eps) - 1"),
        ("1/eps", DECADES, lambda t: 5 * t**2, "5 log2(1/eps)^2"),
        ("1/eps", DECADES, lambda t: 4 * 2 ** (t / 2), "4 (1/eps)^0.5"),
        ("d", OCTAVES, lambda t: 2**t - 1, "d - 1"),
        ("d", OCTAVES, lambda t: t, "log2 d"),
        ("d", OCTAVES, lambda t: 3 * 4**t, "3 d^2"),
        ("n", OCTAVES, lambda t: 6 * t + 1, "6 log2 n + 1"),
    ],
)
def test_the_law_that_made_the_numbers_is_found(letter, z, law, formula) -> None:  # type: ignore[no-untyped-def]
    row = fitted("gates", letter, z, [ratio(law(t)) for t in z])
    assert row.fit == formula
    assert row.off < 1e-9


def test_a_law_is_named_only_with_its_distance_from_the_numbers() -> None:
    values = [Fraction(2 ** math.ceil(t)) for t in DECADES]
    row = fitted("inverse_temperature", "1/eps", DECADES, values)
    power = float(row.fit.rpartition("^")[2])
    assert power == pytest.approx(1, abs=0.05)
    assert 0.2 < row.off < 1.2


def test_the_slope_is_that_of_least_squares() -> None:
    """Normal equations of y = a + b z, solved here by Cramer's rule in exact arithmetic."""
    values = [4, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40]
    x = [Fraction(t) for t in DECADES]
    n, sx, sy = len(x), sum(x), sum(values)
    sxx, sxy = sum(a * a for a in x), sum(a * b for a, b in zip(x, values, strict=True))
    expected = (n * sxy - sx * sy) / (n * sxx - sx * sx)
    found = fitted("gates", "1/eps", DECADES, list(map(Fraction, values)))
    assert found.slope == pytest.approx(float(expected), rel=1e-12)


def cell(eps: Fraction, arity: int, status: str = "accepted") -> SweepCell:
    counts = tuple((name, Fraction(arity * 10)) for name in QUANTITIES)
    return SweepCell(eps, arity, 1, status, "", resources=counts if status == "accepted" else ())


def test_growth_is_fitted_for_each_axis_with_the_others_held() -> None:
    cells = [cell(Fraction(1, 10**k), d) for d in (2, 4, 8) for k in (1, 2, 3)]
    found = growth(cells, ("eps", "arity"))
    assert [(t.axis, t.held) for t in found] == [
        *(("eps", (("arity", str(d)),)) for d in (2, 4, 8)),
        *(("arity", (("eps", eps),)) for eps in ("0.1", "0.01", "0.001")),
    ]
    assert {row.fit for row in found[0].rows} == {"20"}
    assert {row.fit for row in found[3].rows} == {"10 d"}


def test_a_cell_without_any_takes_no_part_in_that_fit_alone() -> None:
    cells = [cell(Fraction(1, 10**k), 2) for k in (1, 2, 3, 4)]
    cells[0] = cells[0]._replace(resources=tuple((n, Fraction(0 if n == "gates" else 20)) for n in QUANTITIES))
    (found,) = growth(cells, ("eps",))
    assert {row.quantity for row in found.rows} == set(QUANTITIES)
    assert {row.fit for row in found.rows} == {"20"}
    none = [c._replace(resources=tuple((n, Fraction(n != "gates")) for n in QUANTITIES)) for c in cells]
    assert "gates" not in {row.quantity for row in growth(none, ("eps",))[0].rows}


def test_cells_that_failed_and_axes_of_two_cells_are_not_fitted() -> None:
    cells = [cell(Fraction(1, 10), 2), cell(Fraction(1, 100), 2), cell(Fraction(1, 1000), 2, "unreachable")]
    assert growth(cells, ("eps",)) == ()
