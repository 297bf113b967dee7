"""Question 2: whether the error is independent of the sequence length n.

Built and checked at several lengths and under both masks, and once for every length up to a limit in one certificate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import sympy

from ...exact.number import decimal_nearest, decimal_up
from ...report.records.audit import Evidence, Finding
from ...spec.problem import Problem
from ...spec.sequence import MASKS
from ...spec.sequence import Sequence as Tokens
from .built import Built

QUESTION = "Is the end-to-end error bounded independently of the sequence length n?"
LENGTHS = (2, 16, 512, 10**4, 10**6, 10**9)
MOST = "1e9"
SAME = Fraction(1, 10**12)
HYPOTHESES = (
    "every token's input lies in the domain, padding too; no head writes the constant or the code; |u_j| is bounded on "
    "the perturbed network; the sink stays zero. The first is part of the statement, the checker verifies the others"
)


def lengths_of(problem: Problem) -> list[Problem]:
    """Return the problem at every length and mask, and for any length up to the largest."""
    single = [Tokens(n, n, mask) for mask in MASKS for n in LENGTHS]
    return [replace(problem, sequence=tokens) for tokens in (*single, *(Tokens(1, LENGTHS[-1], m) for m in MASKS))]


def independence(alone: Sequence[Built], together: Sequence[Built]) -> tuple[Finding, bool]:
    """Return the finding, and whether a built network contradicts it."""
    leak = {b.share("leak") for b in alone}
    first = Evidence(
        "certified", f"n = 1: {len(alone)} accepted networks, leak exactly 0: softmax covers sink and token alone"
    )
    if len(together) < len(MASKS) * (len(LENGTHS) + 1):
        finding = Finding(
            QUESTION,
            "for n = 1 only",
            "longer sequences of this target are not built here; nothing is claimed for n > 1",
            (first,),
            (("tokens", "2"), ("position code", "none at n = 1")),
            (("largest_n", "1"), ("leak", "0")),
        )
        return finding, leak != {Fraction(0)}
    bounds = {b.bound for b in together}
    spread, worst = max(bounds) - min(bounds), max(b.share("leak") for b in together)
    wrong = spread > SAME or leak != {Fraction(0)}
    any_length = [b for b in together if b.problem.sequence.least < b.problem.sequence.most]
    eps = decimal_up(together[0].problem.tolerance)
    lengths = ", ".join(f"{n:.0e}".replace("e+0", "e") if n > 9999 else str(n) for n in LENGTHS)
    evidence = (
        _symbols(),
        Evidence(
            "certified",
            f"one certificate for every n from 1 to {MOST}, under each mask: bound "
            f"{decimal_up(max(b.bound for b in any_length))}",
        ),
        Evidence(
            "confirmed",
            f"n = {lengths} at eps {eps}, both masks: the bounds differ by at most {decimal_up(spread, 3)}; the "
            f"leak is at most {decimal_up(worst, 3)}",
        ),
        first,
    )
    largest = max(together, key=lambda b: (b.problem.sequence.most, b.count("code_size")))
    code = largest.code
    kind = "none" if code is None else f"{code.kind}, {code.size} columns of entries up to {largest.count('code_max')}"
    costs = (
        ("position code", f"{kind} at n = {MOST}; ceil(log2 n) columns of +-1, or 2 of size n^2"),
        ("tokens", "n + 1"),
        ("weight size", f"{decimal_nearest(max(b.count('max_weight') for b in together), 4)}, the inverse temperature"),
        ("d_head", f"{largest.count('d_head')} instead of 1, so {largest.count('parameters')} parameters"),
        ("bits", f"up to {max(b.count('bits') for b in together)} for one weight"),
        ("hypotheses", HYPOTHESES),
    )
    numbers = (
        ("largest_n", str(LENGTHS[-1])),
        ("bound_spread", decimal_up(spread, 6)),
        ("leak", decimal_up(worst, 6)),
        ("code_size", str(largest.count("code_size"))),
    )
    verdict = "contradicted by a built network" if wrong else "yes, for every n up to a limit that is stated"
    answer = (
        "the bound is that of one token plus a leak that is made as small as wished before n is known; what grows with "
        "n is the position code, by one column of +-1 for each doubling"
    )
    return Finding(QUESTION, verdict, answer, evidence, costs, numbers), wrong


def _symbols() -> Evidence:
    """Return how the softmax mass on other tokens depends on n, by sympy."""
    x, size = sympy.symbols("x L", positive=True)  # x = exp(-2 M)
    mass = (1 + x) ** size - 1
    none, first = mass.subs(x, 0), sympy.diff(mass, x).subs(x, 0)
    return Evidence(
        "proved",
        f"mass on other tokens: q = {sympy.sstr(mass)} with x = exp(-2 M), L = ceil(log2 n) and margin M; q = {none} "
        f"at x = 0, with slope {first} there, so M grows like log log n / 2; the error adds 2 q sum_j G_j R_j",
    )
