"""Exact values of a target at many floats at once: fractions of Python integers in NumPy's object arrays.

A float is an integer times a power of two, so a whole column of inputs is an array of integers over one denominator.
Each value is numerators over denominators (one integer, or an array after a division), never reduced, as targets are
shallow and cross products are cheaper.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ...errors import DeclinedError
from ...export.extras import require
from ...target.expression import Expression


@dataclass(frozen=True, slots=True)
class Column:
    """Exact numbers: object arrays, or single integers, of numerators and positive denominators."""

    numerators: Any
    denominators: Any

    def __add__(self, other: Column) -> Column:
        left, right, denominators = _aligned(self, other)
        return Column(left + right, denominators)

    def __mul__(self, other: Column) -> Column:
        return Column(self.numerators * other.numerators, self.denominators * other.denominators)

    def __neg__(self) -> Column:
        return Column(-self.numerators, self.denominators)

    def at(self, index: int) -> Fraction:
        """Return one of the numbers."""
        p, q = (n if isinstance(n, int) else n[index] for n in (self.numerators, self.denominators))
        return Fraction(p, q)


def _aligned(a: Column, b: Column) -> tuple[Any, Any, Any]:
    """Return both numerators over common denominators, and these; the least common one where each has only one."""
    if isinstance(a.denominators, int) and isinstance(b.denominators, int):
        common = math.lcm(a.denominators, b.denominators)
        left, right = (
            c.numerators if c.denominators == common else c.numerators * (common // c.denominators) for c in (a, b)
        )
        return left, right, common
    return a.numerators * b.denominators, b.numerators * a.denominators, a.denominators * b.denominators


def column(floats: Any) -> Column:
    """Return the exact values of a float64 array of finite numbers."""
    np = require("numpy", "numpy")
    significands, exponents = np.frexp(floats)
    integers = (significands * 2.0**53).astype("int64").astype(object)
    exponents = np.where(significands == 0, 0, exponents.astype("int64") - 53)
    least = min(int(exponents.min(initial=0)), 0)
    return Column(integers << (exponents - least).astype(object), 1 << -least)


def values(expression: Expression, inputs: list[Column]) -> list[Column]:
    """Return the exact values of all roots; DeclinedError for an operation whose values are not rational."""
    found: list[Column] = []
    for node in expression.nodes:
        if node.op == "input":
            found.append(inputs[node.children[0]])
        elif node.op == "const" and node.value is not None:
            found.append(Column(node.value.numerator, node.value.denominator))
        else:
            result = found[node.children[0]]
            for child in node.children[1:]:
                result = _pair(node.op, result, found[child])
            found.append(result if len(node.children) > 1 else _single(node.op, result))
    return [found[root] for root in expression.roots]


def _pair(op: str, a: Column, b: Column) -> Column:
    np = require("numpy", "numpy")
    if op == "add":
        return a + b
    if op == "mul":
        return a * b
    if op not in ("max", "min"):
        raise DeclinedError(f"no exact rational value of {op!r} is known")
    choose = np.maximum if op == "max" else np.minimum
    left, right, denominators = _aligned(a, b)
    return Column(choose(left, right), denominators)


def _single(op: str, a: Column) -> Column:
    np = require("numpy", "numpy")
    if op in ("add", "mul", "max", "min"):
        return a
    if op == "abs":
        return Column(np.abs(a.numerators), a.denominators)
    if op == "inv":
        sign = np.where(np.asarray(a.numerators) < 0, -1, 1).astype(object)
        return Column(sign * a.denominators, np.abs(a.numerators))
    raise DeclinedError(f"no exact rational value of {op!r} is known")


def distances(a: Column, b: Column, count: int) -> tuple[Any, Column]:
    """Return | a - b | as floats within an ulp, and exactly, at ``count`` samples."""
    np = require("numpy", "numpy")
    difference = a + -b
    numerators = np.abs(np.broadcast_to(np.asarray(difference.numerators, dtype=object), (count,)))
    denominators = np.broadcast_to(np.asarray(difference.denominators, dtype=object), (count,))
    rounded = np.fromiter((p / q for p, q in zip(numerators, denominators, strict=True)), "float64", count)
    return rounded, Column(numerators, denominators)


def largest(rounded: Any, exact: Column, count: int = 16) -> tuple[int, Fraction]:
    """Return where the largest of the exact numbers stands, and it, found among the largest rounded ones."""
    np = require("numpy", "numpy")
    candidates = np.argsort(-rounded, kind="stable")[:count]
    best = max(candidates, key=lambda k: exact.at(int(k)))
    return int(best), exact.at(int(best))
