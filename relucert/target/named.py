"""The named targets: shorthands for expressions, with their inputs and default domains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import NamedTuple

from ..exact.number import write_rational

Interval = tuple[Fraction, Fraction]

SYMMETRIC: Interval = (Fraction(-1), Fraction(1))
UNIT: Interval = (Fraction(0), Fraction(1))
MAX_ARITY = 1 << 17


class NamedTarget(NamedTuple):
    """A target that users ask for by name.

    ``arity`` gives the least and the largest number of inputs; ``domain`` the default interval of each input,
    None where there is no sensible one; ``args`` the default values of further parameters; ``expression`` the text of
    the expression from the input names and the parameters.
    """

    name: str
    summary: str
    arity: tuple[int, int]
    domain: Interval | None
    args: tuple[tuple[str, Fraction], ...]
    expression: Callable[[tuple[str, ...], Mapping[str, Fraction]], str]


def input_names(arity: int) -> tuple[str, ...]:
    """Return x; x, y; or x1 .. xd."""
    return {1: ("x",), 2: ("x", "y")}.get(arity) or tuple(f"x{k + 1}" for k in range(arity))


def _call(name: str) -> Callable[[tuple[str, ...], Mapping[str, Fraction]], str]:
    return lambda inputs, args: f"{name}({', '.join(inputs)})"


def _clip(inputs: tuple[str, ...], args: Mapping[str, Fraction]) -> str:
    return f"clip(x, {write_rational(args['lo'])}, {write_rational(args['hi'])})"


TARGETS = (
    NamedTarget("multiply", "x*y", (2, 2), SYMMETRIC, (), lambda inputs, args: "x*y"),
    NamedTarget("square", "x*x", (1, 1), UNIT, (), lambda inputs, args: "x*x"),
    NamedTarget("reciprocal", "1/x", (1, 1), None, (), lambda inputs, args: "1/x"),
    NamedTarget("min", "the least of the inputs", (2, MAX_ARITY), SYMMETRIC, (), _call("min")),
    NamedTarget("max", "the largest of the inputs", (2, MAX_ARITY), SYMMETRIC, (), _call("max")),
    NamedTarget("abs", "|x|", (1, 1), SYMMETRIC, (), _call("abs")),
    NamedTarget(
        "clip", "x cut off below lo and above hi", (1, 1), SYMMETRIC, (("lo", Fraction(0)), ("hi", Fraction(1))), _clip
    ),
    *(
        NamedTarget(name, f"{name}(x)", (1, 1), box, (), _call(name))
        for name, box in (
            ("exp", SYMMETRIC),
            ("log", None),
            ("sqrt", UNIT),
            ("sin", SYMMETRIC),
            ("cos", SYMMETRIC),
            ("tanh", SYMMETRIC),
            ("sigmoid", SYMMETRIC),
            ("gelu", SYMMETRIC),
            ("softplus", SYMMETRIC),
        )
    ),
)


def named_target(name: str) -> NamedTarget | None:
    """Return the named target, or None."""
    return next((target for target in TARGETS if target.name == name), None)
