"""The ``relu`` route: choose a plan, build the network with its proof, translate it, set the inverse temperature."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from ...certificate.write import Proved
from ...derivation import prove
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
SHRINKINGS = tuple(Fraction(k, 10**6) for k in (1_000_000, 999_999, 990_000, 950_000, 850_000, 650_000, 400_000))
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A built network with its proof, and the inverse temperature that its share of the tolerance needs."""

    plan: Plan
    draft: Draft
    values: tuple[Value, ...]
    network: Network
    sensitivities: tuple[Sensitivity, ...]
    inverse_temperature: Fraction

    @property
    def layers(self) -> int:
        """The number of layers: the gates on the longest path."""
        depths = self.network.depths()
        return 1 + max((depths[j] for j in self.network.gated), default=-1)


def build(problem: Problem, progress: Progress) -> tuple[Proved, Plan]:
    """Return the cheapest proved network under the problem's objective.

    heads: fewest gates, then layers, then the smallest inverse temperature; layers: the first two swapped; weight:
    the smallest inverse temperature, over a range of smaller approximation errors.
    Raises UnreachableError where no construction reaches the tolerance.
    """
    found: list[Candidate] = []
    for allowance in _allowances(problem):
        progress(f"building within {decimal_up(allowance, 3)}")
        found += candidates(problem, allowance)
        if _past_the_best(found):
            break
    if not found:
        raise UnreachableError(f"no construction of {problem.target} reaches {decimal_up(problem.tolerance)} here")
    best = min(found, key=lambda c: _key(problem, c))
    progress("proving")
    return _prove(best), best.plan


def candidates(problem: Problem, allowance: Fraction) -> list[Candidate]:
    """Return what can be built within the allowance; plans are estimates, so a little less is tried where they fail."""
    for shrink in SHRINKINGS:
        found = []
        try:
            for plan in plans(problem, allowance * shrink):
                candidate = _candidate(problem, plan)
                if candidate is not None:
                    found.append(candidate)
        except ArithmeticError:  # floats plan, and a box or tolerance can be beyond their range
            continue
        if found:
            return found
    return []


def _past_the_best(candidates: list[Candidate]) -> bool:
    """Return whether the last few, ever finer, networks needed no smaller inverse temperature than one before."""
    temperatures = [candidate.inverse_temperature for candidate in candidates]
    return len(temperatures) > PATIENCE and min(temperatures[-PATIENCE:]) >= min(temperatures[:-PATIENCE])


def _key(problem: Problem, candidate: Candidate) -> tuple[Fraction | int, ...]:
    gates, layers, beta = len(candidate.network.gated), candidate.layers, candidate.inverse_temperature
    orders: dict[str, tuple[Fraction | int, ...]] = {
        "heads": (gates, layers, beta),
        "layers": (layers, gates, beta),
        "weight": (beta, gates, layers),
    }
    return orders[problem.objective]


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
    values = tuple(plan.build(draft))
    everything = draft.network()
    outputs = [draft.derivation.nodes[value.term].children[1] for value in values]
    left = [problem.tolerance * (1 - RESERVE) - value.near.bound for value in values]
    if min(left) <= 0:
        return None
    found = tuple(sensitivity(everything, output, BITS) for output in outputs)
    kappa = gate_constant().kappa
    beta = max(gates.bound * kappa / room for gates, room in zip(found, left, strict=True))
    beta = round_up(beta, TEMPERATURE_DIGITS) if beta else Fraction(1)
    network = Network(everything.inputs, everything.neurons, tuple(everything.outputs[o] for o in outputs))
    return Candidate(plan, draft, values, network, found, beta)


def _prove(candidate: Candidate) -> Proved:
    """Return the transformer and the whole proof: translation, gate error, approximation, and their sums."""
    d, beta, constant = candidate.draft.derivation, candidate.inverse_temperature, gate_constant()
    transformer, heads = translate(candidate.network, beta)
    chains = []
    for k, (value, gates) in enumerate(zip(candidate.values, candidate.sensitivities, strict=True)):
        output = d.nodes[value.term].children[1]
        subject, gated = d.term("subject", k), d.term("gated", 0, output)
        same = d.claim_near("translation", (), subject, gated, Fraction(0), subject=subject, gated=gated, heads=heads)
        bound = Enclosure.of(gates.bound, BITS) * Enclosure.of(constant.kappa, BITS) / Enclosure.of(beta, BITS)
        near = d.claim_near(
            gates.rule,
            (),
            gated,
            value.term,
            round_up(bound.upper * (1 + Fraction(1, 2**40))),
            gated=gated,
            net=value.term,
            kappa=constant.kappa,
            terms=constant.terms,
        )
        chains.append((same, near, value.near))
    for chain in chains:
        prove.total(d, *chain)
    network = candidate.draft.network()
    return Proved(transformer, ((network, beta),), tuple(d.nodes), tuple(d.steps), precision(candidate))


def precision(candidate: Candidate) -> int:
    """Return the checker's bits: enough that its roundings stay below 2^-44 of the sensitivity."""
    least = min((s.bound for s in candidate.sensitivities if s.bound), default=Fraction(1))
    size = max(0, least.denominator.bit_length() - least.numerator.bit_length())
    gain = rounding_gain(candidate.network)
    if math.isinf(gain) or math.isnan(gain):
        return MOST_BITS
    return min(MOST_BITS, 48 + size + math.ceil(math.log2(1 + gain)))
