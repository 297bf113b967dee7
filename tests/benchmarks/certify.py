"""Measure ``relucert certify`` on the product network of depth 6 and 76 parameters; needs ``relucert[onnx]``.

``python -m tests.benchmarks.certify`` prints the numbers of the issue's table: proved at 1e-3, and refuted with each of
its weights wrong by 1e-2 in turn.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

from tests.cli.command import environment
from tests.foreign.nets import product_layers, write_onnx

EVERY = 4  # a wrong weight costs a second; each fourth is tried


def main() -> None:
    """Print one line for the proof and one for the refutations."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "net.onnx")
        write_onnx(path, product_layers())
        code, seconds = _certify(path)
        print(f"product network at 1e-3     exit {code} (0 asked)   {seconds:.1f} s (30 s asked)")  # noqa: T201
        places = [
            (k, i, j)
            for k, (weights, _) in enumerate(product_layers())
            for i, row in enumerate(weights)
            for j, weight in enumerate(row)
            if weight
        ]
        found = []
        for k, i, j in places[::EVERY]:
            layers = product_layers()
            layers[k][0][i][j] += Fraction(1, 100)
            write_onnx(path, layers)
            found.append(_certify(path))
        refuted, slowest = sum(code == 1 for code, _ in found), max(seconds for _, seconds in found)
        print(f"one weight wrong by 1e-2    {refuted} of {len(found)} refuted    {slowest:.1f} s at most (5 s asked)")  # noqa: T201


def _certify(path: Path) -> tuple[int, float]:
    start = time.perf_counter()
    words = ["-m", "relucert", "certify", str(path), "--target", "x*y", "--eps", "1e-3"]
    done = subprocess.run([sys.executable, *words], env=environment(), check=False, stdout=subprocess.DEVNULL)
    return done.returncode, time.perf_counter() - start


if __name__ == "__main__":
    main()
