"""Published and proved rates of growth, to set beside what a sweep measures."""

from __future__ import annotations

from fractions import Fraction

from ...report.records.sweep import Rate
from ...spec.problem import Problem

SCHMIDT_HIEBER = "Schmidt-Hieber 2020: factors in [0,1], error 2^-m, m + 4 layers of width 6"
PRODUCTS = "Oko, Akiyama, Suzuki 2023, Lemma F.6, for d factors of size at most C"
RECIPROCALS = "Oko, Akiyama, Suzuki 2023, Lemma F.7, on [eps, 1/eps]; cited from memory"
HERE = "lower bound for every ReLU network, proved here"


def rates(problem: Problem) -> tuple[Rate, ...]:
    """Return the rates known for a named target; a ``slope`` is per unit of log2(1/eps)."""
    if problem.target == "multiply":
        return (
            Rate("at least", "gates", "log2(1/eps) + O(1)", Fraction(1), HERE),
            Rate("published", "layers", "log2(1/eps) + O(1)", Fraction(1), SCHMIDT_HIEBER),
            Rate("published", "gates", "6 log2(1/eps) + O(1)", Fraction(6), SCHMIDT_HIEBER),
            Rate("published", "layers", "O(log d (log 1/eps + d log C))", None, PRODUCTS),
            Rate("published", "d_model", "48 d", Fraction(0), PRODUCTS),
            Rate("published", "parameters", "O(d log 1/eps + d log C)", None, PRODUCTS),
        )
    if problem.target == "square":
        return (Rate("at least", "gates", "log2(1/eps)/2 + O(1)", Fraction(1, 2), HERE),)
    if problem.target == "reciprocal":
        return (
            Rate("at least", "gates", "log2(1/eps)/2 + O(1)", Fraction(1, 2), HERE),
            Rate("published", "layers", "O(log^2 1/eps)", None, RECIPROCALS),
            Rate("published", "d_model", "O(log^3 1/eps)", None, RECIPROCALS),
            Rate("published", "parameters", "O(log^4 1/eps)", None, RECIPROCALS),
            Rate("published", "max_weight", "O(eps^-2)", None, RECIPROCALS),
        )
    return ()
