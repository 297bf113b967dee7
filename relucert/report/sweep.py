"""A sweep as text, JSON and CSV; the files hold no times, so that equal sweeps give equal bytes."""

from __future__ import annotations

import csv
import io
import json
from fractions import Fraction

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from ..exact.number import decimal_up, exact_text
from .records.sweep import GrowthTable, Rate, SweepCell, SweepReport
from .text import section, table

DIGITS = 17
COUNTS = ("gates", "heads", "layers", "d_model", "d_head", "tokens", "parameters", "parameters_dense", "bits",
          "code_size", "code_max")  # fmt: skip
REALS = ("max_weight", "inverse_temperature")
PARTS = {
    "approximation": "approximation",
    "approximation and gates": "approximation_and_gates",
    "gates": "gates_error",
    "leak": "leak",
    "rounding": "rounding",
}
COLUMNS = (
    "eps",
    "arity",
    "length",
    "least_length",
    "route",
    "dtype",
    "status",
    "error_bound",
    *PARTS.values(),
    *COUNTS,
    *REALS,
    "lower_bound",
    "construction",
    "sha256",
)
MOST_REASONS = 10
SHOWN = ("gates", "heads", "layers", "parameters", "inverse_temperature", "code_size", "code_max")
LETTERS = {"eps": "eps", "arity": "inputs", "length": "tokens"}


def sweep_text(report: SweepReport) -> Group:
    """Return the table of cells, the fitted growth, and the published rates."""
    title = f"{report.target}, objective {report.objective}"
    if report.domain:
        title += ", " + ", ".join(f"{name} in [{lo}, {hi}]" for name, lo, hi in report.domain[:4])
        title += ", ..." if len(report.domain) > 4 else ""
    places = {"arity": "d", "length": "n", "route": "route", "dtype": "dtype"}
    swept = [axis for axis in places if axis in report.axes]
    below = "route" not in swept and any(cell.lower_bound is not None for cell in report.cells)
    counts = ("gates", *["at least"] * below, "heads", "layers", "params")
    headers = ["eps", *(places[axis] for axis in swept), *counts, "beta", "bound", "seconds"]
    rows = []
    for cell in report.cells:
        upper = "<= " * (cell.shortest < cell.sequence)
        sizes = {"arity": str(cell.arity), "length": f"{upper}{cell.sequence}"}
        sizes |= {"route": cell.route, "dtype": cell.dtype}
        row = [exact_text(cell.tolerance), *(sizes[axis] for axis in swept)]
        if cell.resources:
            found = {name: str(value) for name, value in cell.resources}
            found |= {"at least": str(cell.lower_bound or ""), "params": found["parameters"]}
            beta = decimal_up(dict(cell.resources)["inverse_temperature"], 3)
            bound = "" if cell.error_bound is None else decimal_up(cell.error_bound, 3)
            row += [*(found[name] for name in counts), beta, bound, f"{cell.seconds:.2f}"]
        rows.append([*row, *["-"] * (not cell.resources), *[""] * (len(headers) - len(row) - (not cell.resources))])
    failed = [cell for cell in report.cells if cell.status != "accepted"]
    state = "all accepted by the independent checker" if not failed else f"{len(failed)} not accepted"
    blocks: list[RenderableType] = [
        Text(title, style="bold"),
        section(f"{len(report.cells)} cells, {state}", table(headers, rows, right=range(len(headers)))),
    ]
    if failed:
        rows = [[_place(cell), f"{cell.status}: {cell.detail}"] for cell in failed[:MOST_REASONS]]
        rows += [["", f"and {len(failed) - MOST_REASONS} more"]] * (len(failed) > MOST_REASONS)
        blocks.append(section("Not accepted", table(["", ""], rows)))
    sources = list(dict.fromkeys(rate.source for rate in report.rates))
    blocks += [_growth(found, report.rates, sources) for found in _ends(report.growth)]
    if any(found.axis == "eps" for found in report.growth):
        blocks += [Padding(Text(f"[{k}] {source}"), (0, 0, 0, 2)) for k, source in enumerate(sources, 1)]
    hidden = len(report.growth) - len(_ends(report.growth))
    if hidden:
        blocks.append(Text(f"  ({hidden} more tables of growth, and more quantities, with --format json)"))
    return Group(*blocks)


