"""The result records that formatters read; named tuples, as they validate nothing and cost nothing to import."""

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


class BuildReport(NamedTuple):
    """Everything that ``relucert build`` shows.

    ``even_split`` is how many gates an even split of the tolerance is planned to need, None with one part or none.
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
    even_split: int | None
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


class PointResult(NamedTuple):
    """f and N exactly, T computed with ``working`` digits by plain softmax: an estimate, not a proof."""

    point: tuple[tuple[str, Fraction], ...]
    digits: int
    working: int
    target: Fraction
    network: Fraction | None
    transformer: Fraction
    bound: Fraction
    arithmetic: str | None = None


class RuntimeResult(NamedTuple):
    """A runtime beside the exact f and T.

    ``observed`` is the largest | machine - f | of the samples, exactly, found at ``worst`` in ``output``.
    ``certified`` is None where the certificate does not cover the arithmetic, and ``note`` says so; ``bound`` is the
    certified bound over the real numbers, None where the certificate speaks of machines.  ``rounding`` and
    ``t_error`` are the largest | machine - T | and | T - f | on ``t_samples`` of the samples, T to ``t_digits`` digits.
    """

    runtime: str
    version: str
    dtype: str
    kinds: tuple[tuple[str, int], ...]
    outside: tuple[str, ...]
    not_finite: int
    observed: Fraction | None
    certified: Fraction | None
    note: str
    bound: Fraction | None
    worst: tuple[tuple[str, Fraction], ...]
    output: int
    rounding: Fraction | None
    t_error: Fraction | None
    t_samples: int
    t_digits: int


class TargetEntry(NamedTuple):
    """A named target as ``relucert list`` shows it."""

    name: str
    summary: str
    inputs: str
    domain: str


class ConstructionEntry(NamedTuple):
    """A construction with its formulas; ``sensitivity`` times kappa / beta is its gate error."""

    name: str
    meaning: str
    resources: tuple[tuple[str, str], ...]
    error: str | None
    sensitivity: str | None


class Catalogue(NamedTuple):
    """Everything that ``relucert list`` shows."""

    targets: tuple[TargetEntry, ...]
    constructions: tuple[ConstructionEntry, ...]


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
