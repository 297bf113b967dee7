"""Print how long Coq takes: the library, then certificates of several kinds; ``python tests/benchmarks/coq.py``.

Columns: gates of the network, bytes of the certificate and of Certificate.v, seconds to write it, seconds (by
the clock, and of the processor) that Coq takes for it and for printing theorem and axioms, peak memory of the largest
coqc so far, and the answer.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import relucert
from relucert.check.statement import gates
from relucert.coq import emit, kernel

FOURTHS = {"x": (Fraction(1, 4), Fraction(4))}
CASES: list[tuple[str, Fraction, dict[str, object]]] = [
    ("multiply", Fraction(1, 10**3), {}),
    ("multiply", Fraction(1, 10**9), {}),
    ("multiply", Fraction(1, 10**30), {}),
    ("square", Fraction(1, 10**9), {}),
    ("max", Fraction(1, 10**3), {"arity": 64}),
    ("clip", Fraction(1, 10**3), {}),
    ("reciprocal", Fraction(1, 10**3), {"domain": FOURTHS}),
    ("reciprocal", Fraction(1, 10**6), {"domain": FOURTHS}),
    ("reciprocal", Fraction(1, 10**9), {"domain": FOURTHS}),
    ("x*y; max(x,y); x+y^2", Fraction(1, 10**3), {}),
    ("+".join(f"x{k}*y{k}" for k in range(180)), Fraction(1, 10**15), {}),  # 10,000 gates side by side
    (f"prod({','.join(f'x{k}' for k in range(31))})", Fraction(1, 10**100), {}),  # 10,000 gates, 842 layers
]


def processor_seconds() -> float:
    """Seconds of the processor that finished child processes have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Build, write and check every case."""
    out = sys.stdout.write
    with tempfile.TemporaryDirectory() as name:
        built = Path(name)
        seconds = kernel.build_library(built)
        out(f"library: {seconds:.1f} s by the clock, {processor_seconds():.1f} s of the processor\n")
        out("target       tolerance  gates    bytes      coq  write   clock     cpu   MiB  answer\n")
        for target, tolerance, options in CASES:
            problem = relucert.make_problem(target, tolerance, **options)  # type: ignore[arg-type]
            outcome = relucert.build(problem)
            start = time.monotonic()
            development = emit.export(outcome.certificate)
            written = time.monotonic() - start
            before = processor_seconds()
            result = kernel.judge(development.files, development, built)
            used = processor_seconds() - before
            decoded = outcome.verdict.certificate
            count = sum(gates(network) for network in decoded.networks) if decoded else 0
            memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
            out(
                f"{target[:11]:<12}{float(tolerance):>10.0e}{count:>7}{len(outcome.certificate):>9}"
                f"{len(development.files[emit.FILE]):>9}{written:>7.2f}{result.seconds:>8.2f}{used:>8.2f}{memory:>6}"
                f"  {'accepted' if result.accepted else result.reason}\n"
            )


if __name__ == "__main__":
    main()
