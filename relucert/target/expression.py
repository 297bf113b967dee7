"""Expressions over named inputs: a flat list of nodes, each below its own arguments' index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

LEAVES = ("input", "const")


@dataclass(frozen=True, slots=True)
class Node:
    """One operation: ``op`` is input, const, add, mul, max, min (two or more arguments), inv or abs.

    ``seen_max`` and ``seen_min`` are extrema of their argument over the data tokens that a token sees.

    ``children`` holds indices of earlier nodes, or for an input the index of the input.
    """

    op: str
    children: tuple[int, ...] = ()
    value: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Expression:
    """One or more target functions as roots in one list of nodes."""

    nodes: tuple[Node, ...]
    roots: tuple[int, ...]

    def __post_init__(self) -> None:
        for k, node in enumerate(self.nodes):
            if node.op not in LEAVES and any(not 0 <= c < k for c in node.children):
                raise ValueError(f"node {k} refers to a node that is not before it")
        if not self.roots or any(not 0 <= r < len(self.nodes) for r in self.roots):
            raise ValueError("an expression needs roots among its nodes")


def evaluate(expression: Expression, point: Sequence[Fraction]) -> list[Fraction]:
    """Return the exact values of all roots at an exact point; ZeroDivisionError where 1/0 occurs."""
    values: list[Fraction] = []
    for node in expression.nodes:
        if node.op == "input":
            values.append(point[node.children[0]])
        elif node.op == "const" and node.value is not None:
            values.append(node.value)
        else:
            values.append(_apply(node.op, [values[c] for c in node.children]))
    return [values[r] for r in expression.roots]


def _apply(op: str, arguments: list[Fraction]) -> Fraction:
    if op == "add":
        return sum(arguments, Fraction(0))
    if op == "mul":
        product = Fraction(1)
        for a in arguments:
            product *= a
        return product
    if op == "max":
        return max(arguments)
    if op == "min":
        return min(arguments)
    if op == "inv":
        return 1 / arguments[0]
    if op == "abs":
        return abs(arguments[0])
    raise ValueError(f"unknown operation {op!r}")
