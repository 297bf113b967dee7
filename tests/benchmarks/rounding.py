"""The table of the rounding row against the rounding that is observed, for every target of ``specs/``.

Observed is the largest distance between a float32 run and a float64 run of the same weights, over random, grid and
breakpoint inputs; it needs the extras torch and onnx.  The certified row holds for any order of sums, the observed one
is that of the orders which the runtimes happen to choose.
"""

from __future__ import annotations

import importlib
from fractions import Fraction
from pathlib import Path

import relucert
from relucert import pipeline
from relucert.export.dtype import FLOAT32, FLOAT64
from relucert.spec.yaml import read_spec
from relucert.study.samples import samples

POINTS = 20_000
SPECS = Path(relucert.__file__).parents[1] / "specs"
RUNTIMES = ("torch", "onnx")


def main(points: int = POINTS) -> None:
    """Print one line for each specification that builds for float32."""
    print(f"{'target':12} {'rounding row':>12} {'observed':>10} {'ratio':>6}")  # noqa: T201
    for path in sorted(SPECS.glob("*.yaml")):
        try:
            row, seen = measure(path, points)
        except relucert.errors.RelucertError as error:
            print(f"{path.stem:12} {error}")  # noqa: T201
            continue
        print(f"{path.stem:12} {row:12.3g} {seen:10.3g} {row / seen:6.1f}", flush=True)  # noqa: T201


def measure(path: Path, points: int) -> tuple[float, float]:
    """Return the certified rounding row and the largest observed rounding."""
    outcome = pipeline.build(read_spec(path, {"arithmetic": {"dtype": "float32"}}))
    loaded = pipeline.load(outcome.verdict)
    row: Fraction = dict(pipeline.error_budget(loaded.certificate))["rounding"]
    beta = float(outcome.verdict.resources["inverse_temperature"])
    chosen = samples(loaded.certificate.statement.domain, loaded.network, beta, FLOAT32, points).points
    exact = importlib.import_module("relucert.export.numpy").runner(loaded.transformer, FLOAT64)(chosen)
    seen = 0.0
    for name in RUNTIMES:
        run = importlib.import_module(f"relucert.export.{name}").runner(loaded.transformer, FLOAT32)
        seen = max(seen, float(abs(run(chosen) - exact).max()))
    return float(row), seen
