"""Progress on a terminal, silence when piped."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .options import Verbosity

STEPS = 100  # of a progress that is logged


@contextmanager
def stages(title: str, verbosity: Verbosity) -> Iterator[Callable[[str], None]]:
    """Give a function that shows the stage a long job is in: a bar on a terminal, log lines with -v otherwise."""
    if verbosity.quiet or not sys.stderr.isatty():
        yield verbosity.log
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from ..report.text import console

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=None)

        def show(stage: str) -> None:
            progress.update(task, description=stage)
            verbosity.log(stage)

        yield show


@contextmanager
def counted(title: str, verbosity: Verbosity) -> Iterator[Callable[[int, int], None]]:
    """Give a function that shows how many jobs of how many are finished: a bar, or log lines with -v when piped.

    It may be called often: what would look the same is not shown again.
    """
    if verbosity.quiet or not sys.stderr.isatty():
        parts: list[int] = []

        def log(finished: int, total: int) -> None:
            if finished * STEPS // total not in parts[-1:]:
                parts.append(finished * STEPS // total)
                verbosity.log(f"{finished} of {total} finished")

        yield log
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from ..report.text import console

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=None)
        yield lambda finished, total: progress.update(task, completed=finished, total=total)
