"""From a problem to a verdict, and from a file to what it says; the page to read first.

    Problem -> route: network, transformer, proof -> certificate bytes -> the independent checker -> Outcome
    certificate bytes -> the independent checker -> Loaded: the verdict, and the network and transformer it spoke of

Only this module, ``against`` and the room ``coq`` import the checker; it is given bytes and nothing else.
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
from .check.model import Attention, Certificate, Feedforward, Mean, Near
from .check.model import Form as CheckedForm
from .check.model import Layer as CheckedLayer
from .check.refusal import Declined, Rejected
from .errors import DeclinedError, DefectError, UnreachableError
from .exact.number import exact_text
from .relu.closed_form import closed_forms
from .relu.lower_bound import lower_bound, published
from .relu.network import Form, Network
from .relu.plan import Plan
from .report.record import BudgetRow, BuildReport, ResourceRow
from .routes.table import ROUTES, Route, route
from .spec.problem import Problem
from .spec.sequence import MIRRORED, Sequence
from .target.expression import Expression, Node
from .transformer.model import Code, FeedForward, Head, Layer, Matrix, Transformer
from .transformer.resources import Resources, count
from .version import VERSION

__all__ = [
    "FAMILIES",
    "Loaded",
    "Outcome",
    "Verdict",
    "build",
    "build_by",
    "check_bytes",
    "check_file",
    "error_budget",
    "load",
    "read_file",
    "report",
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


@dataclass(frozen=True, slots=True)
class Loaded:
    """An accepted certificate in the builder's types; ``outputs`` are those of the network, one for each target."""

    verdict: Verdict
    certificate: Certificate
    expression: Expression
    attention: Transformer | None
    network: Network | None
    outputs: tuple[int, ...]

    @property
    def transformer(self) -> Transformer:
        """The transformer; DeclinedError where the certificate is about a feed-forward network."""
        if self.attention is None:
            raise DeclinedError("this certificate is about a feed-forward ReLU network; this needs a transformer")
        return self.attention


def load(verdict: Verdict) -> Loaded:
    """Return the parts of an accepted certificate, as decoded by the checker."""
    certificate = verdict.certificate
    if certificate is None or verdict.status != "accepted":
        raise ValueError("only an accepted certificate is loaded")
    stated = certificate.statement
    expression = Expression(tuple(Node(n.op, n.children, n.value) for n in stated.nodes), stated.targets)
    network, outputs, subject = None, [0] * len(stated.targets), certificate.subject
    if isinstance(subject, Feedforward):
        lemma = _network(certificate, subject.network)
        return Loaded(verdict, certificate, expression, None, lemma, tuple(range(len(stated.targets))))
    for step in certificate.trace:
        if not isinstance(step.conclusion, Near):
            continue
        left, right = (certificate.terms[t].op for t in step.conclusion[:2])
        if left in ("subject", "machine") and right in ("gated", "net"):
            (target,) = certificate.terms[step.conclusion.left].children
            k, outputs[target] = certificate.terms[step.conclusion.right].children
            network = _network(certificate, k)
    return Loaded(verdict, certificate, expression, _transformer(certificate, subject), network, tuple(outputs))


def _network(certificate: Certificate, k: int) -> Network:
    lemma = certificate.networks[k]
    inputs = len(certificate.statement.inputs)
    return Network(inputs, tuple(map(_form, lemma.neurons)), tuple(map(_form, lemma.outputs)))


def _form(form: CheckedForm) -> Form:
    return Form({(atom[0], atom[1] if len(atom) == 2 else 0): value for atom, value in form.items()})


def _transformer(certificate: Certificate, subject: Attention) -> Transformer:
    width = subject.d_model
    code = None if subject.code is None else Code(subject.code.kind, subject.code.size)
    columns = 1 + len(certificate.statement.inputs) + (code.size if code else 0)
    return Transformer(
        Matrix.of(width, columns, subject.embedding),
        tuple(_layer(layer, width) for layer in subject.layers),
        Matrix.of(subject.outputs, width, subject.readout),
        tuple(tuple(sorted(anchor.items())) for anchor in subject.anchors),
        code,
    )


def _layer(layer: CheckedLayer, width: int) -> Layer:
    heads = tuple(
        Head(
            Matrix.of(head.d_head, width, head.w_q),
            Matrix.of(head.d_head, width, head.w_k),
            Matrix.of(head.d_head, width, head.w_v),
            Matrix.of(width, head.d_head, head.w_o),
        )
        for head in layer.heads
    )
    part = layer.feed_forward
    if part is None:
        return Layer(heads)
    return Layer(heads, FeedForward(Matrix.of(part.width, width, part.w_in), Matrix.of(width, part.width, part.w_out)))


