"""The ``relu`` route: choose a plan, build the network with its proof, translate it, set the inverse temperature."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from ...certificate.write import Proved
from ...derivation import prove
from ...derivation.judgement import Derivation, Near
from ...errors import UnreachableError
from ...exact.enclosure import Enclosure
from ...exact.number import decimal_up, round_up
from ...relu.constructions.sawtooth import dip_bits, estimated_dip
from ...relu.draft import Draft, Value
from ...relu.gate import gate_constant
from ...relu.network import Network
from ...relu.plan import Counts, Outline, Plan, chain_weights, plans
from ...relu.sensitivity import Sensitivity, rounding_gain, sensitivity
from ...spec.problem import PROOFS, Problem
from ...spec.sequence import MIRRORED, SINGLE, Sequence
from ...target.ranges import ranges
from ...transformer.model import Transformer
from .translate import translate, translate_mirrored

BITS = 128
RESERVE = Fraction(1, 2**34)  # of the tolerance, for rounding conclusions up
LEAK_SHARE = Fraction(1, 2**44)  # of the tolerance, for the leak between data tokens
TEMPERATURE_DIGITS = 6
MOST_BITS = 4096
GUARD_BITS = 16  # by which sensitivities are computed finer than the checker does
PATIENCE = 3
HALVINGS = 20
LONG = 2  # a length that stands for all but one
MOST_TEMPERATURE = 1e300
INCREASES = tuple(Fraction(k, 10**5) for k in (100_001, 100_100, 101_000, 110_000, 200_000))
SHRINKINGS = tuple(
    Fraction(k, 10**6) for k in (1_000_000, 999_999, 990_000, 970_000, 930_000, 850_000, 650_000, 400_000)
)
Progress = Callable[[str], None]
Chains = list[tuple[Near, ...]]
Close = Callable[[int, int], Near]  # claims that an output of the transformer is near a gated term


@dataclass(frozen=True, slots=True)
class Candidate:
    """A built network with its proof, and the inverse temperature that its share of the tolerance needs.

    ``sensitivities`` is empty where the proof speaks of the gated network directly.
    """

    plan: Plan
    draft: Draft
    values: tuple[Value, ...]
    network: Network
    sensitivities: tuple[Sensitivity, ...]
    precision: int
    inverse_temperature: Fraction

    @property
    def layers(self) -> int:
        """The number of layers: the gates on the longest path."""
        depths = self.network.depths
        return 1 + max((depths[j] for j in self.network.gated), default=-1)

    @property
    def counts(self) -> Counts:
        """What the network takes."""
        return Counts(len(self.network.gated), self.layers, self.inverse_temperature)


def build(problem: Problem, progress: Progress) -> tuple[Proved, Plan]:
    """Return the cheapest proved network under the problem's objective; raises as ``choose`` does."""
    best = choose(problem, progress)
    progress("proving")
    return realise(problem, best), best.plan


def choose(problem: Problem, progress: Progress) -> Candidate:
    """Return the cheapest network under the problem's objective, the even split of the tolerance among them.

    heads: fewest gates, then layers, then the smallest inverse temperature; layers: the first two swapped; weight:
    the smallest inverse temperature, over a range of smaller approximation errors.
    Raises UnreachableError where no construction reaches the tolerance.
    """
    found: list[Candidate] = []
    temperatures: list[Fraction] = []
    outline = Outline.of(problem)
    for allowance in _allowances(problem):
        progress(f"building within {decimal_up(allowance, 3)}")
        made = candidates(outline, allowance)
        found += made
        temperatures += [min(candidate.inverse_temperature for candidate in made)] if made else []
        if len(temperatures) > PATIENCE and min(temperatures[-PATIENCE:]) >= min(temperatures[:-PATIENCE]):
            break  # the last few, ever finer, needed no smaller inverse temperature than one before
    if not found:
        raise UnreachableError(f"no construction of {problem.target} reaches {decimal_up(problem.tolerance)} here")
    best = min(found, key=lambda c: _key(problem, c))
    even = min((c for c in found if c.plan.even), key=lambda c: _key(problem, c), default=None)
    if even is None:
        return best
    return replace(best, plan=replace(best.plan, compared=(best.counts, even.counts)))