def _ends(growth: tuple[GrowthTable, ...]) -> list[GrowthTable]:
    """Return for each axis the first and the last table: growth at the two ends of the other axes."""
    groups = [[found for found in growth if found.axis == axis] for axis in dict.fromkeys(g.axis for g in growth)]
    return [found for group in groups for found in (group if len(group) < 3 else (group[0], group[-1]))]


def _growth(found: GrowthTable, rates: tuple[Rate, ...], sources: list[str]) -> RenderableType:
    """Return the fits, each with what is known of its quantity below it."""
    held = "".join(f", {name} {value}" for name, value in found.held)
    against = found.rows[0].against
    rows = []
    for row in found.rows:
        known = [rate for rate in rates if rate.quantity == row.quantity and found.axis == "eps"]
        if row.quantity in SHOWN or known:
            rows.append([row.quantity, f"{row.slope:.4g}", row.fit, _percent(row.off)])
        for rate in known:
            slope = "" if rate.slope is None else f"{float(rate.slope):.4g}"
            rows.append([f"  {rate.kind}", slope, rate.rate, f"[{sources.index(rate.source) + 1}]"])
    title = f"Growth from {LETTERS[found.axis]} {found.first} to {found.last}{held}: least-squares fits, an estimate"
    return section(title, table(["quantity", f"per {against}", "grows like", "off by"], rows, right=(1, 3)))


def _percent(off: float) -> str:
    return f"{100 * off:.2g} %" if off < 1 else f"{1 + off:.2g} times"


def _place(cell: SweepCell) -> str:
    named = [name for name, usual in ((cell.route, "relu"), (cell.dtype, "real")) if name != usual]
    return ", ".join([f"eps {exact_text(cell.tolerance)}", f"{cell.arity} input{'s' * (cell.arity != 1)}", *named])


def sweep_json(report: SweepReport) -> str:
    """Return the sweep as JSON text: counts are integers, other quantities decimal strings rounded up."""
    data = {
        "target": report.target,
        "domain": {name: [lo, hi] for name, lo, hi in report.domain},
        "objective": report.objective,
        "axes": list(report.axes),
        "cells": [_fields(cell) | {"detail": cell.detail} for cell in report.cells],
        "growth": [
            {
                "axis": found.axis,
                "from": found.first,
                "to": found.last,
                "held": dict(found.held),
                "fits": [
                    {
                        "quantity": row.quantity,
                        "against": row.against,
                        "slope": float(f"{row.slope:.6g}"),
                        "fit": row.fit,
                        "off": float(f"{row.off:.3g}"),
                    }
                    for row in found.rows
                ],
            }
            for found in report.growth
        ],
        "rates": [
            rate._asdict() | {"slope": None if rate.slope is None else float(rate.slope)} for rate in report.rates
        ],
    }
    return json.dumps(data, indent=2) + "\n"


def sweep_csv(report: SweepReport) -> str:
    """Return the cells as CSV text, one row each."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for cell in report.cells:
        writer.writerow(_fields(cell))
    return text.getvalue()


def _fields(cell: SweepCell) -> dict[str, int | str | None]:
    found, parts = dict(cell.resources), dict(cell.budget)

    def upward(value: Fraction | None) -> str | None:
        return None if value is None else decimal_up(value, DIGITS)

    values: dict[str, int | str | None] = {
        "eps": exact_text(cell.tolerance),
        "arity": cell.arity,
        "length": cell.sequence,
        "least_length": cell.shortest,
        "route": cell.route,
        "dtype": cell.dtype,
        "status": cell.status,
        "error_bound": upward(cell.error_bound),
        "lower_bound": cell.lower_bound,
        "construction": cell.construction,
        "sha256": cell.sha256,
    }
    values |= {column: upward(parts.get(row)) for row, column in PARTS.items()}
    values |= {name: int(found[name]) if name in found else None for name in COUNTS}
    values |= {name: upward(found.get(name)) for name in REALS}
    return {name: values[name] for name in COLUMNS}
