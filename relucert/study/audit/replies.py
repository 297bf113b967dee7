"""The simulated author's replies that went round with the paper, each tested on what is built and proved here.

The replies are known by three short claims only; what they are taken to mean is said with each.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ...exact.number import decimal_down, decimal_nearest, decimal_up
from ...report.records.audit import Evidence, Finding
from .built import Built
from .witness import error_in_gates, extremum_point

CLAIMED_HEADS_PER_GATE = 4
CLAIMED_HEADS_OF_EXTREMUM = 3
CLAIMED_COEFFICIENT = 3


def replies(family: Sequence[Built], adjoint: Sequence[Built], extrema: Sequence[Built]) -> list[Finding]:
    """Return one finding for each claim; the verdict is confirmed, sharpened or refuted.

    ``adjoint`` are the target's networks with a proof that goes through the ReLU network, so that delta and C part.
    """
    return [_heads_per_gate([*family, *extrema]), _heads_of_extremum(extrema), _error(family, adjoint, extrema)]


def _heads_per_gate(built: Sequence[Built]) -> Finding:
    """Test the claim as an upper bound: some construction with 4 heads for every ReLU."""
    ratios = {b.count("heads") / b.count("gates") for b in built if b.layout == "wide" and b.count("gates")}
    sparse = [b.count("heads") / b.count("gates") for b in built if b.layout == "sparse" and b.count("gates")]
    most = max(ratios)
    verdict = (
        "sharpened" if most < CLAIMED_HEADS_PER_GATE else "confirmed" if most == CLAIMED_HEADS_PER_GATE else "refuted"
    )
    evidence = [
        Evidence("certified", f"{len(built)} accepted networks: {_plain(most)} head per gate at most, wide layout"),
    ]
    if sparse:
        text = f"at most {_plain(max(sparse))} heads per gate in the sparse layout, its linear heads counted"
        evidence.append(Evidence("certified", text))
    answer = f"{_plain(most)} head is enough for a ReLU: score beta u against the sink's 0, value u, d_head 1"
    costs = (
        ("tokens", "1 more than the data: the sink, a zero vector that sees itself alone"),
        ("weight size", "beta = kappa / (error of one gate)"),
    )
    return Finding("Reply: 4 heads per ReLU", verdict, answer, tuple(evidence), costs, (("heads_per_gate", str(most)),))


def _heads_of_extremum(extrema: Sequence[Built]) -> Finding:
    """Test the claim for two inputs, and say what becomes of it for more."""
    pairs = [b for b in extrema if len(b.problem.inputs) == 2]
    most = max(b.count("heads") for b in pairs)
    verdict = "sharpened" if most < CLAIMED_HEADS_OF_EXTREMUM else "confirmed"
    beyond = [b for b in extrema if b.count("heads") > CLAIMED_HEADS_OF_EXTREMUM]
    evidence = [
        Evidence("certified", f"{len(pairs)} accepted networks for min and max of two inputs: {most} head each")
    ]
    if beyond:
        least = min(beyond, key=lambda b: b.count("heads"))
        text = f"of {len(least.problem.inputs)} inputs: {least.count('heads')} heads, so no constant is confirmed here"
        evidence.append(Evidence("certified", text))
    answer = f"{most} head is enough for two inputs, max(x, y) = x + relu(y - x); for d inputs on one token, d - 1"
    costs = (("layers", "ceil(log2 d)"), ("weight size", "kappa ceil(log2 d) / eps"))
    return Finding("Reply: 3 heads for min and max", verdict, answer, tuple(evidence), costs, (("heads", str(most)),))


def _error(family: Sequence[Built], adjoint: Sequence[Built], extrema: Sequence[Built]) -> Finding:
    """Test 3 delta + C with delta the error of one gate, kappa / beta, and C the ReLU network's own error."""
    target = adjoint[0].problem.target
    coefficient = max(b.coefficient for b in adjoint)
    inside = coefficient <= CLAIMED_COEFFICIENT
    more = "at most 3" if inside else "more than 3, so this does not prove the claim for this target"
    evidence = [
        Evidence(
            "certified", f"{target}: error <= {decimal_up(coefficient, 4)} delta + C on {len(adjoint)} networks; {more}"
        )
    ]
    direct = [b for b in family if b.layout == "wide" and b.share("approximation and gates") and b.gate_error]
    if direct:
        whole = max(b.bound / b.gate_error for b in direct)
        inside = inside or whole <= CLAIMED_COEFFICIENT
        text = f"{target}, proved directly: the whole error, C included, is at most {decimal_up(whole, 4)} delta"
        evidence.append(Evidence("certified", f"{text} on {len(direct)} networks"))
    witnessed = [
        (error_in_gates(b, extremum_point(b)), b) for b in extrema if _is_power_of_two(b) and b.layout == "wide"
    ]
    refuting = [(seen, b) for seen, b in witnessed if seen > CLAIMED_COEFFICIENT and not b.share("approximation")]
    for seen, b in witnessed[:1] + refuting[:1]:
        name, d = b.construction, len(b.problem.inputs)
        text = f"{name} of {d}: |T - f| >= {decimal_down(seen, 8)} delta at one point, with C = 0"
        evidence.append(Evidence("witnessed", f"{text}; proved bound {decimal_up(b.coefficient, 8)} delta"))
    if refuting:
        verdict, start = "refuted as a constant for every target", "the factor depends on the target: "
    else:
        verdict, start = ("sharpened" if inside else "not confirmed"), ""
    answer = (
        f"{start}error <= sum_j G_j delta + C with G_j computed for each gate; ceil(log2 d) delta for min and max, "
        "where C = 0, and that is attained"
    )
    meaning = (
        "delta, C",
        "taken as kappa / beta and as the error of the ReLU network; the paper's own are not at hand",
    )
    costs = (meaning, ("weight size", "delta = kappa / beta: halving delta doubles the largest weight"))
    numbers = (
        ("proved_coefficient", decimal_up(coefficient, 8)),
        ("witnessed_coefficient", decimal_down(max((seen for seen, _ in witnessed), default=Fraction(0)), 8)),
    )
    return Finding("Reply: error 3 delta + C", verdict, answer, tuple(evidence), costs, numbers)


def _is_power_of_two(b: Built) -> bool:
    d = len(b.problem.inputs)
    box = all(lo <= -1 and hi >= 1 for lo, hi in b.problem.domain)
    return d & (d - 1) == 0 and box and b.problem.tolerance <= Fraction(1, 100)


def _plain(value: Fraction) -> str:
    return decimal_nearest(value, 3)
