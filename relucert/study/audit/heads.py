"""Question 3: whether the head count of min and max grows with the precision or with the dimension."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import sympy

from ...exact.number import decimal_nearest, exact_text
from ...relu.closed_form import closed_forms
from ...relu.gate import gate_constant
from ...report.records.audit import Evidence, Finding
from ..sweep.growth import line, log2
from .built import Built

QUESTION = "Does the head count of min and max grow with the precision or with the dimension?"
ROUNDING = Fraction(1, 10**5)  # the inverse temperature is rounded up to six digits
LAMBERT_ROUNDING = 0.01  # of w e^(w+1), against n
LEAST_CELLS = 3


def head_counts(
    extrema: Sequence[Built], family: Sequence[Built], tokens: Sequence[Built] = ()
) -> tuple[Finding, bool]:
    """Return the finding on min and max, over inputs and over tokens, with the growth of the target's own heads."""
    evidence = [_symbols()]
    wrong = [f"{b.construction} at {b.place}: {text}" for b in extrema for text in _mismatches(b)]
    strange = [f"n = {b.problem.sequence.most}: {text}" for b in tokens for text in _mismatches_over_tokens(b)]
    sizes = sorted({len(b.problem.inputs) for b in extrema})
    eps = sorted({b.problem.tolerance for b in extrema}, reverse=True)
    grid = f"min and max of {', '.join(map(str, sizes))} inputs at eps {', '.join(map(exact_text, eps))}"
    told = f"NOT confirmed: {'; '.join(wrong[:3])}" if wrong else "heads d - 1, layers ceil(log2 d), beta as above"
    evidence.append(Evidence("confirmed", f"{len(extrema)} networks accepted by the checker, {grid}: {told}"))
    if tokens:
        lengths = ", ".join(map(str, sorted({b.problem.sequence.most for b in tokens})))
        told = f"NOT confirmed: {'; '.join(strange[:3])}" if strange else "1 head, 1 layer, beta = W(n/e) / eps"
        evidence.append(Evidence("certified", f"min and max over n tokens of one input each, n = {lengths}: {told}"))
    own = _own(family)
    if own is not None:
        evidence.append(own)
    answer = (
        "precision: no, the ReLU network is exact and only the inverse temperature grows, like 1/eps; dimension: d - 1 "
        "heads in ceil(log2 d) layers for d inputs on one token, one head for any number of tokens with an input each"
    )
    betas = [b.count("inverse_temperature") for b in extrema]
    costs = (
        (
            "weight size",
            f"kappa ceil(log2 d) / eps: up to {decimal_nearest(max(betas), 4)} here; over tokens W(n/e) / eps",
        ),
        ("bits", f"up to {max(b.count('bits') for b in extrema)} for one weight"),
        ("tokens", "2 with all inputs on one token, where d_model is d + 1; n + 1 with one input on each of n tokens"),
        ("position code", "none: one data token, or tokens whose order does not matter"),
    )
    numbers = (("heads", "d - 1"), ("layers", "ceil(log2 d)"), ("heads_per_log2_1/eps", "0"))
    settled = "precision: no; dimension: d - 1 on one token, 1 head over tokens"
    verdict = "contradicted by a built network" if wrong or strange else settled
    return Finding(QUESTION, verdict, answer, tuple(evidence), costs, numbers), bool(wrong or strange)


def _symbols() -> Evidence:
    """Return what the closed forms say, differentiated and simplified by sympy."""
    d, eps, kappa = sympy.symbols("d eps kappa", positive=True)
    forms = closed_forms("max")
    if forms is None or forms.sensitivity is None:
        raise ValueError("max has closed forms")
    heads = forms.resources["heads"][1](d)
    beta = kappa * forms.sensitivity(d) / eps
    grows = sympy.diff(heads, eps), sympy.diff(heads, d), sympy.simplify(beta * eps / kappa)
    return Evidence(
        "proved",
        f"heads = {heads}: their derivative is {grows[0]} in eps and {grows[1]} in d; max and min are exact in ReLU, "
        f"so the whole tolerance is left to the gates, and beta = kappa * {sympy.sstr(grows[2])} / eps",
    )


def _mismatches(b: Built) -> list[str]:
    d = len(b.problem.inputs)
    depth = (d - 1).bit_length()
    beta = gate_constant().kappa * depth / b.problem.tolerance
    found = []
    if b.count("heads") != d - 1:
        found.append(f"{b.count('heads')} heads")
    if b.count("layers") != depth:
        found.append(f"{b.count('layers')} layers")
    if b.share("approximation"):
        found.append("not exact in ReLU")
    if not beta <= b.count("inverse_temperature") <= beta * (1 + ROUNDING):
        found.append(f"beta {decimal_nearest(b.count('inverse_temperature'), 6)}")
    return found


def _mismatches_over_tokens(b: Built) -> list[str]:
    """Return how an extremum over tokens differs from one head of inverse temperature W(n/e) / eps."""
    n, w = b.problem.sequence.most, float(b.count("inverse_temperature") * b.problem.tolerance)
    found = [f"{b.count(name)} {name}" for name in ("heads", "layers") if b.count(name) != 1]
    if not 1 <= w * math.exp(w + 1) / n <= 1 + LAMBERT_ROUNDING:
        found.append(f"beta {decimal_nearest(b.count('inverse_temperature'), 6)}")
    return found


def _own(family: Sequence[Built]) -> Evidence | None:
    """Return how the heads of the audited target grow with the precision, by a fit; of many inputs, for the fewest."""
    fewest = min((len(b.problem.inputs) for b in family), default=0)
    family = [b for b in family if len(b.problem.inputs) == fewest]
    if len({b.problem.tolerance for b in family}) < LEAST_CELLS:
        return None
    slope, _ = line([-log2(b.problem.tolerance) for b in family], [float(b.count("heads")) for b in family])
    first, last = family[0], family[-1]
    return Evidence(
        "estimate",
        f"the heads of {first.problem.target} itself, {fewest} input{'s' * (fewest > 1)}: "
        f"{first.count('heads')} at eps "
        f"{exact_text(first.problem.tolerance)}, "
        f"{last.count('heads')} at {exact_text(last.problem.tolerance)}; fitted {slope:.3f} per log2(1/eps)",
    )
