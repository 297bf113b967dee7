"""Large networks: what grows in proportion to the gates, and what users meet at the limits.  No time is asserted."""

from __future__ import annotations

from fractions import Fraction

import pytest

import relucert
from relucert.check import kernel
from relucert.errors import DeclinedError, UsageError
from relucert.report.text import LONGEST_STATEMENT, shortened

SMALL, LARGE = 60, 600


def names(count: int, letter: str = "x") -> str:
    return ", ".join(f"{letter}{k}" for k in range(count))


FAMILIES = {
    "max": lambda n: f"max({names(4 * n)})",
    "norm1": lambda n: f"norm1({names(4 * n)})",
    "dot": lambda n: f"dot({names(n // 4)}, {names(n // 4, 'y')})",
    "prod": lambda n: f"prod({names(n // 4)})",
}


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_bytes_weights_and_work_grow_in_proportion_to_the_gates(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times the gates cost at most 16 times as much, which is an exponent of 1.2; a quadratic step costs 100."""
    meters: list[kernel.Context] = []

    class Metered(kernel.Context):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)  # type: ignore[arg-type]
            meters.append(self)

    monkeypatch.setattr(kernel, "Context", Metered)
    found = []
    for size in (SMALL, LARGE):
        outcome = relucert.build(relucert.make_problem(FAMILIES[family](size), Fraction(1, 1000)))
        resources = outcome.verdict.resources
        found.append((resources["gates"], len(outcome.certificate), resources["parameters"], meters[-1].work))
    growth = Fraction(found[1][0]) / found[0][0]
    assert growth > 9
    for before, after in list(zip(*found, strict=True))[1:]:
        assert after / before <= float(growth) ** 1.2


def test_ten_thousand_inputs_are_parsed_once_and_in_natural_order() -> None:
    problem = relucert.make_problem(f"norm1({names(10_000)})", Fraction(1, 1000))
    assert problem.inputs == tuple(f"x{k}" for k in range(10_000))
    assert len(problem.expression.nodes) == 20_001


def test_too_many_arguments_are_refused_with_the_limit() -> None:
    with pytest.raises(UsageError, match="column 1: max takes 2 to 131072 arguments, not 131073"):
        relucert.make_problem("max(" + ",".join(["x", "y", *["x"] * 131_071]) + ")", Fraction(1, 1000))


def test_a_long_statement_is_cut_on_the_screen_and_says_so() -> None:
    outcome = relucert.build(relucert.make_problem(f"max({names(300)})", Fraction(1, 1000)))
    whole = outcome.verdict.statement
    assert shortened(whole[:LONGEST_STATEMENT]) == whole[:LONGEST_STATEMENT]
    assert len(whole) > LONGEST_STATEMENT
    short = shortened(whole)
    assert len(short) < LONGEST_STATEMENT
    assert "characters, all in --format json" in short
    assert whole.startswith(short.partition(" [...")[0])
    assert whole.endswith(short.rpartition("...] ")[2])


def test_what_takes_the_checker_too_much_work_is_declined_and_no_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "MAX_WORK", 10)
    with pytest.raises(DeclinedError, match="more work than the checker's fixed limit"):
        relucert.build(relucert.make_problem("multiply", Fraction(1, 1000)))
