"""Which workers a command runs its jobs on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..errors import UsageError
from .options import whole_number

if TYPE_CHECKING:
    from ..study.workers import Workers


def workers(jobs: str | None, dask: str | None = None) -> Workers:
    """Return ``jobs`` processes of this machine, or one for each processor, or the workers of a Dask cluster."""
    from ..study.workers import Dask, Processes

    count = whole_number("--jobs", jobs)
    if dask is not None:
        if count is not None:
            raise UsageError("--jobs is about this machine; a Dask cluster has as many workers as it has")
        return Dask(dask)
    return Processes(count or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
