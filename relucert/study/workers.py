"""Who runs jobs: processes of this machine, or the workers of a Dask cluster.

Both give executors of ``concurrent.futures``; Dask's clients have such an interface of their own.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager
from multiprocessing.context import BaseContext
from typing import Any, Protocol

from ..errors import DeclinedError, UsageError
from ..export.extras import require
from ..version import VERSION

CONNECT_SECONDS = 10
PRELOADED = ["relucert.cli.main", "relucert.study.audit.built", "relucert.relu.composed"]


class Workers(Protocol):
    """Workers, as executors to submit jobs to."""

    @property
    def size(self) -> int:
        """How many jobs to have in flight."""

    @property
    def deaths(self) -> tuple[type[BaseException], ...]:
        """Errors of a job whose worker died; a BrokenExecutor says only that one did."""

    def open(self, workers: int) -> Executor:
        """Return an executor of up to so many workers."""

    def shield(self) -> AbstractContextManager[object]:
        """Return what to submit a job in, so that a worker that starts then leaves the keyboard to this process."""

    def release(self, executor: Executor, in_order: bool) -> None:
        """End it: in order if all its jobs are finished, else at once, giving up what is running."""

    def close(self) -> None:
        """Let go of everything."""


class Processes:
    """Processes of this machine, ``size`` at a time.

    Forking this process, which has threads, would be unsafe: they are forks of a fresh one that has imported what they
    need, or, where the system cannot fork, fresh ones themselves.
    """

    deaths: tuple[type[BaseException], ...] = ()

    def __init__(self, size: int) -> None:
        self.size = size

    def open(self, workers: int) -> Executor:
        """Return a pool of processes that leave the keyboard's interrupt to this one."""
        if "forkserver" in multiprocessing.get_all_start_methods():
            context: BaseContext = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(PRELOADED)
        else:
            context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=gc.get_threshold())

    @contextlib.contextmanager
    def shield(self) -> Iterator[None]:
        """Block the interrupt meanwhile: a process that starts inherits that, and its start takes a while."""
        if not hasattr(signal, "pthread_sigmask"):
            yield
            return
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def release(self, executor: Executor, in_order: bool) -> None:
        """End the pool; unless in order, its processes too, as each would first finish its job."""
        children = [] if in_order else multiprocessing.active_children()
        executor.shutdown(wait=in_order, cancel_futures=True)
        for child in children:
            child.terminate()

    def close(self) -> None:
        """Nothing is held between two pools."""


def _begin(*threshold: int) -> None:
    """Run in a process that starts: the keyboard is another's, and garbage is collected as rarely as there."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(*threshold)


class Dask:
    """The workers of an existing Dask cluster, which must have this version of relucert."""

    def __init__(self, address: str) -> None:
        distributed = require("distributed", "dask")
        if not address.startswith(("tcp://", "tls://", "ucx://")):
            raise UsageError(f"--dask: expected an address such as tcp://host:8786, not {address!r}")
        try:
            self._client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise UsageError(f"--dask: no scheduler answers at {address} ({type(error).__name__})") from None
        self.deaths: tuple[type[BaseException], ...] = (distributed.scheduler.KilledWorker,)
        try:
            self.size = self._workers(address)
        except BaseException:
            self.close()
            raise

    def _workers(self, address: str) -> int:
        """Return how many jobs to have in flight: two for each thread, so that no worker waits for this process."""
        try:
            versions: dict[str, str] = self._client.run(_version)
        except Exception as error:
            raise DeclinedError(f"--dask: the workers cannot import relucert: {error}") from None
        if not versions:
            raise UsageError(f"--dask: the cluster at {address} has no workers")
        for worker, version in sorted(versions.items()):
            if version != VERSION:
                raise DeclinedError(f"--dask: the worker {worker} has relucert {version}, here it is {VERSION}")
        threads: dict[str, int] = self._client.ncores()
        return 2 * sum(threads.values())

    def open(self, workers: int) -> Executor:
        """Return the cluster as an executor; Dask itself would retry a job whose worker died."""
        executor: Executor = self._client.get_executor(pure=False, retries=0)
        return executor

    def shield(self) -> AbstractContextManager[object]:
        """Nothing is started here."""
        return contextlib.nullcontext()

    def release(self, executor: Executor, in_order: bool) -> None:
        """Forget the jobs that are still running."""
        executor.shutdown(wait=in_order)

    def close(self) -> None:
        """Disconnect; the cluster stays."""
        with contextlib.suppress(Exception):
            self._client.close()


def _version() -> Any:
    """Run on a worker: return its version of relucert."""
    from relucert.version import VERSION as THERE

    return THERE
