"""The ``anchors`` route: how many anchors a ReLU network's gates need, and the network that needs least of all.

With R_j >= u_j and G_j the sensitivity of gate j, spacings R_j / P leave an error of (c / P) sum_j G_j R_j.  So finer
networks, which leave more of the tolerance to the gates, need fewer anchors; the product of heads and tokens decides.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from ...certificate.write import Proved
from ...derivation import prove
from ...errors import UnreachableError
from ...exact.enclosure import Enclosure
from ...exact.number import round_up
from ...relu.network import Network
from ...relu.plan import Outline, Plan
from ...relu.sensitivity import gate_sensitivities
from ...spec.problem import Problem
from ..relu.route import Candidate, candidates
from .head import CELLS, CONSTANT, SHARPNESS, STATED_LEAK, STATED_SHARPNESS, TAYLOR_TERMS, transform

MOST_ANCHORS = 20_000
SHARES = tuple(Fraction(1, 2**k) for k in range(5))  # of the tolerance, for the approximation
RESERVE = Fraction(1, 2**34)  # of the tolerance, for rounding conclusions up
SLACK = 1 + Fraction(1, 2**30)  # for the checker's rounding, which is coarser than that here
SPACING_DIGITS = 6
BITS = 128
ROUNDS = 3
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Design:
    """A network with its proof, P, a spacing for each gate, and what the gates move each output by."""

    candidate: Candidate
    reach: int
    spacings: dict[int, Fraction]
    bounds: tuple[Fraction, ...]

    @property
    def size(self) -> tuple[int, int]:
        """What is made small: the scores of one token in all heads, then the anchors."""
        return len(self.candidate.network.gated) * (self.reach + 1), self.reach


def predict(problem: Problem) -> str | None:
    """Return None where the route applies, and otherwise why it does not; ``build`` finds how large it is."""
    return None


def build(problem: Problem, progress: Progress) -> tuple[Proved, Plan]:
    """Return the proved transformer; UnreachableError where it would be too large."""
    progress("choosing a network and anchors")
    designs = _designs(problem)
    if not designs:
        raise UnreachableError("no ReLU network leaves any of the tolerance to the gates")
    design = min(designs, key=lambda found: found.size)
    count = design.reach - 1
    if count > MOST_ANCHORS:
        gates = len(design.candidate.network.gated)
        size = (("tokens", count + 2), ("layers", design.candidate.layers), ("gates", gates))
        raise UnreachableError(f"it would take {count:,} anchors; at most {MOST_ANCHORS:,} are built", size)
    progress("proving")
    plan = design.candidate.plan
    parameters = (("P", design.reach), *plan.parameters)
    name = f"anchored {plan.construction}"
    return _prove(design, problem.proof == "stated"), replace(plan, construction=name, parameters=parameters)


def _designs(problem: Problem) -> list[Design]:
    """Return a design for every share of the tolerance that some network can be built with."""
    outline = Outline.of(problem)
    found: dict[int, Design] = {}
    for share in SHARES:
        try:
            tried = candidates(outline, problem.tolerance * share, direct=False)
        except UnreachableError:  # a smaller share may be beyond reach where a larger one is not
            continue
        for candidate in tried:
            gates = len(candidate.network.gated)
            if gates not in found:
                found[gates] = _design(problem, candidate)
    return list(found.values())


def _design(problem: Problem, candidate: Candidate) -> Design:
    """Return the design of the fewest anchors, nearly, whose gates use what the approximation leaves."""
    network = candidate.network
    rooms = [problem.tolerance * (1 - RESERVE) - value.near.bound for value in candidate.values]
    influences = [gate_sensitivities(network, k, candidate.precision) for k in range(len(network.outputs))]
    reach = 1
    while True:
        for _ in range(ROUNDS):  # the ranges shrink with the errors, so that a few rounds settle
            constant = _constant(problem, reach)
            spacings = _spacings(problem, network, reach)
            moved = [sum((g[j] * width for j, width in spacings.items()), Fraction(0)) for g in influences]
            bounds = tuple(constant * total * SLACK for total in moved)
            ratio = max(bound / room for bound, room in zip(bounds, rooms, strict=True))
            if ratio <= 1:
                return Design(candidate, reach, spacings, bounds)
            reach = max(reach + 1, math.ceil(reach * ratio))


def _constant(problem: Problem, reach: int) -> Fraction:
    """Return the bound of a gate's error in units of its spacing: our own, or as stated for a hard maximum."""
    return 1 + reach * STATED_LEAK if problem.proof == "stated" else CONSTANT


def _spacings(problem: Problem, network: Network, reach: int) -> dict[int, Fraction]:
    """Return a spacing for each gate with which ``reach`` of them go beyond its pre-activation, errors included."""
    inside: list[Enclosure] = []
    spacings: dict[int, Fraction] = {}
    gated, zero = set(network.gated), Fraction(0)
    for j, form in enumerate(network.neurons):
        total = Enclosure.of(form.terms.get(("1", 0), zero), BITS)
        for (kind, k), weight in form.terms.items():
            if kind == "x":
                lo, hi = (Enclosure.of(weight, BITS) * Enclosure.of(end, BITS) for end in problem.domain[k])
                total = total + lo.hull(hi)
        for k in form.neurons():
            c, d = form.terms.get(("u", k), zero), form.terms.get(("r", k), zero)
            a, b = inside[k].lower, inside[k].upper
            ends = [Enclosure.of(c * u + d * max(u, zero), BITS) for u in (a, b, min(max(a, zero), b))]
            error = Enclosure.of(abs(d) * _constant(problem, reach) * spacings.get(k, zero), BITS)
            total = total + ends[0].hull(ends[1]).hull(ends[2]) + error.hull(-error)
        inside.append(total)
        if j in gated:
            size = max(total.upper, abs(total).upper / 2**20) or Fraction(1)
            spacings[j] = round_up(size * SLACK / reach, SPACING_DIGITS)
    return spacings


def _prove(design: Design, stated: bool) -> Proved:
    """Return the transformer and the whole proof: from transformer to network, approximation, and their sums."""
    candidate = design.candidate
    d, network = candidate.draft.derivation, candidate.network
    transformer, heads = transform(network, design.spacings, design.reach, STATED_SHARPNESS if stated else SHARPNESS)
    spacings = tuple(design.spacings[j] for layer in heads for j in layer)
    rule = "anchor_gates"
    args: dict[str, Fraction | int] = {"sharpness": SHARPNESS, "constant": CONSTANT, "cells": CELLS}
    if stated:
        rule, args = "anchor_gates_stated", {"sharpness": STATED_SHARPNESS, "leak": STATED_LEAK}
    chains = []
    for k, (value, bound) in enumerate(zip(candidate.values, design.bounds, strict=True)):
        subject = d.term("subject", k)
        near = d.claim_near(
            rule,
            (),
            subject,
            value.term,
            round_up(bound),
            subject=subject,
            net=value.term,
            heads=heads,
            spacings=spacings,
            terms=TAYLOR_TERMS,
            **args,
        )
        chains.append((near, value.near))
    for chain in chains:
        prove.total(d, *chain)
    networks = ((candidate.draft.network(), None),)
    return Proved(transformer, networks, tuple(d.nodes), tuple(d.steps), candidate.precision)
