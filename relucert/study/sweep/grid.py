"""A grid of problems, built and checked in parallel; a finished cell is kept whatever happens to the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from ...errors import RelucertError
from ...exact.number import exact_text
from ...relu.lower_bound import lower_bound
from ...report.records.sweep import SweepCell, SweepReport
from ...spec.problem import Problem
from ..parallel import run_all
from ..workers import Workers
from .growth import growth
from .published import rates

Work = Callable[[Problem], SweepCell]
Keep = Callable[[Mapping[str, SweepCell]], None]

STATUS = {1: "unreachable", 2: "unusable", 3: "declined", 70: "internal error"}
EXIT_CODES = {"accepted": 0, "limit missed": 1, "unreachable": 1, "unusable": 2, "declined": 3}
DIED = "worker died"  # the one status that is tried again when a sweep is resumed


def identity(problem: Problem) -> str:
    """Return the text that a cell is kept under: equal exactly for equal problems."""
    return problem.text


def build_cell(problem: Problem) -> SweepCell:
    """Build and check one problem; what is wrong with it becomes the cell's status."""
    start = time.perf_counter()
    cell = _cell(problem, "internal error", "")
    try:
        from ... import pipeline
        from ...summary import error_budget

        outcome = pipeline.build(problem)
        missed = pipeline.shortfalls(outcome.verdict, problem)
        below = lower_bound(problem) if outcome.resources.gates else None  # it speaks of ReLU networks
        cell = cell._replace(
            status="limit missed" if missed else "accepted",
            detail="; ".join(missed),
            construction=_construction(outcome.plan.construction, outcome.plan.parameters),
            error_bound=outcome.verdict.error_bound,
            budget=tuple(error_budget(outcome.verdict.certificate)) if outcome.verdict.certificate else (),
            resources=tuple((name, Fraction(value)) for name, value in outcome.verdict.resources.items()),
            lower_bound=None if below is None else below.gates,
            sha256=outcome.verdict.sha256,
        )
    except RelucertError as error:
        cell = cell._replace(status=STATUS[error.exit_code], detail=str(error))
    except Exception as error:  # one cell's crash is no reason to lose the others
        cell = cell._replace(detail=f"{type(error).__name__}: {error}")
    return cell._replace(seconds=time.perf_counter() - start)


def _construction(name: str, parameters: Sequence[tuple[str, int]]) -> str:
    return " ".join([name, *(f"{key}={value}" for key, value in parameters)])


def run(
    problems: Sequence[Problem],
    workers: Workers,
    kept: Mapping[str, SweepCell] | None = None,
    keep: Keep = lambda cells: None,
    progress: Callable[[int, int], None] = lambda finished, total: None,
    work: Work = build_cell,
) -> list[SweepCell]:
    """Return one cell for each problem, in their order.

    ``kept`` are cells finished earlier, which are not run again; ``keep`` is called with all finished cells after each
    new one, and once more if the sweep is interrupted, by KeyboardInterrupt or otherwise.
    """
    wanted = {identity(problem): problem for problem in problems}
    found = {name: cell for name, cell in (kept or {}).items() if name in wanted and cell.status != DIED}

    def finished(name: str, cell: SweepCell) -> None:
        found[name] = cell
        keep(found)
        progress(len(found), len(wanted))

    progress(len(found), len(wanted))
    try:
        hardest_first = sorted(wanted.items(), key=lambda item: (item[1].tolerance, -len(item[1].inputs)))
        run_all(workers, {name: p for name, p in hardest_first if name not in found}, work, finished, _died)
    except BaseException:
        keep(found)
        raise
    return [found[identity(problem)] for problem in problems]


def _died(problem: Problem) -> SweepCell:
    return _cell(problem, DIED, "the worker process that ran this cell alone died; out of memory?")


def _cell(problem: Problem, status: str, detail: str) -> SweepCell:
    """Return the cell of a problem without a certificate."""
    length, dtype = problem.sequence, "real" if problem.arithmetic is None else problem.arithmetic.dtype
    cell = SweepCell(problem.tolerance, len(problem.inputs), length.most, status, detail)
    return cell._replace(shortest=length.least, route=problem.route, dtype=dtype)


def report(problem: Problem, cells: Sequence[SweepCell], axes: Sequence[str]) -> SweepReport:
    """Return what is shown of a sweep's cells; ``problem`` is that of any one of them."""
    box = zip(problem.inputs, problem.domain, strict=True) if "arity" not in axes else ()
    domain = tuple((name, exact_text(lo), exact_text(hi)) for name, (lo, hi) in box)
    return SweepReport(
        problem.target, domain, problem.objective, tuple(axes), tuple(cells), growth(cells, axes), rates(problem)
    )
