"""From a finished tree of cuts to the steps of a certificate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..certificate.write import Proved, ProvedNetwork
from ..derivation import prove
from ..derivation.judgement import Derivation, Near
from ..errors import DeclinedError
from ..exact.enclosure import Enclosure
from ..exact.number import round_up
from ..relu.draft import Draft
from ..relu.gate import gate_constant
from ..relu.network import Network
from ..relu.sensitivity import Sensitivity, rounding_gain, sensitivity
from ..spec.problem import Problem
from ..transformer.model import Transformer
from .attention import Heads, gated_network
from .search import Search

BITS = 128
MOST_BITS = 4096


@dataclass(frozen=True, slots=True)
class Foreign:
    """What is certified: a network, and for a transformer also its heads, beta and the error of each output's gates."""

    network: Network
    transformer: Transformer | None = None
    heads: Heads = ()
    inverse_temperature: Fraction | None = None
    sensitivities: tuple[Sensitivity, ...] = ()
    gate_bounds: tuple[Fraction, ...] = ()

    def gate_bound(self, output: int) -> Fraction:
        """Return how far the output may be from that of the ReLU network."""
        return self.gate_bounds[output] if self.gate_bounds else Fraction(0)


def foreign_transformer(transformer: Transformer) -> Foreign:
    """Return the transformer with its ReLU network and gate errors; DeclinedError where its heads are no gates."""
    network, beta, heads = gated_network(transformer)
    kappa = Enclosure.of(gate_constant().kappa, BITS)
    found = tuple(sensitivity(network, k, BITS) for k in range(len(network.outputs)))
    margin = 1 + Fraction(1, 2**40)
    bounds = tuple(
        round_up((Enclosure.of(s.bound, BITS) * kappa / Enclosure.of(beta, BITS)).upper * margin) for s in found
    )
    return Foreign(network, transformer, heads, beta, found, bounds)


def transformer_proof(foreign: Foreign, problem: Problem, searches: Sequence[Search], bound: Fraction) -> Proved:
    """Return the proof that the transformer is within the bound of the target: translation, gate error, regions."""
    if foreign.transformer is None:
        raise ValueError("no transformer is certified")
    d = _denominators(problem)
    constant = gate_constant()
    chains: list[tuple[Near, Near, Near]] = []
    for search in searches:
        k, root = search.output, problem.expression.roots[search.output]
        subject, gated, net = d.term("subject", k), d.term("gated", 0, k), d.term("net", 0, k)
        same = d.claim_near(
            "translation", (), subject, gated, Fraction(0), subject=subject, gated=gated, heads=foreign.heads
        )
        rule, error = foreign.sensitivities[k].rule, foreign.gate_bounds[k]
        near = d.claim_near(rule, (), gated, net, error, gated=gated, net=net, kappa=constant.kappa,
                            terms=constant.terms)  # fmt: skip
        chains.append((same, near, _regions(d, net, root, search, bound - error)))
    for chain in chains:
        prove.total(d, *chain)
    network = (foreign.network, foreign.inverse_temperature)
    return Proved(foreign.transformer, (network,), tuple(d.nodes), tuple(d.steps), _precision(foreign.network))


def network_proof(foreign: Foreign, problem: Problem, searches: Sequence[Search], bound: Fraction) -> ProvedNetwork:
    """Return the proof that the network is within the bound of the target, one step for each output."""
    d = _denominators(problem)
    for search in searches:
        _regions(d, d.term("subject", search.output), problem.expression.roots[search.output], search, bound)
    return ProvedNetwork(((foreign.network, None),), tuple(d.nodes), tuple(d.steps), 0)


def _regions(d: Derivation, left: int, right: int, search: Search, bound: Fraction) -> Near:
    planes = tuple(c for row in search.planes for c in row)
    return d.claim_near(
        "regions", (), left, right, bound, left=left, right=right, planes=planes, cuts=search.cuts(), bound=bound
    )


def _denominators(problem: Problem) -> Derivation:
    """Return a derivation that encloses every denominator of the targets, as a statement needs it."""
    draft = Draft(problem.expression, problem.domain, BITS)
    for t in problem.expression.below(problem.expression.roots):
        node = problem.expression.nodes[t]
        if node.op == "inv":
            try:
                inside = draft.range(node.children[0])
            except ZeroDivisionError:
                raise DeclinedError("a denominator of the target is not seen to stay away from zero") from None
            if inside.lo <= 0 <= inside.hi:
                raise DeclinedError("a denominator of the target is not seen to stay away from zero")
    return draft.derivation


def _precision(network: Network) -> int:
    """Return the checker's bits: enough that its roundings stay below 2^-40 of the gate errors' margin."""
    gain = rounding_gain(network)
    return MOST_BITS if math.isinf(gain) or math.isnan(gain) else min(MOST_BITS, 128 + math.ceil(math.log2(1 + gain)))
