"""From a problem to a verdict, and from a file to what it says; the page to read first.

    Problem -> route: network, transformer, proof -> certificate bytes -> the independent checker -> Outcome
    certificate bytes -> the independent checker -> Verdict

``summary`` says what an outcome achieved, ``loaded`` turns an accepted certificate into the builder's types.  The
checker is given bytes and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from . import against
from .certificate.write import Statement, canonical, write_certificate, write_statement
from .check import Verdict, decode, files, rules
from .check import check as checked
from .check.model import Attention
from .check.refusal import Declined, Rejected
from .errors import DeclinedError, DefectError, UnreachableError
from .relu.plan import Plan
from .routes.table import ROUTES, Route, route
from .spec.problem import Problem
from .spec.sequence import MIRRORED, Sequence
from .transformer.resources import Resources, count
from .version import VERSION

__all__ = [
    "FAMILIES",
    "Outcome",
    "Verdict",
    "build",
    "build_by",
    "check_bytes",
    "check_file",
    "read_file",
    "rule_claim",
    "shortfalls",
    "statement_of",
]

Progress = Callable[[str], None]
FAMILIES = rules.FAMILIES


@dataclass(frozen=True, slots=True)
class Outcome:
    """What ``build`` returns: the certificate's bytes and the independent checker's verdict on them."""

    problem: Problem
    certificate: bytes
    verdict: Verdict
    resources: Resources
    plan: Plan


def build(problem: Problem, progress: Progress = lambda stage: None) -> Outcome:
    """Return a certificate for the problem, checked by the independent checker.

    Raises UnreachableError where no construction reaches the tolerance, DeclinedError if checking what was built takes
    more than the checker's fixed limits, and DefectError if the checker rejects it, which is a fault of this program.
    """
    if problem.route != "auto":
        return build_by(route(problem.route), problem, progress)
    outcomes, reasons = [], []
    for each in ROUTES:
        reason = each.predict(problem)
        if reason is None:
            progress(f"trying the route {each.name}")
            try:
                outcomes.append(build_by(each, problem, progress))
            except (UnreachableError, DeclinedError) as error:
                reason = str(error)
        if reason is not None:
            reasons.append(f"{each.name}: {reason}")
    if not outcomes:
        raise UnreachableError("no route reaches the tolerance; " + "; ".join(reasons))
    return min(outcomes, key=cost)


def cost(outcome: Outcome) -> tuple[Fraction | int, ...]:
    """Return what the objective counts, most important first, from the checker's own recount."""
    counted = outcome.verdict.resources
    order = {
        "heads": ("heads", "layers", "tokens", "parameters"),
        "layers": ("layers", "heads", "tokens", "parameters"),
        "weight": ("inverse_temperature", "max_weight", "heads", "layers"),
    }[outcome.problem.objective]
    return tuple(counted[name] for name in order)


def build_by(chosen: Route, problem: Problem, progress: Progress = lambda stage: None) -> Outcome:
    """Return the outcome of one route; raises as ``build`` does."""
    proved, plan = chosen.build(problem, progress)
    data = write_certificate(statement_of(problem), proved, _info(problem))
    gates = sum(len(network.gated) for network, _ in proved.networks)
    resources = count(proved.subject, gates, problem.sequence.most, int(problem.sequence == MIRRORED))
    del proved  # a large network and its proof need not be held while the checker builds its own
    progress("checking")
    verdict = checked(data)
    if verdict.status != "accepted":
        fault = DeclinedError if verdict.status == "declined" else DefectError
        raise fault(
            f"the checker {verdict.status} the certificate that was built, at step {verdict.step} "
            f"({verdict.rule}): {verdict.reason}"
        )
    return Outcome(problem, data, verdict, resources, plan)


def statement_of(problem: Problem) -> Statement:
    """Return what a certificate for the problem has to state."""
    tokens = problem.sequence
    if problem.is_over_tokens:  # each token carries the one input, and all of them hold a result
        tokens = Sequence(tokens.least, tokens.most, tokens.mask, "tokenwise")
    domain, expression = problem.domain, problem.expression
    return Statement(problem.inputs, domain, expression, problem.tolerance, tokens, problem.arithmetic, problem.norm)


def _info(problem: Problem) -> dict[str, str]:
    return {"generator": "relucert", "spec": problem.text, "version": VERSION}


def check_file(path: Path, only: frozenset[str] | None = None) -> Verdict:
    """Return the checker's verdict on a ``.json`` or ``.json.gz`` file; raises OSError if it cannot be read."""
    try:
        return checked(files.read(path), only)
    except (Rejected, Declined) as refusal:
        status = "rejected" if isinstance(refusal, Rejected) else "declined"
        return Verdict(status, "decode", None, str(refusal), "", None, "", None, (), {})


def read_file(path: Path) -> bytes:
    """Return the bytes of a certificate that was checked before, unpacked."""
    return files.read(path)


def check_bytes(data: bytes, only: frozenset[str] | None = None) -> Verdict:
    """Return the checker's verdict on certificate bytes."""
    return checked(data, only)


def shortfalls(verdict: Verdict, problem: Problem) -> list[str]:
    """Return why an accepted certificate is weaker than the problem asks, limits included; empty if it is not."""
    if verdict.certificate is None or verdict.error_bound is None:
        return ["the certificate was not accepted"]
    wanted = decode.statement(json.loads(canonical(write_statement(statement_of(problem)))))
    limits: Mapping[str, Fraction] = dict(problem.limits)
    found = [] if isinstance(verdict.certificate.subject, Attention) else ["what was certified is no transformer"]
    return found + against.shortfalls(
        verdict.certificate.statement, verdict.error_bound, verdict.resources, wanted, limits
    )


def rule_claim(name: str) -> str:
    """Return what a rule of the checker proves, in the words of its docstring."""
    claim = (rules.RULES[name].run.__doc__ or "").partition("Claim:")[2].partition("\n\n")[0]
    return " ".join(claim.split())
