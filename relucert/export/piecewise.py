"""Piecewise-linear targets as comparisons of affine functions: s >= f(x) and s <= f(x) in disjunctive normal form.

s >= max(a, b) means s >= a and s >= b; s <= max(a, b) means s <= a or s <= b; min is the mirror image;
|a| = max(a, -a); a sum or multiple of such functions distributes over max and min.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction

from ..target.expression import Expression

MOST_CLAUSES = 4096


@dataclass(frozen=True, slots=True)
class Affine:
    """slope . x + constant."""

    slope: tuple[Fraction, ...]
    constant: Fraction

    def __add__(self, other: Affine) -> Affine:
        slope = tuple(a + b for a, b in zip(self.slope, other.slope, strict=True))
        return Affine(slope, self.constant + other.constant)

    def times(self, factor: Fraction) -> Affine:
        """Return the multiple by a number."""
        return Affine(tuple(factor * a for a in self.slope), factor * self.constant)


Clauses = frozenset[frozenset[Affine]]  # an or of ands of comparisons


@dataclass(frozen=True, slots=True)
class Piecewise:
    """f by its two sets: ``above`` says when s >= f, ``below`` when s <= f, each comparing s with affine functions."""

    above: Clauses
    below: Clauses

    def __add__(self, other: Piecewise) -> Piecewise | None:
        """Return the sum with an affine function; None for a sum of two that are not."""
        if not other.affine:
            return other + self if self.affine else None
        shift = _only(other)
        return Piecewise(*(frozenset(frozenset(a + shift for a in c) for c in s) for s in (self.above, self.below)))

    @property
    def affine(self) -> bool:
        """Whether f is one affine function."""
        return len(self.above) == 1 == len(next(iter(self.above)))

    def times(self, factor: Fraction) -> Piecewise:
        """Return the multiple by a number; a negative one exchanges the two sets."""
        sides = (self.above, self.below) if factor >= 0 else (self.below, self.above)
        return Piecewise(*(frozenset(frozenset(a.times(factor) for a in c) for c in s) for s in sides))


def _only(f: Piecewise) -> Affine:
    return next(iter(next(iter(f.above))))


def piecewise(expression: Expression, root: int, inputs: int) -> Piecewise | None:
    """Return the root in this form, or None if it is not piecewise linear or would need too many clauses."""
    values: list[Piecewise | None] = []
    for node in expression.nodes:
        if node.op == "input":
            values.append(_leaf(Affine(tuple(Fraction(k == node.children[0]) for k in range(inputs)), Fraction(0))))
        elif node.op == "const" and node.value is not None:
            values.append(_leaf(Affine((Fraction(0),) * inputs, node.value)))
        else:
            arguments = [v for v in (values[c] for c in node.children) if v is not None]
            values.append(_apply(node.op, arguments) if len(arguments) == len(node.children) else None)
    return values[root]


def _leaf(form: Affine) -> Piecewise:
    one = frozenset({frozenset({form})})
    return Piecewise(one, one)


def _apply(op: str, arguments: list[Piecewise]) -> Piecewise | None:
    if op == "abs":
        return _apply("max", [arguments[0], arguments[0].times(Fraction(-1))])
    if op not in ("max", "min", "add", "mul"):
        return None
    result: Piecewise | None = arguments[0]
    for other in arguments[1:]:
        if result is None:
            return None
        if op == "add":
            result = result + other
        elif op == "mul":
            result = _product(result, other)
        elif op == "max":
            result = _pair(_both(result.above, other.above), result.below | other.below)
        else:
            result = _pair(result.above | other.above, _both(result.below, other.below))
    return result


def _product(a: Piecewise, b: Piecewise) -> Piecewise | None:
    for f, g in ((a, b), (b, a)):
        if g.affine and not any(_only(g).slope):
            return f.times(_only(g).constant)
    return None


def _both(a: Clauses, b: Clauses) -> Clauses | None:
    if len(a) * len(b) > MOST_CLAUSES:
        return None
    return frozenset(p | q for p, q in itertools.product(a, b))


def _pair(above: Clauses | None, below: Clauses | None) -> Piecewise | None:
    return None if above is None or below is None else Piecewise(above, below)
