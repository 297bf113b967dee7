"""The frozen problem: a target on a box, a tolerance, an objective, and limits on resources."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from ..errors import UsageError, nearest
from ..exact.number import exact_text
from ..target.expression import Expression, Node
from ..target.named import SYMMETRIC, TARGETS, Interval, NamedTarget, input_names, named_target
from ..target.parser import parse_expression
from ..target.ranges import ranges
from .sequence import MIRRORED, SINGLE, Sequence, make_sequence

if TYPE_CHECKING:
    from ..arithmetic.model import Arithmetic

EXTREMA = ("max", "min")  # which have a form over any number of tokens
OBJECTIVES = ("heads", "layers", "weight")
ROUTES = ("relu", "anchors", "max-affine", "partition", "native", "auto")
GATES = ("sink", "mirror")
NORMS = ("sup", "L1", "L2")
HOELDER = ("max-affine", "partition", "auto")  # routes that a Hoelder exponent means something to
SEEING = ("partition",)  # routes whose anchor tokens see the data token: their mask is full unless one is stated
PROOFS = ("direct", "adjoint", "stated")
LIMITS = (
    "tokens",
    "layers",
    "heads",
    "gates",
    "d_model",
    "d_head",
    "feed_forward_width",
    "parameters",
    "parameters_dense",
    "max_weight",
    "inverse_temperature",
    "bits",
    "code_size",
    "code_max",
)
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
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
    sequence: Sequence = SINGLE
    route: str = "relu"
    proof: str = "direct"
    arithmetic: Arithmetic | None = None  # None: real numbers
    alpha: Fraction | None = None  # the Hoelder exponent to use; None: the largest that is derived

    norm: str = "sup"

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
        for key, value, known in (
            ("route", self.route, ROUTES),
            ("proof", self.proof, PROOFS),
            ("norm", self.norm, NORMS),
        ):
            if value not in known:
                raise UsageError(f"unknown {key} {value!r}{nearest(value, known)}", key)
        if self.alpha is not None and not 0 < self.alpha <= 1:
            raise UsageError(f"alpha must lie in (0, 1], such as 1/2; {exact_text(self.alpha)} is outside", "alpha")
        if self.alpha is not None and self.route not in HOELDER:
            raise UsageError(f"alpha is for the routes {', '.join(HOELDER)}; the route is {self.route}", "alpha")
        for name, limit in self.limits:
            if name not in LIMITS:
                raise UsageError(f"unknown limit {name!r}{nearest(name, LIMITS)}", "limits")
            if limit < 0:
                raise UsageError(f"the limit of {name} is negative", "limits")
        alone = self.sequence == SINGLE and not self.is_over_tokens and self.route in ("relu", "auto")
        if self.arithmetic is not None and not alone:
            raise UsageError(
                "float arithmetic is certified for one data token under a causal mask, route relu", "arithmetic"
            )
        if self.norm != "sup" and (self.arithmetic is not None or self.sequence != SINGLE or self.is_over_tokens):
            raise UsageError(
                f"the norm {self.norm} is for one data token under a causal mask, over real numbers", "norm"
            )
        if self.proof == "stated" and self.route != "anchors":
            raise UsageError(
                "the proof as stated in the literature is one of gates on anchors; try route anchors", "proof"
            )
        if self.sequence == MIRRORED and self.route != "relu":
            raise UsageError("the gate mirror belongs to the route relu", "gate")
        ranges(self.expression, self.domain, self.inputs)

    @property
    def is_over_tokens(self) -> bool:
        """Whether the target is an extremum over the data tokens seen."""
        return self.expression.nodes[self.expression.roots[0]].op in ("seen_max", "seen_min")

    @property
    def text(self) -> str:
        """The problem as a specification file, the same however it was asked for."""
        named = named_target(self.target) is not None
        lines = [f"target: {self.target}" if named else f"target: '{self.target}'"]
        if self.args:
            lines.append("args: {" + ", ".join(f"{k}: {exact_text(v)}" for k, v in self.args) + "}")
        box = ", ".join(
            f"{n}: [{exact_text(lo)}, {exact_text(hi)}]" for n, (lo, hi) in zip(self.inputs, self.domain, strict=True)
        )
        lines += [f"domain: {{{box}}}", f"eps: {exact_text(self.tolerance)}", f"objective: {self.objective}"]
        defaults = [("route", self.route, ROUTES), ("proof", self.proof, PROOFS), ("norm", self.norm, NORMS)]
        lines += [f"{key}: {value}" for key, value, known in defaults if value != known[0]]
        if self.alpha is not None:
            lines.append(f"alpha: {exact_text(self.alpha)}")
        if self.sequence == MIRRORED:
            lines.append("gate: mirror")
        elif self.sequence != SINGLE:
            lines.append(f"sequence: {self.sequence.text}")
        if self.limits:
            lines.append("limits: {" + ", ".join(f"{k}: {exact_text(v)}" for k, v in self.limits) + "}")
        if self.arithmetic is not None:
            lines.append("arithmetic: {" + ", ".join(f"{k}: {v}" for k, v in self.arithmetic.entries.items()) + "}")
        return "\n".join(lines) + "\n"


def _machine(entries: Mapping[str, str | int] | None) -> Arithmetic | None:
    if entries is None:
        return None
    from ..arithmetic.model import make_arithmetic

    return make_arithmetic(entries)


def make_problem(
    target: str,
    tolerance: Fraction,
    domain: Mapping[str, Interval] | None = None,
    arity: int | None = None,
    args: Mapping[str, Fraction] | None = None,
    objective: str = "heads",
    limits: Mapping[str, Fraction] | None = None,
    sequence: Mapping[str, str | int | None] | None = None,
    route: str = "relu",
    proof: str = "direct",
    arithmetic: Mapping[str, str | int] | None = None,
    gate: str = "sink",
    alpha: Fraction | None = None,
    norm: str = "sup",
) -> Problem:
    """Return the problem of a named target or an expression, with defaults filled in.

    The arity of a named target is the one given, or that of the domain, or the least the target allows.
    ``sequence`` holds length, up_to, mask and layout as a specification does, in text.
    Raises UsageError with what was expected where anything does not fit.
    """
    domain = dict(domain or {})
    default: Interval | None
    inputs: tuple[str, ...]
    named = named_target(target)
    values: dict[str, Fraction] = dict(named.args) if named else {}
    for name, value in (args or {}).items():
        if name not in values:
            advice = nearest(name, values) if values else "; it takes none"
            raise UsageError(f"{target} has no argument {name!r}{advice}", "args")
        values[name] = value
    asked = {"mask": "full"} if route in SEEING else {}
    tokens = make_sequence({**asked, **(sequence or {})}, arity or 1)
    if gate not in GATES:
        raise UsageError(f"unknown gate {gate!r}{nearest(gate, GATES)}", "gate")
    if gate == "mirror":
        if tokens not in (SINGLE, MIRRORED):
            raise UsageError("the gate mirror knows a single data token only, and has a mask of its own", "gate")
        tokens = MIRRORED
    over_tokens = target in EXTREMA and tokens.layout == "one-per-token" and set(domain) <= {"x"}
    if over_tokens:
        if arity not in (None, tokens.least) or (arity and tokens.least < tokens.most):
            raise UsageError(f"{target} over tokens takes as many inputs as the sequence has tokens", "arity")
        inputs, default = ("x",), SYMMETRIC
        expression = Expression((Node("input", (0,)), Node(f"seen_{target}", (0,))), (1,))
    elif named is None:
        if IDENTIFIER.fullmatch(target):
            raise UsageError(f"unknown target {target[:40]!r}{nearest(target, (t.name for t in TARGETS))}", "target")
        expression, inputs = parse_expression(target, jumps=norm != "sup")
        default = SYMMETRIC
        if arity not in (None, len(inputs)):
            raise UsageError(f"the expression has {len(inputs)} inputs, not {arity}", "arity")
    else:
        if values.get("lo", 0) > values.get("hi", 0):
            raise UsageError(f"{target} needs lo <= hi", "args")
        inputs, default = input_names(_arity(named, arity, domain)), named.domain
        expression, _ = parse_expression(named.expression(inputs, values))
    for name in domain:
        if name not in inputs:
            raise UsageError(f"{target} has no input {name!r}; its inputs are {', '.join(inputs)}", "domain")
    if default is None and not domain:
        raise UsageError(f"{target} has no default domain; try --domain 'x=[1/4,4]'", "target")
    box = tuple(domain.get(name, default or SYMMETRIC) for name in inputs)
    return Problem(
        target,
        tuple(values.items()),
        inputs,
        box,
        expression,
        tolerance,
        objective,
        tuple((limits or {}).items()),
        tokens if over_tokens else _one_each(tokens, len(inputs), sequence or {}),
        route,
        proof,
        _machine(arithmetic),
        alpha,
        norm,
    )


def _one_each(tokens: Sequence, inputs: int, asked: Mapping[str, str | int | None]) -> Sequence:
    """Return the sequence with, in the layout one-per-token, one data token for each input."""
    if tokens.layout != "one-per-token" or (tokens.least, tokens.most) == (inputs, inputs):
        return tokens
    if asked.get("length") is not None:
        raise UsageError(
            f"the layout one-per-token needs one token for each of the {inputs} inputs; only max and min take any "
            "number of tokens, all with one domain x",
            "sequence",
        )
    return Sequence(inputs, inputs, tokens.mask, tokens.layout, tokens.coordinates)


def _arity(named: NamedTarget, arity: int | None, domain: Mapping[str, Interval]) -> int:
    least, most = named.arity
    if arity is not None:
        if not least <= arity <= most:
            count = str(least) if least == most else f"from {least} to {most}"
            raise UsageError(f"{named.name} takes {count} inputs, not {arity}", "arity")
        return arity
    size = max(len(domain), least)
    if size > most:
        names = ", ".join(domain)
        raise UsageError(f"{named.name} takes {most} inputs, but the domain names {size}: {names}", "domain")
    return size
