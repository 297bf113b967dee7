"""What the checker's rule ``smooth`` will find: Taylor expansions with enclosed remainder, cell by cell.

A jet is a list of enclosures (middle, radius), integers in units of 2^-bits, of f^(k)(x) h^k / k! for all x of a cell.
The checker defines the same recurrences again, on purpose; what is predicted here is recomputed there.
Source: Moore 1966; Griewank and Walther, Evaluating Derivatives, table 13.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from ..exact.functions import FUNCTIONS, enclosed, pi
from ..target.expression import LEAVES, Node

Jet = list[tuple[int, int]]
Line = Callable[[Fraction], Fraction]

SMOOTH = frozenset(("add", "mul", "inv", *FUNCTIONS))
ROUNDING = 2


@dataclass(frozen=True, slots=True)
class Cells:
    """Terms as functions of one variable: ``lines`` evaluates those that are linear between knots exactly."""

    nodes: Sequence[Node]
    variable: int
    lines: Mapping[int, Line]
    bits: int

    def bound(self, left: int, right: int, knots: Sequence[Fraction], order: int) -> Fraction:
        """Return what the rule finds for |left - right|, a little rounded up; ArithmeticError where it would refuse."""
        needed = self._below(left, right)
        worst = max(self._cell(needed, left, right, a, b, order) for a, b in pairwise(knots))
        return Fraction(worst + (worst >> 30) + 64, 1 << self.bits)

    def _below(self, *roots: int) -> list[int]:
        seen: set[int] = set()
        stack = list(roots)
        while stack:
            t = stack.pop()
            if t not in seen:
                seen.add(t)
                if t != self.variable and t not in self.lines and self.nodes[t].op not in LEAVES:
                    stack.extend(self.nodes[t].children)
        return sorted(seen)

    def _cell(self, needed: list[int], left: int, right: int, a: Fraction, b: Fraction, order: int) -> int:
        middle, half = (a + b) / 2, (b - a) / 2
        ends = {t: (line(a), line(b)) for t, line in self.lines.items() if t in needed}

        def difference(lo: Fraction, hi: Fraction, size: int) -> Jet:
            jets: dict[int, Jet] = {}
            for t in needed:
                if t == self.variable:
                    jets[t] = self._line(lo, hi, half, size)
                elif t in ends:
                    u, v = ends[t]
                    mean = (u + v) / 2
                    span = (mean, mean) if lo == hi else (min(u, v), max(u, v))
                    jets[t] = self._line(*span, (v - u) / 2, size)
                else:
                    jets[t] = self._jet(self.nodes[t], jets, size)
            return _added(jets[left], [(-m, r) for m, r in jets[right]])

        point, cell = difference(middle, middle, order + 1), difference(a, b, order + 2)
        return _polynomial_bound(point) + sum(abs(m) + r for m, r in cell[order + 1 :])

    def _line(self, lo: Fraction, hi: Fraction, slope: Fraction, size: int) -> Jet:
        return [self._enclosure(lo, hi), self._enclosure(slope, slope)][:size]

    def _enclosure(self, lo: Fraction, hi: Fraction) -> tuple[int, int]:
        below = (lo.numerator << self.bits) // lo.denominator
        above = -((-hi.numerator << self.bits) // hi.denominator)
        return (below + above) // 2, above - (below + above) // 2

    def _jet(self, node: Node, jets: dict[int, Jet], size: int) -> Jet:
        if node.op == "const" and node.value is not None:
            return [self._enclosure(node.value, node.value)]
        if node.op not in SMOOTH:
            raise ArithmeticError(f"{node.op} is not a smooth function of the variable")
        a = jets[node.children[0]]
        if node.op == "add":
            for child in node.children[1:]:
                a = _added(a, jets[child])
            return a
        if node.op == "mul":
            for child in node.children[1:]:
                a = self._times(a, jets[child], size)
            return a
        return self._function(node, a, size)

    def _function(self, node: Node, a: Jet, size: int) -> Jet:
        op, exponent = node.op, node.value
        lo, hi = (Fraction(a[0][0] + sign * a[0][1], 1 << self.bits) for sign in (-1, 1))
        if op in ("inv", "log", "power") and lo <= 0 and not (op == "inv" and hi < 0):
            raise ArithmeticError(f"{op} may be undefined on a cell")
        derivative = [(0, 0)] + [(k * m, k * r) for k, (m, r) in enumerate(a) if k]
        if op in ("sin", "cos"):
            s, c = (self._value(name, lo, hi) for name in ("sin", "cos"))
            for k in range(1, size if len(a) > 1 else 1):
                s_next, c_next = self._dot(derivative, c, k, 1), self._dot(derivative, s, k, 1)
                s.append(self._over(s_next, k))
                c.append(self._over((-c_next[0], c_next[1]), k))
            return s if op == "sin" else c
        result = [self._enclosure(1 / hi, 1 / lo)] if op == "inv" else self._value(op, lo, hi, exponent)
        inverse = result[0] if op == "inv" else self._enclosure(1 / hi, 1 / lo) if op in ("log", "power") else (0, 0)
        if op == "erf":  # erf' = 2/sqrt(pi) exp(-a^2) a'
            square = [(-m, r) for m, r in self._times(a, a, size)]
            ends = [Fraction(square[0][0] + sign * square[0][1], 1 << self.bits) for sign in (-1, 1)]
            bell = self._series(square, self._value("exp", ends[0], min(ends[1], Fraction(0))), size)
            rootpi = self._value("power", *pi(self.bits + 8), Fraction(-1, 2))[0]
            bell = self._times(bell, [(2 * rootpi[0], 2 * rootpi[1])], size)
            for k in range(1, size if len(a) > 1 else 1):
                result.append(self._over(self._dot(derivative, bell, k, 1), k))
            return result
        if op == "exp":
            return self._series(a, result, size)
        weighted: Jet = [(0, 0)]  # k y_k
        for k in range(1, size if len(a) > 1 else 1):
            if op == "inv":
                m, r = self._dot(a, result, k, 1)
                total = (-m, r)
            elif op == "log":
                m, r = self._dot(a, weighted, k, 1)
                own = derivative[k] if k < len(derivative) else (0, 0)
                total = ((own[0] << self.bits) - m, (own[1] << self.bits) + r)
            else:  # a_0 k y_k = sum over j >= 1 of (exponent j - (k - j)) a_j y_(k-j)
                total = self._power_sum(a, result, k, exponent or Fraction(0))
            product = self._times_one(total, inverse)
            if op == "inv":
                result.append(product)
            else:
                weighted.append(product)
                result.append(self._divided(product, k))
        return result

    def _power_sum(self, a: Jet, y: Jet, k: int, exponent: Fraction) -> tuple[int, int]:
        m = r = 0
        q = exponent.denominator
        for j in range(1, min(k, len(a) - 1) + 1):
            weight = exponent.numerator * j - q * (k - j)
            (p, s), (u, v) = a[j], y[k - j]
            m += weight * p * u
            r += abs(weight) * (abs(p) * v + s * abs(u) + s * v)
        return m // q, -(-r // q) + 1

    def _value(self, op: str, lo: Fraction, hi: Fraction, exponent: Fraction | None = None) -> Jet:
        try:
            ends = enclosed(op, (lo, hi), exponent, self.bits + 8)
        except (ValueError, OverflowError) as error:
            raise ArithmeticError(str(error)) from None
        m, r = self._enclosure(*ends)
        return [(m, r + 4)]

    def _series(self, a: Jet, first: Jet, size: int) -> Jet:
        """Return the jet of exp(a) from its first entry."""
        derivative = [(0, 0)] + [(k * m, k * r) for k, (m, r) in enumerate(a) if k]
        result = list(first)
        for k in range(1, size if len(a) > 1 else 1):
            result.append(self._over(self._dot(derivative, result, k, 1), k))
        return result

    def _dot(self, a: Jet, b: Jet, k: int, first: int) -> tuple[int, int]:
        """Return the sum over j >= first of a_j b_(k-j), in units of 2^(-2 bits)."""
        m = r = 0
        for j in range(max(first, k - len(b) + 1), min(k, len(a) - 1) + 1):
            (p, s), (u, v) = a[j], b[k - j]
            m += p * u
            r += abs(p) * v + s * (abs(u) + v)
        return m, r

    def _over(self, total: tuple[int, int], k: int) -> tuple[int, int]:
        return self._divided((total[0] >> self.bits, (total[1] >> self.bits) + ROUNDING), k)

    def _divided(self, entry: tuple[int, int], k: int) -> tuple[int, int]:
        return entry[0] // k, entry[1] // k + ROUNDING

    def _times_one(self, total: tuple[int, int], factor: tuple[int, int]) -> tuple[int, int]:
        (p, s), (u, v) = total, factor
        m, r = p * u, abs(p) * v + s * (abs(u) + v)
        return m >> 2 * self.bits, (r >> 2 * self.bits) + ROUNDING

    def _times(self, a: Jet, b: Jet, size: int) -> Jet:
        return [self._over(self._dot(a, b, k, 0), 1) for k in range(min(size, len(a) + len(b) - 1))]


def _added(a: Jet, b: Jet) -> Jet:
    if len(a) < len(b):
        a, b = b, a
    return [(m + p, r + s) for (m, r), (p, s) in zip(a, b, strict=False)] + a[len(b) :]


def _polynomial_bound(jet: Jet) -> int:
    """Return a bound of |sum of c_k s^k| over |s| <= 1: that of the quadratic part, exact, plus the rest."""
    c = [m for m, _ in jet[:3]] + [0, 0]
    values = [c[0] + c[1] + c[2], c[0] - c[1] + c[2]]
    if abs(c[1]) < 2 * abs(c[2]):
        drop = c[1] * c[1] // (4 * c[2])
        values += [c[0] - drop, c[0] - drop - 1]
    return max(map(abs, values)) + sum(r for _, r in jet[:3]) + sum(abs(m) + r for m, r in jet[3:])
