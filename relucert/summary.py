"""What a build shows of its outcome: resources beside their closed forms, and the parts of the error."""

from __future__ import annotations

from fractions import Fraction

from .check.model import Attention, Certificate, Feedforward, Mean, Near
from .exact.number import exact_text
from .pipeline import Outcome, shortfalls
from .relu.closed_form import closed_forms
from .relu.lower_bound import lower_bound, published
from .relu.plan import Counts
from .report.records.build import BudgetRow, BuildReport, EvenRow, ResourceRow


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


def summarise(outcome: Outcome) -> BuildReport:
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
        even_split=() if plan.compared is None else _compared(problem.objective, *plan.compared),
        lower_bound=None if below is None else (below.gates, below.reason),
        published=published(problem),
        steps=len(certificate.trace),
        rules=tuple(sorted(used.items())),
        families=verdict.families,
        sha256=verdict.sha256,
        missed_limits=tuple(shortfalls(verdict, problem)),
    )


def _compared(objective: str, built: Counts, even: Counts) -> tuple[EvenRow, ...]:
    """Return what was built beside the even split, those numbers first that the objective minimises first."""
    pairs = zip(built.order(objective), even.order(objective), strict=True)
    return tuple(EvenRow(name, Fraction(a), Fraction(b)) for (name, a), (_, b) in pairs)


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
