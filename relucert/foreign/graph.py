"""An ONNX file as data: nodes in order and exact constants.  Nothing in it is run, and no path leaves its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import DeclinedError, UsageError
from ..export.extras import require

EXTRA = "onnx"
MOST_WEIGHTS = 1_000_000
FLOATS = ("FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16")
INTEGERS = ("INT64", "INT32")


@dataclass(frozen=True, slots=True)
class Operation:
    """One node: its operator, its name for messages, its inputs and outputs by name, its attributes."""

    operator: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]

    def __str__(self) -> str:
        return f"node {self.name!r} ({self.operator})"


@dataclass(frozen=True, slots=True)
class Graph:
    """A model with one input (batch, inputs) or (inputs,) and one output; ``constants`` are finite numpy arrays."""

    operations: tuple[Operation, ...]
    constants: Mapping[str, Any]
    input: str
    shape: tuple[int, ...]
    output: str


def read(path: Path) -> Graph:
    """Return the graph of an ONNX file.

    Raises UsageError where the file is at fault, DeclinedError where it is beyond what is supported or the extra
    ``onnx`` is absent.
    """
    onnx = require("onnx", EXTRA)
    from google.protobuf.message import DecodeError

    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    try:
        model = onnx.load_model_from_string(data)
    except DecodeError:
        raise UsageError(
            f"{path}: not an ONNX model; expected a file written by torch.onnx.export or the like"
        ) from None
    if not model.graph.node and not model.graph.output:
        raise UsageError(f"{path}: not an ONNX model; it holds no graph")
    return _graph(onnx, model, path)


def _graph(onnx: Any, model: Any, path: Path) -> Graph:
    graph = model.graph
    if graph.sparse_initializer:
        raise DeclinedError(f"{path}: sparse initialisers are not supported; store the weights densely")
    constants = {tensor.name: _constant(onnx, tensor, tensor.name, path) for tensor in graph.initializer}
    operations = []
    for k, node in enumerate(graph.node):
        name = node.name or f"#{k}"
        operator = node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}::{node.op_type}"
        if operator == "Constant":
            constants[node.output[0]] = _constant_node(onnx, node, name, path)
            continue
        plain = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        operations.append(Operation(operator, name, tuple(node.input), tuple(node.output), plain))
    if sum(array.size for array in constants.values()) > MOST_WEIGHTS:
        raise DeclinedError(f"{path}: more than {MOST_WEIGHTS} weights")
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise DeclinedError(
            f"{path}: {len(inputs)} inputs and {len(graph.output)} outputs; one tensor of each is supported, such as "
            "x (batch, 2) and y (batch, 1)"
        )
    return Graph(tuple(operations), constants, inputs[0].name, _shape(onnx, inputs[0], path), graph.output[0].name)


def _shape(onnx: Any, value: Any, path: Path) -> tuple[int, ...]:
    """Return the input's shape with a batch of one; only the batch may be of any size."""
    kind = onnx.TensorProto.DataType.Name(value.type.tensor_type.elem_type)
    if kind not in FLOATS:
        raise DeclinedError(f"{path}: the input {value.name!r} holds {kind}; one of {', '.join(FLOATS)} is supported")
    if not value.type.tensor_type.HasField("shape"):
        raise DeclinedError(f"{path}: the input {value.name!r} has no shape; export with a fixed number of inputs")
    dims = [d.dim_value if d.HasField("dim_value") else 0 for d in value.type.tensor_type.shape.dim]
    if len(dims) not in (1, 2):
        raise DeclinedError(f"{path}: the input {value.name!r} has {len(dims)} axes; (batch, inputs) is supported")
    if dims[-1] < 1:
        raise DeclinedError(f"{path}: the input {value.name!r} has a dynamic shape; only its batch may be of any size")
    return (1, dims[1]) if len(dims) == 2 else (dims[0],)


def _constant_node(onnx: Any, node: Any, name: str, path: Path) -> Any:
    values = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    np = require("numpy", EXTRA)
    if "value" in values:
        return _constant(onnx, values["value"], name, path)
    for key, kind in (("value_float", "float32"), ("value_floats", "float32"), ("value_int", "int64"),
                      ("value_ints", "int64")):  # fmt: skip
        if key in values:
            return _finite(np, np.array(values[key], kind), name, path)
    raise DeclinedError(f"{path}: node {name!r} (Constant) holds none of the kinds of value that are supported")


def _constant(onnx: Any, tensor: Any, name: str, path: Path) -> Any:
    """Return a tensor as a numpy array; bfloat16 is widened, exactly."""
    np = require("numpy", EXTRA)
    kind = onnx.TensorProto.DataType.Name(tensor.data_type)
    if kind not in FLOATS + INTEGERS:
        raise DeclinedError(f"{path}: the tensor {name!r} holds {kind}, which is not supported")
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        tensor = _fetched(onnx, tensor, name, path)
    try:
        array = onnx.numpy_helper.to_array(tensor)
    except ValueError as error:
        raise UsageError(f"{path}: the tensor {name!r} is damaged: {error}") from None
    return _finite(np, array if kind != "BFLOAT16" else array.astype("float32"), name, path)


def _finite(np: Any, array: Any, name: str, path: Path) -> Any:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        place = ", ".join(str(int(i)) for i in np.argwhere(~np.isfinite(array))[0])
        raise UsageError(f"{path}: the tensor {name!r} holds {array[~np.isfinite(array)][0]} at [{place}]")
    return array


def _fetched(onnx: Any, tensor: Any, name: str, path: Path) -> Any:
    """Return a copy of the tensor with its external data, read from a file in or below the model's folder."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    folder = path.resolve().parent
    place = (folder / location).resolve()
    if not location or Path(location).is_absolute() or not place.is_relative_to(folder):
        raise UsageError(f"{path}: the tensor {name!r} points to {location!r}, outside of the model's folder")
    try:
        offset, length = int(entries.get("offset", "0")), int(entries.get("length", "-1"))
        if offset < 0 or (length < 0 and "length" in entries):
            raise ValueError
    except ValueError:
        raise UsageError(f"{path}: the tensor {name!r} has an offset or length that is no whole number") from None
    try:
        with place.open("rb") as file:
            file.seek(offset)
            data = file.read(length) if length >= 0 else file.read()
    except OSError as error:
        raise UsageError(f"{path}: the external data of {name!r}, {location}: {error.strerror or error}") from None
    if 0 <= length != len(data):
        raise UsageError(f"{path}: the external data of {name!r}, {location}, ends too early")
    copy = onnx.TensorProto()
    copy.CopyFrom(tensor)
    copy.data_location = onnx.TensorProto.DEFAULT
    del copy.external_data[:]
    copy.raw_data = data
    return copy
