from __future__ import annotations

import io
import json
import math
import re
import struct
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from relucert.errors import DeclinedError
from relucert.export import npz, onnx, safetensors, torch
from relucert.export.dtype import BFLOAT16, DTYPES, FLOAT32, FLOAT64, Dtype
from relucert.export.extras import require
from relucert.export.stock import stock
from relucert.export.tensors import tensors
from relucert.loaded import Loaded
from relucert.study.export import subject_of
from relucert.transformer.model import Head, Layer, Matrix, Transformer

Load = Callable[[str], Loaded]
SPARSE = "multiply sparse"


def read_safetensors(data: bytes, dtype: Dtype) -> tuple[dict[str, tuple[Any, list[Fraction]]], dict[str, str]]:
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__")
    found = {}
    for name, entry in header.items():
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        cells = [data[k : k + dtype.size] for k in range(start, end, dtype.size)]
        found[name] = entry["shape"], [dtype.decode(int.from_bytes(cell, "little")) for cell in cells]
    return found, metadata


@pytest.mark.parametrize("name", ["multiply", "max5", "point", SPARSE])
@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64, BFLOAT16], ids=lambda d: d.name)
def test_a_safetensors_file_holds_every_weight_rounded_to_nearest(loaded: Load, name: str, dtype: Dtype) -> None:
    subject = subject_of(loaded(name))
    data = safetensors.export(subject, dtype).content
    assert isinstance(data, bytes)
    found, metadata = read_safetensors(data, dtype)
    assert metadata["statement"] == subject.statement
    assert metadata["certificate_sha256"] == subject.sha256
    expected = tensors(subject.transformer)
    assert list(found) == [t.name for t in expected]
    for tensor in expected:
        shape, values = found[tensor.name]
        assert tuple(shape) == tensor.shape
        exact = dict(tensor.entries)
        for index, value in enumerate(values):
            place = []
            for n in reversed(tensor.shape):
                index, i = divmod(index, n)  # noqa: PLW2901
                place.append(i)
            assert value == dtype.nearest(exact.get(tuple(reversed(place)), Fraction(0)))


def test_an_npz_archive_holds_the_same_tensors_without_numpy(loaded: Load) -> None:
    subject = subject_of(loaded("multiply"))
    data = npz.export(subject, FLOAT64).content
    assert isinstance(data, bytes)
    found, _ = read_safetensors(safetensors.export(subject, FLOAT64).content, FLOAT64)  # type: ignore[arg-type]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name, (shape, values) in found.items():
            array = archive.read(f"{name}.npy")
            header = array[10 : 10 + int.from_bytes(array[8:10], "little")].decode()
            assert re.search(r"'shape': \(([^)]*)\)", header).group(1).replace(",", " ").split() == list(
                map(str, shape)
            )  # type: ignore[union-attr]
            floats = struct.unpack(f"<{math.prod(shape)}d", array[10 + len(header) :])
            assert list(map(Fraction, floats)) == values


@pytest.mark.parametrize("dtype", sorted(set(DTYPES) - {"float16"}))
def test_numpy_reads_an_npz_archive_with_its_metadata(loaded: Load, np: Any, dtype: str) -> None:
    subject = subject_of(loaded(SPARSE))
    export = npz.export(subject, DTYPES[dtype])
    with np.load(io.BytesIO(export.content)) as archive:
        metadata = dict(archive["metadata"].tolist())
        assert metadata == subject.metadata(DTYPES[dtype])
        for tensor in tensors(subject.transformer):
            array = archive[tensor.name]
            assert array.shape == tensor.shape
            for place, value in tensor.entries:
                assert Fraction(float(array[place])) == DTYPES[dtype].nearest(value)
    assert any("no bfloat16" in note for note in export.notes) == (dtype == "bfloat16")


