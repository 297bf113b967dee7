"""The residual ReLU network, evaluated neuron by neuron.

    u_i = b_i + sum_k a_ik x_k + sum_(j<i) ( c_ij u_j + d_ij r_j ),   r_j = max(u_j, 0).

A neuron whose r_j nobody reads costs no gate; depth counts gates on a path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

Atom = tuple[str, int]  # ("1", 0), ("x", k), ("u", j) before a gate, ("r", j) after it
ONE: Atom = ("1", 0)
UNIT = Fraction(1)


@dataclass(frozen=True, slots=True)
class Form:
    """An affine form: exact coefficients of atoms; zeros are dropped, so equal forms compare equal."""

    terms: Mapping[Atom, Fraction]

    def __post_init__(self) -> None:
        if not all(self.terms.values()):
            object.__setattr__(self, "terms", {atom: value for atom, value in self.terms.items() if value})

    def __add__(self, other: Form) -> Form:
        result = dict(self.terms)
        for atom, value in other.terms.items():
            result[atom] = result.get(atom, Fraction(0)) + value
        return Form(result)

    def __sub__(self, other: Form) -> Form:
        return self + Fraction(-1) * other

    def __rmul__(self, factor: Fraction | int) -> Form:
        return Form({atom: factor * value for atom, value in self.terms.items()})

    def neurons(self) -> set[int]:
        """Return the neurons that the form reads, before or after their gate."""
        return {j for kind, j in self.terms if kind in "ur"}


def constant(value: Fraction | int) -> Form:
    """Return the constant form."""
    return Form({ONE: Fraction(value)})


def weighted(parts: Iterable[tuple[Fraction | int, Form]], offset: Fraction | int = 0) -> Form:
    """Return offset + sum weight * form, in time linear in the forms' terms."""
    terms: dict[Atom, Fraction] = {ONE: Fraction(offset)} if offset else {}
    for weight, form in parts:
        alone = weight == 1
        for atom, value in form.terms.items():
            term = value if alone else weight * value
            terms[atom] = terms[atom] + term if atom in terms else term
    return Form(terms)


def atom(kind: str, index: int) -> Form:
    """Return the form that is one atom."""
    return Form({(kind, index): UNIT})


@dataclass(frozen=True, slots=True)
class Network:
    """Neurons in evaluation order and output forms; each neuron reads inputs and earlier neurons only.

    ``gated`` are the neurons whose r is read; ``depths`` counts the gates on the longest path that ends at each u.
    """

    inputs: int
    neurons: tuple[Form, ...]
    outputs: tuple[Form, ...]
    gated: tuple[int, ...] = field(init=False)
    depths: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        read: set[int] = set()
        depths: list[int] = []
        for i, form in enumerate(self.neurons + self.outputs):
            depth = 0
            for kind, j in form.terms:
                if (kind in "ur" and j >= len(depths)) or (kind == "x" and j >= self.inputs):
                    raise ValueError(f"form {i} reads {kind}{j}, which is not before it")
                if kind == "r":
                    read.add(j)
                    depth = max(depth, depths[j] + 1)
                elif kind == "u":
                    depth = max(depth, depths[j])
            if i < len(self.neurons):
                depths.append(depth)
        object.__setattr__(self, "gated", tuple(sorted(read)))
        object.__setattr__(self, "depths", tuple(depths))

    def pruned(self, outputs: Sequence[int]) -> tuple[Network, dict[int, int]]:
        """Return the network of the chosen outputs alone, and the new index of every neuron that stays."""
        needed: set[int] = set()
        for o in outputs:
            needed |= self.outputs[o].neurons()
        for j in range(len(self.neurons) - 1, -1, -1):
            if j in needed:
                needed |= self.neurons[j].neurons()
        index = {j: k for k, j in enumerate(sorted(needed))}

        def renamed(form: Form) -> Form:
            return Form({(k, index[j] if k in "ur" else j): v for (k, j), v in form.terms.items()})

        kept = tuple(renamed(self.neurons[j]) for j in sorted(needed))
        return Network(self.inputs, kept, tuple(renamed(self.outputs[o]) for o in outputs)), index


def evaluate(
    network: Network, point: Sequence[Any], one: Any, gate: Callable[[Any], Any], convert: Callable[[Fraction], Any]
) -> list[Any]:
    """Return the outputs with r_j = gate(u_j), in whatever arithmetic ``one`` and ``convert`` belong to."""
    values: dict[Atom, Any] = {ONE: one, **{("x", k): x for k, x in enumerate(point)}}

    def read(form: Form) -> Any:
        total = 0 * one
        for a, weight in form.terms.items():
            total = total + convert(weight) * values[a]
        return total

    for j, form in enumerate(network.neurons):
        values["u", j] = read(form)
        values["r", j] = gate(values["u", j])
    return [read(form) for form in network.outputs]


def evaluate_exactly(network: Network, point: Sequence[Fraction]) -> list[Fraction]:
    """Return the outputs of the ReLU network at an exact point, exactly."""
    return evaluate(network, point, Fraction(1), lambda u: max(u, Fraction(0)), lambda q: q)
