"""Question 3: whether the head count of min and max grows with the precision or with the dimension."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import sympy

from ..exact.number import decimal_nearest, exact_text
from ..relu.closed_form import closed_forms
from ..relu.gate import gate_constant
from ..report.record import Evidence, Finding
from .built import Built
from .growth import line, log2

QUESTION = "Does the head count of min and max grow with the precision or with the dimension?"
ROUNDING = Fraction(1, 10**5)  # the inverse temperature is rounded up to six digits
LEAST_CELLS = 3


def head_counts(extrema: Sequence[Built], family: Sequence[Built]) -> tuple[Finding, bool]:
    """Return the finding on min and max, with the growth of the target's own heads beside it."""
    evidence = [_symbols()]
    wrong = [f"{b.plan.construction} at {b.place}: {text}" for b in extrema for text in _mismatches(b)]
    sizes = sorted({len(b.problem.inputs) for b in extrema})
    eps = sorted({b.problem.tolerance for b in extrema}, reverse=True)
    grid = f"min and max of {', '.join(map(str, sizes))} inputs at eps {', '.join(map(exact_text, eps))}"
    told = f"NOT confirmed: {'; '.join(wrong[:3])}" if wrong else "heads d - 1, layers ceil(log2 d), beta as above"
    evidence.append(Evidence("confirmed", f"{len(extrema)} networks accepted by the checker, {grid}: {told}"))
    own = _own(family)
    if own is not None:
        evidence.append(own)
    answer = (
        "precision: no, the ReLU network is exact and only the inverse temperature grows, like 1/eps; dimension: yes, "
        "d - 1 heads in ceil(log2 d) layers, for d inputs on one token"
    )
    betas = [b.count("inverse_temperature") for b in extrema]
    costs = (
        ("weight size", "kappa ceil(log2 d) / eps: up to " + decimal_nearest(max(betas), 4) + " here"),
        ("bits", f"up to {max(b.count('bits') for b in extrema)} for one weight"),
        ("tokens", "2: all inputs stand on one token, so d_model is d + 1"),
        ("position code", "none: one data token"),
    )
    numbers = (("heads", "d - 1"), ("layers", "ceil(log2 d)"), ("heads_per_log2_1/eps", "0"))
    verdict = "contradicted by a built network" if wrong else "precision: no; dimension: yes, d - 1"
    return Finding(QUESTION, verdict, answer, tuple(evidence), costs, numbers), bool(wrong)


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


def _own(family: Sequence[Built]) -> Evidence | None:
    """Return how the heads of the audited target grow with the precision, by a fit."""
    if len({b.problem.tolerance for b in family}) < LEAST_CELLS:
        return None
    slope, _ = line([-log2(b.problem.tolerance) for b in family], [float(b.count("heads")) for b in family])
    first, last = family[0], family[-1]
    return Evidence(
        "estimate",
        f"the heads of {first.problem.target} itself: {first.count('heads')} at eps "
        f"{exact_text(first.problem.tolerance)}, "
        f"{last.count('heads')} at {exact_text(last.problem.tolerance)}; fitted {slope:.3f} per log2(1/eps)",
    )
