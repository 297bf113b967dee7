"""The sink gate: u * sigma(beta u) is within kappa / beta of max(u, 0) for every real u."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from ..exact.enclosure import Enclosure

BITS = 128
# Decimals at or above W(1/e) = 0.278464542761073795..., the largest t / (1 + exp(t)); certified below by kappa
# exp(1 + kappa) >= 1, never taken on trust.
KAPPA_DECIMAL = Fraction(278464542761074, 10**15)
TAYLOR_TERMS = 28


class GateConstant(NamedTuple):
    """``kappa`` with kappa * exp(1 + kappa) >= 1, and the Taylor terms that the checker needs to see it."""

    kappa: Fraction
    terms: int


def gate_constant() -> GateConstant:
    """Return a certified kappa: 0 <= max(u,0) - u sigma(beta u) <= kappa / beta for every u and beta > 0.

    Proof: exp(t) >= exp(1 + kappa)(t - kappa), the tangent at 1 + kappa; with kappa exp(1 + kappa) >= 1 that gives
    kappa (1 + exp(t)) >= t.  Derived here, after the study in Coq that came with the design.
    Raises ArithmeticError if the enclosure does not establish the inequality.
    """
    kappa = Enclosure.of(KAPPA_DECIMAL, BITS)
    product = kappa * (Enclosure.of(1, BITS) + kappa).exp()
    if product.lower < 1:
        raise ArithmeticError("kappa is too small")
    return GateConstant(KAPPA_DECIMAL, TAYLOR_TERMS)
