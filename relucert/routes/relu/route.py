"""The ``relu`` route: choose a plan, build the network with its proof, translate it, set the inverse temperature."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from ...derivation import prove
from ...derivation.certificate import Proved
from ...errors import UnreachableError
from ...exact.enclosure import Enclosure
from ...exact.number import decimal_up, round_up
from ...relu.draft import Draft, Value
from ...relu.gate import gate_constant
from ...relu.network import Network
from ...relu.plan import Plan, plans
from ...relu.sensitivity import Sensitivity, rounding_gain, sensitivity
from ...spec.problem import Problem
from .translate import translate

BITS = 128
RESERVE = Fraction(1, 2**34)  # of the tolerance, for rounding conclusions up
TEMPERATURE_DIGITS = 6
MOST_BITS = 4096
PATIENCE = 3
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A built network with its proof, and the inverse temperature that its share of the tolerance needs."""

    plan: Plan
    draft: Draft
    value: Value
    sensitivity: Sensitivity
    inverse_temperature: Fraction


def build(problem: Problem, progress: Progress) -> tuple[Proved, Plan]:
    """Return the cheapest proved network under the problem's objective.

    heads: fewest gates, then layers, then the smallest inverse temperature; layers: the first two swapped; weight:
    the smallest inverse temperature, over a range of smaller approximation errors.
    Raises UnreachableError where no construction reaches the tolerance.
    """
    candidates: list[Candidate] = []
    for allowance in _allowances(problem):
        progress(f"building within {decimal_up(allowance, 3)}")
        try:
            found = plans(problem, allowance)
        except ArithmeticError:  # floats plan, and a box or tolerance can be beyond their range
            continue
        if not found:
            continue
        first = min(_cost(problem, plan) for plan in found)
        for plan in found:
            if problem.objective == "weight" or _cost(problem, plan) == first:
                candidate = _candidate(problem, plan)
                if candidate is not None:
                    candidates.append(candidate)
        if _past_the_best(candidates):
            break
    if not candidates:
        raise UnreachableError(f"no construction of {problem.target} reaches {decimal_up(problem.tolerance)} here")
    best = min(candidates, key=lambda c: _key(problem, c))
    progress("proving")
    return _prove(problem, best), best.plan


def _past_the_best(candidates: list[Candidate]) -> bool:
    """Return whether the last few, ever finer, networks needed no smaller inverse temperature than one before."""
    temperatures = [candidate.inverse_temperature for candidate in candidates]
    return len(temperatures) > PATIENCE and min(temperatures[-PATIENCE:]) >= min(temperatures[:-PATIENCE])


def _cost(problem: Problem, plan: Plan) -> tuple[int, int]:
    return (plan.layers, plan.gates) if problem.objective == "layers" else (plan.gates, plan.layers)


def _key(problem: Problem, candidate: Candidate) -> tuple[Fraction | int, ...]:
    cost = _cost(problem, candidate.plan)
    if problem.objective == "weight":
        return (candidate.inverse_temperature, *cost)
    return (*cost, candidate.inverse_temperature)


def _allowances(problem: Problem) -> list[Fraction]:
    """Return the approximation errors to try: the tolerance alone, or for ``weight`` a range below it.

    Finer networks leave more of the tolerance to the gates, but their sensitivity grows a little; for the product
    the two balance near an error of tolerance^2.
    """
    if problem.objective != "weight":
        return [problem.tolerance]
    result = [problem.tolerance]
    factor = 4
    while result[-1] > problem.tolerance**2 / 16 and len(result) < 24:
        result.append(problem.tolerance / factor)
        factor = factor * 4 if len(result) < 8 else factor * 64
    return result


def _candidate(problem: Problem, plan: Plan) -> Candidate | None:
    """Return the built plan, or None if its proved approximation error leaves nothing for the gates."""
    draft = Draft(problem.expression, problem.domain, BITS)
    value = plan.make(draft)
    left = problem.tolerance * (1 - RESERVE) - value.near.bound
    if left <= 0:
        return None
    output = draft.derivation.nodes[value.term].children[1]
    gates = sensitivity(draft.network(), output, BITS)
    beta = round_up(gates.bound * gate_constant().kappa / left, TEMPERATURE_DIGITS) if gates.bound else Fraction(1)
    return Candidate(plan, draft, value, gates, beta)


def _prove(problem: Problem, candidate: Candidate) -> Proved:
    """Return the transformer and the whole proof: translation, gate error, approximation, and their sum."""
    d, value, beta = candidate.draft.derivation, candidate.value, candidate.inverse_temperature
    network, constant = candidate.draft.network(), gate_constant()
    output = d.nodes[value.term].children[1]
    transformer, heads = translate(Network(network.inputs, network.neurons, (network.outputs[output],)), beta)
    subject, gated = d.term("subject", 0), d.term("gated", 0, output)
    same = d.claim_near("translation", (), subject, gated, Fraction(0), subject=subject, gated=gated, heads=heads)
    precision = _precision(candidate)
    bound = (
        Enclosure.of(candidate.sensitivity.bound, BITS) * Enclosure.of(constant.kappa, BITS) / Enclosure.of(beta, BITS)
    )
    gate_bound = round_up(bound.upper * (1 + Fraction(1, 2**40)))
    gates = d.claim_near(
        candidate.sensitivity.rule,
        (),
        gated,
        value.term,
        gate_bound,
        gated=gated,
        net=value.term,
        kappa=constant.kappa,
        terms=constant.terms,
    )
    prove.total(d, same, gates, value.near)
    return Proved(transformer, ((network, beta),), tuple(d.nodes), tuple(d.steps), precision)


def _precision(candidate: Candidate) -> int:
    """Return the checker's bits: enough that its roundings stay below 2^-44 of the sensitivity."""
    s = candidate.sensitivity.bound
    size = max(0, s.denominator.bit_length() - s.numerator.bit_length()) if s else 0
    gain = rounding_gain(candidate.draft.network())
    if math.isinf(gain) or math.isnan(gain):
        return MOST_BITS
    return min(MOST_BITS, 48 + size + math.ceil(math.log2(1 + gain)))
