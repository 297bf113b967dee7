"""The referee's three questions, and the simulated author's replies, answered for one target from what is built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from ..errors import UnreachableError
from ..exact.number import exact_text
from ..report.studied import AuditReport
from ..spec.problem import Problem, make_problem
from .built import Built, construct
from .heads import head_counts
from .length import build_lengths, independence, lengths_of
from .overhead import LAYOUTS, constant_overhead
from .replies import replies

Progress = Callable[[int], None]
SIZES = (2, 3, 4, 5, 8, 16)
PRECISIONS = tuple(Fraction(1, 10**k) for k in (1, 3, 6, 12))
EXTREMA = ("max", "min")
OVER_TOKENS = (2, 512, 10**6)


def steps(problems: Sequence[Problem]) -> int:
    """Return how many networks an audit builds."""
    own = len(problems) * (len(LAYOUTS) + 1) + len(lengths_of(problems[0]))
    return own + len(EXTREMA) * (len(SIZES) * len(PRECISIONS) + len(OVER_TOKENS))


def audit(problems: Sequence[Problem], progress: Progress = lambda finished: None) -> AuditReport:
    """Return every finding for the family of problems: one target at several tolerances or sizes.

    Raises UnreachableError if none of them can be built.
    """
    finished = 0

    def count() -> None:
        nonlocal finished
        finished += 1
        progress(finished)

    def made(asked: Sequence[Problem], layout: str) -> list[Built]:
        found = []
        for problem in asked:
            try:
                found.append(construct(problem, layout))
            except UnreachableError:
                pass
            finally:
                count()
        return found

    family = {layout: made(problems, layout) for layout in LAYOUTS}
    wide = family["wide"]
    if not wide:
        raise UnreachableError(f"no construction of {problems[0].target} reaches any of these tolerances")
    adjoint = made([replace(problem, proof="adjoint") for problem in problems], "wide")
    together = build_lengths(problems[len(problems) // 2], count)
    extrema = made([make_problem(name, eps, None, d) for name in EXTREMA for d in SIZES for eps in PRECISIONS], "wide")
    tokens = made([_over_tokens(name, n) for name in EXTREMA for n in OVER_TOKENS], "wide")
    both = [b for built in family.values() for b in built]
    overhead, first = constant_overhead(both)
    length, second = independence(wide, together)
    counts, third = head_counts(extrema, wide, tokens)
    problem = problems[0]
    same = all(p.inputs == problem.inputs for p in problems)
    box = zip(problem.inputs, problem.domain, strict=True) if same else ()
    return AuditReport(
        target=problem.target,
        domain=tuple((name, exact_text(lo), exact_text(hi)) for name, (lo, hi) in box),
        eps=tuple(dict.fromkeys(exact_text(p.tolerance) for p in problems)),
        networks=sum(map(len, (both, adjoint, together, extrema, tokens))),
        findings=(overhead, length, counts, *replies(both, adjoint, extrema)),
        contradicted=first or second or third,
    )


def _over_tokens(name: str, tokens: int) -> Problem:
    """Return the extremum of one input for each of so many tokens."""
    return make_problem(name, PRECISIONS[1], sequence={"layout": "one-per-token", "length": str(tokens)})
