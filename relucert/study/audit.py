"""The referee's three questions, and the simulated author's replies, answered for one target from what is built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from ..errors import UnreachableError
from ..exact.number import exact_text
from ..report.record import AuditReport, Evidence, Finding
from ..spec.problem import Problem, make_problem
from .built import Built, construct
from .heads import head_counts
from .overhead import LAYOUTS, constant_overhead
from .replies import replies

Progress = Callable[[int], None]
SIZES = (2, 3, 4, 5, 8, 16)
PRECISIONS = tuple(Fraction(1, 10**k) for k in (1, 3, 6, 12))
EXTREMA = ("max", "min")


def steps(problems: Sequence[Problem]) -> int:
    """Return how many networks an audit builds."""
    return len(problems) * len(LAYOUTS) + len(EXTREMA) * len(SIZES) * len(PRECISIONS)


def audit(problems: Sequence[Problem], progress: Progress = lambda finished: None) -> AuditReport:
    """Return every finding for the family of problems: one target at several tolerances or sizes.

    Raises UnreachableError if none of them can be built.
    """
    finished = 0

    def made(problem: Problem, layout: str) -> Built | None:
        nonlocal finished
        finished += 1
        try:
            return construct(problem, layout)
        except UnreachableError:
            return None
        finally:
            progress(finished)

    tried = [made(problem, layout) for problem in problems for layout in LAYOUTS]
    family = [b for b in tried if b is not None]
    if not family:
        raise UnreachableError(f"no construction of {problems[0].target} reaches any of these tolerances")
    asked = [make_problem(name, eps, None, d) for name in EXTREMA for d in SIZES for eps in PRECISIONS]
    extrema = [b for b in (made(problem, "wide") for problem in asked) if b is not None]
    wide = [b for b in family if b.layout == "wide"]
    overhead, first = constant_overhead(family)
    counts, third = head_counts(extrema, wide)
    problem = problems[0]
    same = all(p.inputs == problem.inputs for p in problems)
    return AuditReport(
        target=problem.target,
        domain=tuple(
            (name, exact_text(lo), exact_text(hi))
            for name, (lo, hi) in zip(problem.inputs, problem.domain, strict=True)
        )
        if same
        else (),
        eps=tuple(dict.fromkeys(exact_text(p.tolerance) for p in problems)),
        networks=len(family) + len(extrema),
        findings=(overhead, independence(wide), counts, *replies(wide, extrema)),
        contradicted=first or third,
    )


def independence(family: Sequence[Built]) -> Finding:
    """Return the finding on the sequence length, of which only n = 1 is built."""
    leaks = {b.share("leak") for b in family}
    zero = leaks == {Fraction(0)}
    return Finding(
        "Is the error independent of the sequence length n?",
        "for n = 1 only" if zero else "contradicted by a built network",
        "one data token beside the sink is all that is built and certified here; nothing is claimed for n > 1",
        (
            Evidence(
                "certified",
                f"{len(family)} accepted networks at n = 1: the leak is exactly 0, since softmax normalises over the "
                "sink and the token itself",
            ),
        ),
        (("tokens", "2"), ("position code", "none at n = 1")),
        (("leak", "0" if zero else "positive"), ("largest_n", "1")),
    )
