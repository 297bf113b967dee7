from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relucert.cli.main import _run as run

File = Callable[[str], Path]


def complaint(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize("form", ["npz", "safetensors"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "float16"])
def test_a_file_is_written_in_every_float_format(file_of: File, tmp_path: Path, form: str, dtype: str) -> None:
    path = tmp_path / f"out.{form}"
    assert run(["export", str(file_of("coarse")), "--to", form, "-o", str(path), "--dtype", dtype]) == 0
    assert path.stat().st_size > 500
    assert [p for p in tmp_path.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "float16"])
def test_an_onnx_file_of_every_float_format_passes_the_checker(
    file_of: File, tmp_path: Path, onnx: Any, dtype: str
) -> None:
    path = tmp_path / "out.onnx"
    assert run(["export", str(file_of("coarse")), "--to", "onnx", "-o", str(path), "--dtype", dtype]) == 0
    onnx.checker.check_model(onnx.load(path), full_check=True)


def test_a_folder_is_replaced_only_if_it_holds_an_export(file_of: File, tmp_path: Path, capsys: Any) -> None:
    folder = tmp_path / "out"
    arguments = ["export", str(file_of("max5")), "--to", "torch", "-o", str(folder)]
    assert run(arguments) == 0
    names = {path.name for path in folder.iterdir()}
    assert names == {"model.py", "stock.py", "weights.safetensors", "stock.safetensors"}
    assert run(arguments) == 0
    (folder / "thesis.safetensors").write_text("mine")
    capsys.readouterr()
    assert run(arguments) == 2
    assert "it holds 'thesis.safetensors'; name a new folder" in complaint(capsys)
    assert (folder / "thesis.safetensors").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"out", "max5.json"}


def test_a_smaller_set_of_queries_replaces_a_larger_one(file_of: File, tmp_path: Path, onnx: Any) -> None:
    folder = tmp_path / "out"
    for name, least in (("reciprocal", 50), ("max5", 1)):
        assert run(["export", str(file_of(name)), "--to", "vnnlib", "-o", str(folder)]) == 0
        assert len(list(folder.glob("*.vnnlib"))) >= least
    assert {path.name for path in folder.iterdir()} == {"instances.csv", "network.onnx", "property_0.vnnlib"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--to", "onyx", "-o", "out"], 2, "--to: unknown 'onyx'; did you mean 'onnx'?"),
        (["--to", "npz", "-o", "out", "--dtype", "float23"], 2, "--dtype: unknown 'float23'; did you mean 'float32'?"),
        (["--to", "npz", "-o", "nowhere/out"], 2, "cannot write nowhere/out: No such file or directory"),
        (["--to", "torch", "-o", "nowhere/out"], 2, "cannot write nowhere/out: No such file or directory"),
        (["--to", "torch", "-o", "multiply.json"], 2, "cannot write multiply.json: it is a file"),
        (
            ["--to", "npz", "-o", "out", "--dtype", "float16"],
            2,
            "the weight layers.0.groups.0.w_q[0, 0, 1] = 120854 overflows to infinity in float16, whose largest number "
            "is 65504; try --dtype bfloat16 or float32",
        ),
    ],
)
def test_a_bad_request_is_one_clear_line_and_nothing_is_written(
    file_of: File,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    file_of("multiply")
    assert run(["export", "multiply.json", *arguments]) == code
    assert words in complaint(capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["multiply.json"]


def test_a_score_that_overflows_is_found_before_export(
    file_of: File, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out.npz"
    code = run(["export", str(file_of("reciprocal")), "--to", "npz", "-o", str(path), "--dtype", "float16"])
    assert code == 2
    assert "the score of layer 0, head 0 reaches" in complaint(capsys)
    assert not path.exists()


def test_a_rejected_certificate_is_not_exported(
    file_of: File, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file_of("max5")
    data = json.loads(path.read_bytes())
    data["subject"]["readout"][0][2] = "2"
    path.write_text(json.dumps(data))
    assert run(["export", str(path), "--to", "npz", "-o", str(tmp_path / "out")]) == 1
    assert "rejected at step" in complaint(capsys)
    assert run(["run", str(path), "--runtime", "numpy"]) == 1
    assert not (tmp_path / "out").exists()


def test_a_runtime_is_reported_as_json_with_observed_beside_certified(
    file_of: File, np: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(file_of("multiply"))
    assert run(["run", path, "--runtime", "numpy", "--samples", "1000", "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert 0 < float(report["observed"]) < 1.2e-3
    assert report["certified"] is None
    assert report["note"] == "this certificate does not cover this arithmetic"
    assert report["samples"] == 1000
    assert set(report["samples_by_kind"]) == {"random", "grid", "breakpoint"}
    assert report["dtype"] == "float32"
    assert run(["run", path, "--runtime", "numpy", "--samples", "1000"]) == 0
    text = capsys.readouterr().out
    assert "this certificate does not cover this arithmetic" in text
    assert "of these points" in text
    assert max(map(len, text.splitlines())) <= 80


def test_outputs_that_are_no_numbers_make_the_observed_error_infinite(
    file_of: File, np: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relucert.study.run.runtime.refuse_overflow", lambda subject, dtype: None)
    arguments = ["run", str(file_of("reciprocal")), "--runtime", "numpy", "--dtype", "float16", "--samples", "400"]
    assert run([*arguments, "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["observed"] == "inf"
    assert report["not_finite"] > 0
    assert run(arguments) == 0
    assert "outputs are infinite or not numbers" in capsys.readouterr().out


def test_one_sample_is_enough(file_of: File, np: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", str(file_of("max5")), "--runtime", "numpy", "--samples", "1", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["samples"] == 1


def test_without_a_runtime_the_command_evaluates_a_point(file_of: File, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", str(file_of("multiply")), "x=0.3", "y=-7/10", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["f"] == "-0.21"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--runtime", "tensor"], 2, "--runtime: unknown 'tensor'"),
        (["--runtime", "numpy", "x=1"], 2, "leave out the point"),
        (["--dtype", "float32", "x=1"], 2, "need --runtime"),
        (["--runtime", "numpy", "--samples", "0"], 2, "--samples: expected a positive whole number, not 0"),
        (["--runtime", "numpy", "--samples", "1e9"], 2, "--samples: at most 10000000"),
        (["--runtime", "numpy", "--dtype", "float16"], 2, "overflows to infinity in float16"),
        (["--runtime", "numpy", "--dtype", "bfloat16"], 3, "NumPy has no bfloat16; try --runtime torch"),
    ],
)
def test_a_bad_run_is_one_clear_line(
    file_of: File, np: Any, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    assert run(["run", str(file_of("multiply")), *arguments]) == code
    assert words in complaint(capsys)


@pytest.mark.parametrize(("runtime", "library"), [("torch", "torch"), ("onnx", "onnxruntime"), ("numpy", "numpy")])
def test_an_absent_runtime_is_named_with_its_install_line(
    file_of: File,
    np: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    runtime: str,
    library: str,
) -> None:
    path = str(file_of("max5"))
    monkeypatch.setitem(sys.modules, library, None)
    assert run(["run", path, "--runtime", runtime, "--samples", "10"]) == 3
    assert f"{library} is not installed; pip install 'relucert[{runtime}]'" in complaint(capsys)
