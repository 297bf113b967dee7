"""From a problem to a verdict; the page to read first.

    Problem -> route: network, transformer, proof -> certificate bytes -> the independent checker -> Outcome
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import check
from .derivation.certificate import Proved, Statement, write_certificate
from .errors import DefectError
from .relu.plan import Plan
from .routes.relu import route as relu
from .spec.problem import Problem
from .transformer.resources import Resources, count
from .version import VERSION

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What ``build`` returns: the certificate's bytes and the independent checker's verdict on them."""

    problem: Problem
    certificate: bytes
    verdict: check.Verdict
    resources: Resources
    plan: Plan


def build(problem: Problem, progress: Progress = lambda stage: None) -> Outcome:
    """Return a certificate for the problem, checked by the independent checker.

    Raises UnreachableError where no construction reaches the tolerance, and DefectError if the checker does not
    accept what was built, which is a fault of this program.
    """
    proved, plan = relu.build(problem, progress)
    data = write_certificate(statement_of(problem), proved, _info(problem))
    progress("checking")
    verdict = check.check(data)
    if verdict.status != "accepted":
        raise DefectError(
            f"the checker {verdict.status} the certificate that was built, at step {verdict.step} "
            f"({verdict.rule}): {verdict.reason}"
        )
    return Outcome(problem, data, verdict, count(proved.subject, _gates(proved)), plan)


def statement_of(problem: Problem) -> Statement:
    """Return what a certificate for the problem has to state."""
    return Statement(problem.inputs, problem.domain, problem.expression, problem.tolerance)


def _gates(proved: Proved) -> int:
    return sum(len(network.gated) for network, _ in proved.networks)


def _info(problem: Problem) -> dict[str, str]:
    return {"generator": "relucert", "spec": problem.text, "version": VERSION}
