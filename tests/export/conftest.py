"""Certificates built once, and the optional libraries: skipped with the install line where absent, unless forbidden."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from relucert import pipeline
from relucert.loaded import Loaded, load
from relucert.routes.relu import translate
from relucert.spec.problem import make_problem

QUARTER_TO_4 = ("x", "1/4", "4")
CASES: dict[str, tuple[str, str, tuple[tuple[str, str, str], ...], int | None]] = {
    "multiply": ("multiply", "1/1000", (), None),
    "multiply_1e-6": ("multiply", "1/1000000", (), None),
    "coarse": ("multiply", "1/10", (), None),
    "reciprocal": ("reciprocal", "1/1000", (QUARTER_TO_4,), None),
    "max5": ("max", "1/1000", (), 5),
    "clip": ("clip", "1/1000", (("x", "-1/3", "5/4"),), None),
    "two": ("x*y; max(x, y)", "1/10", (), None),
    "abs": ("abs", "1/1000", (), None),
    "min": ("min", "1/1000", (), None),
    "square": ("square", "1/1000", (), None),
    "point": ("multiply", "1/1000", (("x", "1/2", "1/2"), ("y", "1/4", "1/4")), None),
    "thirds": ("multiply", "1/1000", (("x", "1/3", "1/3"), ("y", "-1/3", "2/3")), None),
}


@cache
def certificate(name: str) -> bytes:
    target, eps, domain, arity = CASES[name.removesuffix(" sparse")]
    box = {n: (Fraction(lo), Fraction(hi)) for n, lo, hi in domain}
    proof = "adjoint" if name == "multiply" else "direct"  # one with a large inverse temperature, too
    return pipeline.build(make_problem(target, Fraction(eps), box or None, arity, proof=proof)).certificate


@pytest.fixture
def bytes_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], bytes]:
    """Give the certificate of a case; with `` sparse`` in the name, one whose streams are moved by linear heads."""

    def build(name: str) -> bytes:
        if name.endswith(" sparse"):
            monkeypatch.setattr(translate, "MOST_WIDE_WEIGHTS", 0)
        return certificate(name)

    return build


@pytest.fixture
def loaded(bytes_of: Callable[[str], bytes]) -> Callable[[str], Loaded]:
    return lambda name: load(pipeline.check_bytes(bytes_of(name)))


@pytest.fixture
def file_of(bytes_of: Callable[[str], bytes], tmp_path: Path) -> Callable[[str], Path]:
    def write(name: str) -> Path:
        path = tmp_path / f"{name.replace(' ', '_')}.json"
        path.write_bytes(bytes_of(name))
        return path

    return write


def needed(module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        reason = f"{module} is not installed; pip install 'relucert[{extra}]'"
        if os.environ.get("RELUCERT_FORBID_SKIP") == "1":
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture
def np() -> Any:
    return needed("numpy", "numpy")


@pytest.fixture
def torch(np: Any) -> Iterator[Any]:
    needed("safetensors", "torch")
    torch = needed("torch", "torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield torch
    torch.set_num_threads(threads)


@pytest.fixture
def onnx(np: Any) -> Any:
    return needed("onnx", "onnx")


@pytest.fixture
def onnxruntime(onnx: Any) -> Any:
    return needed("onnxruntime", "onnx")
