"""How much an error of every gate moves the output: the adjoint theorem, in enclosures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from ..exact.enclosure import Enclosure
from .network import Form, Network


def gate_sensitivities(network: Network, output: int, bits: int) -> list[Enclosure]:
    """Return G_j >= 0 with | output~ - output | <= sum_j G_j D_j whenever every gate errs by at most D_j.

    One backward sweep: A_out = [1, 1], A_j = hull(sum_i c_ij A_i, sum_i (c_ij + d_ij) A_i), G_j = | sum_i d_ij A_i |,
    with c_ij and d_ij the weights of u_j and r_j in form i.  Proof in the checker's rule ``gate_error``.
    """
    zero, one = Enclosure.of(0, bits), Enclosure.of(1, bits)
    count = len(network.neurons)
    linear, both, gate = [zero] * count, [zero] * count, [zero] * count

    def push(form: Form, adjoint: Enclosure) -> None:
        for j in form.neurons():
            c, d = form.terms.get(("u", j)), form.terms.get(("r", j))
            if c:
                linear[j] = linear[j] + Enclosure.of(c, bits) * adjoint
            if d:
                gate[j] = gate[j] + Enclosure.of(d, bits) * adjoint
            slope = (c or 0) + (d or 0)
            if slope:
                both[j] = both[j] + Enclosure.of(slope, bits) * adjoint

    push(network.outputs[output], one)
    result = [zero] * count
    for j in range(count - 1, -1, -1):
        result[j] = abs(gate[j])
        adjoint = linear[j].hull(both[j])
        if not adjoint.is_zero:
            push(network.neurons[j], adjoint)
    return result


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """``bound`` times a bound on every gate's error bounds the output's error, by the checker's ``rule``."""

    rule: str
    bound: Fraction


def sensitivity(network: Network, output: int, bits: int, alone: bool = True) -> Sensitivity:
    """Return the smaller of the adjoint and the forward bound; the adjoint unless a data token is ``alone``."""
    adjoint = Enclosure.of(0, bits)
    for gate in gate_sensitivities(network, output, bits):
        adjoint = adjoint + gate
    forward = forward_error(network, output, bits)
    if alone and forward.upper < adjoint.upper:
        return Sensitivity("gate_error_forward", forward.upper)
    return Sensitivity("gate_error", adjoint.upper)


def forward_error(network: Network, output: int, bits: int) -> Enclosure:
    """Return E with | output~ - output | <= E D whenever every gate errs by at most D, by one forward sweep.

    F + d max(u, 0) is max(F, F + d u) or min(F, F + d u), and neither moves by more than its arguments; that keeps the
    error of a tree of maxima at its depth.  Proof in the checker's rule ``gate_error_forward``.
    """
    errors: list[Enclosure] = []

    def error(form: Form) -> Enclosure:
        total = Enclosure.of(0, bits)
        for j in form.neurons():
            c, d = form.terms.get(("u", j), Fraction(0)), form.terms.get(("r", j), Fraction(0))
            total = total + Enclosure.of(max(abs(c), abs(c + d)), bits) * errors[j] + Enclosure.of(abs(d), bits)
        return total

    def least(form: Form) -> Enclosure:
        general = error(form)
        gates = [j for kind, j in form.terms if kind == "r"]
        if len(gates) != 1:
            return general
        (j,) = gates
        d, u = form.terms["r", j], network.neurons[j]
        rest = Form({a: v for a, v in form.terms.items() if a not in (("r", j), ("u", j))})
        rest = rest + form.terms.get(("u", j), Fraction(0)) * u
        joint = error(rest).maximum(error(rest + d * u)) + Enclosure.of(abs(d), bits)
        return joint if joint.upper < general.upper else general

    for form in network.neurons:
        errors.append(least(form))
    return least(network.outputs[output])


def _size(weight: Fraction | None) -> float:
    try:
        return float(weight or 0)
    except OverflowError:
        return math.inf


def rounding_gain(network: Network) -> float:
    """Estimate how much rounding each number of a backward sweep by one unit can change sum_j G_j, in units.

    An adjoint of neuron j that is off by one unit changes the sum by
    S_j = sum_k |d_jk| + max(|c_jk|, |c_jk + d_jk|) S_k over the neurons k that it reads, and each neuron collects one
    rounding for each of its readers.  Used only to choose a precision.
    """
    reach: list[float] = []
    total = 0.0
    for form in network.neurons + network.outputs:
        own = 0.0
        for k in form.neurons():
            c, d = _size(form.terms.get(("u", k))), _size(form.terms.get(("r", k)))
            own += abs(d) + max(abs(c), abs(c + d)) * reach[k]
            total += 2 * (1 + reach[k])
        reach.append(own)
    return total
