"""Choose the cells of a ``smooth`` step, and the bound that it may claim.

A cell is halved until its remainder is small beside the bound, so that what is claimed is close to the largest error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from ..exact.elementary import CellError
from ..exact.jets import Arithmetic, Jet, bound, last
from ..exact.number import round_up
from .judgement import Argument, Derivation, In, Near

OPS = ("add", "mul", "inv", "exp", "log", "sin", "cos", "erf", "power")
MOST_CELLS = 20_000
FIRST_CELLS = 8
SLACK = Fraction(1, 200)  # of the bound, for remainders
DEFAULT_ORDER = 9

# A leaf's jet over the cell [lo, hi], scaled by half: for outputs of networks.  Lines suit ReLU networks.
Leaf = Callable[[Arithmetic, Fraction, Fraction, Fraction], Jet]


def smooth(
    d: Derivation,
    left: int,
    right: int,
    inside: In,
    bits: int,
    *,
    order: int = DEFAULT_ORDER,
    kinks: Sequence[Fraction] = (),
    leaves: Mapping[int, Leaf] | None = None,
    goal: Fraction | None = None,
) -> Near:
    """Bound |left - right|, two smooth functions of the term ``inside.term``, by Taylor expansion on cells.

    ``kinks`` are knots that have to be among the cells' ends: where neurons change their signs.  ``leaves`` gives the
    jets of outputs of networks.  A cell whose bound is at most ``goal`` is not halved.  The certificate's precision
    must be ``bits`` or more.  Raises CellError, an ArithmeticError, where a function is not smooth or too many cells
    would be needed.
    """
    knots, worst = cells(d, left, right, inside, bits, order, kinks, leaves or {}, goal)
    claimed = round_up(worst * (1 + Fraction(1, 2**30)) + Fraction(1, 2 ** (bits - 4)))
    args: dict[str, Argument] = {"left": left, "right": right, "variable": inside.term, "knots": knots, "order": order}
    return d.claim_near("smooth", (inside,), left, right, claimed, **args)


def cells(
    d: Derivation,
    left: int,
    right: int,
    inside: In,
    bits: int,
    order: int,
    kinks: Sequence[Fraction],
    leaves: Mapping[int, Leaf],
    goal: Fraction | None,
) -> tuple[tuple[Fraction, ...], Fraction]:
    """Return knots and the largest bound over their cells."""
    inner = sorted({inside.lo, inside.hi, *(k for k in kinks if inside.lo < k < inside.hi)})
    ends = list(pairwise(inner)) if len(inner) > 1 else [(inside.lo, inside.lo + 1)]
    first = max(1, -(-FIRST_CELLS // len(ends)))
    pending = [
        (a + (b - a) * k / first, a + (b - a) * (k + 1) / first)
        for a, b in reversed(ends)
        for k in reversed(range(first))
    ]
    functions = _Functions(d, left, right, inside.term, leaves, bits, order)
    one = 1 << bits
    aim = (1 << bits // 2) if goal is None else goal.numerator * one // goal.denominator
    for a, b in pending:  # what the error is at least, at midpoints
        aim = max(aim, functions.size(a, b))
    done: list[tuple[Fraction, Fraction]] = []
    worst = 0
    while pending:
        a, b = pending.pop()
        try:
            total = functions.bound(a, b)
        except CellError:
            total = None
        enough = aim + int(aim * SLACK)
        if total is not None and total > enough:
            aim = max(aim, functions.size(a, b))
            enough = aim + int(aim * SLACK)
        if total is not None and total <= enough:
            worst = max(worst, total)
            done.append((a, b))
            continue
        if len(done) + len(pending) > MOST_CELLS or (b - a) * 2**60 < inside.hi - inside.lo:
            raise CellError("more cells than are allowed, or a function that is not smooth")
        middle = (a + b) / 2
        pending += [(middle, b), (a, middle)]
    return (done[0][0], *(b for _, b in done)), Fraction(worst, one)


class _Functions:
    """The jets of left - right on cells."""

    def __init__(
        self, d: Derivation, left: int, right: int, variable: int, leaves: Mapping[int, Leaf], bits: int, order: int
    ) -> None:
        self.d, self.left, self.right, self.variable, self.leaves = d, left, right, variable, leaves
        self.order = order
        self.at_point, self.over_cell = Arithmetic(bits, order + 1), Arithmetic(bits, order + 2)
        seen: set[int] = set()
        stack = [left, right]
        while stack:
            t = stack.pop()
            if t not in seen:
                seen.add(t)
                if t != variable and t not in leaves and d.nodes[t].op in OPS:
                    stack.extend(d.nodes[t].children)
        self.terms = sorted(seen)

    def size(self, a: Fraction, b: Fraction) -> int:
        """Return about |left - right| at the cell's midpoint."""
        try:
            middle = (a + b) / 2
            return abs(self._difference(Arithmetic(self.at_point.bits, 1), middle, middle, b - a).middle[0])
        except CellError:
            return 0

    def bound(self, a: Fraction, b: Fraction) -> int:
        """Return the bound of left - right on the cell, in units of 2**-bits."""
        middle, half = (a + b) / 2, (b - a) / 2
        point = bound(self._difference(self.at_point, middle, middle, half))
        return point + last(self._difference(self.over_cell, a, b, half), self.order + 1)

    def _difference(self, a: Arithmetic, lo: Fraction, hi: Fraction, half: Fraction) -> Jet:
        jets: dict[int, Jet] = {}
        for t in self.terms:
            node = self.d.nodes[t]
            parts = [jets[c] for c in node.children if c in jets] if node.op in OPS else []
            if t == self.variable:
                jets[t] = a.line(lo, hi, half)
            elif t in self.leaves:
                jets[t] = self.leaves[t](a, lo, hi, half)
            elif node.op == "power" and node.value is not None:
                jets[t] = a.power(parts[0], node.value)
            elif node.value is not None:
                jets[t] = a.constant(node.value)
            elif node.op == "input":
                jets[t] = a.line(lo, hi, half)  # the same input as the variable, or the checker refuses
            elif node.op in ("add", "mul"):
                jets[t] = parts[0]
                for part in parts[1:]:
                    jets[t] = a.add(jets[t], part) if node.op == "add" else a.mul(jets[t], part)
            elif node.op in ("sin", "cos"):
                jets[t] = a.sin_cos(parts[0])[node.op == "cos"]
            else:
                jets[t] = {"inv": a.inv, "exp": a.exp, "log": a.log, "erf": a.erf}[node.op](parts[0])
        return a.add(jets[self.left], a.scaled(jets[self.right], Fraction(-1)))
