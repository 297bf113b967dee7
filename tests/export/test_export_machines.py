"""Certificates about machines, in the runtimes that people use: what is observed stays within what is certified."""

from __future__ import annotations

import importlib
import json
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from relucert import pipeline
from relucert.errors import DeclinedError
from relucert.export import vnnlib
from relucert.export.dtype import BFLOAT16, DTYPES, FLOAT16, FLOAT32, FLOAT64, Dtype
from relucert.export.stock import stock
from relucert.export.tensors import rounding, tensors
from relucert.loaded import Loaded, load
from relucert.spec.problem import make_problem
from relucert.study.export import subject_of
from relucert.study.run.runtime import COVERED, UNCOVERED, observe
from relucert.study.run.samples import samples

MODULES = {"numpy": "np", "onnx": "onnxruntime", "torch": "torch"}
LARGE = {name: (Fraction(-3), Fraction(2)) for name in ("x", "y")}
THIRDS = {"x": (Fraction(-1, 3), Fraction(2)), "y": (Fraction(1), Fraction(7, 3))}
CASES: dict[str, tuple[str, str, dict[str, tuple[Fraction, Fraction]] | None]] = {
    "multiply": ("multiply", "1/1000", None),
    "multiply finely": ("multiply", "1/500000", None),
    "multiply on thirds": ("multiply", "1/2000", THIRDS),
    "reciprocal": ("reciprocal", "1/500", {"x": (Fraction(1, 4), Fraction(4))}),
    "two": ("x*y; max(x, y)", "1/100", LARGE),
    "coarse": ("multiply", "1/12", None),
    "abs": ("abs", "1/20", None),
    "abs finely": ("abs", "1/10000", None),
}  # fmt: skip


@cache
def machine(name: str, dtype: str, softmax: str = "stable") -> Loaded:
    target, eps, domain = CASES[name]
    problem = make_problem(target, Fraction(eps), domain, arithmetic={"dtype": dtype, "softmax": softmax})
    return load(pipeline.build(problem).verdict)


@pytest.fixture(params=MODULES)
def runtime(request: pytest.FixtureRequest) -> str:
    request.getfixturevalue(MODULES[request.param])
    return str(request.param)


@pytest.mark.parametrize("name", ["multiply", "multiply finely", "multiply on thirds", "reciprocal", "two"])
def test_what_float32_runtimes_return_is_within_the_certified_bound(runtime: str, name: str) -> None:
    result = observe(machine(name, "float32"), runtime, FLOAT32, 20_000, lambda stage: None)
    assert result.observed is not None
    assert result.certified is not None
    assert result.observed <= result.certified <= Fraction(CASES[name][1])
    assert result.note == COVERED
    assert result.bound is None
    assert result.not_finite == 0


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("coarse", BFLOAT16), ("coarse", FLOAT16), ("abs", BFLOAT16), ("multiply", FLOAT64)],
    ids=lambda v: getattr(v, "name", v),
)
def test_other_formats_stay_within_their_bounds_in_torch(torch: Any, name: str, dtype: Dtype) -> None:
    result = observe(machine(name, dtype.name), "torch", dtype, 5000, lambda stage: None)
    assert result.observed is not None
    assert result.certified is not None
    assert 0 < result.observed <= result.certified


def test_the_stock_stack_stays_within_the_bound_too(torch: Any) -> None:
    from relucert.export import torch as exporter
    from relucert.export.torch_stock import Stock

    found = machine("multiply finely", "float32")
    padded = stock(found.transformer)
    run = exporter.batched(Stock(exporter.state(padded.tensors, FLOAT32), padded.num_heads).eval(), torch.float32)
    points = samples(found.certificate.statement.domain, found.network, 2.0**20, FLOAT32, 5000).points
    assert found.verdict.error_bound is not None
    assert abs(run(points)[:, 0] - points[:, 0] * points[:, 1]).max() <= float(found.verdict.error_bound)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["torch", "onnx"])
def test_multiply_at_1e_3_is_certified_and_observed_below_1_2e_3_on_a_million_points(
    request: pytest.FixtureRequest, name: str
) -> None:
    request.getfixturevalue(MODULES[name])
    result = observe(machine("multiply", "float32"), name, FLOAT32, 1_000_000, lambda stage: None)
    assert result.certified is not None
    assert result.observed is not None
    assert result.observed <= result.certified <= Fraction(12, 10_000)


def test_another_format_than_the_certified_one_is_not_covered(np: Any) -> None:
    result = observe(machine("multiply", "float32"), "numpy", FLOAT64, 100, lambda stage: None)
    assert (result.certified, result.note, result.bound) == (None, UNCOVERED, None)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_certified_weights_are_numbers_of_the_format(dtype: str) -> None:
    assert rounding(tensors(machine("coarse", dtype).transformer), DTYPES[dtype]).changed == 0


def test_exported_files_say_for_which_machines_the_statement_was_proved() -> None:
    subject = subject_of(machine("multiply", "float32"))
    assert "proved for machines that keep to the arithmetic" in subject.metadata(FLOAT32)["scope"]
    assert "float32 machines; these weights are bfloat16" in subject.metadata(BFLOAT16)["scope"]
    assert "computed in float32" in subject.metadata(FLOAT32)["statement"]
    with pytest.raises(DeclinedError, match="VNN-LIB speaks of real numbers"):
        vnnlib.export(subject, FLOAT32)


@pytest.mark.parametrize("name", ["torch", "onnx", "numpy"])
def test_the_runtimes_keep_to_the_clauses_that_can_be_seen(request: pytest.FixtureRequest, name: str) -> None:
    """A gate far from its kink returns its input or zero exactly, so that |x| is exact there."""
    request.getfixturevalue(MODULES[name])
    found = machine("abs finely", "float32")
    np = pytest.importorskip("numpy")
    x = np.concatenate([np.linspace(-1, -0.5, 500), np.linspace(0.5, 1, 500)]).astype("float32").astype("float64")
    run = importlib.import_module(f"relucert.export.{name}").runner(found.transformer, FLOAT32)
    assert found.verdict.resources["inverse_temperature"] > 1000
    assert (run(x[:, None])[:, 0] == abs(x)).all()


def test_run_prints_the_certified_bound(np: Any, tmp_path: Path) -> None:
    from tests.cli.command import run

    path = tmp_path / "machine.json"
    built = run("build", "multiply", "--eps", "1e-3", "--dtype", "float32", "-o", path)
    assert built.returncode == 0, built.stderr
    assert "rounding" in built.stdout
    assert "float32" in built.stdout
    report = json.loads(run("run", path, "--runtime", "numpy", "--samples", "1000", "--format", "json").stdout)
    assert float(report["observed"]) <= float(report["certified"]) <= 1.2e-3
    assert report["certified_over_the_reals"] is None
    assert "float32 machines" in run("run", path, "x=1/2", "y=1/4").stdout
    assert "rounding" in run("explain", path).stdout
    assert "the arithmetic is not the wanted one" in run("check", path, "--against", "specs/multiply.yaml").stdout
