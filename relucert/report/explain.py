"""A proof trace as a tree; a step that was shown before is only named again."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text
from rich.tree import Tree

from .records.explain import Explanation, TraceStep
from .text import real, section, table


def explanation(found: Explanation, depth: int | None) -> Group:
    """Return the statement, the terms, the tree of steps from the last one down, and the error budget."""
    steps = {step.number: step for step in found.steps}
    shown: set[int] = set()
    trees = []
    for root in found.roots:
        tree = Tree(_label(steps[root]))
        _grow(tree, steps[root], steps, shown, depth)
        trees.append(tree)
    budget = table(["part of the error", "at most"], ((row.row, real(row.bound)) for row in found.budget), right=(1,))
    return Group(
        section("Statement", Text(found.statement)),
        section("Terms", table(["", ""], found.terms)),
        section("Proof, from the conclusion down to what needs no premise", Group(*trees)),
        section("Error budget", budget),
    )


def _grow(tree: Tree, root: TraceStep, steps: dict[int, TraceStep], shown: set[int], depth: int | None) -> None:
    """Add the premises below ``tree`` in reading order; iterative, as traces may be deep."""
    shown.add(root.number)
    stack = [(tree, iter(root.premises), 1)]
    while stack:
        branch, premises, level = stack[-1]
        premise = next(premises, None)
        if premise is None:
            stack.pop()
        elif premise in shown:
            branch.add(Text(f"[{premise}] {steps[premise].conclusion} (shown above)"))
        elif depth is not None and level >= depth:
            branch.add(Text(f"[{premise}] {steps[premise].conclusion} ..."))
        else:
            shown.add(premise)
            stack.append((branch.add(_label(steps[premise])), iter(steps[premise].premises), level + 1))


def _label(step: TraceStep) -> Text:
    text = Text(f"[{step.number}] {step.conclusion}\n")
    text.append(f"by {step.rule}: {step.claim}", style="dim")
    for detail in step.details:
        text.append(f"\n{detail}", style="dim")
    return text
