"""The square on [0, 1] by iterated folding: m gates, error 2^(-2m-3), exactly attained."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

from ...derivation import prove
from ...derivation.judgement import In, Near
from ...exact.elementary import UNITS, fixed
from ..draft import Draft
from ..network import Form, weighted

REACHES = tuple(1 - Fraction(1, 2**k) for k in (3, 4, 5, 7, 10))
DIP_BITS = 48
TWO = Fraction(2)


def square_error(gates: int) -> Fraction:
    """Return the largest error of the folded square on [0, 1]."""
    return Fraction(1, 2 ** (2 * gates + 3))


def folded_square(draft: Draft, t: Form, inside: In, gates: int) -> tuple[Form, Near]:
    """Return a form within ``square_error(gates)`` of the square of the output ``inside.term`` in [0, 1].

    v_0 = t, v_k = |2 v_(k-1) - 1|; the form is t - sum_(k<=gates) 4^-k (1 - v_k) - 2^(-2 gates-3).
    Source: Yarotsky 2017, Prop. 2, centred; proof in the checker's rule ``sawtooth``, and for gated outputs, where
    what the gates add is exponentially small in the inverse temperature, in ``sawtooth_gated``.
    """
    d = draft.derivation
    folded, terms, chain = t, [(Fraction(1), t)], []
    for k in range(1, gates + 1):
        j, folded = draft.fold(weighted([(TWO, folded)], -1))
        chain.append(j)
        terms.append((Fraction(1, 4**k), folded))
    error = square_error(gates)
    result = weighted(terms, -error - Fraction(4**gates - 1, 3 * 4**gates))  # sum_(k<=gates) 4^-k = (1 - 4^-gates) / 3
    out, target = draft.output(result), d.term("mul", inside.term, inside.term)
    bound = prove.short_up(error)
    beta = draft.inverse_temperature
    if beta is None:
        near = d.claim_near("sawtooth", (inside,), out, target, bound, out=out, square=target, chain=tuple(chain))
        return result, near
    dip, reach = soft_dip(gates, beta)
    bound = prove.short_up(error + dip)
    near = d.claim_near(
        "sawtooth_gated", (inside,), out, target, bound, out=out, square=target, chain=tuple(chain), reach=reach
    )
    return result, near


def dip_bits(gates: int) -> int:
    """Return the precision at which the dip of a chain is known to 2^-40 of the chain's own error."""
    return 2 * gates + DIP_BITS


@lru_cache(maxsize=256)  # a large network has many chains of few lengths
def soft_dip(gates: int, inverse_temperature: Fraction) -> tuple[Fraction, Fraction]:
    """Return (how far a chain of sink gates dips below the ReLU chain's errors, the reach that gives least).

    Raises ArithmeticError where the inverse temperature is too small for any reach.  Proof in the checker's rule
    ``sawtooth_gated``.
    """
    bits = dip_bits(gates)
    best: tuple[int, Fraction] | None = None
    for reach in REACHES:
        dip = _dip(gates, inverse_temperature, reach, bits)
        if dip is not None and (best is None or dip < best[0]):
            best = dip, reach
    if best is None:
        raise ArithmeticError("the inverse temperature is too small for the chain")
    return Fraction(best[0], 1 << bits), best[1]


def _dip(gates: int, beta: Fraction, reach: Fraction, bits: int) -> int | None:
    """Return the checker's recursion in units of 2^-bits, each exponential ``UNITS`` wider; None where it refuses."""
    one = 1 << bits
    y, a, d = reach.numerator * one // reach.denominator, 0, 0
    p, q = beta.numerator, beta.denominator
    for r in range(1, gates + 1):
        near, far = (fixed("exp", -(p * x // q), bits) + UNITS for x in (y, one - y))
        if p * y < 2 * q * one or (one - near) * 2 * one < (one + near) * (y << r):
            return None
        d = max(a, (4 * y * y * near >> 2 * bits) + d + 1) // 4 + 1
        a, y = (4 * far + a) // 4 + 1, (y - 2 * far) // 2
        if y <= 0:
            return None
    return d


def estimated_dip(gates: int, beta: float) -> float:
    """Return about what ``soft_dip`` returns, in floats; infinite where it would fail."""
    least = math.inf
    for reach in map(float, REACHES):
        y, a, d = reach, 0.0, 0.0
        for r in range(1, gates + 1):
            near, far = math.exp(-beta * y), math.exp(-beta * (1 - y))
            if beta * y < 2 or (1 - near) * 2 < (1 + near) * y * 2.0**r or y <= 2 * far:
                d = math.inf
                break
            d = max(a, 4 * y * y * near + d) / 4
            a, y = (4 * far + a) / 4, (y - 2 * far) / 2
        least = min(least, d)
    return least