def chosen_alike(problem: Problem) -> Problem:
    """Return a problem that is the same for all problems for which ``choose`` returns the same.

    Sequences differ in the code and the leak, for which all that are longer than one token keep the same share; and
    the proofs direct and adjoint differ for polynomials alone.
    """
    tokens = SINGLE if problem.sequence.is_single else Sequence(LONG, LONG)
    proof = problem.proof if _is_polynomial(problem) else PROOFS[0]
    return replace(problem, sequence=tokens, proof=proof, limits=())


def candidates(outline: Outline, allowance: Fraction, direct: bool = True) -> list[Candidate]:
    """Return what can be built within the allowance; plans are estimates, so a little less is tried where they fail.

    ``direct`` allows proofs that speak of the gated network.
    """
    refused: UnreachableError | None = None
    failed: list[Plan] = []
    for shrink in SHRINKINGS:
        found, beyond = [], False
        try:
            for plan in plans(outline, allowance * shrink):
                if plan in failed:
                    continue
                try:
                    candidate = (_direct(outline, plan) if direct else None) or _candidate(outline.problem, plan)
                except UnreachableError as error:  # the proof would take too much work; another plan may do
                    refused = error
                    continue
                except ArithmeticError:  # floats plan, and a box or tolerance can be beyond their range
                    beyond = True
                    continue
                if candidate is None:
                    failed.append(plan)
                else:
                    found.append(candidate)
        except ArithmeticError:  # so it can for the plan itself
            beyond = True
        if found:
            return found
        if refused is not None and not beyond:
            break
    if refused is not None:
        raise refused
    return []


def _key(problem: Problem, candidate: Candidate) -> tuple[Fraction | int, ...]:
    return tuple(number for _, number in candidate.counts.order(problem.objective))


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


def _allowed(problem: Problem) -> Fraction:
    """Return the tolerance without the share that is kept for the leak between data tokens."""
    return problem.tolerance * (1 if problem.sequence.is_single else 1 - LEAK_SHARE)


def _candidate(problem: Problem, plan: Plan) -> Candidate | None:
    """Return the built plan, or None if its proved approximation error leaves nothing for the gates."""
    draft = Draft(problem.expression, problem.domain, _bits(problem))
    values = tuple(plan.build(draft))
    left = [_allowed(problem) - problem.tolerance * RESERVE - value.near.bound for value in values]
    if min(left) <= 0:
        return None
    network = draft.network_of(values)
    found, precision = _sensitivities(network)
    if not problem.expression.rational:
        precision = max(precision, draft.bits)
    kappa = gate_constant().kappa
    beta = max(gates.bound * kappa / room for gates, room in zip(found, left, strict=True))
    beta = round_up(beta, TEMPERATURE_DIGITS) if beta else Fraction(1)
    return Candidate(plan, draft, values, network, found, precision, beta)


def _bits(problem: Problem) -> int:
    """Return the bits of the builder's enclosures: functions are enclosed far more closely than the tolerance.

    Where a root comes to zero its argument needs digits enough for the root to have them.
    """
    expression = problem.expression
    if expression.rational:
        return BITS
    inside = ranges(expression, problem.domain, problem.inputs)
    powers = [node for node in expression.nodes if node.op == "power" and inside[node.children[0]][0] <= 0]
    times = max((math.ceil(1 / node.value) for node in powers if node.value), default=1)
    size = max(abs(end) for interval in problem.domain for end in interval)
    return BITS + times * problem.tolerance.denominator.bit_length() + 2 * int(size).bit_length()


def _sensitivities(network: Network) -> tuple[tuple[Sensitivity, ...], int]:
    """Return every output's sensitivity, and the bits that keep the checker's roundings below 2^-44 of the least."""
    gain = rounding_gain(network)
    loss = MOST_BITS if math.isinf(gain) or math.isnan(gain) else 48 + math.ceil(math.log2(1 + gain))
    size, wanted = 0, max(BITS, loss + GUARD_BITS)
    while True:
        found = tuple(sensitivity(network, k, wanted) for k in range(len(network.outputs)))
        least = min((s.bound for s in found if s.bound), default=Fraction(1))
        size = max(0, least.denominator.bit_length() - least.numerator.bit_length())
        if loss + size + GUARD_BITS <= wanted or wanted >= MOST_BITS:
            return found, min(MOST_BITS, loss + size)
        wanted = min(MOST_BITS, loss + size + GUARD_BITS)


