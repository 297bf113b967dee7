"""Jobs in parallel, each result handed over as it comes, whatever happens to the other jobs.

Workers (study/workers.py) give executors of the standard interface, so that this page is the same for local processes
and for a cluster.  When a local pool breaks because a worker died, the jobs in flight are run again one at a time, so
that exactly the job that kills its worker is given up; a cluster says itself which job that was.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from typing import TypeVar

from ..errors import UsageError
from .workers import Workers

Job = TypeVar("Job")
Result = TypeVar("Result")

TURN = 0.2  # seconds between looks at the keyboard


def run_all(
    workers: Workers,
    jobs: Mapping[str, Job],
    work: Callable[[Job], Result],
    finished: Callable[[str, Result], None],
    died: Callable[[Job], Result],
) -> None:
    """Run ``work`` on every job, and call ``finished`` with the name of each and its result, in no order.

    The result of a job whose worker died, as it did when it ran that job alone, is what ``died`` makes of it.
    Raises KeyboardInterrupt if the user asks for it, having given up what is running, and UsageError if the workers
    are lost.
    """
    waiting, suspects = dict(jobs), list[str]()

    def done(name: str, result: Result) -> None:
        del waiting[name]
        finished(name, result)

    with _interrupts() as look:
        while waiting:
            names = suspects[:1] or list(waiting)
            most = 1 if suspects else workers.size
            in_flight = _drain(workers, {name: waiting[name] for name in names}, most, work, done, look)
            if suspects and in_flight:
                done(suspects[0], died(waiting[suspects[0]]))
            suspects = suspects[1:] if suspects else in_flight


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


def _drain(
    workers: Workers,
    jobs: Mapping[str, Job],
    most: int,
    work: Callable[[Job], Result],
    done: Callable[[str, Result], None],
    look: Callable[[], None],
) -> list[str]:
    """Run jobs, at most ``most`` at a time, until none is left or a pool breaks; return those that death may be of."""
    queue, dead = list(jobs)[::-1], list[str]()
    executor = workers.open(min(most, len(queue)))
    running: dict[Future[Result], str] = {}
    done_well = False
    try:
        while queue or running:
            look()
            while queue and len(running) < most:
                name = queue.pop()
                running[_submitted(workers, executor, work, jobs[name])] = name
            ready, _ = wait(running, timeout=TURN, return_when=FIRST_COMPLETED)
            broken = False
            for future in ready:
                try:
                    result = future.result()
                except BrokenExecutor:
                    broken = True
                    continue
                except workers.deaths:  # of this job, or of one that shared its worker
                    dead.append(running.pop(future))
                    continue
                except (CancelledError, OSError) as error:  # no error of the job's own, which is a result
                    raise UsageError(f"the workers are lost ({type(error).__name__}: {error})") from None
                done(running.pop(future), result)
            if broken:
                return dead + list(running.values())
        done_well = True
        return dead
    finally:
        workers.release(executor, in_order=done_well)


def _submitted(workers: Workers, executor: Executor, work: Callable[[Job], Result], job: Job) -> Future[Result]:
    try:
        with workers.shield():
            return executor.submit(work, job)
    except BrokenExecutor:  # a worker died between two looks
        future: Future[Result] = Future()
        future.set_exception(BrokenExecutor())
        return future
