"""The table of the rounding row against the rounding that is observed, for every target of ``specs/``.

Observed is the largest distance found between a float32 run and a float64 run of the same weights, over random, grid
and breakpoint inputs and then by a search around the worst of them; it needs the extras torch and onnx.  The certified
row holds for any order of sums, the observed one is that of the orders which the runtimes happen to choose.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

import relucert
from relucert import pipeline
from relucert.export.dtype import FLOAT32, FLOAT64
from relucert.loaded import load
from relucert.relu.draft import Domain
from relucert.spec.yaml import read_spec
from relucert.study.run.samples import samples
from relucert.summary import error_budget

POINTS = 100_000
KEPT, ROUNDS, NEIGHBOURS = 200, 60, 40  # of the search: the worst points, kept from round to round
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
    loaded = load(outcome.verdict)
    row: Fraction = dict(error_budget(loaded.certificate))["rounding"]
    beta = float(outcome.verdict.resources["inverse_temperature"])
    chosen = samples(loaded.certificate.statement.domain, loaded.network, beta, FLOAT32, points).points
    exact = importlib.import_module("relucert.export.numpy").runner(loaded.transformer, FLOAT64)
    runs = [importlib.import_module(f"relucert.export.{n}").runner(loaded.transformer, FLOAT32) for n in RUNTIMES]

    def rounding(at: Any) -> Any:
        truth = exact(at)
        return np.max([abs(run(at) - truth).reshape(len(at), -1).max(axis=1) for run in runs], axis=0)

    return float(row), _search(rounding, chosen, loaded.certificate.statement.domain)


def _search(rounding: Callable[[Any], Any], points: Any, domain: Domain) -> float:
    """Return the largest rounding found: the worst points are kept, and others drawn near them, again and again."""
    lo, hi = (np.array([float(ends[k]) for ends in domain]) for k in (0, 1))
    draw, seen = np.random.default_rng(0), rounding(points)
    worst = np.argsort(-seen)[:KEPT]
    points, seen = points[worst], seen[worst]
    for _ in range(ROUNDS):
        shape = (len(points), NEIGHBOURS, points.shape[1])
        step = 10.0 ** draw.uniform(-7, -1, size=(*shape[:2], 1)) * draw.normal(size=shape) * (hi - lo)
        near = np.clip(points[:, None, :] + step * (draw.random(shape) < 0.7), lo, hi)
        near = near.astype(np.float32).astype(points.dtype).reshape(-1, points.shape[1])
        points, seen = np.concatenate([points, near]), np.concatenate([seen, rounding(near)])
        worst = np.argsort(-seen)[:KEPT]
        points, seen = points[worst], seen[worst]
    return float(seen[0])
