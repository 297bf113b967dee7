"""The referee's three questions, and the simulated author's replies, answered for one target from what is built."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from ...errors import DeclinedError, UnreachableError
from ...exact.number import exact_text
from ...report.records.audit import AuditReport
from ...spec.problem import Problem, make_problem
from ..parallel import run_all
from ..workers import Workers
from .built import Asked, Built, construct, together
from .heads import head_counts
from .length import independence, lengths_of
from .overhead import LAYOUTS, constant_overhead
from .replies import replies

Progress = Callable[[int, int], None]
SIZES = (2, 3, 4, 5, 8, 16)
PRECISIONS = tuple(Fraction(1, 10**k) for k in (1, 3, 6, 12))
EXTREMA = ("max", "min")
OVER_TOKENS = (2, 512, 10**6)


class Family(NamedTuple):
    """What an audit asks for, by what it is for."""

    layouts: tuple[Asked, ...]
    adjoint: tuple[Asked, ...]
    lengths: tuple[Asked, ...]
    extrema: tuple[Asked, ...]
    over_tokens: tuple[Asked, ...]

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> Family:
        """Return what an audit of one target at several tolerances or sizes asks for."""
        return cls(
            tuple(Asked(problem, layout) for layout in LAYOUTS for problem in problems),
            tuple(Asked(replace(problem, proof="adjoint")) for problem in problems),
            tuple(map(Asked, lengths_of(problems[len(problems) // 2]))),
            tuple(Asked(make_problem(name, eps, None, d)) for name in EXTREMA for d in SIZES for eps in PRECISIONS),
            tuple(Asked(_over_tokens(name, n)) for name in EXTREMA for n in OVER_TOKENS),
        )

    @property
    def everything(self) -> list[Asked]:
        """All of it."""
        return [asked for part in self for asked in part]


def audit(
    problems: Sequence[Problem], workers: Workers, progress: Progress = lambda finished, total: None
) -> AuditReport:
    """Return every finding for the family of problems: one target at several tolerances or sizes.

    Raises UnreachableError if none of them can be built.
    """
    family = Family.of(problems)
    built = build_all(family.everything, workers, progress)

    def made(part: Iterable[Asked]) -> list[Built]:
        return [found for found in map(built.__getitem__, part) if found is not None]

    both, adjoint, lengths = made(family.layouts), made(family.adjoint), made(family.lengths)
    extrema, tokens = made(family.extrema), made(family.over_tokens)
    wide = [b for b in both if b.layout == "wide"]
    if not wide:
        raise UnreachableError(f"no construction of {problems[0].target} reaches any of these tolerances")
    overhead, first = constant_overhead(both)
    length, second = independence(wide, lengths)
    counts, third = head_counts(extrema, wide, tokens)
    problem = problems[0]
    same = all(p.inputs == problem.inputs for p in problems)
    box = zip(problem.inputs, problem.domain, strict=True) if same else ()
    return AuditReport(
        target=problem.target,
        domain=tuple((name, exact_text(lo), exact_text(hi)) for name, (lo, hi) in box),
        eps=tuple(dict.fromkeys(exact_text(p.tolerance) for p in problems)),
        networks=len({found.sha256 for found in built.values() if found is not None}),
        findings=(overhead, length, counts, *replies(both, adjoint, extrema)),
        contradicted=first or second or third,
    )


def build_all(asked: Sequence[Asked], workers: Workers, progress: Progress) -> dict[Asked, Built | None]:
    """Return what is built, in parallel; None for what no construction reaches."""
    hardest_first = sorted(together(asked), key=lambda group: (-len(group), group[0].problem.tolerance))
    groups = {str(k): group for k, group in enumerate(hardest_first)}
    total, built = sum(map(len, groups.values())), dict[Asked, Built | None]()

    def finished(name: str, found: Sequence[Built | None]) -> None:
        built.update(zip(groups[name], found, strict=True))
        progress(len(built), total)

    progress(0, total)
    run_all(workers, groups, construct, finished, _died)
    return built


def _died(group: Sequence[Asked]) -> list[Built | None]:
    problem = group[0].problem
    raise DeclinedError(
        f"the process that built {problem.target} within {exact_text(problem.tolerance)} died; out of memory?"
    )


def _over_tokens(name: str, tokens: int) -> Problem:
    """Return the extremum of one input for each of so many tokens."""
    return make_problem(name, PRECISIONS[1], sequence={"layout": "one-per-token", "length": str(tokens)})
