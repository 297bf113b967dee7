"""An audit as text and JSON."""

from __future__ import annotations

import json

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from .records.audit import AuditReport, Finding
from .text import section, table


def audit_text(report: AuditReport) -> Group:
    """Return each question with its verdict, answer, evidence and hidden costs."""
    box = ", ".join(f"{name} in [{lo}, {hi}]" for name, lo, hi in report.domain[:4])
    title = f"{report.target}{', ' + box if box else ''}{', ...' if len(report.domain) > 4 else ''}"
    eps = report.eps[0] if len(report.eps) == 1 else f"{report.eps[0]} to {report.eps[-1]}"
    head = Text(title, style="bold").append(
        f"\neps {eps}; {report.networks} networks built for this audit, all accepted by the checker", style=""
    )
    return Group(head, *(_finding(number, found) for number, found in enumerate(report.findings, 1)))


def _finding(number: int, found: Finding) -> RenderableType:
    verdict = Text("verdict: ").append(found.verdict, style="bold")
    rows = [[item.kind, item.text] for item in found.evidence]
    costs = [[name, text] for name, text in found.costs]
    body: list[RenderableType] = [verdict, Text(found.answer), table(["", ""], rows), Text("Hidden costs")]
    return section(f"{number}. {found.question}", Group(*body, Padding(table(["", ""], costs), (0, 0, 0, 2))))


def audit_json(report: AuditReport) -> str:
    """Return the audit as JSON text."""
    data = {
        "target": report.target,
        "domain": {name: [lo, hi] for name, lo, hi in report.domain},
        "eps": list(report.eps),
        "networks": report.networks,
        "contradicted": report.contradicted,
        "findings": [
            {
                "question": found.question,
                "verdict": found.verdict,
                "answer": found.answer,
                "evidence": [item._asdict() for item in found.evidence],
                "hidden_costs": dict(found.costs),
                "numbers": dict(found.numbers),
            }
            for found in report.findings
        ],
    }
    return json.dumps(data, indent=2)
