"""Print what large networks cost to build and to check: ``python -m tests.benchmarks scale [GATES ...]``.

Each row is two whole processes, ``relucert build SPEC -o CERT.json.gz`` and ``relucert check CERT.json.gz``, with the
seconds by the clock and of the processor, and the peak memory of each.  ``exponent`` is that of processor time in
gates, between the first and the last size of the family; ``nonzero`` counts the weights of the transformer.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.cli.command import environment

GATES = (1_000, 10_000, 100_000)
EXPONENT = 1.2
SECONDS = 60
MEBIBYTES = 2048


class Family(NamedTuple):
    """A target that a user can ask for, at about a number of gates."""

    name: str
    target: Callable[[int], str]
    eps: Callable[[int], str]
    objective: str = "heads"
    domain: str = ""


class Cost(NamedTuple):
    """What one process took."""

    clock: float
    processor: float
    memory: int


def _names(letter: str, count: int) -> str:
    return ", ".join(f"{letter}{k + 1}" for k in range(max(2, count)))


def _chords(gates: int) -> str:
    """Return the tolerance at which chords of 1/x on [1/4, 4] need about so many gates: 1.5 / sqrt(2 eps) pieces."""
    return f"{1.125 / gates**2:.3e}"


def _sorted(gates: int) -> int:
    """Return how many inputs have a median of so many gates: odd-even merging takes about n log2(n)^2 / 5."""
    return next(n for n in itertools.count(3, 2) if n * math.log2(n) ** 2 > 5 * gates)


FAMILIES = (
    Family("max of n", lambda gates: f"max({_names('x', gates + 1)})", lambda gates: "1e-3"),
    Family("norm1 of n", lambda gates: f"norm1({_names('x', gates)})", lambda gates: "1e-3"),
    Family(
        "dot of n pairs at 1e-3",
        lambda gates: f"dot({_names('x', gates // 21)}, {_names('y', gates // 21)})",
        lambda gates: "1e-3",
    ),
    Family("prod of n at 1e-3", lambda gates: f"prod({_names('x', gates // 20)})", lambda gates: "1e-3"),
    Family("prod of n at 1e-60", lambda gates: f"prod({_names('x', gates // 205)})", lambda gates: "1e-60"),
    Family("1/x in one layer", lambda gates: "1/x", _chords, "layers", "domain: {x: [1/4, 4]}\n"),
    Family("median of n", lambda gates: f"median({_names('x', _sorted(gates))})", lambda gates: "1e-3"),
)


def main(sizes: Sequence[int]) -> None:
    """Measure every family at every size and print one table, with what misses the marks."""
    print(f"{'family':<24}{'gates':>7}{'layers':>7}{'nonzero':>9}{'bytes/w':>8}{'.gz':>5}", end="")  # noqa: T201
    print("   build s  (cpu)   MiB   check s  (cpu)   MiB")  # noqa: T201
    with tempfile.TemporaryDirectory() as folder:
        for family in FAMILIES:
            rows = [_measure(Path(folder), family, gates) for gates in sizes]
            if len(rows) > 1:
                (first, *small), (last, *large) = rows[0], rows[-1]
                growth = math.log(last["gates"] / first["gates"])
                exponents = [math.log(b.processor / a.processor) / growth for a, b in zip(small, large, strict=True)]
                good = max(exponents) <= EXPONENT
                build, check = (f"{value:.2f}" for value in exponents)
                print(f"  exponents: build {build}, check {check}  {'ok' if good else 'MISSED'}")  # noqa: T201


def _measure(folder: Path, family: Family, gates: int) -> tuple[dict[str, int], Cost, Cost]:
    spec, packed = folder / "spec.yaml", folder / "certificate.json.gz"
    spec.write_text(
        f"target: '{family.target(gates)}'\n{family.domain}eps: {family.eps(gates)}\nobjective: {family.objective}\n"
    )
    build, text = _run("-m", "relucert", "build", str(spec), "-o", str(packed), "--format", "json")
    check, _ = _run("-m", "relucert", "check", str(packed))
    resources = json.loads(text)["resources"]
    size, small = int.from_bytes(packed.read_bytes()[-4:], "little"), packed.stat().st_size  # as gzip's trailer says
    marks = all(c.processor < SECONDS and c.memory < MEBIBYTES for c in (build, check))
    weights = resources["parameters"]
    row = f"{family.name:<24}{resources['gates']:>7}{resources['layers']:>7}{weights:>9}{size / weights:>8.0f}"
    row += f"{small / weights:>5.0f}"
    for cost in (build, check):
        row += f"{cost.clock:>10.1f}{cost.processor:>8.1f}{cost.memory:>6}"
    print(row, "" if marks else " MISSED", flush=True)  # noqa: T201
    return resources, build, check


def _run(*arguments: str) -> tuple[Cost, str]:
    """Run Python with these arguments and return what it cost and printed."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([sys.executable, *arguments], env=environment(), stdout=out)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{arguments}: exit code {process.returncode}")
        out.seek(0)
        text = out.read().decode()
    clock = time.monotonic() - start
    return Cost(clock, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024), text
