"""How far an expression can move on a box: |f(x) - f(y)| <= sum_i H_i |x_i - y_i|^alpha, <= H |x - y|^alpha.

alpha = 1 is a Lipschitz constant, alpha < 1 a Hoelder constant, for roots that reach zero.  The rules and their proof
are those of the checker's ``holder``, which derives the constants again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from ..errors import UnreachableError
from ..exact.functions import enclosed
from .expression import Expression, Node
from .ranges import Interval, ranges

BITS = 96
ONE = Fraction(1)
ROOM = Fraction(1) + Fraction(1, 2**64)  # for the checker's own rounding
NONE = "no Lipschitz constant is derived through"


class Modulus(NamedTuple):
    """The exponent alpha, and ``slopes`` H_1, .., H_d, H."""

    exponent: Fraction
    slopes: tuple[Fraction, ...]


def power_up(base: Fraction, exponent: Fraction) -> Fraction:
    """Return a rational at or above base^exponent, base and exponent at least zero; exact where it is known."""
    if exponent == 1 or not base:
        return base if exponent else ONE
    return enclosed("power", (base, base), exponent, BITS)[1] if exponent else ONE


def moduli(
    expression: Expression, domain: Sequence[Interval], names: Sequence[str], alpha: Fraction | None = None
) -> list[Modulus]:
    """Return a modulus for each root, of exponent ``alpha``, or else the largest that is derived for all of them.

    Raises UnreachableError with a reason where none is derived.  Through the operation ``where`` it holds on parts of
    the box on which no condition changes its sign.
    """
    inside = ranges(expression, domain, names)
    widths = [hi - lo for lo, hi in domain]
    reach = (*widths, power_up(sum((w * w for w in widths), Fraction(0)), Fraction(1, 2)))
    known: list[Modulus] = []
    for node in expression.nodes:
        parts = [known[c] for c in node.children] if node.op != "input" else []
        around = [inside[c] for c in node.children] if node.op != "input" else []
        exponent, slopes = _moved(expression, node, known, parts, around, alpha or ONE, reach)
        if exponent == 1:
            together = power_up(sum((h * h for h in slopes[:-1]), Fraction(0)), Fraction(1, 2))
            slopes = (*slopes[:-1], min(slopes[-1], together))
        known.append(Modulus(exponent, slopes))
    found = [known[root] for root in expression.roots]
    largest = min(part.exponent for part in found)
    if alpha is not None and largest < alpha:
        raise UnreachableError(
            f"no Lipschitz constant derivable: the target is seen to be Hoelder with exponents up to {largest}, "
            f"not alpha = {alpha}"
        )
    return [_lowered(part, alpha or largest, reach) for part in found]


def _lowered(part: Modulus, exponent: Fraction, reach: tuple[Fraction, ...]) -> Modulus:
    gap = part.exponent - exponent
    slopes = (h * power_up(r, gap) if h and gap else h for h, r in zip(part.slopes, reach, strict=True))
    return Modulus(exponent, tuple(slopes))


def _moved(
    expression: Expression,
    node: Node,
    known: list[Modulus],
    parts: list[Modulus],
    around: list[Interval],
    alpha: Fraction,
    reach: tuple[Fraction, ...],
) -> Modulus:
    if node.op in ("input", "const"):
        own = (node.children[0], len(reach) - 1) if node.op == "input" else ()
        return Modulus(ONE, tuple(Fraction(i in own) for i in range(len(reach))))
    if node.op in ("add", "mul", "max", "min", "where"):
        skipped = 1 if node.op == "where" else 0  # where a condition keeps its sign, it does not move the value
        parts, around = parts[skipped:], around[skipped:]
        exponent = min(part.exponent for part in parts)
        weights = [ONE] * len(parts)
        if node.op == "mul":
            sizes = [max(map(abs, ends)) for ends in around]
            weights = [math.prod(sizes[:k] + sizes[k + 1 :], start=ONE) for k in range(len(sizes))]
        lowered = (_lowered(part, exponent, reach) for part in parts)
        rows = ([w * h for h in part.slopes] for w, part in zip(weights, lowered, strict=True))
        added = node.op in ("add", "mul")
        return Modulus(exponent, tuple(sum(c, Fraction(0)) if added else max(c) for c in zip(*rows, strict=True)))
    if node.op not in ("inv", "abs", "exp", "log", "sin", "cos", "erf", "power"):
        raise UnreachableError(f"{NONE} {node.op}")
    (part,), ((lo, hi),) = parts, around
    s = node.value if node.value is not None else ONE
    if node.op == "power" and 0 < s < 1 and (lo <= 0 or alpha <= s * part.exponent):
        return Modulus(s * part.exponent, tuple(power_up(h, s) for h in part.slopes))
    slope = _slope(node.op, s, lo, hi)
    result = tuple(slope * h for h in part.slopes)
    inner = expression.nodes[node.children[0]]
    if node.op in ("inv", "log") and inner.op == "add" and len(inner.children) == 2:
        c, other = sorted((expression.nodes[child] for child in inner.children), key=lambda child: child.op != "const")
        if c.op == "const" and c.value is not None and c.value > 0 and other.op == "exp":
            slope = 1 / (4 * c.value) if node.op == "inv" else ONE
            result = min(result, tuple(slope * h for h in known[other.children[0]].slopes), key=lambda row: row[-1])
    return Modulus(part.exponent, result)


def _slope(op: str, s: Fraction, lo: Fraction, hi: Fraction) -> Fraction:
    if op == "abs" or (op == "power" and s == 1):
        return ONE
    if op == "inv":
        return ROOM / min(lo * lo, hi * hi)
    if op == "log":
        return ROOM / lo
    if op == "erf":
        return 2 * enclosed("power", (Fraction(157, 50), Fraction(157, 50)), Fraction(-1, 2), BITS)[1]
    if op == "power":
        return ROOM * abs(s) * max(map(abs, enclosed("power", (lo, hi), s - 1, BITS)))
    return ROOM * max(map(abs, enclosed({"exp": "exp", "sin": "cos", "cos": "sin"}[op], (lo, hi), None, BITS)))
