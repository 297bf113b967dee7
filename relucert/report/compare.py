"""The comparison of routes: as text, JSON, CSV, Markdown or LaTeX.  The best of each column is marked."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from ..exact.number import decimal_nearest, decimal_up, exact_text, write_rational
from .records.compare import CompareRow, Comparison

if TYPE_CHECKING:
    from rich.console import Group

MARK = "*"
SIDE_BY_SIDE = 4  # routes on a terminal of 80 columns
PARETO = ("tokens", "heads", "parameters")  # each against the inverse temperature
HEADINGS = {
    "d_model": "d_model",
    "parameters": "nonzero",
    "parameters_dense": "dense",
    "max_weight": "max weight",
    "inverse_temperature": "inv. temp.",
}


def _cells(comparison: Comparison, mark: Callable[[str], str]) -> list[tuple[str, list[str]]]:
    """Return (heading, values over the routes that succeeded) for every quantity."""
    rows = [row for row in comparison.rows if not row.reason]
    table = [("construction", [row.construction for row in rows])]
    for column in comparison.columns:
        best = comparison.best(column)
        values = [dict(row.resources)[column] for row in rows]
        texts = [mark(decimal_up(v)) if v == best and len(rows) > 1 else decimal_up(v) for v in values]
        table.append((HEADINGS.get(column, column), texts))
    table.append(("certified bound", [decimal_up(row.error_bound or Fraction(0)) for row in rows]))
    table.append(("observed error", [_observed(row) for row in rows]))
    table.append(("build", [f"{row.build_seconds:.2f} s" for row in rows]))
    table.append(("check", [f"{row.check_seconds:.2f} s" for row in rows]))
    return table


def _observed(row: CompareRow) -> str:
    return "" if row.observed is None else decimal_nearest(row.observed, 4)


def _size(row: CompareRow) -> str:
    """Return what is predicted of a network that was not built."""
    counts = ", ".join(f"{name} {count:,}" for name, count in row.predicted)
    return f" (predicted: {counts})" if counts else ""


def _notes(comparison: Comparison) -> list[str]:
    """Return the sentences below the table."""
    points = sorted({row.points for row in comparison.rows if row.points})
    notes = [f"{row.route} has no certificate: {row.reason}{_size(row)}" for row in comparison.rows if row.reason]
    if points:
        grid = " and ".join(str(count) for count in points)
        notes.append(f"Bounds are certified and checked; the observed error is an estimate, on grids of {grid} points.")
    if comparison.lower_bound is not None:
        notes.append(f"Lower bound for the relu route: {comparison.lower_bound}.")
    if comparison.published is not None:
        notes.append(f"Published: {comparison.published}.")
    return notes


def text(comparison: Comparison) -> Group:
    """Return the table for a terminal: a few routes side by side, the others below, the best marked with a star."""
    from rich.console import Group
    from rich.text import Text

    from .text import section, table

    routes = [row.route for row in comparison.rows if not row.reason]
    cells = _cells(comparison, lambda value: value + MARK)
    bodies = [
        table(
            ["", *routes[k : k + SIDE_BY_SIDE]],
            ([heading, *values[k : k + SIDE_BY_SIDE]] for heading, values in cells),
            right=range(1, 1 + SIDE_BY_SIDE),
        )
        for k in range(0, len(routes), SIDE_BY_SIDE)
    ]
    title = f"{comparison.target} within {exact_text(comparison.tolerance)}, by route ({MARK} is best)"
    return Group(
        section(title, Group(*bodies[:1], *(part for body in bodies[1:] for part in (Text(), body)))),
        *(Text(note) for note in _notes(comparison)),
    )


def markdown(comparison: Comparison) -> str:
    """Return a Markdown table, the best in bold."""
    routes = [row.route for row in comparison.rows if not row.reason]
    lines = ["| | " + " | ".join(routes) + " |", "|---|" + "---:|" * len(routes)]
    for heading, values in _cells(comparison, lambda value: f"**{value}**"):
        lines.append(f"| {heading} | " + " | ".join(values) + " |")
    return "\n".join([*lines, "", *_notes(comparison)])


def latex(comparison: Comparison) -> str:
    """Return a LaTeX tabular, the best in bold; it needs no package."""
    routes = [row.route for row in comparison.rows if not row.reason]
    lines = [f"\\begin{{tabular}}{{l{'r' * len(routes)}}}", "\\hline"]
    lines.append(" & ".join(["", *map(_escaped, routes)]) + r" \\ \hline")
    for heading, values in _cells(comparison, lambda value: "\\textbf{" + value + "}"):
        plain = [value if value.startswith("\\textbf") else _escaped(value) for value in values]
        lines.append(" & ".join([_escaped(heading), *plain]) + r" \\")
    lines += ["\\hline", "\\end{tabular}"]
    return "\n".join([*lines, *(f"% {note}" for note in _notes(comparison))])


def _escaped(value: str) -> str:
    return value.replace("_", r"\_").replace("%", r"\%").replace("&", r"\&").replace("#", r"\#")


def csv(comparison: Comparison) -> str:
    """Return one line for each route; exact values as p/q, empty where there is no certificate."""
    import csv as module
    import io

    stream = io.StringIO()
    writer = module.writer(stream, lineterminator="\n")
    ends = ["error_bound", "observed_error", "build_seconds", "check_seconds", "sha256", "reason", "predicted"]
    writer.writerow(["route", "construction", *comparison.columns, *ends])
    for row in comparison.rows:
        counted = dict(row.resources)
        writer.writerow(
            [
                row.route,
                row.construction,
                *(write_rational(counted[column]) if counted else "" for column in comparison.columns),
                "" if row.error_bound is None else write_rational(row.error_bound),
                _observed(row),
                f"{row.build_seconds:.3f}" if counted else "",
                f"{row.check_seconds:.3f}" if counted else "",
                row.sha256,
                row.reason,
                " ".join(f"{name}={count}" for name, count in row.predicted),
            ]
        )
    return stream.getvalue().rstrip("\n")


def data(comparison: Comparison) -> str:
    """Return everything as JSON; exact values as p/q, an observed error as a decimal."""
    return json.dumps(
        {
            "target": comparison.target,
            "tolerance": write_rational(comparison.tolerance),
            "lower_bound": comparison.lower_bound,
            "published": comparison.published,
            "best": {
                column: [
                    row.route
                    for row in comparison.rows
                    if not row.reason and dict(row.resources)[column] == comparison.best(column)
                ]
                for column in comparison.columns
            },
            "pareto": {column: list(comparison.front("inverse_temperature", column)) for column in PARETO},
            "routes": [
                {
                    "route": row.route,
                    "construction": row.construction,
                    "reason": row.reason,
                    "predicted": dict(row.predicted),
                    "resources": {name: write_rational(value) for name, value in row.resources},
                    "error_bound": None if row.error_bound is None else write_rational(row.error_bound),
                    "observed_error": _observed(row) or None,
                    "observed_points": row.points,
                    "build_seconds": round(row.build_seconds, 3),
                    "check_seconds": round(row.check_seconds, 3),
                    "sha256": row.sha256,
                }
                for row in comparison.rows
            ],
        },
        indent=2,
    )
