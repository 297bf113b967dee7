"""Judgements, steps and the growing list of steps, on the writing side.

The checker defines the same notions again in ``relucert.check.model``, on purpose: the two sides share the
file format only, so that an error here cannot make the checker accept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from ..target.expression import Expression, Node

Argument = int | Fraction | tuple[int, ...] | tuple[Fraction, ...] | tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class In:
    """On the whole domain: lo <= term <= hi.  ``step`` is the index of the step that claims it."""

    term: int
    lo: Fraction
    hi: Fraction
    step: int

    @property
    def magnitude(self) -> Fraction:
        """The largest absolute value in the interval."""
        return max(abs(self.lo), abs(self.hi))


@dataclass(frozen=True, slots=True)
class Near:
    """On the whole domain: | left - right | <= bound."""

    left: int
    right: int
    bound: Fraction
    step: int


Judgement = In | Near


@dataclass(frozen=True, slots=True)
class Step:
    """One application of a rule of the checker."""

    rule: str
    premises: tuple[int, ...]
    args: tuple[tuple[str, Argument], ...]
    conclusion: tuple[object, ...]


@dataclass(slots=True)
class Derivation:
    """Terms and steps, appended to while a construction runs and read by the certificate writer."""

    nodes: list[Node] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    _known: dict[Node, int] = field(default_factory=dict)

    @classmethod
    def of(cls, expression: Expression) -> Derivation:
        """Return a derivation whose first terms are the nodes of ``expression``, with their indices."""
        derivation = cls()
        for node in expression.nodes:
            derivation._known.setdefault(node, len(derivation.nodes))
            derivation.nodes.append(node)
        return derivation

    def copied(self) -> Derivation:
        """Return one that goes on from here by itself."""
        return Derivation(list(self.nodes), list(self.steps), dict(self._known))

    def term(self, op: str, *children: int, value: Fraction | None = None) -> int:
        """Return the index of a term, new or known."""
        node = Node(op, children, value)
        known = self._known.setdefault(node, len(self.nodes))
        if known == len(self.nodes):
            self.nodes.append(node)
        return known

    def constant(self, value: Fraction) -> int:
        """Return the index of a constant."""
        return self.term("const", value=value)

    def claim_in(
        self, rule: str, premises: tuple[Judgement, ...], term: int, lo: Fraction, hi: Fraction, /, **args: Argument
    ) -> In:
        """Append a step that encloses a term."""
        step = self._append(rule, premises, args, ("in", term, lo, hi))
        return In(term, lo, hi, step)

    def claim_near(
        self, rule: str, premises: tuple[Judgement, ...], left: int, right: int, bound: Fraction, /, **args: Argument
    ) -> Near:
        """Append a step that bounds the distance of two terms."""
        step = self._append(rule, premises, args, ("near", left, right, bound))
        return Near(left, right, bound, step)

    def claim_mean(self, rule: str, left: int, right: int, bound: Fraction, /, **args: Argument) -> None:
        """Append a step that bounds the distance of two terms in the statement's norm, L1 or L2."""
        self._append(rule, (), args, ("mean", left, right, bound))

    def _append(
        self, rule: str, premises: tuple[Judgement, ...], args: dict[str, Argument], conclusion: tuple[object, ...]
    ) -> int:
        self.steps.append(Step(rule, tuple(p.step for p in premises), tuple(args.items()), conclusion))
        return len(self.steps) - 1
