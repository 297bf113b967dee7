"""What ``audit`` shows."""

from __future__ import annotations

from typing import NamedTuple


class Evidence(NamedTuple):
    """Why a finding holds.

    ``kind`` is proved (a closed form or an inequality, by symbols), certified (by the independent checker), confirmed
    (counted on built networks), witnessed (one point, with enclosures), or estimate.
    """

    kind: str
    text: str


class Finding(NamedTuple):
    """The answer to one question or the test of one claim; ``costs`` are what the answer hides."""

    question: str
    verdict: str
    answer: str
    evidence: tuple[Evidence, ...]
    costs: tuple[tuple[str, str], ...]
    numbers: tuple[tuple[str, str], ...]


class AuditReport(NamedTuple):
    """Everything that ``relucert audit`` shows; ``contradicted`` says that a built network is not as proved."""

    target: str
    domain: tuple[tuple[str, str, str], ...]
    eps: tuple[str, ...]
    networks: int
    findings: tuple[Finding, ...]
    contradicted: bool
