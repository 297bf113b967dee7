"""Expressions over named inputs: a flat list of nodes, each below its own arguments' index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..exact.functions import FUNCTIONS, value

LEAVES = ("input", "const")
VALUE_BITS = 400


@dataclass(frozen=True, slots=True)
class Node:
    """One operation.

    ``op`` is input, const, add, mul, max, min (two or more arguments), inv, abs, exp, log, sin, cos, erf or power.

    ``seen_max`` and ``seen_min`` are extrema of their argument over the data tokens that a token sees.

    ``where`` of (condition, a, b) is a where the condition is >= 0 and b elsewhere.

    ``children`` holds indices of earlier nodes, or for an input the index of the input; ``value`` is the value of a
    constant and the exponent of a power.
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

    @property
    def rational(self) -> bool:
        """Whether only rational operations and extrema occur, so that values at rational points are rational."""
        return all(node.op not in FUNCTIONS for node in self.nodes)

    def below(self, roots: Sequence[int]) -> list[int]:
        """Return the nodes that these are built from, themselves included, in increasing order."""
        seen: set[int] = set()
        stack = list(roots)
        while stack:
            t = stack.pop()
            if t not in seen:
                seen.add(t)
                if self.nodes[t].op != "input":
                    stack += self.nodes[t].children
        return sorted(seen)


def evaluate(expression: Expression, point: Sequence[Fraction], bits: int = VALUE_BITS) -> list[Fraction]:
    """Return the values of all roots at an exact point; ZeroDivisionError where 1/0 occurs.

    They are exact for a ``rational`` expression; each elementary function otherwise adds an error of about 2^-bits,
    unless its value is a rational that is known.
    """
    values: list[Fraction] = []
    for node in expression.nodes:
        if node.op == "input":
            values.append(point[node.children[0]])
        elif node.op == "const" and node.value is not None:
            values.append(node.value)
        elif node.op in FUNCTIONS:
            values.append(value(node.op, values[node.children[0]], node.value, bits))
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
    if op == "where":
        return arguments[1] if arguments[0] >= 0 else arguments[2]
    if op == "inv":
        return 1 / arguments[0]
    if op == "abs":
        return abs(arguments[0])
    raise ValueError(f"unknown operation {op!r}")
