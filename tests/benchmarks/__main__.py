"""Print the table of numbers to reach: each case, what was asked, what was reached.

``python -m tests.benchmarks [RUNS]`` or ``python -m tests.benchmarks scale``; see README.md in this folder.
Nothing here is a test, and no time is asserted.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import relucert
from relucert.loaded import load
from relucert.transformer.evaluate import context, evaluate, exact
from tests.cases import QUARTER, Case
from tests.cli.command import environment

RUNS = 15
COMPOSED = ("x*exp(-y)", "exp(x*y)", "x/(1+y^2)", "sin(x)+cos(y)", "sigmoid(x+y)*z", "sqrt(1+x^2+y^2)")
Row = tuple[str, str, str, bool]


def main() -> None:
    """Measure everything and print one table, or that of large networks alone."""
    if sys.argv[1:2] == ["scale"]:
        from tests.benchmarks import scale

        scale.main([int(size) for size in sys.argv[2:]] or scale.GATES)
        return
    if sys.argv[1:2] == ["rounding"]:
        from tests.benchmarks import rounding

        rounding.main()
        return
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    rows = [*_counts(), *_native(), _slope(), _tightness(), *_times(runs)]
    headers = ("case", "asked", "reached", "")
    table = [headers, *((case, asked, reached, "ok" if good else "MISSED") for case, asked, reached, good in rows)]
    widths = [max(len(row[k]) for row in table) for k in range(4)]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())  # noqa: T201


def _counts() -> list[Row]:
    asked: list[tuple[str, Case, dict[str, int]]] = [
        ("multiply at 1e-3", Case("multiply", "1e-3"), {"heads": 15, "layers": 5}),
        ("multiply at 1e-6", Case("multiply", "1e-6"), {"gates": 20}),
        ("multiply at 1e-30", Case("multiply", "1e-30"), {"gates": 100}),
        ("square on [0,1] at 1e-3", Case("square", "1e-3"), {"gates": 4}),
        ("max of 2", Case("max", "1e-3"), {"gates": 1}),
        ("max of 64", Case("max", "1e-3", arity=64), {"gates": 63, "layers": 6}),
        ("reciprocal on [1/4,4] at 1e-3", Case("reciprocal", "1e-3", (QUARTER,)), {"gates": 33}),
        ("reciprocal on [1/4,4] at 1e-9", Case("reciprocal", "1e-9", (QUARTER,)), {"gates": 150}),
    ]
    rows = []
    for name, case, limits in asked:
        found = relucert.build(case.problem).verdict.resources
        rows.append(
            (
                name,
                ", ".join(f"{key} <= {limit}" for key, limit in limits.items()),
                ", ".join(f"{key} {found[key]}" for key in limits),
                all(found[key] <= limit for key, limit in limits.items()),
            )
        )
    return rows


def _native() -> list[Row]:
    """The native route beside the relu route at 1e-6: layers, nonzero weights, and the seconds that a build takes."""
    asked: list[tuple[str, dict[str, tuple[Fraction, Fraction]] | None]] = [
        ("multiply", None),
        ("square", {"x": (Fraction(-1), Fraction(1))}),
        ("reciprocal", {"x": (Fraction(1), Fraction(4))}),
        ("reciprocal", {"x": (Fraction(1, 4), Fraction(4))}),
        *((f"{name}(x)", None) for name in ("exp", "sin", "tanh", "sigmoid")),
        *((target, None) for target in COMPOSED),
        ("1/(x*y)", {"x": (Fraction(1), Fraction(2)), "y": (Fraction(1), Fraction(2))}),
    ]
    rows = []
    for target, domain in asked:
        found, start = {}, time.perf_counter()
        for route in ("relu", "native"):
            problem = relucert.make_problem(target, Fraction(1, 10**6), domain, route=route)
            start = time.perf_counter()
            found[route] = relucert.build(problem).verdict.resources
        seconds = time.perf_counter() - start
        relu, native = found["relu"], found["native"]
        layers, weights = (f"{native[key]} of {relu[key]}" for key in ("layers", "parameters"))
        fewer = 5 * native["layers"] <= relu["layers"] or relu["layers"] == 1
        good = fewer and 3 * native["parameters"] <= relu["parameters"] and native["tokens"] <= 16
        reached = f"layers {layers}, weights {weights}, {native['tokens']} tokens, {seconds:.1f} s"
        rows.append(
            (f"{target} at 1e-6, native of relu", "a fifth of the layers, a third of the weights", reached, good)
        )
    return rows


def _slope() -> Row:
    """How the gates of the product grow, as ``relucert sweep`` fits it, and how long twelve cells take."""
    from relucert.study.sweep import grid
    from relucert.study.workers import Processes

    start = time.perf_counter()
    problems = [relucert.make_problem("multiply", Fraction(1, 10**k)) for k in range(1, 13)]
    report = grid.report(problems[0], grid.run(problems, Processes(2)), ("eps",))
    slope = next(row.slope for row in report.growth[0].rows if row.quantity == "gates")
    reached = f"{slope:.4f}, in {time.perf_counter() - start:.1f} s on two processes"
    return (
        "sweep of multiply, 1e-1..1e-12: gates per log2(1/eps)",
        "1.0 within 2 percent",
        reached,
        abs(slope - 1) <= 0.02,
    )


def _tightness() -> Row:
    outcome = relucert.build(Case("multiply", "1e-3").problem)
    transformer, ctx = load(outcome.verdict).transformer, context(40)
    worst = Fraction(0)
    for a in range(-64, 65, 2):
        for b in range(-64, 65, 2):
            x, y = Fraction(a, 64), Fraction(b, 64)
            (value,) = evaluate(transformer, (x, y), ctx)
            worst = max(worst, abs(exact(value) - x * y))
    ratio = float((outcome.verdict.error_bound or Fraction(1)) / worst)
    return "multiply at 1e-3, bound / largest error found", "<= 1.05", f"{ratio:.4f}", 1 <= ratio <= 1.05


def _times(runs: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        fine = Path(folder, "multiply.json")
        deep = Path(folder, "deep.json")
        package = ["-m", "relucert"]
        build = [*package, "build", "multiply", "--eps", "1e-3", "-o", str(fine)]
        _seconds(build)
        a, b = _alternating(runs, build, ["-c", "import mpmath, click, rich"])
        c, d = _alternating(runs, ["-m", "relucert.check", str(fine)], ["-c", "import json, fractions"])
        (g,) = _alternating(max(3, runs // 3), [*build, "--length", "1000000", "--mask", "full"])
        e, f = _alternating(
            max(3, runs // 3),
            [*package, "build", "multiply", "--eps", "1e-60", "-o", str(deep)],
            [*package, "check", str(deep)],
        )
    return [
        (
            "build multiply --eps 1e-3, whole process",
            "<= 2.5 times importing mpmath, click, rich",
            f"{a * 1000:.0f} ms / {b * 1000:.0f} ms = {a / b:.2f}",
            a <= 2.5 * b,
        ),
        (
            "python -m relucert.check on that file",
            "<= 2 times importing json, fractions + 50 ms",
            f"{c * 1000:.0f} ms against 2 * {d * 1000:.0f} + 50 = {2000 * d + 50:.0f} ms",
            c <= 2 * d + 0.05,
        ),
        ("multiply at 1e-3 on 10^6 tokens, whole process", "< 2 s", f"{g:.2f} s", g < 2),
        ("multiply at 1e-60, build and check", "< 5 s together", f"{e:.2f} s + {f:.2f} s", e + f < 5),
    ]


def _alternating(runs: int, *commands: Sequence[str]) -> list[float]:
    """Median seconds of each command, run in turns so that a busy machine slows all alike."""
    times: list[list[float]] = [[] for _ in commands]
    measure: Callable[[Sequence[str]], float] = _seconds
    for _ in range(runs):
        for found, command in zip(times, commands, strict=True):
            found.append(measure(command))
    return [statistics.median(found) for found in times]


def _seconds(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *command], env=environment(), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
