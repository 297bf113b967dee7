"""The steps of a certificate as the Coq library reads them.

Nothing here is trusted.  A range or a congruence of an operation with more than two arguments becomes one step for
each pair; a univariate bound gets its knots; every other step is copied.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import zip_longest
from typing import Any

from ..check import decode
from ..check.model import Atom, Attention, Certificate, Fact, Form, In, Near, Step
from ..check.refusal import Rejected
from ..check.rules import RULES
from ..errors import DeclinedError, UsageError
from . import packed
from .terms import Terms
from .text import positives, rational, sequence

INDENT = 8
MOST_PIECES = 100_000  # of one univariate step, whose knots are written out


class Trace:
    """``lines`` holds the text of each step; ``facts`` what each claims, with the indices of ``Terms``."""

    def __init__(self, certificate: Certificate, terms: Terms, words: packed.Words | None = None) -> None:
        self.words = words
        self.certificate = certificate
        self.terms = terms
        self.lines: list[str] = []
        self.facts: list[Fact] = []
        self.number: list[int] = []  # of the certificate's steps
        for step in certificate.trace:
            premises = [self.number[p] for p in step.premises]
            if step.rule == "range":
                premises = self._partial_ranges(step, premises)
            elif step.rule == "congruence":
                premises = self._partial_congruences(step, premises)
            fact = self._moved(step.conclusion)
            self.number.append(self._emit(self._rule(step), premises, fact))

    def _emit(self, rule: str, premises: list[int], fact: Fact) -> int:
        self.lines.append(f"Step ({rule}) {positives(premises)} {_fact(fact)}")
        self.facts.append(fact)
        return len(self.facts) - 1

    def _moved(self, fact: Fact) -> Fact:
        at = self.terms.at
        if isinstance(fact, In):
            return fact._replace(term=at[fact.term])
        return fact._replace(left=at[fact.left], right=at[fact.right])

    def _rule(self, step: Step) -> str:
        """Return the rule with its arguments.

        Raises DeclinedError with the name of a rule that the library does not have, UsageError for malformed arguments.
        """
        if step.rule not in RULES:
            raise DeclinedError(f"the Coq library does not cover the rule {step.rule!r}")
        try:
            args = decode.arguments(step.args, RULES[step.rule].args, len(self.certificate.terms))
        except Rejected as refusal:
            raise UsageError(f"a step of the rule {step.rule!r} has malformed arguments: {refusal}") from None

        def term(name: str) -> str:
            return str(self.terms.at[args[name]] + 1)

        def pair() -> str:
            return f"{term('left')} {term('right')}"

        writers: dict[str, Callable[[], str]] = {
            "range": lambda: f"Range {term('term')}",
            "range_near": lambda: "RangeNear",
            "range_affine": lambda: f"RangeAffine {term('term')} {self._parts(args)} {rational(args['offset'])}",
            "constant": lambda: f"ToConstant {term('term')} {term('value')}",
            "affine": lambda: f"Affine {pair()} {self._links(args)}",
            "congruence": lambda: f"Congruence {pair()}",
            "reciprocal": lambda: f"Reciprocal {term('term')} {term('inverse')}",
            "polynomial": lambda: f"EqualPolynomials {pair()}",
            "univariate": lambda: f"Univariate {pair()} {term('variable')} {self._knots(step, args)}",
            "pieces": lambda: f"Pieces {pair()} {self._pieces(args)}",
            "sum": lambda: "SumUp",
            "symmetry": lambda: "Symmetry",
            "sawtooth": lambda: f"Sawtooth {term('out')} {term('square')} {positives(args['chain'])}",
            "sawtooth_gated": lambda: (
                f"SawtoothGated {term('out')} {term('square')} {positives(args['chain'])} {rational(args['reach'])}"
            ),
            "extremum": lambda: f"Extremum {term('out')} {term('target')} {args['gate'] + 1}",
            "lattice": lambda: f"Lattice {pair()}",
            "translation": lambda: f"Translation {term('subject')} {term('gated')} {self._table(args['heads'])}",
            "gate_error": lambda: f"GateError {term('gated')} {term('net')}",
            "gate_error_forward": lambda: f"GateErrorForward {term('gated')} {term('net')}",
        }
        if step.rule not in writers:
            raise DeclinedError(f"the Coq library does not cover the rule {step.rule!r}")
        return writers[step.rule]()

    def _table(self, named: tuple[tuple[int, ...], ...]) -> str:
        """Return the neurons of gate heads; the library has no use for the names of what linear heads read."""
        layers = self.certificate.subject.layers if isinstance(self.certificate.subject, Attention) else ()
        heads = []
        for names, layer in zip_longest(named, layers):
            gates = [head for head in layer.heads if head.w_q and head.w_k] if layer else []
            moved = sum(len(head.w_v) for head in layer.heads if not (head.w_q and head.w_k)) if layer else 0
            if names is not None:
                heads.append(names[: len(gates)] if len(names) == len(gates) + moved else names)
        if self.words is not None:
            return f"(heads_in {self.words.expression(packed.table(tuple(heads)))})"
        return sequence((positives(layer) for layer in heads), INDENT)

    def _parts(self, args: dict[str, Any]) -> str:
        pairs = zip(args["parts"], args["weights"], strict=False)
        return sequence((f"part {self.terms.at[t] + 1} {rational(q)}" for t, q in pairs), INDENT)

    def _links(self, args: dict[str, Any]) -> str:
        at = self.terms.at
        triples = zip(args["lefts"], args["rights"], args["weights"], strict=False)
        return sequence((f"link {at[s] + 1} {at[t] + 1} {rational(q)}" for s, t, q in triples), INDENT)

    def _knots(self, step: Step, args: dict[str, Any]) -> str:
        """Return the knots of equal pieces of the variable's range, and the bound that the step claims."""
        facts = [self.certificate.trace[p].conclusion for p in step.premises]
        inside = next((f for f in facts if isinstance(f, In) and f.term == args["variable"]), None)
        if inside is None or not args["pieces"] or not isinstance(step.conclusion, Near):
            return f"[] {rational(Fraction(0))}"
        width, count = inside.hi - inside.lo, args["pieces"]
        if count > MOST_PIECES:
            raise DeclinedError(
                f"the Coq library takes at most {MOST_PIECES} pieces in a 'univariate' step, not {count}"
            )
        knots = (inside.lo + width * k / count for k in range(count + 1))
        return f"{sequence((rational(q) for q in knots), INDENT)} {rational(step.conclusion.bound)}"

    def _pieces(self, args: dict[str, Any]) -> str:
        """Return the neurons that the two terms depend on, the knots and the bound."""
        needed: set[int] = set()
        network = self.certificate.networks[0]
        variable = args.get("variable")
        fixed = set(network.outputs[self.certificate.terms[variable].children[1]]) if variable is not None else set()
        stack, seen = [args["left"], args["right"]], set()
        while stack:
            t = stack.pop()
            node = self.certificate.terms[t]
            if t not in seen and node.op in ("add", "mul", "inv"):
                stack.extend(node.children)
            elif t not in seen and node.op == "net":
                needed |= _neurons(network.outputs[node.children[1]], fixed)
            seen.add(t)
        for j in range(max(needed, default=-1), -1, -1):
            if j in needed:
                needed |= _neurons(network.neurons[j], fixed)
        knots = sequence((rational(q) for q in args["knots"]), INDENT)
        place = "None" if variable is None else f"(Some {self.terms.at[variable] + 1})"
        return f"{place} {positives(sorted(needed))} {knots} {rational(args['bound'])}"

    def _partial_ranges(self, step: Step, premises: list[int]) -> list[int]:
        """Add ranges of all but the last of the nested operations, and return the premises for that one."""
        t = step.conclusion.term if isinstance(step.conclusion, In) else -1
        for k in self.terms.partial.get(t, [])[:-1]:
            premises = [self._partial_range(k, premises), *premises]
        return premises

    def _partial_range(self, t: int, premises: list[int]) -> int:
        known = {f.term: f for f in reversed([self.facts[p] for p in premises]) if isinstance(f, In)}
        op, (a, b) = self.terms.nodes[t].op, self.terms.nodes[t].children[:2]
        if a not in known or b not in known:
            return self._emit(f"Range {t + 1}", premises, In(t, Fraction(0), Fraction(0)))
        return self._emit(f"Range {t + 1}", premises, In(t, *_interval(op, known[a], known[b])))

    def _partial_congruences(self, step: Step, premises: list[int]) -> list[int]:
        """Likewise for distances of two nested operations."""
        if not isinstance(step.conclusion, Near):
            return premises
        partial = self.terms.partial
        lefts, rights = partial.get(step.conclusion.left, []), partial.get(step.conclusion.right, [])
        for left, right in zip(lefts[:-1], rights[:-1], strict=False):
            op = self.terms.nodes[left].op
            pairs = zip(self.terms.nodes[left].children, self.terms.nodes[right].children, strict=True)
            p, q = (self._distance(a, b, premises) for a, b in pairs)
            bound = p + q if op == "add" else max(p, q)
            if op == "mul":
                inside = self._partial_range(right, premises)
                known = {f.term: f for f in reversed([self.facts[k] for k in premises]) if isinstance(f, In)}
                x, y = (_size(known.get(c)) for c in self.terms.nodes[right].children)
                bound = (x + p) * (y + q) - x * y
                premises = [inside, *premises]
            near = self._emit(f"Congruence {left + 1} {right + 1}", premises, Near(left, right, bound))
            premises = [near, *premises]
        return premises

    def _distance(self, a: int, b: int, premises: list[int]) -> Fraction:
        found = (self.facts[p] for p in premises)
        near = (f.bound for f in found if isinstance(f, Near) and (f.left, f.right) == (a, b))
        return Fraction(0) if a == b else next(near, Fraction(0))


def _neurons(form: Form, fixed: set[Atom]) -> set[int]:
    return {atom[1] for atom in form if len(atom) == 2 and atom[0] != "x" and atom not in fixed}


def _interval(op: str, a: In, b: In) -> tuple[Fraction, Fraction]:
    if op == "add":
        return a.lo + b.lo, a.hi + b.hi
    if op == "mul":
        ends = [p * q for p in (a.lo, a.hi) for q in (b.lo, b.hi)]
        return min(ends), max(ends)
    pick = max if op == "max" else min
    return pick(a.lo, b.lo), pick(a.hi, b.hi)


def _size(inside: In | None) -> Fraction:
    return Fraction(0) if inside is None else max(abs(inside.lo), abs(inside.hi))


def _fact(fact: Fact) -> str:
    if isinstance(fact, In):
        return f"(Within {fact.term + 1} {rational(fact.lo)} {rational(fact.hi)})"
    return f"(Near {fact.left + 1} {fact.right + 1} {rational(fact.bound)})"
