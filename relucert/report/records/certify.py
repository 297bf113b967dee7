"""What ``certify`` shows."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple


class Witness(NamedTuple):
    """An exact point at which the error exceeds the tolerance: lo <= NET(x) <= hi, both equal for a ReLU network."""

    point: tuple[tuple[str, Fraction], ...]
    output: int
    lo: Fraction
    hi: Fraction
    target: Fraction
    error: Fraction


class CertifyReport(NamedTuple):
    """Everything that ``relucert certify`` shows.

    ``verdict`` is proved, refuted or undecided; undecided is final where the search is ``finished``.
    ``best_bound`` is the least bound that the checker accepted of an undecided search, ``largest_error`` the largest
    | N - f | met at a point, exactly, N being the ReLU network.  ``cells`` counts those proved and all, by output.
    """

    verdict: str
    finished: bool
    path: str
    subject: str
    target: str
    domain: tuple[tuple[str, Fraction, Fraction], ...]
    tolerance: Fraction
    statement: str
    resources: tuple[tuple[str, Fraction], ...]
    families: tuple[str, ...]
    sha256: str
    cells: tuple[tuple[int, int], ...]
    gates: Fraction | None
    witness: Witness | None
    best_bound: Fraction | None
    largest_error: Fraction | None
    largest_at: tuple[tuple[str, Fraction], ...]
