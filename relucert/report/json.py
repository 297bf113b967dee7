"""Results as JSON: counts are integers, real quantities decimal strings rounded up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ..exact.number import decimal_nearest, decimal_up, exact_text
from .records.build import BuildReport, CheckRow

if TYPE_CHECKING:
    from .records.list import Catalogue
    from .records.run import PointResult, RuntimeResult

DIGITS = 17
REAL_RESOURCES = ("max_weight", "inverse_temperature")


def _real(value: Fraction) -> str:
    return decimal_up(value, DIGITS)


def _resources(pairs: Sequence[tuple[str, Fraction]]) -> dict[str, int | str]:
    return {name: _real(value) if name in REAL_RESOURCES else int(value) for name, value in pairs}


def build_json(report: BuildReport) -> str:
    """Return the report of a build as JSON text."""
    closed = {
        row.name: {"formula": row.formula, "value": int(row.formula_value)}
        for row in report.resources
        if row.formula is not None and row.formula_value is not None
    }
    data = {
        "verdict": report.verdict,
        "statement": report.statement,
        "target": report.target,
        "domain": {name: [lo, hi] for name, lo, hi in report.domain},
        "tolerance": exact_text(report.tolerance)
        if "/" not in exact_text(report.tolerance)
        else _real(report.tolerance),
        "error_bound": _real(report.error_bound),
        "error_budget": [{"row": row.row, "bound": _real(row.bound)} for row in report.budget],
        "resources": _resources([(row.name, row.counted) for row in report.resources]),
        "closed_forms": closed,
        "construction": {"name": report.construction, **dict(report.parameters)},
        "even_split": _resources([(row.name, row.even) for row in report.even_split]) or None,
        "lower_bound": None
        if report.lower_bound is None
        else {"gates": report.lower_bound[0], "reason": report.lower_bound[1]},
        "steps": report.steps,
        "families": list(report.families),
        "sha256": report.sha256,
        "missed_limits": list(report.missed_limits),
    }
    return json.dumps(data, indent=2)


def check_json(rows: Sequence[CheckRow]) -> str:
    """Return the outcomes of a check as JSON text."""
    return json.dumps(
        [
            {
                "path": row.path,
                "status": row.status,
                "detail": row.detail,
                "statement": row.statement,
                "error_bound": None if row.error_bound is None else _real(row.error_bound),
                "families": list(row.families),
                "sha256": row.sha256,
                "resources": _resources(row.resources),
            }
            for row in rows
        ],
        indent=2,
    )


def point_json(results: Sequence[PointResult]) -> str:
    """Return f, N and T at a point as JSON text; values are rounded to nearest, errors and the bound up.

    In another ``norm`` than sup the certified bound is not one at the point.
    """
    return json.dumps(_point(results), indent=2)


def tokens_json(results: Sequence[Sequence[PointResult]]) -> str:
    """Return the same for every data token of a sequence, in their order."""
    return json.dumps({"tokens": [_point(outputs) for outputs in results]}, indent=2)


def _point(results: Sequence[PointResult]) -> dict[str, object]:
    outputs = [
        {
            "f": decimal_nearest(result.target, result.digits),
            "N": None if result.network is None else decimal_nearest(result.network, result.digits),
            "T": decimal_nearest(result.transformer, result.digits),
            "observed": _real(abs(result.transformer - result.target)),
            "certified": _real(result.bound),
            "norm": result.norm,
        }
        for result in results
    ]
    place = {name: exact_text(value) for name, value in results[0].point}
    return {"point": place, **(outputs[0] if len(outputs) == 1 else {"outputs": outputs})}


def runtime_json(result: RuntimeResult) -> str:
    """Return a runtime's comparison as JSON text; ``observed`` is "inf" if any output was infinite or not a number."""

    def maybe(value: Fraction | None) -> str | None:
        return None if value is None else _real(value)

    return json.dumps(
        {
            "runtime": result.runtime,
            "version": result.version,
            "dtype": result.dtype,
            "samples": sum(count for _, count in result.kinds),
            "samples_by_kind": dict(result.kinds),
            "inputs_outside_domain": list(result.outside),
            "not_finite": result.not_finite,
            "observed": "inf" if result.not_finite else maybe(result.observed),
            "certified": maybe(result.certified),
            "note": result.note,
            "certified_over_the_reals": maybe(result.bound),
            "worst_point": {name: exact_text(value) for name, value in result.worst},
            "worst_output": result.output,
            "observed_rounding": maybe(result.rounding),
            "observed_error_of_T": maybe(result.t_error),
            "samples_of_T": result.t_samples,
            "digits_of_T": result.t_digits,
        },
        indent=2,
    )


def catalogue_json(found: Catalogue) -> str:
    """Return the list of targets and constructions as JSON text."""
    constructions = [entry._asdict() | {"resources": dict(entry.resources)} for entry in found.constructions]
    return json.dumps({"targets": [t._asdict() for t in found.targets], "constructions": constructions}, indent=2)
