"""Interval arithmetic over an expression: where each part ranges, and where it is undefined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from ..errors import UsageError
from ..exact.functions import FUNCTIONS, enclosed
from ..exact.number import decimal_down, decimal_up, exact_text
from .expression import LEAVES, Expression, Node

Interval = tuple[Fraction, Fraction]

LONGEST = 60
MAX_BITS = 1 << 16  # of exact ends; repeated squaring would soon exhaust the machine
BITS = 128
ROOT = Fraction(1, 2)


def ranges(expression: Expression, domain: Sequence[Interval], names: Sequence[str]) -> list[Interval]:
    """Return an enclosure of every node over the box, exact for rational operations and extrema.

    Raises UsageError, naming the part and its enclosure, where a denominator may be zero, the argument of log not
    positive, or that of a rational power negative; and where ends would take very many digits.
    """
    result: list[Interval] = []
    for t, node in enumerate(expression.nodes):
        parts = [result[c] for c in node.children] if node.op != "input" else []
        if node.op == "input":
            result.append(domain[node.children[0]])
        elif node.op == "const" and node.value is not None:
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
        elif node.op in FUNCTIONS:
            result.append(_function(expression, node, parts[0], names))
        else:
            result.append(_combine(node.op, parts))
        if any(max(end.numerator.bit_length(), end.denominator.bit_length()) > MAX_BITS for end in result[t]):
            part = formula(expression, t, names)
            raise UsageError(f"the range of {part} has ends of more than {MAX_BITS} binary digits", "domain")
    return result


def _function(expression: Expression, node: Node, inside: Interval, names: Sequence[str]) -> Interval:
    try:
        return enclosed(node.op, inside, node.value, BITS)
    except (ValueError, OverflowError) as error:
        part, (lo, hi) = formula(expression, node.children[0], names), inside
        name = (
            node.op if node.value is None else "sqrt" if node.value == ROOT else f"the power {exact_text(node.value)}"
        )
        advice = "" if isinstance(error, OverflowError) else "; choose a domain that keeps it so, such as x=[1/4,4]"
        raise UsageError(
            f"the domain lets the argument {part} of {name} range over [{decimal_down(lo)}, {decimal_up(hi)}]; "
            f"{error}{advice}",
            "domain",
        ) from None


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
    if op == "where":
        lo, hi = parts[0]
        kept = [parts[1]] if lo >= 0 else [parts[2]] if hi < 0 else parts[1:]
        return min(a for a, _ in kept), max(b for _, b in kept)
    if op == "abs":
        return max(los[0], -his[0], Fraction(0)), max(-los[0], his[0])
    lo = hi = Fraction(1)
    for a, b in parts:
        ends = [p * q for p in (lo, hi) for q in (a, b)]
        lo, hi = min(ends), max(ends)
    return lo, hi


def formula(expression: Expression, t: int, names: Sequence[str]) -> str:
    """Return a node in infix notation, shortened beyond 60 characters."""
    needed = {t}
    for k in range(t, -1, -1):
        if k in needed and expression.nodes[k].op not in LEAVES:
            needed.update(expression.nodes[k].children)
    texts: dict[int, str] = {}  # each part is written once, however often it is shared
    for k in sorted(needed):
        texts[k] = _infix(expression.nodes[k], texts, names)
    return texts[t]


def _infix(node: Node, texts: Mapping[int, str], names: Sequence[str]) -> str:
    if node.op == "input":
        return names[node.children[0]]
    if node.op == "const" and node.value is not None:
        text = exact_text(node.value)
        return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
    parts = [texts[c] for c in node.children]
    sign = {"add": " + ", "mul": "*"}.get(node.op)
    text = sign.join(f"({p})" if " " in p and node.op == "mul" else p for p in parts) if sign else ""
    if node.op == "inv":
        text = f"1/({parts[0]})"
    elif node.op == "power" and node.value is not None:
        text = f"sqrt({parts[0]})" if node.value == ROOT else f"({parts[0]})^({exact_text(node.value)})"
    elif node.op == "where":
        text = f"piecewise({parts[0]} >= 0: {parts[1]}, else: {parts[2]})"
    text = text or f"{node.op}({', '.join(parts)})"
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