def error_budget(certificate: Certificate) -> list[tuple[str, Fraction]]:
    """Return the parts of the largest bound over all targets: approximation, gates, leak, which sum to it.

    They are the distances that the last chain of ``sum`` steps adds, named by what they lead from and to.  Gates that
    are bounded together with what they build share its row; without a network there are no gates.  Where the statement
    names an arithmetic there is a row more, rounding: what a machine's distance from the ReLU network is beyond that of
    exact gates, which the trace bounds beside it.
    """
    parts = {"approximation": Fraction(0), "gates": Fraction(0), "leak": Fraction(0)}
    network_alone = isinstance(certificate.subject, Feedforward)
    direct = False
    exact_gates: dict[int, Fraction] = {}
    if certificate.statement.arithmetic is not None:
        parts["rounding"] = Fraction(0)
        for step in certificate.trace:
            if isinstance(step.conclusion, Near) and certificate.terms[step.conclusion.left].op == "gated":
                exact_gates[step.conclusion.right] = step.conclusion.bound
    last = range(len(certificate.trace) - len(certificate.statement.targets), len(certificate.trace))
    stack = [max(last, key=lambda position: certificate.trace[position].conclusion[-1])]
    while stack:
        step = certificate.trace[stack.pop()]
        if step.rule == "sum":
            stack.extend(step.premises)
        elif isinstance(step.conclusion, Near | Mean):
            left, right = (certificate.terms[t].op for t in step.conclusion[:2])
            row = "gates" if (left, right) == ("gated", "net") else "approximation"
            if left == "subject" and not network_alone:
                row = "gates" if right == "net" else "leak"
                row = "approximation" if step.conclusion.right in certificate.statement.targets else row
            direct |= row == "approximation" and left == "gated"
            row = "gates" if right in ("seen_max", "seen_min") else row  # softmax is not a hard switch here either
            bound = step.conclusion.bound
            if left == "machine":
                row = "rounding"
                parts["gates"] = min(bound, exact_gates.get(step.conclusion.right, Fraction(0)))
                bound -= parts["gates"]
            parts[row] += bound
    if direct:
        return [("approximation and gates", parts["approximation"] + parts["gates"]), ("leak", parts["leak"])]
    if not {node.op for node in certificate.terms} & {"gated", "net"} and not parts["gates"]:
        del parts["gates"]
    return list(parts.items())


def report(outcome: Outcome) -> BuildReport:
    """Return what ``relucert build`` shows of an outcome, every count taken from the checker's recount."""
    problem, verdict, plan = outcome.problem, outcome.verdict, outcome.plan
    certificate, bound = verdict.certificate, verdict.error_bound
    if certificate is None or bound is None:
        raise ValueError("only an accepted outcome is reported")
    forms, parameters = closed_forms(plan.construction), dict(plan.parameters)
    limits = dict(problem.limits)
    tokenwise = problem.sequence.layout == "tokenwise"
    wide = verdict.resources["heads"] == verdict.resources["gates"]  # the closed forms are those of the wide layout
    wide = wide and problem.sequence.is_single
    rows = []
    for name, counted in verdict.resources.items():
        coded = isinstance(certificate.subject, Attention) and certificate.subject.code is not None
        if name in ("code_size", "code_max") and not coded and name not in limits:
            continue
        if name == "feed_forward_width" and not counted and name not in limits:
            continue
        text = value = None
        known = wide or problem.is_over_tokens or name == "gates" or (name == "layers" and tokenwise)
        if forms is not None and name in forms.resources and known:
            text, function = forms.resources[name]
            value = Fraction(function(*(parameters[p] for p in forms.parameters)))
        rows.append(ResourceRow(name, Fraction(counted), text, value, limits.get(name)))
    used: dict[str, int] = {}
    for step in certificate.trace:
        used[step.rule] = used.get(step.rule, 0) + 1
    below = lower_bound(problem) if certificate.networks else None  # it speaks of ReLU gates only
    return BuildReport(
        verdict=verdict.status,
        statement=verdict.statement,
        about=_about(certificate),
        target=problem.target,
        domain=tuple(
            (name, exact_text(lo), exact_text(hi))
            for name, (lo, hi) in zip(problem.inputs, problem.domain, strict=True)
        ),
        tolerance=problem.tolerance,
        error_bound=bound,
        budget=tuple(BudgetRow(row, part) for row, part in error_budget(certificate)),
        resources=tuple(rows),
        construction=plan.construction,
        parameters=plan.parameters,
        even_split=None if plan.saved is None else outcome.resources.gates + plan.saved,
        lower_bound=None if below is None else (below.gates, below.reason),
        published=published(problem),
        steps=len(certificate.trace),
        rules=tuple(sorted(used.items())),
        families=verdict.families,
        sha256=verdict.sha256,
        missed_limits=tuple(shortfalls(verdict, problem)),
    )


def _about(certificate: Certificate) -> str:
    """Return what T is, and of which tokens it is made."""
    subject, tokens = certificate.subject, certificate.statement.sequence
    if not isinstance(subject, Attention):
        return "T is a feed-forward ReLU network with exact rational weights over the real numbers."
    anchors = f", {len(subject.anchors)} anchor token{'s' * (len(subject.anchors) > 1)}" if subject.anchors else ""
    data = "the data token" if tokens.most == 1 else "the data tokens"
    arithmetic = certificate.statement.arithmetic
    weights = "exact rational weights over the real numbers" if arithmetic is None else f"{arithmetic.dtype} weights"
    kind = "an attention-only softmax transformer" if subject.is_attention_only else "a softmax transformer"
    parts = "" if subject.is_attention_only else " and feed-forward parts"
    text = f"T is {kind} with {weights}{parts}: a zero sink token{anchors} and {data}, {tokens.mask} mask"
    if tokens.layout == "mirrored":
        text = f"T is {kind} with {weights}: a zero sink token, the data token and its mirror, which see each other"
    if subject.code is not None:
        columns = f"{subject.code.size} column{'s' * (subject.code.size != 1)}"
        text += f"; {subject.code.kind} position code of {columns}"
    return text + "."


def rule_claim(name: str) -> str:
    """Return what a rule of the checker proves, in the words of its docstring."""
    claim = (rules.RULES[name].run.__doc__ or "").partition("Claim:")[2].partition("\n\n")[0]
    return " ".join(claim.split())
