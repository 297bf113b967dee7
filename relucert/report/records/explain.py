"""What ``explain`` shows."""

from __future__ import annotations

from typing import NamedTuple

from .build import BudgetRow


class TraceStep(NamedTuple):
    """One step of a trace in words: its conclusion, rule, arguments, and premises by index."""

    number: int
    rule: str
    claim: str
    details: tuple[str, ...]
    conclusion: str
    premises: tuple[int, ...]


class Explanation(NamedTuple):
    """A whole trace: the statement, the definitions of its terms, its steps, and how the error is spent."""

    statement: str
    terms: tuple[tuple[str, str], ...]
    steps: tuple[TraceStep, ...]
    roots: tuple[int, ...]
    budget: tuple[BudgetRow, ...]
