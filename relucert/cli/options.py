"""Reading the options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from fractions import Fraction
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError, nearest
from ..exact.number import parse_number
from ..spec.problem import GATES, NORMS, OBJECTIVES, PROOFS, ROUTES, Problem, make_problem
from ..target.named import Interval

if TYPE_CHECKING:
    from ..export.dtype import Dtype

SPEC_SUFFIXES = (".yaml", ".yml")
PICTURES = (".svg", ".png")
Asked = Mapping[str, Any]
SEQUENCE = ("length", "up_to", "mask", "layout", "coordinates")
PLAIN = ("objective", "route", "proof", "gate", "norm")  # texts that a problem takes as they are
ASKED: dict[str, dict[str, Any]] = {
    "eps": {"metavar": "E", "help": "Tolerance, exact: 1e-3 means 1/1000."},
    "domain": {"multiple": True, "metavar": "'x=[-1,1]'", "help": "Interval of an input; may be repeated."},
    "arity": {"metavar": "N", "help": "Number of inputs of min and max."},
    "args": {"multiple": True, "metavar": "lo=0,hi=1", "help": "Further parameters of the target."},
    "objective": {"type": click.Choice(OBJECTIVES), "help": "What to minimise.  [default: heads]"},
    "dtype": {"metavar": "FORMAT", "help": "Certify what machines return in float32, bfloat16, ..."},
    "length": {"metavar": "N|any", "help": "Number of data tokens, or any up to --up-to.  [default: 1]"},
    "up_to": {"metavar": "N", "help": "The longest sequence for --length any."},
    "mask": {"metavar": "causal|full", "help": "What tokens see.  [default: causal]"},
    "layout": {"metavar": "tokenwise|one-per-token", "help": "What tokens carry.  [default: tokenwise]"},
    "coordinates": {"metavar": "own|shared", "help": "Where one input per token arrives.  [default: own]"},
    "route": {"type": click.Choice(ROUTES), "help": "Recipe; auto takes the cheapest.  [default: relu]"},
    "gate": {"type": click.Choice(GATES), "help": "Of relu: on a sink, or a mirrored token.  [default: sink]"},
    "proof": {
        "type": click.Choice(PROOFS),
        "help": "How relu bounds squares; stated: anchors, as published.  [default: direct]",
    },
    "norm": {"type": click.Choice(NORMS), "help": "Norm of the error over the box.  [default: sup]"},
    "alpha": {"metavar": "1/2", "help": "Hoelder exponent for grids of cells.  [default: the largest derived]"},
}


class Verbosity:
    """How much a command prints: everything it does on stderr (-v), its report, or errors only (-q)."""

    def __init__(self) -> None:
        self.verbose = False
        self.quiet = False

    def log(self, text: str) -> None:
        """Print a line on stderr if -v was given."""
        if self.verbose:
            click.echo(f"relucert: {text}", err=True)


def verbosity(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add -v and -q to a command, wherever they stand on the line."""

    def set_level(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
        if value and parameter.name:
            setattr(ctx.find_root().obj, parameter.name, True)

    for names, text in ((("-q", "--quiet"), "Print errors only."), (("-v", "--verbose"), "Log each stage on stderr.")):
        function = click.option(*names, is_flag=True, expose_value=False, callback=set_level, help=text)(function)
    return function


def number(option: str, text: str) -> Fraction:
    """Return the number that an option gives."""
    try:
        return parse_number(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None


def whole_number(option: str, text: str | None) -> int | None:
    """Return the positive whole number that an option gives, if it is given."""
    if text is None:
        return None
    value = number(option, text)
    if value.denominator != 1 or value < 1:
        raise UsageError(f"{option}: expected a positive whole number, not {text}")
    return int(value)


def assignments(option: str, texts: tuple[str, ...]) -> dict[str, str]:
    """Return name -> text for texts such as ``x=3``; a repeated name is an error."""
    result: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name:
            raise UsageError(f"{option}: expected name=value, not {text!r}")
        if name in result:
            raise UsageError(f"{option}: {name!r} is given twice")
        result[name] = value.strip()
    return result


def intervals(option: str, texts: tuple[str, ...]) -> dict[str, Interval]:
    """Return name -> interval for texts such as ``x=[-1,1]``; several may stand in one text."""
    split: list[str] = []
    for text in texts:
        split += [part + "]" if "[" in part else part for part in _parts(text)]
    result: dict[str, Interval] = {}
    for name, value in assignments(option, tuple(split)).items():
        ends = value[1:-1].split(",") if value.startswith("[") and value.endswith("]") else []
        if len(ends) != 2:
            raise UsageError(f"{option}: expected an interval such as {name}=[-1,1], not {value!r}")
        lo, hi = (number(option, end) for end in ends)
        if lo > hi:
            raise UsageError(f"{option}: the interval of {name} is reversed: {value}")
        result[name] = (lo, hi)
    return result


def _parts(text: str) -> list[str]:
    return [part.strip(" ,") for part in text.split("]") if part.strip(" ,")] or [text]


def asks(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add options that describe a problem to a command, which is given them together as ``asked``."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def gathered(*args: Any, **found: Any) -> Any:
            return function(*args, asked={name: found.pop(name) for name in names}, **found)

        for name in reversed(names):
            gathered = click.option("--" + name.replace("_", "-"), **ASKED[name])(gathered)
        return gathered

    return decorate


def problem_of(target: str, asked: Asked) -> Problem:
    """Return the problem of a target name, an expression or a specification file, what is ``asked`` overriding it.

    ``asked`` has the keys of ``ASKED``; a missing one is as one that is None.
    """
    found = dict.fromkeys(ASKED) | dict(asked)
    box = intervals("--domain", found["domain"] or ()) or None
    pairs = tuple(part for text in found["args"] or () for part in text.split(","))
    values = {name: number("--args", text) for name, text in assignments("--args", pairs).items()} or None
    tokens: dict[str, str | None] = {key: found[key] for key in SEQUENCE if found[key] is not None}
    if tokens.get("length") not in (None, "any"):
        tokens.setdefault("up_to", None)  # a length takes the place of a limit in a specification
    tolerance = None if found["eps"] is None else number("--eps", found["eps"])
    count = whole_number("--arity", found["arity"])
    alpha = None if found["alpha"] is None else number("--alpha", found["alpha"])
    arithmetic = None if found["dtype"] is None else {"dtype": found["dtype"]}
    plain: dict[str, Any] = {key: found[key] for key in PLAIN if found[key] is not None}
    path = Path(target)
    if path.suffix in SPEC_SUFFIXES or os.path.isfile(target):
        from ..spec.yaml import read_spec

        overrides: dict[str, object] = {"eps": tolerance, "domain": box, "arity": count, "args": values}
        overrides |= {
            "sequence": tokens or None,
            "arithmetic": arithmetic,
            "alpha": alpha,
            **dict.fromkeys(PLAIN),
            **plain,
        }
        return read_spec(path, overrides)
    if os.path.isdir(target):  # unlike Path.is_dir, false for a text that no path can be
        raise UsageError(f"{target} is a folder; build one specification, or run: relucert check {target}")
    asked_for = Fraction(1) if tolerance is None else tolerance
    plain |= {"sequence": tokens, "arithmetic": arithmetic, "alpha": alpha}
    problem = make_problem(target, asked_for, box, count, values, **plain)
    if tolerance is None:
        raise UsageError(f"{target} needs a tolerance; try --eps 1e-3")
    return problem


def named(option: str, value: str, known: Collection[str]) -> str:
    """Return the value if it is known; the error gives the nearest spelling."""
    if value not in known:
        raise UsageError(f"{option}: unknown {value!r}{nearest(value, known)}")
    return value


def float_format(name: str) -> Dtype:
    """Return the float format of a ``--dtype``."""
    from ..export.dtype import DTYPES

    return DTYPES[named("--dtype", name, DTYPES)]
