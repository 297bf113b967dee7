"""How much an error of every gate moves the output: the adjoint theorem, in integers rounded outward.

A number at ``bits`` is the integer n that stands for n / 2**bits, as in the checker's rules, whose theorems these
are; the checker computes them again.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

from .network import Form, Network, weighted

Weights = dict[int, tuple[Fraction, Fraction]]
ZERO = Fraction(0)


def _weights(form: Form) -> Weights:
    """Return for every neuron that the form reads its weights (c, d) before and after the gate."""
    weights: Weights = {}
    for (kind, j), value in form.terms.items():
        if kind == "u":
            weights[j] = (value, weights[j][1] if j in weights else ZERO)
        elif kind == "r":
            weights[j] = (weights[j][0] if j in weights else ZERO, value)
    return weights


def _scaled_up(weight: Fraction, size: int) -> int:
    """Return |weight| * size, rounded up, for a size >= 0."""
    return -(-abs(weight.numerator) * size // weight.denominator)


def gate_sensitivities(network: Network, output: int, bits: int) -> list[Fraction]:
    """Return G_j >= 0 with | output~ - output | <= sum_j G_j D_j whenever every gate errs by at most D_j.

    One backward sweep: A_out = [1, 1], A_j = hull(sum_i c_ij A_i, sum_i (c_ij + d_ij) A_i), G_j = | sum_i d_ij A_i |,
    with c_ij and d_ij the weights of u_j and r_j in form i.  Proof in the checker's rule ``gate_error``.
    """
    return [Fraction(units, 1 << bits) for units in _swept(network, output, bits)]


def _swept(network: Network, output: int, bits: int) -> list[int]:
    count = len(network.neurons)
    low, high = ([[0] * count for _ in range(3)] for _ in range(2))  # of linear, both, gate

    def push(form: Form, lo: int, hi: int) -> None:
        for j, (c, d) in _weights(form).items():
            for k, weight in enumerate((c, c + d if c and d else c or d, d)):
                if weight:
                    n, q = weight.numerator, weight.denominator
                    a, b = (n * lo, n * hi) if n > 0 else (n * hi, n * lo)
                    low[k][j] += a // q
                    high[k][j] -= -b // q

    push(network.outputs[output], 1 << bits, 1 << bits)
    result = [0] * count
    for j in range(count - 1, -1, -1):
        result[j] = max(-low[2][j], high[2][j])
        lo, hi = min(low[0][j], low[1][j]), max(high[0][j], high[1][j])
        if lo or hi:
            push(network.neurons[j], lo, hi)
    return result


class Sensitivity(NamedTuple):
    """``bound`` times a bound on every gate's error bounds the output's error, by the checker's ``rule``."""

    rule: str
    bound: Fraction


def sensitivity(network: Network, output: int, bits: int) -> Sensitivity:
    """Return the smaller of the adjoint and the forward bound."""
    adjoint = Fraction(sum(_swept(network, output, bits)), 1 << bits)
    forward = forward_error(network, output, bits)
    if forward < adjoint:
        return Sensitivity("gate_error_forward", forward)
    return Sensitivity("gate_error", adjoint)


def forward_error(network: Network, output: int, bits: int) -> Fraction:
    """Return E with | output~ - output | <= E D whenever every gate errs by at most D, by one forward sweep.

    F + d max(u, 0) is max(F, F + d u) or min(F, F + d u), and neither moves by more than its arguments; that keeps the
    error of a tree of maxima at its depth.  Proof in the checker's rule ``gate_error_forward``.
    """
    one = 1 << bits
    errors: list[int] = []

    def error(form: Form) -> int:
        total = 0
        for j, (c, d) in _weights(form).items():
            size = max(abs(c), abs(c + d)) if c and d else c or d
            total += _scaled_up(size, errors[j]) + (_scaled_up(d, one) if d else 0)
        return total

    def least(form: Form) -> int:
        general = error(form)
        gates = [j for kind, j in form.terms if kind == "r"]
        if len(gates) != 1:
            return general
        (j,) = gates
        d, c, u = form.terms["r", j], form.terms.get(("u", j)), network.neurons[j]
        rest = Form({a: v for a, v in form.terms.items() if a not in (("r", j), ("u", j))})
        if c:
            rest = weighted([(1, rest), (c, u)])
        joint = max(error(rest), error(weighted([(1, rest), (d, u)]))) + _scaled_up(d, one)
        return min(general, joint)

    for form in network.neurons:
        errors.append(least(form))
    return Fraction(least(network.outputs[output]), one)


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
