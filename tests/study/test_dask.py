"""Sweeps on a Dask cluster: a scheduler and two workers in processes of their own, on the loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import assert_one_clear_line, environment, launch, run
from tests.export.conftest import needed

GRID = ("sweep", "multiply", "--eps", "1e-1..1e-8")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler with two workers."""
    needed("distributed", "dask")
    folder = tmp_path_factory.mktemp("dask")
    place = folder / "scheduler.json"
    scheduler = [
        "dask_scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-dashboard",
        "--scheduler-file",
        str(place),
    ]
    worker = ["dask_worker", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1", "--scheduler-file", str(place)]
    children = []
    with (folder / "log").open("wb") as log:
        for command in (scheduler, worker, worker):
            line = [sys.executable, "-m", f"distributed.cli.{command[0]}", *command[1:]]
            children.append(subprocess.Popen(line, cwd=folder, env=environment(), stdout=log, stderr=log))
            limit = time.monotonic() + 60
            while not place.exists():
                assert time.monotonic() < limit, (folder / "log").read_text()
                time.sleep(0.05)
        address = json.loads(place.read_text())["address"]
        wait = f"from distributed import Client\nClient({address!r}).wait_for_workers(2, timeout=60)"
        subprocess.run([sys.executable, "-c", wait], check=True, env=environment(), stderr=log, timeout=90)
        try:
            yield address
        finally:
            for child in reversed(children):
                child.terminate()
            for child in children:
                child.wait(timeout=30)


@pytest.mark.slow
def test_a_cluster_gives_the_very_bytes_that_processes_give(cluster: str, tmp_path: Path) -> None:
    remote = launch(*GRID, "--dask", cluster, "-o", tmp_path / "remote.json")
    assert remote.returncode == 0, remote.stderr
    assert remote.stderr == ""
    assert launch(*GRID, "-q", "-o", tmp_path / "local.json").returncode == 0
    assert (tmp_path / "remote.json").read_bytes() == (tmp_path / "local.json").read_bytes()


@pytest.mark.slow
def test_both_workers_work(cluster: str) -> None:
    code = (
        "import os, time\nfrom relucert.study.workers import Dask\n"
        f"crew = Dask({cluster!r})\nassert crew.size == 4, crew.size\n"
        "executor = crew.open(2)\n"
        "print(len(set(executor.map(lambda k: (time.sleep(0.2), os.getpid())[1], range(6)))))\ncrew.close()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, encoding="utf-8", timeout=60, check=True
    )
    assert result.stdout == "2\n"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kills a process by a signal")
def test_a_cell_that_kills_its_workers_costs_only_itself(cluster: str) -> None:
    result = launch(cluster, module="tests.study.jobs")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [
        "1/10 accepted", "1/100 accepted", "1/1000 worker died",
        "1/10000 accepted", "1/100000 accepted", "1/1000000 accepted",
    ]  # fmt: skip


@pytest.mark.slow
def test_no_scheduler_is_one_clear_line(tmp_path: Path) -> None:
    needed("distributed", "dask")
    code = (
        "from relucert.study import workers\nworkers.CONNECT_SECONDS = 1\nimport sys\n"
        "from relucert.cli.main import _run\n"
        "sys.exit(_run(['sweep', 'multiply', '--eps', '1e-1', '--dask', 'tcp://127.0.0.1:1']))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert_one_clear_line(found, 2, "no scheduler answers at tcp://127.0.0.1:1")
    assert list(tmp_path.iterdir()) == []


def test_dask_is_refused_where_it_makes_no_sense(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = run("sweep", "multiply", "--eps", "1e-1", "--dask", "tcp://127.0.0.1:1", "-j", "2", cwd=tmp_path)
    assert_one_clear_line(both, 2, "--jobs is about this machine")
    monkeypatch.setitem(sys.modules, "distributed", None)
    absent = run("sweep", "multiply", "--eps", "1e-1", "--dask", "tcp://127.0.0.1:1", cwd=tmp_path)
    assert_one_clear_line(absent, 3, "distributed is not installed", "pip install 'relucert[dask]'")


def test_an_address_that_is_none_is_refused() -> None:
    needed("distributed", "dask")
    result = run("sweep", "multiply", "--eps", "1e-1", "--dask", "localhost")
    assert_one_clear_line(result, 2, "expected an address such as tcp://host:8786")
