"""The named targets: their inputs, default domains and expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from .expression import Expression, Node

Interval = tuple[Fraction, Fraction]

SYMMETRIC: Interval = (Fraction(-1), Fraction(1))
UNIT: Interval = (Fraction(0), Fraction(1))


@dataclass(frozen=True, slots=True)
class NamedTarget:
    """A target that users ask for by name.

    ``arity`` gives the least and the largest number of inputs; ``domain`` the default interval of each input,
    None where there is no sensible one; ``args`` the default values of further parameters.
    """

    name: str
    summary: str
    arity: tuple[int, int]
    domain: Interval | None
    args: tuple[tuple[str, Fraction], ...]
    expression: Callable[[int, Mapping[str, Fraction]], Expression]


def input_names(arity: int) -> tuple[str, ...]:
    """Return x; x, y; or x1 .. xd."""
    return {1: ("x",), 2: ("x", "y")}.get(arity) or tuple(f"x{k + 1}" for k in range(arity))


def _of(op: str) -> Callable[[int, Mapping[str, Fraction]], Expression]:
    def build(arity: int, args: Mapping[str, Fraction]) -> Expression:
        inputs = tuple(Node("input", (k,)) for k in range(arity))
        return Expression((*inputs, Node(op, tuple(range(arity)))), (arity,))

    return build


def _square(arity: int, args: Mapping[str, Fraction]) -> Expression:
    return Expression((Node("input", (0,)), Node("mul", (0, 0))), (1,))


def _clip(arity: int, args: Mapping[str, Fraction]) -> Expression:
    lo, hi = Node("const", (), args["lo"]), Node("const", (), args["hi"])
    return Expression((Node("input", (0,)), lo, Node("max", (0, 1)), hi, Node("min", (2, 3))), (4,))


MAX_ARITY = 4096
TARGETS = (
    NamedTarget("multiply", "x*y", (2, 2), SYMMETRIC, (), _of("mul")),
    NamedTarget("square", "x*x", (1, 1), UNIT, (), _square),
    NamedTarget("reciprocal", "1/x", (1, 1), None, (), _of("inv")),
    NamedTarget("min", "the least of the inputs", (2, MAX_ARITY), SYMMETRIC, (), _of("min")),
    NamedTarget("max", "the largest of the inputs", (2, MAX_ARITY), SYMMETRIC, (), _of("max")),
    NamedTarget("abs", "|x|", (1, 1), SYMMETRIC, (), _of("abs")),
    NamedTarget(
        "clip", "x cut off below lo and above hi", (1, 1), SYMMETRIC, (("lo", Fraction(0)), ("hi", Fraction(1))), _clip
    ),
)


def named_target(name: str) -> NamedTarget | None:
    """Return the named target, or None."""
    return next((target for target in TARGETS if target.name == name), None)
