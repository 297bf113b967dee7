"""A grid of problems, built and checked in parallel; a finished cell is kept whatever happens to the others.

A crew (study/crew.py) gives executors of the standard interface, so that this page is the same for local processes and
for a cluster.  When a local pool breaks because a worker died, the cells in flight are run again one at a time, so that
exactly the cell that kills its worker is given up; a cluster says itself which cell that was.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from fractions import Fraction

from ..errors import RelucertError, UsageError
from ..exact.number import exact_text
from ..relu.lower_bound import lower_bound
from ..report.studied import SweepCell, SweepReport
from ..spec.problem import Problem
from .crew import Crew
from .growth import growth
from .published import rates

Work = Callable[[Problem], SweepCell]
Keep = Callable[[Mapping[str, SweepCell]], None]

STATUS = {1: "unreachable", 2: "unusable", 3: "declined", 70: "internal error"}
EXIT_CODES = {"accepted": 0, "limit missed": 1, "unreachable": 1, "unusable": 2, "declined": 3}
DIED = "worker died"  # the one status that is tried again when a sweep is resumed
TURN = 0.2  # seconds between looks at the keyboard


def identity(problem: Problem) -> str:
    """Return the text that a cell is kept under: equal exactly for equal problems."""
    return problem.text


def build_cell(problem: Problem) -> SweepCell:
    """Build and check one problem; what is wrong with it becomes the cell's status."""
    start = time.perf_counter()
    cell = _cell(problem, "internal error", "")
    try:
        from .. import pipeline
        from ..summary import error_budget

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
    crew: Crew,
    kept: Mapping[str, SweepCell] | None = None,
    keep: Keep = lambda cells: None,
    progress: Callable[[int], None] = lambda finished: None,
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
        progress(len(found))

    progress(len(found))
    try:
        with _interrupts() as look:
            _all(crew, wanted, found, finished, work, look)
    except BaseException:
        keep(found)
        raise
    return [found[identity(problem)] for problem in problems]


@contextlib.contextmanager
def _interrupts() -> Iterator[Callable[[], None]]:
    """Give a function that raises KeyboardInterrupt if one came: never in the middle of a lock or of a file."""
    seen: list[int] = []
    try:
        before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    except ValueError:  # signals go to the main thread, and this is another
        yield lambda: None
        return

    def look() -> None:
        if seen:
            raise KeyboardInterrupt

    try:
        yield look
    finally:
        signal.signal(signal.SIGINT, before)


def _all(
    crew: Crew,
    wanted: Mapping[str, Problem],
    found: Mapping[str, SweepCell],
    finished: Callable[[str, SweepCell], None],
    work: Work,
    look: Callable[[], None],
) -> None:
    """Run what is wanted and not found; what was in flight when a worker died is run again, one at a time."""
    suspects: list[str] = []
    while len(found) < len(wanted):
        waiting = suspects[:1] or [name for name in wanted if name not in found]
        most = 1 if suspects else crew.size
        in_flight = _drain(crew, {name: wanted[name] for name in waiting}, most, finished, work, look)
        if suspects and in_flight:
            finished(suspects[0], _died(wanted[suspects[0]]))
        suspects = suspects[1:] if suspects else in_flight


def _drain(
    crew: Crew,
    waiting: Mapping[str, Problem],
    most: int,
    finished: Callable[[str, SweepCell], None],
    work: Work,
    look: Callable[[], None],
) -> list[str]:
    """Run cells, at most ``most`` at a time, until none is left or a pool breaks; return those that death may be of."""
    queue, dead = list(waiting)[::-1], list[str]()
    executor = crew.open(min(most, len(queue)))
    running: dict[Future[SweepCell], str] = {}
    done_well = False
    try:
        while queue or running:
            look()
            while queue and len(running) < most:
                name = queue.pop()
                running[_submitted(crew, executor, work, waiting[name])] = name
            done, _ = wait(running, timeout=TURN, return_when=FIRST_COMPLETED)
            broken = False
            for future in done:
                try:
                    cell = future.result()
                except BrokenExecutor:
                    broken = True
                    continue
                except crew.deaths:  # of this cell, or of one that shared its worker
                    dead.append(running.pop(future))
                    continue
                except (CancelledError, OSError) as error:  # no error of the cell's own, which became its status
                    raise UsageError(f"the workers are lost ({type(error).__name__}: {error})") from None
                finished(running.pop(future), cell)
            if broken:
                return dead + list(running.values())
        done_well = True
        return dead
    finally:
        crew.release(executor, in_order=done_well)


def _submitted(crew: Crew, executor: Executor, work: Work, problem: Problem) -> Future[SweepCell]:
    try:
        with crew.shield():
            return executor.submit(work, problem)
    except BrokenExecutor:  # a worker died between two looks
        future: Future[SweepCell] = Future()
        future.set_exception(BrokenExecutor())
        return future


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
