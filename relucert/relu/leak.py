"""What softmax mass on other data tokens does to the gates of a sequence: the leak, bounded in enclosures.

Head j of token t reads (1 - q_t) u_j sigma(beta u_j) + q_t (an average of u_j over other tokens).  The position code in
its score keeps q_t <= q, so that the gate is off by at most 2 q R_j with R_j >= |u_j| at every token.
Proofs in the checker's rule ``tokens``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..exact.enclosure import Enclosure
from ..transformer.model import Code
from .network import Form, Network

Interval = tuple[Fraction, Fraction]

SLACK = 1 + Fraction(1, 2**30)  # for the checker's rounding, which is coarser than that here
FIRST_GUESS = Fraction(1, 2**64)
ATTEMPTS = 64


@dataclass(frozen=True, slots=True)
class Leak:
    """The margin M of the position term, the lift of heads that gather, and how far the leak moves each output."""

    margin: int
    lift: int
    bounds: tuple[Fraction, ...]


def leak_mass(code: Code, margin: int, bits: int) -> Fraction:
    """Return q at or above the softmax mass on other data tokens, whatever their number.

    binary: (1 + e^(-2M))^L - 1 <= L e^(-2M) (1 + e^(-2M))^(L-1); quadratic: 2 e^-M / (1 - e^(-3M)).
    """

    def power(exponent: int) -> Enclosure:
        return Enclosure.of(exponent, bits).exp()

    one = Enclosure.of(1, bits)
    if code.kind == "quadratic":
        return (Enclosure.of(2, bits) * power(-margin) / (one - power(-3 * margin))).upper
    each = power(-2 * margin)
    total = Enclosure.of(code.size, bits) * each
    for _ in range(code.size - 1):
        total = total * (one + each)
    return total.upper


def magnitudes(network: Network, box: Sequence[Interval], gate: Fraction, leak: Fraction, bits: int) -> list[Fraction]:
    """Return R_j at or above |u_j| on the box for every neuron, each gate off by at most ``gate`` + 2 ``leak`` R_j.

    c u_j + d max(u_j, 0) is enclosed together, so that |u| = 2 max(u, 0) - u does not grow.
    """
    inside: list[Enclosure] = []
    result: list[Fraction] = []
    for form in network.neurons:
        total = Enclosure.of(form.terms.get(("1", 0), Fraction(0)), bits)
        for (kind, k), weight in form.terms.items():
            if kind == "x":
                lo, hi = (Enclosure.of(weight, bits) * Enclosure.of(end, bits) for end in box[k])
                total = total + lo.hull(hi)
        for j in form.neurons():
            c, d = form.terms.get(("u", j), Fraction(0)), form.terms.get(("r", j), Fraction(0))
            a, b = inside[j].lower, inside[j].upper
            ends = [Enclosure.of(c * u + d * max(u, Fraction(0)), bits) for u in (a, b, min(max(a, Fraction(0)), b))]
            error = Enclosure.of(abs(d), bits) * Enclosure.of(gate + 2 * leak * result[j], bits)
            total = total + ends[0].hull(ends[1]).hull(ends[2]) + error.hull(-error)
        inside.append(total)
        result.append(abs(total).upper)
    return result


def influences(network: Network, output: int, widening: Fraction, bits: int) -> tuple[list[Fraction], list[Fraction]]:
    """Return G_j and H_i: moving gate j or input i of the gated network moves the output by that much more at most.

    The adjoint sweep with slopes in [-w, 1 + w], as those of u sigma(beta u) are with w = kappa.
    """
    zero = Enclosure.of(0, bits)
    count = len(network.neurons)
    least, most, gate = [zero] * count, [zero] * count, [zero] * count
    entry = [zero] * network.inputs

    def push(form: Form, adjoint: Enclosure) -> None:
        for (kind, i), weight in form.terms.items():
            if kind == "x":
                entry[i] = entry[i] + Enclosure.of(weight, bits) * adjoint
        for j in form.neurons():
            c, d = form.terms.get(("u", j), Fraction(0)), form.terms.get(("r", j), Fraction(0))
            least[j] = least[j] + Enclosure.of(c - widening * d, bits) * adjoint
            most[j] = most[j] + Enclosure.of(c + (1 + widening) * d, bits) * adjoint
            gate[j] = gate[j] + Enclosure.of(d, bits) * adjoint

    push(network.outputs[output], Enclosure.of(1, bits))
    for j in range(count - 1, -1, -1):
        adjoint = least[j].hull(most[j])
        if not adjoint.is_zero:
            push(network.neurons[j], adjoint)
    return [abs(enclosure).upper for enclosure in gate], [abs(enclosure).upper for enclosure in entry]


def plan_leak(
    network: Network,
    box: Sequence[Interval],
    reach: Sequence[Fraction],
    kappa: Fraction,
    beta: Fraction,
    code: Code,
    share: Fraction,
    bits: int,
) -> Leak:
    """Return the least whole margin, nearly, with which the leak moves no output by more than ``share``.

    ``reach`` holds W_i, at or above what a head that gathers input i may read instead; it is empty if none leaks.
    Raises ArithmeticError if none is found, which only numbers beyond all use can cause.
    """
    zero = Fraction(0)
    found = [influences(network, k, kappa, bits) for k in range(len(network.outputs))]
    entered = [sum((h * w for h, w in zip(entry, reach, strict=False)), zero) for _, entry in found]

    def moved(leak: Fraction) -> list[Fraction]:
        sizes = magnitudes(network, box, kappa / beta, leak, bits)
        return [sum((g * r for g, r in zip(gates, sizes, strict=True)), zero) for gates, _ in found]

    wanted = 8 * max(1, code.size) * (max(moved(FIRST_GUESS)) + max(entered)) / share
    margin = max(1, math.ceil(math.log(2) * (wanted.numerator.bit_length() - wanted.denominator.bit_length()))) + 1
    if code.kind == "binary":
        margin = margin // 2 + 1
    for _ in range(ATTEMPTS):
        lift = 2 * margin
        mass, sunk = leak_mass(code, margin, bits), Enclosure.of(-lift, bits).exp().upper
        bounds = tuple(
            2 * (mass * size + (mass + sunk) * extra) * SLACK for size, extra in zip(moved(mass), entered, strict=True)
        )
        if max(bounds) <= share:
            return Leak(margin, lift, bounds)
        margin += 1
    raise ArithmeticError("no margin keeps the leak small enough")
