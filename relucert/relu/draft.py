"""A network and the proof of what it computes, growing together.

A construction takes a ``Draft`` and ``Value``s and returns a ``Value``: an output of the network, the term that
it approximates, and the steps that prove it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from ..derivation import functions, prove
from ..derivation.judgement import Derivation, In, Near
from ..target.expression import Expression
from .network import ONE, Atom, Form, Network, atom, constant, weighted

Domain = Sequence[tuple[Fraction, Fraction]]

LONGEST_FORM = 2
SQUARE_PIECES = 256
ONE_WEIGHT = Fraction(1)
FOLD = {"r": Fraction(2), "u": Fraction(-1)}  # |u| = 2 r - u


class Value(NamedTuple):
    """An output ``term`` of the network with its ``form``, and the step that says what it is near."""

    form: Form
    near: Near

    @property
    def term(self) -> int:
        """The term of the output itself."""
        return self.near.left

    @property
    def target(self) -> int:
        """The term that the value approximates."""
        return self.near.right


def is_neuron(form: Form) -> bool:
    """Return whether a form is one pre-activation alone.

    Rules about a combination read it as what defines that neuron, and the parts as the neuron itself; so where terms
    cancel and one neuron is left, it has to be named anew, or the parts to be.
    """
    return len(form.terms) == 1 and any(kind == "u" and weight == 1 for (kind, _), weight in form.terms.items())


class Draft:
    """Neurons and outputs under construction, with the derivation that speaks of them as network 0.

    With an inverse temperature the derivation speaks of the gated network, so that no gate error is left to add.
    """

    def __init__(
        self, expression: Expression, domain: Domain, bits: int, inverse_temperature: Fraction | None = None
    ) -> None:
        self.inverse_temperature = inverse_temperature
        self.derivation = Derivation.of(expression)
        self.expression = expression
        self.domain = domain
        self.bits = bits
        self.neurons: list[Form] = []
        self.outputs: list[Form] = []
        self.ranges: dict[int, In] = {}
        self.compared: dict[frozenset[tuple[Atom, Fraction]], int] = {}

    def network(self) -> Network:
        """Return the network as it stands."""
        return Network(len(self.domain), tuple(self.neurons), tuple(self.outputs))

    def network_of(self, values: Sequence[Value]) -> Network:
        """Return the network as it stands, with the outputs of these values alone."""
        outputs = [self.outputs[self.derivation.nodes[value.term].children[1]] for value in values]
        return Network(len(self.domain), tuple(self.neurons), tuple(outputs))

    def neuron(self, form: Form) -> int:
        """Append a neuron with this pre-activation and return its index."""
        self.neurons.append(form)
        return len(self.neurons) - 1

    def shared(self, form: Form) -> int:
        """Return a neuron with this pre-activation that ``shared`` made before, or a new one."""
        key = frozenset(form.terms.items())
        if key not in self.compared:
            self.compared[key] = self.neuron(form)
        return self.compared[key]

    def has_shared(self, form: Form) -> bool:
        """Whether ``shared`` has made a neuron with this pre-activation."""
        return frozenset(form.terms.items()) in self.compared

    def gate(self, form: Form) -> Form:
        """Append a neuron and return max(form, 0) as a form."""
        return atom("r", self.neuron(form))

    def fold(self, form: Form) -> tuple[int, Form]:
        """Append a neuron and return (its index, |form|)."""
        j = self.neuron(form)
        return j, Form({(kind, j): weight for kind, weight in FOLD.items()})

    def named(self, form: Form) -> Form:
        """Return ``form``, as a neuron that nobody gates if it is long; that costs nothing and keeps proofs short."""
        return form if len(form.terms) <= LONGEST_FORM else atom("u", self.neuron(form))

    def output(self, form: Form) -> int:
        """Return the term of a new output with this form."""
        self.outputs.append(form)
        return self.derivation.term("net" if self.inverse_temperature is None else "gated", 0, len(self.outputs) - 1)

    def value(self, form: Form, target: int) -> Value:
        """Return the value of a form that is the polynomial ``target`` exactly."""
        return Value(form, prove.polynomial(self.derivation, self.output(form), target))

    def input(self, k: int) -> Value:
        """Return the k-th input as a value."""
        return self.value(atom("x", k), self.derivation.term("input", k))

    def constant(self, value: Fraction) -> Value:
        """Return a constant as a value."""
        return self.value(constant(value), self.derivation.constant(value))

    def affine(self, parts: Sequence[tuple[Fraction, Value]], offset: Fraction, target: int) -> Value:
        """Return offset + sum weight * value, near ``target``, the same combination of the values' targets."""
        form = self.sum(parts, offset)
        form = atom("u", self.neuron(form)) if is_neuron(form) else self.named(form)  # see ``is_neuron``
        differences = [(w, v.near) for w, v in parts]
        return Value(form, prove.affine(self.derivation, self.output(form), target, differences, self.bits))

    def single(self, value: Value) -> Value:
        """Return the same value as one atom, naming its form by a neuron that nobody gates where it is none."""
        if len(value.form.terms) == 1 and set(value.form.terms.values()) == {1} and ONE not in value.form.terms:
            return value
        form = atom("u", self.neuron(value.form))
        out, same = self.output(form), [(ONE_WEIGHT, value.near)]
        return Value(form, prove.affine(self.derivation, out, value.target, same, self.bits))

    def sum(self, parts: Sequence[tuple[Fraction, Value]], offset: Fraction) -> Form:
        """Return the form offset + sum weight * value."""
        return weighted(((weight, value.form) for weight, value in parts), offset)

    def combination(self, parts: Sequence[tuple[Fraction, int]], offset: Fraction) -> int:
        """Return the term offset + sum weight * term."""
        d = self.derivation
        terms = [t if w == 1 else d.term("mul", d.constant(w), t) for w, t in parts]
        if offset:
            terms.append(d.constant(offset))
        return terms[0] if len(terms) == 1 else d.term("add", *terms)

    def inside(self, value: Value) -> In:
        """Return an enclosure of a value: that of its target, widened by its error."""
        if value.term not in self.ranges:
            self.ranges[value.term] = prove.range_near(self.derivation, value.near, self.range(value.target))
        return self.ranges[value.term]

    def range(self, term: int) -> In:
        """Return an enclosure of a term by interval arithmetic, where nothing better was recorded in ``ranges``."""
        d = self.derivation
        stack = [term]
        while stack:
            t = stack[-1]
            node = d.nodes[t]
            missing = [c for c in node.children if c not in self.ranges] if node.op != "input" else []
            if t in self.ranges or not missing:
                stack.pop()
                if t not in self.ranges:
                    self.ranges[t] = self._range(t)
            else:
                stack.extend(missing)
        return self.ranges[term]

    def _range(self, term: int) -> In:
        d = self.derivation
        node = d.nodes[term]
        if node.op == "mul" and len(node.children) == 2 and node.children[0] == node.children[1]:
            inside = self.ranges[node.children[0]]
            if inside.lo < 0 < inside.hi:  # a square is nearly nonnegative; interval arithmetic does not see it
                cells = ((-inside.lo) / (inside.hi - inside.lo)).denominator  # with zero at an end of one
                pieces = min(cells, SQUARE_PIECES)
                gap = Fraction(0) if pieces == cells else ((inside.hi - inside.lo) / (2 * pieces)) ** 2
                centre = (inside.magnitude**2 - gap) / 2  # so that the upper end is exact
                coefficients = [-centre, Fraction(0), Fraction(1)]
                near = prove.univariate(d, term, d.constant(centre), inside, coefficients, pieces)
                return prove.range_near(d, near, self.range(near.right))
        if node.op in functions.OPS:
            return functions.range_function(d, term, self.ranges[node.children[0]], self.bits)
        return prove.range_of(
            d, term, self.domain, [self.ranges[c] for c in node.children] if node.op != "input" else []
        )
