"""The result of ``relucert certify`` as text and as JSON."""

from __future__ import annotations

import json
from fractions import Fraction

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from ..exact.number import decimal_down, decimal_up, exact_text, write_rational
from .json import DIGITS
from .records.certify import CertifyReport, Witness
from .text import section, table, verdict_text

EXACT = "the weights of the file as the exact rationals they are, over the real numbers: no float arithmetic"


def certify_text(report: CertifyReport) -> Group:
    """Return the verdict with the statement, the counterexample or the best bound."""
    box = ", ".join(f"{name} in [{exact_text(lo)}, {exact_text(hi)}]" for name, lo, hi in report.domain)
    target = f"({report.target})" if set("+-; ") & set(report.target) else report.target
    asked = f"| NET - {target} | <= {exact_text(report.tolerance)} for all real {box}?"
    blocks: list[RenderableType] = [
        section("Asked", Text(asked)),
        Padding(Text(f"NET is {report.path}, {report.subject}: {EXACT}."), (0, 0, 0, 2)),
    ]
    if report.statement:
        blocks.append(section("Statement", Text(report.statement)))
    if report.witness is not None:
        blocks.append(section("Counterexample, exact", _witness(report.witness, report.target)))
    rows = [["cells of the box", ", ".join(_cells(*pair) for pair in report.cells)]]
    if report.gates is not None:
        rows.append(["error of the softmax gates, at most", decimal_up(report.gates)])
    if report.largest_error is not None:
        network = "ReLU network's error" if report.gates is not None else "error"
        rows.append([f"largest {network} met", f"{decimal_down(report.largest_error)} (a lower bound)"])
    if report.verdict == "undecided":
        best = "none" if report.best_bound is None else f"{decimal_up(report.best_bound)} (accepted by the checker)"
        rows.append(["best bound proved", best])
    if report.resources:
        rows.append(["network", ", ".join(f"{name} {decimal_up(value)}" for name, value in report.resources)])
        rows.append(["rule families", ", ".join(report.families)])
        rows.append(["sha256", report.sha256])
    blocks.append(section("Work", table(["", ""], rows)))
    word = verdict_text(
        "accepted" if report.verdict == "proved" else "declined" if report.verdict == "undecided" else ""
    )
    text = Text(report.verdict, style=word.style if report.verdict != "refuted" else "bold red")
    blocks.append(section("Verdict", text.append(_why(report), style="")))
    return Group(*blocks)


def _cells(proved: int, cells: int) -> str:
    return f"{cells}, all proved" if proved == cells else f"{cells}, {proved} of them proved"


def _why(report: CertifyReport) -> str:
    if report.verdict == "proved":
        return ": the certificate is accepted by the independent checker"
    if report.verdict == "refuted":
        return ": the counterexample misses the tolerance"
    if report.finished:
        return ": the ReLU network's error and that of its gates, added, exceed the tolerance, and no point found does"
    return ": neither a proof nor a counterexample was found in the time given"


def _witness(found: Witness, target: str) -> RenderableType:
    rows = [[name, write_rational(value), ""] for name, value in found.point]
    if found.lo == found.hi:
        rows.append(["NET", write_rational(found.lo), f"about {decimal_up(found.lo, 9)}"])
    else:
        rows.append(["NET", f">= {decimal_down(found.lo, 20)}", "softmax enclosed in intervals"])
        rows.append(["", f"<= {decimal_up(found.hi, 20)}", ""])
    rows.append(
        [target if len(target) <= 20 else "f", write_rational(found.target), f"about {decimal_up(found.target, 9)}"]
    )
    rows.append(["error", f">= {decimal_down(found.error, 9)}", f"in output {found.output + 1}"])
    return table(["", "", ""], rows)


def certify_json(report: CertifyReport) -> str:
    """Return the same as JSON: exact numbers as p/q, bounds as decimals rounded outward."""

    def up(value: Fraction | None) -> str | None:
        return None if value is None else decimal_up(value, DIGITS)

    witness = report.witness
    return json.dumps(
        {
            "verdict": report.verdict,
            "finished": report.finished,
            "network": report.path,
            "subject": report.subject,
            "target": report.target,
            "domain": {name: [write_rational(lo), write_rational(hi)] for name, lo, hi in report.domain},
            "tolerance": write_rational(report.tolerance),
            "statement": report.statement or None,
            "counterexample": None
            if witness is None
            else {
                "point": {name: write_rational(value) for name, value in witness.point},
                "output": witness.output,
                "network": [write_rational(witness.lo), write_rational(witness.hi)],
                "target": write_rational(witness.target),
                "error_at_least": decimal_down(witness.error, DIGITS),
            },
            "best_bound": up(report.best_bound),
            "gates": up(report.gates),
            "largest_error_met": None
            if report.largest_error is None
            else {
                "error": decimal_down(report.largest_error, DIGITS),
                "point": {name: write_rational(value) for name, value in report.largest_at},
            },
            "cells": [{"proved": proved, "all": cells} for proved, cells in report.cells],
            "resources": {name: decimal_up(value, DIGITS) for name, value in report.resources} or None,
            "families": list(report.families),
            "sha256": report.sha256 or None,
        },
        indent=2,
    )
