"""Reading ONNX files: every operator against ONNX Runtime, and every kind of bad file with one clear line."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from relucert.errors import DeclinedError, UsageError
from relucert.foreign.feedforward import network_of
from relucert.foreign.graph import read
from relucert.relu.network import evaluate_exactly

Certify = Callable[..., tuple[int, str, str]]
SIMPLE = [([[1], [-1]], [0, 0]), ([[1, 1]], [0])]


def model(onnx: Any, nodes: list[Any], tensors: dict[str, Any], shape: Any = ("batch", 2), opset: int = 17) -> Any:
    """An ONNX model whose input is x and whose output is y."""
    import numpy as np

    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    arrays = {name: value if hasattr(value, "dtype") else np.array(value, "float32") for name, value in tensors.items()}
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", kind, list(shape))],
        [helper.make_tensor_value_info("y", kind, None)],
        [onnx.numpy_helper.from_array(value, name) for name, value in arrays.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def save(onnx: Any, found: Any, path: Path) -> Path:
    onnx.save(found, path)
    return path


def test_every_supported_operator_computes_what_onnx_runtime_computes(onnx: Any, tmp_path: Path) -> None:
    """All weights are small multiples of 1/8, so that float32 is exact and the two must agree to the last bit."""
    runtime = pytest.importorskip("onnxruntime")
    import numpy as np

    node = onnx.helper.make_node
    nodes = [
        node("Gemm", ["x", "a", "b"], ["g"], transB=1, alpha=0.5, beta=2.0),
        node("Constant", [], ["c"], value=onnx.numpy_helper.from_array(np.array([[0.25, -0.5, 1.0]], "float32"))),
        node("Add", ["g", "c"], ["h"]),
        node("Relu", ["h"], ["r"]),
        node("Identity", ["r"], ["r2"]),
        node("Flatten", ["r2"], ["f"]),
        node("MatMul", ["f", "d"], ["m"]),
        node("Sub", ["s", "m"], ["n"]),
        node("Reshape", ["n", "shape"], ["p"]),
        node("Relu", ["p"], ["q"]),
        node("Neg", ["q"], ["o"]),
        node("Mul", ["o", "scale"], ["t"]),
        node("Sub", ["t", "n"], ["v"]),
        node("Gemm", ["v", "e"], ["y"]),
    ]
    tensors = {"a": [[1, -0.5], [0.25, 2], [-1, -1]], "b": [0.5, 0, -0.125], "d": [[1, -1], [0.5, 2], [-0.25, 1]],
               "s": [0.125], "shape": np.array([0, -1], "int64"), "scale": [0.5, -2], "e": [[1], [-0.5]]}  # fmt: skip
    path = save(onnx, model(onnx, nodes, tensors), tmp_path / "all.onnx")
    network = network_of(read(path))
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    points = np.random.default_rng(1).integers(-16, 17, (200, 2)).astype("float32") / 8
    returned = session.run(None, {"x": points})[0]
    for point, y in zip(points, returned, strict=True):
        exact = evaluate_exactly(network, [Fraction(float(v)) for v in point])
        assert exact == [Fraction(float(v)) for v in y]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_weights_are_the_exact_rationals_of_their_format(onnx: Any, tmp_path: Path, dtype: str) -> None:
    node, kinds = onnx.helper.make_node, {"float16": "FLOAT16", "bfloat16": "BFLOAT16", "float64": "DOUBLE"}
    found = model(onnx, [node("MatMul", ["x", "a"], ["y"])], {}, (1, 1))
    element = getattr(onnx.TensorProto, kinds[dtype])
    found.graph.initializer.append(onnx.helper.make_tensor("a", element, [1, 1], [0.1]))
    network = network_of(read(save(onnx, found, tmp_path / "a.onnx")))
    (weight,) = network.outputs[0].terms.values()
    bits = {"float16": 11, "bfloat16": 8, "float64": 53}[dtype]
    assert weight.denominator.bit_count() == 1
    assert abs(weight - Fraction(1, 10)) <= Fraction(1, 10) / 2**bits
    if dtype == "float64":
        assert weight == Fraction(0.1)


def test_an_operator_that_is_not_supported_is_named_with_its_node(onnx: Any, tmp_path: Path, certify: Certify) -> None:
    node = onnx.helper.make_node
    for operator, name in (("Sigmoid", "squash"), ("Tanh", ""), ("Dropout", "drop")):
        nodes = [node("MatMul", ["x", "a"], ["m"]), node(operator, ["m"], ["y"], name=name)]
        path = save(onnx, model(onnx, nodes, {"a": [[1], [1]]}), tmp_path / "bad.onnx")
        code, out, err = certify(path, "--target", "x*y", "--eps", "1")
        assert (code, out, err.count("\n")) == (3, "", 1)
        assert f"node {name or '#1'!r} ({operator}) is not supported" in err


BAD: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "a dynamic shape": (lambda o: model(o, [o.helper.make_node("Relu", ["x"], ["y"])], {}, ("batch", "n")),
                        DeclinedError, "dynamic shape"),
    "an input with three axes": (lambda o: model(o, [o.helper.make_node("Relu", ["x"], ["y"])], {}, (1, 2, 2)),
                                 DeclinedError, "3 axes"),
    "not a number among the weights": (
        lambda o: model(o, [o.helper.make_node("Add", ["x", "a"], ["y"])], {"a": [1.0, float("nan")]}),
        UsageError, "'a' holds nan at [1]"),
    "infinity among the weights": (
        lambda o: model(o, [o.helper.make_node("Add", ["x", "a"], ["y"])], {"a": [float("-inf"), 0.0]}),
        UsageError, "'a' holds -inf at [0]"),
    "a product of two values": (
        lambda o: model(o, [o.helper.make_node("Mul", ["x", "x"], ["y"])], {}), DeclinedError, "two computed values"),
    "shapes that do not fit": (
        lambda o: model(o, [o.helper.make_node("MatMul", ["x", "a"], ["y"])], {"a": [[1.0], [1.0], [1.0]]}),
        UsageError, "shapes do not fit"),
    "a name that nothing computes": (
        lambda o: model(o, [o.helper.make_node("Add", ["x", "z"], ["y"])], {}), UsageError, "reads 'z'"),
    "a computed shape": (
        lambda o: model(o, [o.helper.make_node("Reshape", ["x", "x"], ["y"])], {}),
        DeclinedError, "dynamic shape"),
    "an operator of its own": (
        lambda o: model(o, [o.helper.make_node("Relu", ["x"], ["y"], domain="my.own")], {}),
        DeclinedError, "(my.own::Relu) is not supported"),
    "text among the weights": (
        lambda o: model(o, [o.helper.make_node("Add", ["x", "a"], ["y"])],
                        {"a": __import__("numpy").array(["1", "2"], object)}), DeclinedError, "STRING"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_model_with(name: str, onnx: Any, tmp_path: Path) -> None:
    make, kind, why = BAD[name]
    path = save(onnx, make(onnx), tmp_path / "bad.onnx")
    with pytest.raises(kind) as error:
        network_of(read(path))
    assert why in str(error.value)


class Bomb:
    """What would run if anything unpickled it."""

    def __reduce__(self) -> Any:
        return (Path.write_text, (Path("boom"), "ran"))


FILES: dict[str, tuple[bytes | None, str]] = {
    "a missing file": (None, "No such file"),
    "an empty file": (b"", "not an ONNX model"),
    "text": (b"hello, this is no model", "not an ONNX model"),
    "a pickle": (pickle.dumps(Bomb()), "not an ONNX model"),
    "a zip such as torch.save writes": (b"PK\x03\x04" + bytes(100), "not an ONNX model"),
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_model(
    name: str, onnx: Any, tmp_path: Path, certify: Certify, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, why = FILES[name]
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x.onnx"
    if data is not None:
        path.write_bytes(data)
    code, out, err = certify(path, "--target", "x*y", "--eps", "1")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert why in err
    assert not (tmp_path / "boom").exists()


def external(onnx: Any, folder: Path, location: str, **entries: str) -> Path:
    """A model whose weight lies in another file."""
    found = model(onnx, [onnx.helper.make_node("MatMul", ["x", "a"], ["y"])], {"a": [[3.0], [5.0]]})
    tensor = found.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    return save(onnx, found, folder / "outside.onnx")


def test_external_data_beside_the_model_are_read(onnx: Any, tmp_path: Path) -> None:
    import numpy as np

    folder = tmp_path / "model"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "w.bin").write_bytes(b"skip" + np.array([3, 5], "<f4").tobytes() + b"rest")
    network = network_of(read(external(onnx, folder, "data/w.bin", offset="4", length="8")))
    assert sorted(network.outputs[0].terms.values()) == [3, 5]


@pytest.mark.parametrize(
    ("location", "entries", "why"),
    [
        ("missing.bin", {}, "No such file"),
        ("../secret.bin", {}, "outside of the model's folder"),
        ("link.bin", {}, "outside of the model's folder"),
        ("ABSOLUTE", {}, "outside of the model's folder"),
        ("", {}, "outside of the model's folder"),
        ("short.bin", {"length": "8"}, "ends too early"),
        ("short.bin", {}, "damaged"),
        ("short.bin", {"offset": "-4"}, "no whole number"),
        ("short.bin", {"offset": "four"}, "no whole number"),
        (".", {}, "directory"),
    ],
)
def test_external_data_that_are_refused(
    onnx: Any, tmp_path: Path, certify: Certify, location: str, entries: dict[str, str], why: str
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(8))
    (folder / "short.bin").write_bytes(bytes(4))
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    place = str(tmp_path / "secret.bin") if location == "ABSOLUTE" else location
    code, out, err = certify(external(onnx, folder, place, **entries), "--target", "x*y", "--eps", "1")
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert why in err


@pytest.mark.parametrize(
    ("target", "why"),
    [("x*y", "has 1 inputs, and the target 'x*y' has 2"), ("x^2; x", "has 1 outputs, and the target 'x^2; x' has 2")],
)
def test_a_model_of_the_wrong_arity(net: Callable[..., Path], certify: Certify, target: str, why: str) -> None:
    code, out, err = certify(net(SIMPLE), "--target", target, "--eps", "1")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert why in err


def test_without_the_extra_the_error_names_it(
    net: Callable[..., Path], certify: Certify, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    path = net(SIMPLE)
    monkeypatch.setitem(sys.modules, "onnx", None)
    code, out, err = certify(path, "--target", "x*x", "--eps", "1")
    assert (code, out) == (3, "")
    assert "pip install 'relucert[onnx]'" in err


def test_a_transformer_of_another_shape_is_declined_with_its_node(onnx: Any, tmp_path: Path, certify: Certify) -> None:
    node = onnx.helper.make_node
    nodes = [node("MatMul", ["x", "a"], ["m"]), node("Softmax", ["m"], ["y"], name="soft")]
    path = save(onnx, model(onnx, nodes, {"a": [[1.0, 0.0], [1.0, 2.0]]}), tmp_path / "t.onnx")
    code, _, err = certify(path, "--target", "x*y; x", "--eps", "1")
    assert code == 3
    assert "node 'soft' (Softmax) where Add was expected" in err


@pytest.mark.parametrize("what", ["mask", "sink", "readout", "score", "axis"])
def test_an_exported_transformer_that_was_changed_is_declined_or_read_as_it_is(
    onnx: Any, tmp_path: Path, what: str
) -> None:
    """What the reading takes for granted (mask, zero sink, read-out of the data token) is looked at in the file."""
    from relucert import pipeline
    from relucert.cli.main import _run
    from relucert.foreign.attention import gated_network, transformer_of
    from relucert.spec.problem import make_problem

    built, path = tmp_path / "m.json", tmp_path / "m.onnx"
    built.write_bytes(pipeline.build(make_problem("abs", Fraction(1, 10))).certificate)
    assert _run(["export", str(built), "--to", "onnx", "-o", str(path), "-q"]) == 0
    gated_network(transformer_of(read(path)))
    found = onnx.load(path)
    tensors = {t.name: t for t in found.graph.initializer}
    name = {"mask": "mask", "sink": "embedding.bias", "readout": "readout", "score": "layers.0.groups.0.w_k"}.get(what)
    if name is None:
        next(n for n in found.graph.node if n.op_type == "Softmax").attribute[0].i = 0
    else:
        array = onnx.numpy_helper.to_array(tensors[name]).copy()
        place = {"mask": (0, 0, 0, 1), "sink": (0,), "readout": (0, 0), "score": (1, 0)}[what]
        array[place] = 0.0 if what == "mask" else 1.0
        tensors[name].CopyFrom(onnx.numpy_helper.from_array(array, name))
    onnx.save(found, path)
    with pytest.raises(DeclinedError) as error:
        gated_network(transformer_of(read(path)))
    assert ("neither a sink gate" if what == "score" else "is not as expected") in str(error.value)
