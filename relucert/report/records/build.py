"""What ``build`` and ``check`` shows; named tuples, as they validate nothing."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple


class BudgetRow(NamedTuple):
    """One part of the error: ``row`` is approximation, gates or leak."""

    row: str
    bound: Fraction


class ResourceRow(NamedTuple):
    """A resource counted from the matrices, with its closed form where there is one."""

    name: str
    counted: Fraction
    formula: str | None
    formula_value: Fraction | None
    limit: Fraction | None


class EvenRow(NamedTuple):
    """A number of the network that was built, and of the one that the best even split of the tolerance leads to."""

    name: str
    built: Fraction
    even: Fraction


class BuildReport(NamedTuple):
    """Everything that ``relucert build`` shows.

    ``even_split`` begins with what the objective minimises first; it is empty where there is nothing to split.
    """

    verdict: str
    statement: str
    about: str
    target: str
    domain: tuple[tuple[str, str, str], ...]
    tolerance: Fraction
    error_bound: Fraction
    budget: tuple[BudgetRow, ...]
    resources: tuple[ResourceRow, ...]
    construction: str
    parameters: tuple[tuple[str, int], ...]
    even_split: tuple[EvenRow, ...]
    lower_bound: tuple[int, str] | None
    published: str | None
    steps: int
    rules: tuple[tuple[str, int], ...]
    families: tuple[str, ...]
    sha256: str
    missed_limits: tuple[str, ...]


class CheckRow(NamedTuple):
    """The outcome for one file: ``status`` is accepted, rejected, declined, limit missed, or unreadable."""

    path: str
    status: str
    exit_code: int
    detail: str
    statement: str = ""
    error_bound: Fraction | None = None
    families: tuple[str, ...] = ()
    sha256: str = ""
    resources: tuple[tuple[str, Fraction], ...] = ()
    seconds: float = 0.0
