"""What sweeps are given to do in tests; at the top of a module, as other processes import it."""

from __future__ import annotations

import os
import signal
import sys
from fractions import Fraction

from relucert.report.records.sweep import SweepCell
from relucert.spec.problem import Problem, make_problem
from relucert.study.sweep import grid
from relucert.study.workers import Dask

DEADLY = Fraction(1, 1000)


def problems(count: int = 6) -> list[Problem]:
    return [make_problem("multiply", Fraction(1, 10**k)) for k in range(1, count + 1)]


def quick(problem: Problem) -> SweepCell:
    return SweepCell(problem.tolerance, len(problem.inputs), 1, "accepted", "done")


def deadly(problem: Problem) -> SweepCell:
    """Kill this process at one of the cells."""
    if problem.tolerance == DEADLY:
        os.kill(os.getpid(), signal.SIGKILL)
    return quick(problem)


def die(group: object) -> None:
    """Die as a process does that has no memory left."""
    os.kill(os.getpid(), signal.SIGKILL)


def crash(problem: Problem) -> SweepCell:
    raise AssertionError(problem)


if __name__ == "__main__":
    crew = Dask(sys.argv[1])
    for found in grid.run(problems(), crew, work=deadly):
        print(found.tolerance, found.status)  # noqa: T201
    crew.close()
