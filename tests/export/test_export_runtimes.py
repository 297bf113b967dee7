from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from relucert.export.dtype import BFLOAT16, DTYPES, FLOAT32, FLOAT64, Dtype
from relucert.export.stock import stock
from relucert.loaded import Loaded
from relucert.study.export import subject_of
from relucert.study.run.runtime import UNCOVERED, observe
from relucert.study.run.samples import samples
from relucert.transformer import evaluate

Load = Callable[[str], Loaded]
NAMES = ["multiply", "multiply sparse", "reciprocal", "max5", "clip", "square", "point", "thirds", "two"]
RUNTIMES = ["numpy", "torch", "stock", "onnx"]


@pytest.fixture(params=RUNTIMES)
def runner(request: pytest.FixtureRequest) -> Callable[[Loaded, Dtype], Any]:
    if request.param == "stock":
        request.getfixturevalue("torch")
        from relucert.export import torch

        def run(loaded: Loaded, dtype: Dtype) -> Any:
            from relucert.export.torch_stock import Stock

            padded = stock(loaded.transformer)
            module = Stock(torch.state(padded.tensors, dtype), padded.num_heads).eval()
            return torch.batched(module, getattr(importlib.import_module("torch"), dtype.name))

        return run
    request.getfixturevalue({"numpy": "np", "torch": "torch", "onnx": "onnxruntime"}[request.param])
    module = importlib.import_module(f"relucert.export.{request.param}")
    return lambda loaded, dtype: module.runner(loaded.transformer, dtype)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("dtype", "error"), [(FLOAT32, 1e-5), (FLOAT64, 1e-13)], ids=["float32", "float64"])
def test_every_runtime_returns_the_exact_transformer_within_float_error(
    runner: Callable[[Loaded, Dtype], Any], loaded: Load, name: str, dtype: Dtype, error: float
) -> None:
    found = loaded(name)
    points = samples(found.certificate.statement.domain, found.network, 1000.0, dtype, 40).points
    returned = runner(found, dtype)(points)
    assert returned.shape == (len(points), len(found.expression.roots))
    context = evaluate.context(60)
    for point, row in zip(points, returned, strict=True):
        exact = evaluate.evaluate(found.transformer, [Fraction(float(v)) for v in point], context)
        for t, value in zip(exact, row, strict=True):
            assert abs(evaluate.exact(t) - Fraction(float(value))) < 4 * error


def test_every_runtime_takes_any_batch(runner: Callable[[Loaded, Dtype], Any], loaded: Load, np: Any) -> None:
    run = runner(loaded("max5"), FLOAT32)
    points = np.random.default_rng(1).uniform(-1, 1, (7, 5))
    together = run(points)
    assert np.allclose(together, np.concatenate([run(points[k : k + 1]) for k in range(7)]), atol=1e-6)


def test_the_sparse_layout_really_has_linear_heads(loaded: Load) -> None:
    heads = loaded("multiply sparse").transformer.heads
    assert any(h.d_head > 1 and not h.w_q.entries for h in heads)


@pytest.mark.parametrize("runtime", ["torch", "onnx", "numpy"])
def test_multiply_at_1e_3_in_float32_stays_below_1_2e_3_on_100000_points(
    request: pytest.FixtureRequest, loaded: Load, runtime: str
) -> None:
    request.getfixturevalue({"numpy": "np", "torch": "torch", "onnx": "onnxruntime"}[runtime])
    result = observe(loaded("multiply"), runtime, FLOAT32, 100_000, lambda stage: None)
    assert result.observed is not None
    assert Fraction(9, 10_000) < result.observed < Fraction(12, 10_000)
    assert result.certified is None
    assert result.note == UNCOVERED
    assert result.not_finite == 0
    assert sum(count for _, count in result.kinds) == 100_000
    assert min(count for _, count in result.kinds) > 1000


@pytest.mark.slow
@pytest.mark.parametrize("runtime", ["torch", "onnx"])
def test_multiply_at_1e_3_in_float32_stays_below_1_2e_3_on_a_million_points(
    request: pytest.FixtureRequest, loaded: Load, runtime: str
) -> None:
    request.getfixturevalue({"torch": "torch", "onnx": "onnxruntime"}[runtime])
    result = observe(loaded("multiply"), runtime, FLOAT32, 1_000_000, lambda stage: None)
    assert result.observed is not None
    assert result.observed < Fraction(12, 10_000)


def test_bfloat16_runs_in_torch_and_its_error_is_seen(loaded: Load, torch: Any) -> None:
    result = observe(loaded("coarse"), "torch", BFLOAT16, 2000, lambda stage: None)
    assert result.observed is not None
    assert result.observed < Fraction(1, 2)
    assert result.rounding
    assert result.rounding > Fraction(1, 10_000)


def test_of_several_outputs_the_worst_is_reported(loaded: Load, np: Any) -> None:
    result = observe(loaded("two"), "numpy", FLOAT64, 4000, lambda stage: None)
    assert result.observed is not None
    x, y = (value for _, value in result.worst)
    module = importlib.import_module("relucert.export.numpy")
    returned = module.runner(loaded("two").transformer, FLOAT64)(np.array([[float(x), float(y)]]))[0]
    errors = [abs(Fraction(float(v)) - f) for v, f in zip(returned, (x * y, max(x, y)), strict=True)]
    assert errors[result.output] == max(errors) == result.observed


def test_an_input_whose_domain_holds_no_float_is_told(loaded: Load, np: Any) -> None:
    result = observe(loaded("thirds"), "numpy", FLOAT32, 100, lambda stage: None)
    assert result.outside == ("x",)


def test_samples_are_floats_of_the_format_inside_the_domain(loaded: Load, np: Any) -> None:
    for name in ("reciprocal", "clip", "max5"):
        found = loaded(name)
        domain = found.certificate.statement.domain
        for dtype in DTYPES.values():
            points = samples(domain, found.network, 500.0, dtype, 200).points
            assert points.shape == (200, len(domain))
            for row in points:
                for value, (lo, hi) in zip(row, domain, strict=True):
                    exact = Fraction(float(value))
                    assert dtype.nearest(exact) == exact
                    assert lo <= exact <= hi


def test_the_torch_folder_alone_computes_the_function_in_both_forms(loaded: Load, torch: Any, tmp_path: Path) -> None:
    from relucert.export import torch as ours

    export = ours.export(subject_of(loaded("multiply sparse")), FLOAT32)
    for name, data in export.content.items():  # type: ignore[union-attr]
        (tmp_path / name).write_bytes(data)
    code = (
        "import sys, torch; sys.path.insert(0, sys.argv[1])\n"
        "import model, stock\n"
        "x = torch.tensor([[0.5, -0.75], [1.0, 1.0]])\n"
        "for network in (model.load(), stock.load()):\n"
        "    assert (network(x)[:, 0] - torch.tensor([-0.375, 1.0])).abs().max() < 1.2e-3\n"
        "assert all(type(m) is torch.nn.MultiheadAttention for m in stock.load().layers)\n"
        "assert not any('relucert' in name for name in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not [path for path in tmp_path.iterdir() if path.suffix in (".pt", ".pkl", ".bin")]
