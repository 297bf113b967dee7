"""The square on [0, 1] by iterated folding: m gates, error 2^(-2m-3), exactly attained."""

from __future__ import annotations

from fractions import Fraction

from ...derivation import prove
from ...derivation.judgement import In, Near
from ..draft import Draft
from ..network import Form, weighted


def square_error(gates: int) -> Fraction:
    """Return the largest error of the folded square on [0, 1]."""
    return Fraction(1, 2 ** (2 * gates + 3))


def folded_square(draft: Draft, t: Form, inside: In, gates: int) -> tuple[Form, Near]:
    """Return a form within ``square_error(gates)`` of the square of the output ``inside.term`` in [0, 1].

    v_0 = t, v_k = |2 v_(k-1) - 1|; the form is t - sum_(k<=gates) 4^-k (1 - v_k) - 2^(-2 gates-3).
    Source: Yarotsky 2017, Prop. 2, centred; proof in the checker's rule ``sawtooth``.
    """
    d = draft.derivation
    folded, terms, chain = t, [(Fraction(1), t)], []
    for k in range(1, gates + 1):
        j, folded = draft.fold(weighted([(2, folded)], -1))
        chain.append(j)
        terms.append((Fraction(1, 4**k), folded))
    error = square_error(gates)
    result = weighted(terms, -error - Fraction(4**gates - 1, 3 * 4**gates))  # sum_(k<=gates) 4^-k = (1 - 4^-gates) / 3
    out, target = draft.output(result), d.term("mul", inside.term, inside.term)
    bound = prove.short_up(error)
    near = d.claim_near("sawtooth", (inside,), out, target, bound, out=out, square=target, chain=tuple(chain))
    return result, near
