"""The optional libraries: skipped with the install line where absent, unless forbidden."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from relucert.cli.main import _run
from tests.foreign.nets import Layer, write_onnx


def needed(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        reason = f"{module} is not installed; pip install 'relucert[onnx]'"
        if os.environ.get("RELUCERT_FORBID_SKIP") == "1":
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture
def np() -> Any:
    return needed("numpy")


@pytest.fixture
def onnx(np: Any) -> Any:
    return needed("onnx")


@pytest.fixture
def net(onnx: Any, tmp_path: Path) -> Callable[..., Path]:
    """Write layers, given by whole or decimal numbers, as an ONNX file."""

    def write(layers: Any, **options: Any) -> Path:
        exact: list[Layer] = [
            ([[Fraction(w) for w in row] for row in weights], [Fraction(b) for b in biases])
            for weights, biases in layers
        ]
        return write_onnx(tmp_path / "net.onnx", exact, **options)

    return write


@pytest.fixture
def certify(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run ``relucert certify`` and return its exit code and what it wrote."""

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = _run(["certify", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
