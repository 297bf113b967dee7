"""The proof trace in words, from the data that the checker decoded and accepted."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ..exact.number import decimal_down, decimal_up, exact_text
from ..loaded import Loaded
from ..pipeline import rule_claim
from ..report.records.build import BudgetRow
from ..report.records.explain import Explanation, TraceStep
from ..summary import error_budget

LONGEST_VALUE = 60
WORDS = {
    "net": "output {1} of the ReLU network",
    "gated": "the same with sigmoid gates: output {1}",
    "subject": "T",
    "machine": "T as the machine computes it",
}


def explain(loaded: Loaded) -> Explanation:
    """Return every term and step of an accepted certificate, each in one line of ordinary notation."""
    certificate = loaded.certificate
    stated = certificate.statement
    terms = tuple((f"t{k}", _term(node, stated.inputs)) for k, node in enumerate(certificate.terms))
    steps = tuple(
        TraceStep(
            index,
            step.rule,
            rule_claim(step.rule),
            tuple(f"{name} = {_argument(value)}" for name, value in sorted(step.args.items()) if value != []),
            _fact(step.conclusion),
            step.premises,
        )
        for index, step in enumerate(certificate.trace)
    )
    roots = tuple(range(len(steps) - len(stated.targets), len(steps)))
    budget = tuple(BudgetRow(row, part) for row, part in error_budget(certificate))
    return Explanation(loaded.verdict.statement, terms, steps, roots, budget)


def _term(node: Any, inputs: tuple[str, ...]) -> str:
    if node.op == "input":
        return str(inputs[node.children[0]])
    if node.value is not None:
        return _short(node.value)
    if node.op in WORDS:
        return str(WORDS[node.op].format(*node.children))
    parts = [f"t{c}" for c in node.children]
    if node.op in ("add", "mul"):
        return (" + " if node.op == "add" else " * ").join(parts)
    return f"1/{parts[0]}" if node.op == "inv" else f"{node.op}({', '.join(parts)})"


def _fact(fact: Any) -> str:
    if type(fact).__name__ == "Mean":
        return f"norm of | t{fact.left} - t{fact.right} | <= {decimal_up(fact.bound)}"
    if hasattr(fact, "bound"):
        return f"| t{fact.left} - t{fact.right} | <= {decimal_up(fact.bound)}"
    return f"{decimal_down(fact.lo)} <= t{fact.term} <= {decimal_up(fact.hi)}"


def _short(value: Fraction) -> str:
    text = exact_text(value)
    return text if len(text) <= LONGEST_VALUE else f"{decimal_up(value, 12)} (rounded up)"


def _argument(value: object) -> str:
    """Return a step's raw argument in brief: rationals are text in the file already."""
    text = ", ".join(map(_argument, value)) if isinstance(value, list) else str(value)
    text = f"[{text}]" if isinstance(value, list) else text
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."