def _direct(outline: Outline, plan: Plan) -> Candidate | None:
    """Return the plan built and proved as a gated network, where its only gates are chains of folds; else None.

    The dip of a gated chain is exponentially small in the inverse temperature, so that far less of it will do.
    """
    problem = outline.problem
    if problem.proof != "direct" or not _is_polynomial(problem) or not any(any(gates) for _, gates in plan.chains):
        return None
    try:
        weights = {gates: 8 * weight for gates, weight in chain_weights(outline, plan).items() if gates}
        room = float(_allowed(problem)) - plan.predicted
    except ArithmeticError:  # the box is beyond the range of floats
        return None
    for increase in INCREASES:
        try:
            beta = _least_temperature(weights, room)
        except ArithmeticError:
            return None
        if beta is None:
            return None
        rounded = round_up(Fraction(beta) * increase, TEMPERATURE_DIGITS)
        draft = Draft(problem.expression, problem.domain, BITS, rounded)
        values = tuple(plan.build(draft))
        excess = max(value.near.bound for value in values) - _allowed(problem)
        if excess <= 0:
            precision = max(dip_bits(gates) for _, chain in plan.chains for gates in chain)
            return Candidate(plan, draft, values, draft.network_of(values), (), precision, rounded)
        room -= float(excess)  # which the prediction missed
    return None


def _is_polynomial(problem: Problem) -> bool:
    return {node.op for node in problem.expression.nodes} <= {"input", "const", "add", "mul"}


def _least_temperature(weights: dict[int, float], room: float) -> float | None:
    """Return about the least inverse temperature at which the weighted dips fit into ``room``; None without room."""

    def fits(beta: float) -> bool:
        return sum(weight * estimated_dip(gates, beta) for gates, weight in weights.items()) <= room

    if room <= 0:
        return None
    hi = 2.0 ** max(weights)
    while not fits(hi):
        hi *= 2
        if hi > MOST_TEMPERATURE:
            return None
    lo = hi / 2
    for _ in range(HALVINGS):
        middle = (lo + hi) / 2
        lo, hi = (lo, middle) if fits(middle) else (middle, hi)
    return hi


def realise(problem: Problem, candidate: Candidate, wide: bool | None = None) -> Proved:
    """Return the transformer and the whole proof: from transformer to network, approximation, and their sums.

    ``wide`` forces a layout of the stream.  The candidate stays as it is, and can be realised again.
    """
    d = candidate.draft.derivation.copied()
    transformer, close = _realised(problem, candidate, d, wide)
    for chain in (_split if candidate.sensitivities else _gated)(candidate, d, close):
        prove.total(d, *chain)
    networks = ((candidate.draft.network(), candidate.inverse_temperature),)
    return Proved(transformer, networks, tuple(d.nodes), tuple(d.steps), candidate.precision)


def _gated(candidate: Candidate, d: Derivation, close: Close) -> Chains:
    """Return for each output: from the transformer to the gated network, and how near that is to the target."""
    return [(close(k, value.term), value.near) for k, value in enumerate(candidate.values)]


def _split(candidate: Candidate, d: Derivation, close: Close) -> Chains:
    """Return for each output: from the transformer to the gated network, gate error, approximation."""
    beta, constant = candidate.inverse_temperature, gate_constant()
    chains: Chains = []
    for k, (value, gates) in enumerate(zip(candidate.values, candidate.sensitivities, strict=True)):
        gated = d.term("gated", 0, d.nodes[value.term].children[1])
        same = close(k, gated)
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
    return chains


def _realised(problem: Problem, candidate: Candidate, d: Derivation, wide: bool | None) -> tuple[Transformer, Close]:
    """Return the transformer, and the function that claims that its output k is near a gated term.

    A single data token computes the gated network exactly; among several there is a leak.
    """
    network, beta = candidate.network, candidate.inverse_temperature
    if not problem.sequence.is_single:
        from . import sequence

        leak = sequence.plan(problem, network, beta, problem.tolerance * LEAK_SHARE, BITS)
        transformer, heads = sequence.transform(problem, network, beta, leak)
        return transformer, lambda k, gated: sequence.claim(d, k, gated, heads, leak)
    rule = "translation"
    if problem.sequence == MIRRORED:
        rule, (transformer, heads) = "mirror", translate_mirrored(network, beta)
    else:
        transformer, heads = translate(network, beta, wide=wide)

    def same(k: int, gated: int) -> Near:
        subject = d.term("subject", k)
        return d.claim_near(rule, (), subject, gated, Fraction(0), subject=subject, gated=gated, heads=heads)

    return transformer, same
