"""The same head in the norm L1 or L2: targets that jump are met but on the cells that a jump crosses.

A cell whose conditions keep their signs has the target's value at its centre, any other the middle of its range.  Few
shares of softmax cross from cell to cell: a sharpness b leaves about ln 2 / (2 b) of a cell to each neighbour.  The
bound is the checker's ``grid_norm``, computed here to plan with, and proved there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from ...errors import UnreachableError
from ...exact.number import round_up
from ...spec.problem import Problem
from ...target.expression import Expression, evaluate
from ...target.modulus import Modulus, moduli, power_up
from ...target.ranges import Interval, ranges

SHARPNESS = Fraction(32)
SPREAD = Fraction(50001, 100_000)  # above sqrt(1/4 + 2 exp(-32))
START = 8
MARGIN = 1 + Fraction(1, 2**30)  # for the checker's own rounding, and for borders that are left out below
BORDER = Fraction(1, 2**60)  # of a cell's width: a condition may vanish on a border, which is a null set
UNIT = Fraction(1, 2**60)


@dataclass(frozen=True, slots=True)
class Plan:
    """Cells along each input, the value of each cell for each root, and the bound of each root, leak left out."""

    counts: tuple[int, ...]
    values: list[list[Fraction]]
    bounds: list[Fraction]


def planned(problem: Problem, room: Fraction, most: int) -> Plan:
    """Return the first plan found with bounds within ``room``; UnreachableError beyond ``most`` cells."""
    found = moduli(problem.expression, problem.domain, problem.inputs, problem.alpha)
    sides = [hi - lo for lo, hi in problem.domain]
    p, longest, along = int(problem.norm[1:]), max(sides), START
    while True:
        counts = tuple(max(1, math.ceil(along * side / longest)) for side in sides)
        if math.prod(counts) > most:
            raise UnreachableError(f"it would take {math.prod(counts):,} cells or more; at most {most:,} are built")
        plan = plan_of(problem, counts, found, p)
        worst = max(plan.bounds)
        if worst <= room:
            return plan
        along = max(along + 1, math.ceil(along * min(4.0, 1.02 * float(worst / room) ** p)))


def plan_of(problem: Problem, counts: tuple[int, ...], found: list[Modulus], p: int) -> Plan:
    """Return the plan with these counts."""
    expression, roots = problem.expression, problem.expression.roots
    widths = [(hi - lo) / m for (lo, hi), m in zip(problem.domain, counts, strict=True)]
    conditions = [node.children[0] for node in expression.nodes if node.op == "where"]
    whole = ranges(expression, problem.domain, problem.inputs)
    shrink = BORDER if all(_polynomial(expression, c) for c in conditions) else Fraction(0)
    signs: list[tuple[int, ...]] = []
    inside: list[list[Interval]] = []
    values: list[list[Fraction]] = []
    for centre in centres(problem, counts):
        known = ranges(expression, _box(centre, widths, Fraction(0)), problem.inputs)
        signs.append(tuple(1 if known[c][0] >= 0 else -1 if known[c][1] < 0 else 0 for c in conditions))
        if 0 in signs[-1]:
            known = ranges(expression, _box(centre, widths, shrink), problem.inputs)
            values.append([round((known[r][0] + known[r][1]) / 2 / UNIT) * UNIT for r in roots])
        else:
            values.append([round(v / UNIT) * UNIT for v in evaluate(expression, list(centre))])
        inside.append([known[r] for r in roots])
    bounds = []
    d, b = len(counts), SHARPNESS
    cell = math.prod(widths, start=Fraction(1))
    for k, root in enumerate(roots):
        mine = [row[k] for row in values]
        reach = [SPREAD * width for width in (*widths, Fraction(math.hypot(*map(float, widths)) * (1 + 1e-12)))]
        *each, joint = (h * power_up(r, found[k].exponent) for h, r in zip(found[k].slopes, reach, strict=True))
        worst = max(whole[root][1] - min(mine), max(mine) - whole[root][0])
        far = d * Fraction(math.exp(-2 * float(b)) * (1 + 1e-9))
        inner, outer = min(sum(each, Fraction(0)), joint) + 2 * far * worst + UNIT, far / b * worst**p
        total = Fraction(0)
        for place, near in _neighbours(counts):
            if 0 not in signs[place] and all(signs[n] == signs[place] for n in near):
                total += inner**p
                continue
            lo, hi = inside[place][k]
            shares = ((Fraction(7, 20) / b) ** m * max(mine[n] - lo, hi - mine[n]) ** p for n, m in near.items())
            total += round_up(outer + sum(shares, Fraction(0)), 20)
        bounds.append((total * cell if p == 1 else power_up(total * cell, Fraction(1, 2))) * MARGIN)
    return Plan(counts, values, bounds)


def centres(problem: Problem, counts: tuple[int, ...]) -> list[tuple[Fraction, ...]]:
    """Return the centres of the cells in lexicographic order."""
    axes = [[lo + (hi - lo) / m * (2 * k + 1) / 2 for k in range(m)] for (lo, hi), m in
            zip(problem.domain, counts, strict=True)]  # fmt: skip
    return list(product(*axes))


def _box(centre: tuple[Fraction, ...], widths: list[Fraction], shrink: Fraction) -> list[Interval]:
    half = [width * (Fraction(1, 2) - shrink) for width in widths]
    return [(c - h, c + h) for c, h in zip(centre, half, strict=True)]


def _polynomial(expression: Expression, t: int) -> bool:
    node = expression.nodes[t]
    if node.op in ("input", "const"):
        return True
    return node.op in ("add", "mul") and all(_polynomial(expression, c) for c in node.children)


def _neighbours(counts: tuple[int, ...]) -> Iterator[tuple[int, dict[int, int]]]:
    """Yield each cell's index with its neighbours', each with in how many coordinates it differs."""
    steps = [math.prod(counts[i + 1 :]) for i in range(len(counts))]
    for index, place in enumerate(product(*map(range, counts))):
        near: dict[int, int] = {}
        for offset in product((-1, 0, 1), repeat=len(counts)):
            if all(0 <= k + j < m for k, j, m in zip(place, offset, counts, strict=True)):
                near[index + sum(j * s for j, s in zip(offset, steps, strict=True))] = sum(map(abs, offset))
        yield index, near
