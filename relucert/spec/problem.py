"""The frozen problem: a target on a box, a tolerance, an objective, and limits on resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from ..errors import UsageError
from ..exact.number import exact_text
from ..target.expression import Expression
from ..target.named import TARGETS, Interval, NamedTarget, input_names, named_target

OBJECTIVES = ("heads", "layers", "weight")
LIMITS = (
    "tokens",
    "layers",
    "heads",
    "gates",
    "d_model",
    "d_head",
    "parameters",
    "parameters_dense",
    "max_weight",
    "inverse_temperature",
    "bits",
)
LEAST_TOLERANCE = Fraction(1, 10**100)


@dataclass(frozen=True, slots=True)
class Problem:
    """Approximate ``expression`` over ``domain`` within ``tolerance``, as cheaply as ``objective`` says."""

    target: str
    args: tuple[tuple[str, Fraction], ...]
    inputs: tuple[str, ...]
    domain: tuple[Interval, ...]
    expression: Expression
    tolerance: Fraction
    objective: str = "heads"
    limits: tuple[tuple[str, Fraction], ...] = ()

    def __post_init__(self) -> None:
        if len(self.inputs) != len(self.domain):
            raise UsageError("the domain needs one interval for each input", "domain")
        for name, (lo, hi) in zip(self.inputs, self.domain, strict=True):
            if lo > hi:
                raise UsageError(f"the interval of {name} is reversed: [{exact_text(lo)}, {exact_text(hi)}]", "domain")
        if self.tolerance <= 0:
            raise UsageError(f"eps must be positive, not {exact_text(self.tolerance)}", "eps")
        if self.tolerance < LEAST_TOLERANCE:
            raise UsageError("eps must be at least 1e-100", "eps")
        if self.objective not in OBJECTIVES:
            raise UsageError(f"unknown objective {self.objective!r}{nearest(self.objective, OBJECTIVES)}", "objective")
        for name, limit in self.limits:
            if name not in LIMITS:
                raise UsageError(f"unknown limit {name!r}{nearest(name, LIMITS)}", "limits")
            if limit < 0:
                raise UsageError(f"the limit of {name} is negative", "limits")
        if self.target == "reciprocal" and self.domain[0][0] <= 0 <= self.domain[0][1]:
            raise UsageError("the domain of reciprocal contains 0, where 1/x is unbounded; try x=[1/4,4]", "domain")

    @property
    def text(self) -> str:
        """The problem as a specification file, the same however it was asked for."""
        lines = [f"target: {self.target}"]
        if self.args:
            lines.append("args: {" + ", ".join(f"{k}: {exact_text(v)}" for k, v in self.args) + "}")
        box = ", ".join(
            f"{n}: [{exact_text(lo)}, {exact_text(hi)}]" for n, (lo, hi) in zip(self.inputs, self.domain, strict=True)
        )
        lines += [f"domain: {{{box}}}", f"eps: {exact_text(self.tolerance)}", f"objective: {self.objective}"]
        if self.limits:
            lines.append("limits: {" + ", ".join(f"{k}: {exact_text(v)}" for k, v in self.limits) + "}")
        return "\n".join(lines) + "\n"


def nearest(word: str, known: Iterable[str]) -> str:
    """Return advice that names the nearest spelling, or all that is known."""
    import difflib

    known = tuple(known)
    close = difflib.get_close_matches(word, known, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(known)}"


def make_problem(
    target: str,
    tolerance: Fraction,
    domain: Mapping[str, Interval] | None = None,
    arity: int | None = None,
    args: Mapping[str, Fraction] | None = None,
    objective: str = "heads",
    limits: Mapping[str, Fraction] | None = None,
) -> Problem:
    """Return the problem of a named target, with defaults filled in.

    The arity is the one given, or that of the domain, or the least the target allows.
    Raises UsageError with what was expected where anything does not fit.
    """
    named = named_target(target)
    if named is None:
        raise UsageError(f"unknown target {target!r}{nearest(target, (t.name for t in TARGETS))}", "target")
    domain = dict(domain or {})
    inputs = input_names(_arity(named, arity, domain))
    for name in domain:
        if name not in inputs:
            raise UsageError(
                f"{target} with {len(inputs)} inputs has no input {name!r}{nearest(name, inputs)}", "domain"
            )
    if named.domain is None and not domain:
        raise UsageError(f"{target} has no default domain; try --domain 'x=[1/4,4]'", "target")
    box = tuple(domain.get(name, named.domain or (Fraction(0), Fraction(0))) for name in inputs)
    values = dict(named.args)
    for name, value in (args or {}).items():
        if name not in values:
            known = f"{nearest(name, values)}" if values else "; it takes none"
            raise UsageError(f"{target} has no argument {name!r}{known}", "args")
        values[name] = value
    if target == "clip" and values["lo"] > values["hi"]:
        raise UsageError("clip needs lo <= hi", "args")
    return Problem(
        target,
        tuple(values.items()),
        inputs,
        box,
        named.expression(len(inputs), values),
        tolerance,
        objective,
        tuple((limits or {}).items()),
    )


def _arity(named: NamedTarget, arity: int | None, domain: Mapping[str, Interval]) -> int:
    least, most = named.arity
    if arity is not None:
        if not least <= arity <= most:
            count = str(least) if least == most else f"from {least} to {most}"
            raise UsageError(f"{named.name} takes {count} inputs, not {arity}", "arity")
        return arity
    size = max(len(domain), least)
    if size > most:
        raise UsageError(f"{named.name} takes {most} inputs, but the domain names {size}: {', '.join(domain)}")
    return size
