"""One point where a transformer errs by a stated multiple of its gate error, with enclosures: a proof, not a sample."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ...exact.enclosure import Enclosure
from ...relu.network import Atom, Form, Network
from ...target.expression import evaluate
from .built import Built

BITS = 256
CLOSED = 200  # exp(200) > 2^256
WORST_SCORE = Fraction(1278464542761074, 10**15)  # 1 + kappa: where beta |u| makes a gate err by kappa / beta


def gated_value(network: Network, output: int, beta: Fraction, point: Sequence[Fraction]) -> Enclosure:
    """Return an enclosure of the output with gates u sigma(beta u), which an accepted certificate equates with T."""
    values: dict[Atom, Enclosure] = {("1", 0): Enclosure.of(1, BITS)}
    values |= {("x", k): Enclosure.of(x, BITS) for k, x in enumerate(point)}

    def read(form: Form) -> Enclosure:
        total = Enclosure.of(0, BITS)
        for atom, weight in form.terms.items():
            total = total + Enclosure.of(weight, BITS) * values[atom]
        return total

    for j, form in enumerate(network.neurons):
        u = values["u", j] = read(form)
        values["r", j] = _gate(u, Enclosure.of(beta, BITS) * u)
    return read(network.outputs[output])


def _gate(u: Enclosure, score: Enclosure) -> Enclosure:
    """Return u sigma(score); far below zero sigma is in [0, 2^-256], and its exponential would fill the memory."""
    if score.upper < -CLOSED:
        return (u * Enclosure.of(Fraction(1, 2**BITS), BITS)).hull(Enclosure.of(0, BITS))
    return u / (Enclosure.of(1, BITS) + (-score).exp())


def error_in_gates(built: Built, point: Sequence[Fraction]) -> Fraction:
    """Return a proved lower bound on | T - f | at the point, as a multiple of the error of one gate."""
    network = built.network
    if network is None:
        raise ValueError("the certificate has a network")
    exact = evaluate(built.problem.expression, point)[0]
    distance = abs(
        gated_value(network, built.output, built.count("inverse_temperature"), point) - Enclosure.of(exact, BITS)
    )
    return max(distance.lower, Fraction(0)) / built.gate_error


def extremum_point(built: Built) -> tuple[Fraction, ...]:
    """Return a point at which every gate on the left spine of a tree of maxima (or minima) errs by its most.

    The first input is 0.  The first input of the right half at height k stands (1 + kappa)/beta below what T computes
    for the left half, which by induction is k - 1 gate errors below 0; all others stand far below.
    """
    d, sign = len(built.problem.inputs), 1 if built.construction == "max" else -1
    beta, delta = built.count("inverse_temperature"), built.gate_error
    point = [-Fraction(1)] * d
    point[0] = Fraction(0)
    height = 0
    while 1 << height < d:
        point[1 << height] = -height * delta - WORST_SCORE / beta
        height += 1
    return tuple(sign * x for x in point)
