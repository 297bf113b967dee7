"""What ``compare`` shows."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple


class CompareRow(NamedTuple):
    """One route: ``reason`` says why there is no certificate; ``observed`` is an estimate on so many ``points``.

    ``predicted`` are the counts of what would be too large to build, where they are known; they are estimates.
    """

    route: str
    construction: str
    reason: str
    resources: tuple[tuple[str, Fraction], ...] = ()
    error_bound: Fraction | None = None
    observed: Fraction | None = None
    points: int = 0
    build_seconds: float = 0.0
    check_seconds: float = 0.0
    sha256: str = ""
    predicted: tuple[tuple[str, int], ...] = ()


class Comparison(NamedTuple):
    """Every route for one problem; of ``columns`` the least value is the best."""

    target: str
    tolerance: Fraction
    columns: tuple[str, ...]
    rows: tuple[CompareRow, ...]
    lower_bound: str | None
    published: str | None

    def best(self, column: str) -> Fraction | None:
        """Return the least value of a column over the routes that succeeded."""
        values = [dict(row.resources)[column] for row in self.rows if not row.reason]
        return min(values, default=None)

    def front(self, one: str, other: str) -> tuple[str, ...]:
        """Return the routes that no other route beats in one of two columns without losing in the other."""
        found = {
            row.route: (dict(row.resources)[one], dict(row.resources)[other]) for row in self.rows if not row.reason
        }
        return tuple(
            name
            for name, (a, b) in found.items()
            if not any(c <= a and d <= b and (c, d) != (a, b) for c, d in found.values())
        )
