"""Exact interval arithmetic over an expression: where each part ranges, and where it is undefined."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ..errors import UsageError
from ..exact.number import decimal_down, decimal_up, exact_text
from .expression import Expression

Interval = tuple[Fraction, Fraction]

LONGEST = 60


def ranges(expression: Expression, domain: Sequence[Interval], names: Sequence[str]) -> list[Interval]:
    """Return an exact enclosure of every node over the box.

    Raises UsageError, naming the part and its enclosure, where a denominator may be zero.
    """
    result: list[Interval] = []
    for node in expression.nodes:
        parts = [result[c] for c in node.children] if node.op != "input" else []
        if node.op == "input":
            result.append(domain[node.children[0]])
        elif node.value is not None:
            result.append((node.value, node.value))
        elif node.op == "inv":
            lo, hi = parts[0]
            if lo <= 0 <= hi:
                part = formula(expression, node.children[0], names)
                raise UsageError(
                    f"the domain lets the denominator {part} range over [{decimal_down(lo)}, {decimal_up(hi)}], which "
                    "contains 0; choose a domain that keeps it away, such as x=[1/4,4] for 1/x",
                    "domain",
                )
            result.append((1 / hi, 1 / lo))
        elif node.op == "mul" and len(parts) == 2 and node.children[0] == node.children[1]:
            lo, hi = parts[0]
            result.append((Fraction(0) if lo <= 0 <= hi else min(lo * lo, hi * hi), max(lo * lo, hi * hi)))
        else:
            result.append(_combine(node.op, parts))
    return result


def _combine(op: str, parts: Sequence[Interval]) -> Interval:
    los, his = [lo for lo, _ in parts], [hi for _, hi in parts]
    if op == "add":
        return sum(los, Fraction(0)), sum(his, Fraction(0))
    if op in ("seen_max", "seen_min"):  # over tokens, where the argument has one range
        return parts[0]
    if op == "max":
        return max(los), max(his)
    if op == "min":
        return min(los), min(his)
    if op == "abs":
        return max(los[0], -his[0], Fraction(0)), max(-los[0], his[0])
    lo = hi = Fraction(1)
    for a, b in parts:
        ends = [p * q for p in (lo, hi) for q in (a, b)]
        lo, hi = min(ends), max(ends)
    return lo, hi


def formula(expression: Expression, t: int, names: Sequence[str]) -> str:
    """Return a node in infix notation, shortened beyond 60 characters."""
    node = expression.nodes[t]
    if node.op == "input":
        return names[node.children[0]]
    if node.value is not None:
        return exact_text(node.value)
    parts = []
    for c in node.children:
        parts.append(formula(expression, c, names))
        if len(parts[-1]) > LONGEST:
            return parts[-1]
    sign = {"add": " + ", "mul": "*"}.get(node.op)
    text = sign.join(f"({p})" if " " in p and node.op == "mul" else p for p in parts) if sign else ""
    text = text or (f"1/({parts[0]})" if node.op == "inv" else f"{node.op}({', '.join(parts)})")
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
