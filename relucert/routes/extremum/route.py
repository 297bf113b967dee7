"""The ``extremum`` route: max or min over any number of data tokens in a single head.

With y = x - lo >= 0, softmax over the tokens seen of beta y weights y: a soft maximum.  The sink
counts as one more token with y = 0, never above the largest.  So 0 <= max - average <= W(n/e) / beta, whatever
n tokens hold; under a causal mask every token holds the largest of its prefix.  For min, y = hi - x.
"""

from __future__ import annotations

import math
from fractions import Fraction

from ...certificate.write import Proved
from ...derivation.judgement import Derivation
from ...exact.enclosure import Enclosure
from ...exact.number import round_up
from ...relu.plan import Plan
from ...spec.problem import Problem
from ...transformer.model import Head, Layer, Matrix, Transformer

BITS = 128
TAYLOR_TERMS = 32
TEMPERATURE_DIGITS = 6
CONSTANT_DIGITS = 12
RESERVE = Fraction(1, 2**34)  # of the tolerance, for rounding the conclusion up


def soft_maximum_constant(length: int) -> Fraction:
    """Return c, a decimal just above W(length / e), with c exp(1 + c) >= length, as enclosures show.

    Proof that c is enough: the checker's rule ``token_extremum``.
    """
    c = 1.0
    for _ in range(100):  # Newton for c + log c = log(length) - 1, which converges from any positive start here
        c = max(c - (c + math.log(c) + 1 - math.log(length)) / (1 + 1 / c), c / 4)
    found = round_up(Fraction(c), CONSTANT_DIGITS)
    while (Enclosure.of(found, BITS) * (Enclosure.of(1, BITS) + Enclosure.of(found, BITS)).exp()).lower < length:
        found = round_up(found * (1 + Fraction(1, 10**CONSTANT_DIGITS)), CONSTANT_DIGITS)
    return found


def build(problem: Problem) -> tuple[Proved, Plan]:
    """Return the head and its one-step proof, for an extremum over tokens of one input."""
    constant = soft_maximum_constant(problem.sequence.most)
    beta = round_up(constant / (problem.tolerance * (1 - RESERVE)), TEMPERATURE_DIGITS)
    target = problem.expression.roots[0]
    op = problem.expression.nodes[target].op
    d = Derivation.of(problem.expression)
    subject = d.term("subject", 0)
    bound = round_up(constant / beta)
    d.claim_near(
        "token_extremum",
        (),
        subject,
        target,
        bound,
        subject=subject,
        target=target,
        constant=constant,
        terms=TAYLOR_TERMS,
    )
    (interval,) = problem.domain
    transformer = _transformer(*interval, beta, op == "seen_max")
    plan = Plan(op, (("n", problem.sequence.most),), (), ())
    return Proved(transformer, (), tuple(d.nodes), tuple(d.steps), BITS), plan


def _transformer(lo: Fraction, hi: Fraction, beta: Fraction, largest: bool) -> Transformer:
    """Return the transformer on the stream (1, y, result), y = x - lo or hi - x."""
    sign, end = (Fraction(1), lo) if largest else (Fraction(-1), hi)
    head = Head(
        w_q=Matrix.of(1, 3, {(0, 0): beta}),
        w_k=Matrix.of(1, 3, {(0, 1): Fraction(1)}),
        w_v=Matrix.of(1, 3, {(0, 1): Fraction(1)}),
        w_o=Matrix.of(3, 1, {(2, 0): Fraction(1)}),
    )
    return Transformer(
        Matrix.of(3, 2, {(0, 0): Fraction(1), (1, 0): -sign * end, (1, 1): sign}),
        (Layer((head,)),),
        Matrix.of(1, 3, {(0, 0): end, (0, 2): sign}),
    )