def test_the_safetensors_library_reads_what_was_written(loaded: Load, torch: Any, tmp_path: Path) -> None:
    from safetensors import safe_open

    subject = subject_of(loaded("multiply"))
    path = tmp_path / "w.safetensors"
    path.write_bytes(safetensors.export(subject, BFLOAT16).content)  # type: ignore[arg-type]
    with safe_open(path, "pt") as file:
        assert file.metadata() == subject.metadata(BFLOAT16)
        for tensor in tensors(subject.transformer):
            array = file.get_tensor(tensor.name)
            assert array.dtype == torch.bfloat16
            assert all(float(array[place]) == float(BFLOAT16.nearest(v)) for place, v in tensor.entries)


def test_equal_exports_are_equal_bytes(loaded: Load) -> None:
    for module in (npz, safetensors, torch):
        first, second = (module.export(subject_of(loaded("max5")), FLOAT32) for _ in range(2))
        assert first == second


def test_equal_onnx_exports_are_equal_bytes(loaded: Load, onnx: Any) -> None:
    from relucert.export import onnx as ours

    assert ours.export(subject_of(loaded("max5")), FLOAT32) == ours.export(subject_of(loaded("max5")), FLOAT32)


def test_rounding_is_told(loaded: Load) -> None:
    assert safetensors.export(subject_of(loaded("multiply")), FLOAT32).notes == (
        "all 91 nonzero weights are exact in float32",
    )
    assert "4 of 30 nonzero weights are rounded" in safetensors.export(subject_of(loaded("max5")), FLOAT32).notes[0]


def test_an_onnx_model_uses_standard_operators_and_carries_the_statement(loaded: Load, onnx: Any) -> None:
    from relucert.export import onnx as ours

    for name in ("multiply", "max5", "point", SPARSE):
        subject = subject_of(loaded(name))
        model = onnx.load_from_string(ours.export(subject, FLOAT32).content)
        onnx.checker.check_model(model, full_check=True)
        assert {node.op_type for node in model.graph.node} <= {"MatMul", "Add", "Softmax", "Reshape", "Transpose"}
        assert {node.domain for node in model.graph.node} == {""}
        assert {p.key: p.value for p in model.metadata_props} == subject.metadata(FLOAT32)
        assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
        assert not any(t.external_data for t in model.graph.initializer)


def test_a_missing_extra_is_named_with_the_command_that_installs_it(
    loaded: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(DeclinedError, match=r"pip install 'relucert\[onnx\]'") as caught:
        onnx.export(subject_of(loaded("max5")), FLOAT32)
    assert caught.value.exit_code == 3
    with pytest.raises(DeclinedError, match=r"no_such_library is not installed; pip install 'relucert\[numpy\]'"):
        require("no_such_library", "numpy")


def test_the_stock_form_pads_scored_heads_to_a_power_of_four_and_cuts_the_others() -> None:
    def matrix(rows: int, columns: int, *places: tuple[int, int]) -> Matrix:
        return Matrix.of(rows, columns, {place: Fraction(1 + k) for k, place in enumerate(places)})

    scored = Head(matrix(2, 3, (0, 0), (1, 1)), matrix(2, 3, (0, 2)), matrix(2, 3, (1, 0)), matrix(3, 2, (2, 1)))
    linear = Head(matrix(3, 3), matrix(3, 3), matrix(3, 3, (0, 1), (2, 2)), matrix(3, 3, (1, 0), (0, 2)))
    padded = stock(Transformer(matrix(3, 2, (0, 0)), (Layer((scored, linear)),), matrix(1, 3, (0, 2))))
    assert padded.num_heads == 3  # the scored head and the two rows of the linear head that are used
    inward = next(t for t in padded.tensors if t.name == "layers.0.in_proj_weight")
    assert inward.shape == (36, 12)
    assert dict(inward.entries)[1, 1] == 2 * 2  # w_q[1, 1] = 2, times sqrt(4)
    assert dict(inward.entries)[12, 2] == 1  # w_k[0, 2], not scaled


def test_a_stock_form_of_absurd_size_is_left_out_and_that_is_told(
    loaded: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "MOST_STOCK_PARAMETERS", 10)
    export = torch.export(subject_of(loaded("max5")), FLOAT32)
    assert set(export.content) == {"model.py", "weights.safetensors"}  # type: ignore[arg-type]
    assert "stock MultiheadAttention form is left out" in export.notes[-1]
