"""Choose the ellipse and the nodes of an ``analytic`` step, and the bound that it may claim.

The ellipse is sought in floats, on the rectangles that the checker covers it with; what a function is there needs to be
known to a few bits only.  The values at the nodes are computed here to all bits.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from mpmath.libmp import from_int, mpf_cos_pi, mpf_div, round_nearest, to_fixed

from ..exact.elementary import CellError
from ..exact.jets import Arithmetic, Jet
from ..exact.number import round_up
from .judgement import Argument, Derivation, In, Near
from .smooth import Leaf

FUNCTIONS = ("exp", "log", "sin", "cos", "erf", "power")
COLUMNS, ROWS = 24, 6  # as the checker has them
NODES = 4  # for each degree: a loss of one part in twelve
STRETCHES = tuple(1 + 2.0 ** (k / 2) for k in range(-14, 9))
REFINED = tuple(2.0 ** (k / 10) for k in range(-4, 5))
TAIL_BITS = 8  # how far below the goal the tail of the series is to be
MARGIN = 1.01
MOST_DEGREE = 1 << 13
MOST_LOG = 600.0
SPREAD = 4  # units by which the checker's cosines may be wider

Interval = tuple[float, float]
Rectangle = tuple[Interval, Interval]


def analytic(
    d: Derivation,
    left: int,
    right: int,
    inside: In,
    bits: int,
    *,
    knots: Sequence[Fraction],
    leaves: Mapping[int, Leaf],
    degree: int,
    goal: Fraction,
) -> tuple[Near, int]:
    """Bound |left - right|, a polynomial of ``degree`` against an analytic function of ``inside.term``, on each cell.

    Also returns about how much work that is for the checker, in its units.  Raises CellError, an ArithmeticError, where
    no ellipse is found about a cell on which the function is known to be analytic.
    """
    worst, work, chosen = Fraction(0), 0, []
    polynomial, function = _below(d, left, inside.term, leaves), _below(d, right, inside.term, {})
    at = Arithmetic(bits, 1)
    values = {t: d.nodes[t].value for t in {*polynomial, *function} if d.nodes[t].op == "const"}
    fixed = {t: at.constant(value) for t, value in values.items() if value is not None}
    for a, b in pairwise(knots):
        rho, count = _ellipse(d, function, right, inside.term, a, b, goal / 2**TAIL_BITS)
        larger = max(degree, count)
        nodes = NODES * larger
        chosen.append((rho, count, nodes))
        middle, half, most = (a + b) / 2, (b - a) / 2, 0
        for lo, hi in _cosines(nodes, bits):
            x, y = (middle + half * Fraction(end, 1 << bits) for end in (lo, hi))
            variable = at.line(x, y, Fraction(0))
            lines = {t: leaf(at, x, y, Fraction(1)) for t, leaf in leaves.items()} | {inside.term: variable}
            known = fixed | {t: Jet(jet.middle[:1], jet.radius[:1]) for t, jet in lines.items()}
            value = _value(d, at, polynomial, known, left)
            target = _value(d, at, function, known, right)
            most = max(most, abs(value.middle[0] - target.middle[0]) + value.radius[0] + target.radius[0])
        room = 1 - Fraction(11 * larger, 7 * nodes) ** 2 / 2
        tail = goal / 2**TAIL_BITS
        worst = max(worst, (Fraction(most + SPREAD, 1 << bits) + tail) / room + tail)
        calls = sum(d.nodes[t].op in FUNCTIONS for t in function)
        unit, words = 2 * (16 + bits // 8), 1 + bits // 64
        each = unit * words * (1 + 2 * calls) + 4 * (len(polynomial) + len(function)) * words
        work += nodes * (each + 40 * (1 + len(leaves)) * words)
    ellipse, degrees, counts = zip(*chosen, strict=True)
    args: dict[str, Argument] = {"left": left, "right": right, "variable": inside.term, "knots": tuple(knots)}
    args |= {"ellipse": tuple(ellipse), "degrees": tuple(degrees), "nodes": tuple(counts)}
    claimed = round_up(worst * (1 + Fraction(1, 2**30)) + Fraction(1, 2 ** (bits // 2 + bits // 4)))
    return d.claim_near("analytic", (inside,), left, right, claimed, **args), work


def _below(d: Derivation, root: int, variable: int, leaves: Mapping[int, Leaf]) -> list[int]:
    seen, stack = set[int](), [root]
    while stack:
        t = stack.pop()
        if t not in seen:
            seen.add(t)
            if t != variable and t not in leaves and d.nodes[t].op in ("add", "mul", "inv", *FUNCTIONS):
                stack.extend(d.nodes[t].children)
    return sorted(seen)


@lru_cache(maxsize=4)
def _cosines(count: int, bits: int) -> list[tuple[int, int]]:
    """Return cos(j pi / count) in units of 2**-bits, within a few of them."""
    result, working = [], bits + 24
    for j in range(count + 1):
        angle = mpf_div(from_int(j), from_int(count), working, round_nearest)
        value = int(to_fixed(mpf_cos_pi(angle, working, round_nearest), bits))
        result.append((value - SPREAD, value + SPREAD))
    return result


def _value(d: Derivation, a: Arithmetic, order: list[int], known: dict[int, Jet], root: int) -> Jet:
    values = dict(known)
    for t in order:
        node = d.nodes[t]
        if t in values:
            continue
        result = values[node.children[0]]
        if node.op == "power" and node.value is not None:
            result = a.power(result, node.value)
        elif node.op in ("sin", "cos"):
            result = a.sin_cos(result)[node.op == "cos"]
        elif node.op in ("add", "mul"):
            for child in node.children[1:]:
                result = a.add(result, values[child]) if node.op == "add" else a.mul(result, values[child])
        else:
            result = {"inv": a.inv, "exp": a.exp, "log": a.log, "erf": a.erf}[node.op](result)
        values[t] = result
    return values[root]


def _ellipse(
    d: Derivation, order: list[int], root: int, variable: int, a: Fraction, b: Fraction, tail: Fraction
) -> tuple[Fraction, int]:
    """Return the parameter whose series needs fewest terms for a tail below ``tail``, and how many."""
    wanted = math.log(tail.denominator) - math.log(tail.numerator)
    best: tuple[int, float] | None = None
    tried = set[float]()

    def tries(rho: float) -> None:
        nonlocal best
        if rho in tried or rho <= 1:
            return
        tried.add(rho)
        try:
            largest = _largest(d, order, root, variable, (float(a), float(b)), rho)
        except (ArithmeticError, ValueError):  # not known to be analytic there
            return
        count = math.ceil((wanted + math.log(MARGIN * 2 * (largest + 1e-30) / (rho - 1))) / math.log(rho))
        if best is None or count < best[0]:
            best = max(1, count), rho

    for rho in STRETCHES:
        tries(rho)
    if best is not None:
        middle = best[1]
        for factor in REFINED:
            tries(1 + (middle - 1) * factor)
    if best is None or best[0] > MOST_DEGREE:
        raise CellError("no ellipse on which the function is known to be analytic")
    return Fraction(math.floor(best[1] * 4096), 4096), best[0]


def _largest(d: Derivation, order: list[int], root: int, variable: int, ends: Interval, rho: float) -> float:
    rho = math.floor(rho * 4096) / 4096
    middle, half = (ends[0] + ends[1]) / 2, (ends[1] - ends[0]) / 2
    wide, tall = half * (rho + 1 / rho) / 2, half * (rho - 1 / rho) / 2
    xs = [middle + wide * (2 * k - COLUMNS) / COLUMNS for k in range(COLUMNS + 1)]
    ys = [tall * k / ROWS for k in range(ROWS + 1)]
    largest = 0.0
    for re in reversed(list(pairwise(xs))):
        for im in reversed(list(pairwise(ys))):
            values: dict[int, Rectangle] = {variable: (re, im)}
            for t in order:
                if t not in values:
                    node = d.nodes[t]
                    parts = [values[c] for c in node.children]
                    values[t] = _applied(node.op, node.value, parts)
            largest = max(largest, _size(values[root]))
    return largest


def _applied(op: str, value: Fraction | None, parts: list[Rectangle]) -> Rectangle:
    if op == "const" and value is not None:
        return (float(value), float(value)), (0.0, 0.0)
    a = parts[0]
    for b in parts[1:]:
        if op == "add":
            a = (a[0][0] + b[0][0], a[0][1] + b[0][1]), (a[1][0] + b[1][0], a[1][1] + b[1][1])
        else:
            (lo, hi), (low, high) = _times(a[0], b[0]), _times(a[1], b[1])
            (left, right), (down, up) = _times(a[0], b[1]), _times(a[1], b[0])
            a = (lo - high, hi - low), (left + down, right + up)
    if op in ("add", "mul"):
        return a
    (lo, hi), (low, high) = a
    if op == "inv":
        least, most = _norm(a)
        if least <= 1e-300:
            raise ArithmeticError("zero")
        return _times((lo, hi), (1 / most, 1 / least)), _times((-high, -low), (1 / most, 1 / least))
    if op == "exp":
        size = _exp(lo), _exp(hi)
        return _times(size, _wave(low + math.pi / 2, high + math.pi / 2)), _times(size, _wave(low, high))
    if op in ("sin", "cos"):
        if op == "cos":
            lo, hi = lo + math.pi / 2, hi + math.pi / 2
        grown = max(_exp(low) + _exp(-low), _exp(high) + _exp(-high)) / 2
        sinh = (_exp(low) - _exp(-low)) / 2, (_exp(high) - _exp(-high)) / 2
        cosh = (1.0 if low <= 0 <= high else 0.0), grown
        return _times(_wave(lo, hi), cosh), _times(_wave(lo + math.pi / 2, hi + math.pi / 2), sinh)
    if op == "erf":
        most = 8 / 7 * (max(map(abs, a[0])) + max(map(abs, a[1]))) * _exp(max(map(abs, a[1])) ** 2)
        return (-most, most), (-most, most)
    if lo <= 0 and low <= 0 <= high:
        raise ArithmeticError("the logarithm of what may be negative")
    least, most = _norm(a)
    turn = math.pi if lo <= 0 else min(math.pi, max(-low, high) / lo)
    log = (cmath.log(least).real / 2, math.log(most) / 2), (-turn if low < 0 else 0.0, turn if high > 0 else 0.0)
    if op == "log":
        return log
    return _applied("exp", None, [_applied("mul", None, [log, _applied("const", value, [])])])


def _exp(x: float) -> float:
    if x > MOST_LOG:
        raise ArithmeticError("too large a value")
    return math.exp(x)


def _wave(lo: float, hi: float) -> Interval:
    """Return the range of sin over [lo, hi]."""
    top = math.floor((hi / math.pi - 0.5) / 2) >= (lo / math.pi - 0.5) / 2
    bottom = math.floor((hi / math.pi + 0.5) / 2) >= (lo / math.pi + 0.5) / 2
    ends = math.sin(lo), math.sin(hi)
    return (-1.0 if bottom else min(ends)), (1.0 if top else max(ends))


def _norm(a: Rectangle) -> Interval:
    return sum(max(lo, -hi, 0.0) ** 2 for lo, hi in a), sum(max(-lo, hi) ** 2 for lo, hi in a)


def _times(a: Interval, b: Interval) -> Interval:
    ends = [p * q for p in a for q in b]
    return min(ends), max(ends)


def _size(a: Rectangle) -> float:
    total = max(map(abs, a[0])) + max(map(abs, a[1]))
    if not math.isfinite(total):
        raise ArithmeticError("too large a value")
    return total
