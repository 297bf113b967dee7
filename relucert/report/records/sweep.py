"""What ``sweep`` shows."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple


class SweepCell(NamedTuple):
    """One cell of a sweep: ``status`` is accepted, or why there is no certificate; counts are the checker's.

    ``sequence`` is the largest number of data tokens, ``shortest`` the least, ``budget`` the parts of the bound;
    ``route`` is the one asked for, ``dtype`` "real" without a machine.  ``seconds``, the time of building and checking,
    is the only number that differs from run to run.
    """

    tolerance: Fraction
    arity: int
    sequence: int
    status: str
    detail: str
    construction: str = ""
    error_bound: Fraction | None = None
    budget: tuple[tuple[str, Fraction], ...] = ()
    resources: tuple[tuple[str, Fraction], ...] = ()
    lower_bound: int | None = None
    sha256: str = ""
    seconds: float = 0.0
    shortest: int = 1
    route: str = "relu"
    dtype: str = "real"


class GrowthRow(NamedTuple):
    """How one count grows along one axis of a sweep, fitted by least squares: an estimate.

    ``slope`` is that of the straight line in ``against`` (log2(1/eps) and the like), ``fit`` the simplest formula that
    describes the cells; 1 + ``off`` is the largest factor between it and one of them.
    """

    quantity: str
    against: str
    slope: float
    fit: str
    off: float


class GrowthTable(NamedTuple):
    """The growth along ``axis`` from its first to its last value, the other axes ``held``."""

    axis: str
    first: str
    last: str
    held: tuple[tuple[str, str], ...]
    rows: tuple[GrowthRow, ...]


class Rate(NamedTuple):
    """A known rate, ``kind`` published or at least: ``slope`` per unit of log2(1/eps) where it has one."""

    kind: str
    quantity: str
    rate: str
    slope: Fraction | None
    source: str


class SweepReport(NamedTuple):
    """Everything that ``relucert sweep`` shows; ``axes`` are those that take several values."""

    target: str
    domain: tuple[tuple[str, str, str], ...]
    objective: str
    axes: tuple[str, ...]
    cells: tuple[SweepCell, ...]
    growth: tuple[GrowthTable, ...]
    rates: tuple[Rate, ...]
