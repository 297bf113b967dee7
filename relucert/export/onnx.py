"""ONNX: the transformer from the user's x to the approximation of f, in standard operators, for any batch size.

    x (batch, inputs) --MatMul, Add, Reshape--> stream (batch, 2, d_model), the sink's row zero
    each group of heads: MatMul (queries, keys, values), MatMul, Add (mask), Softmax, MatMul, MatMul
    each layer: Add (the groups), Add (to the stream)
    stream --Reshape, MatMul--> output (batch, outputs)

The causal mask is an initialiser with the format's lowest finite number where the sink would see the data token.
Against the sink's own score 0, Softmax gives that place exactly 0.  Reshape and Transpose move heads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any

from ..errors import DeclinedError
from ..transformer.model import Head, Transformer
from .dtype import BFLOAT16, Dtype
from .extras import require
from .subject import Export, Subject
from .tensors import Entry, Tensor, groups, rounding, tensors

EXTRA = "onnx"
OPSET = 17
IR_VERSION = 8  # what opset 17 was published with, so that older runtimes load the file
BATCH = 16384
TYPES = {"float16": "FLOAT16", "bfloat16": "BFLOAT16", "float32": "FLOAT", "float64": "DOUBLE"}


def export(subject: Subject, dtype: Dtype) -> Export:
    """Return the bytes of a model that onnx.checker accepts, with the statement in its metadata."""
    note = rounding(tensors(subject.transformer), dtype).note(dtype)
    return Export(model(subject.transformer, dtype, subject.metadata(dtype)), (note,))


def model(transformer: Transformer, dtype: Dtype, metadata: dict[str, str]) -> bytes:
    """Return the serialised model, checked; the same input gives the same bytes."""
    onnx = require("onnx", EXTRA)
    graph = _Graph(onnx, dtype)
    stream = _embed(graph, transformer)
    for k, layer in enumerate(transformer.layers):
        added = [_attend(graph, stream, heads, f"layers.{k}.groups.{g}") for g, heads in enumerate(groups(layer.heads))]
        if added:
            stream = graph.node("Add", stream, reduce(lambda a, b: graph.node("Add", a, b), added))
    _read_out(graph, stream, transformer)
    inputs, outputs = transformer.embedding.columns - 1, transformer.readout.rows
    element = getattr(onnx.TensorProto, TYPES[dtype.name])
    built = onnx.helper.make_model(
        onnx.helper.make_graph(
            graph.nodes,
            "relucert",
            [onnx.helper.make_tensor_value_info("x", element, ["batch", inputs])],
            [onnx.helper.make_tensor_value_info("output", element, ["batch", outputs])],
            graph.initialisers,
        ),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="relucert",
    )
    onnx.helper.set_model_props(built, metadata)
    onnx.checker.check_model(built, full_check=True)
    return bytes(built.SerializeToString(deterministic=True))


class _Graph:
    """Nodes and initialisers in order; names are numbers but for what a reader looks for."""

    def __init__(self, onnx: Any, dtype: Dtype) -> None:
        self.onnx = onnx
        self.dtype = dtype
        self.nodes: list[Any] = []
        self.initialisers: list[Any] = []
        self.mask: str | None = None

    def node(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        name = output or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def tensor(self, name: str, shape: tuple[int, ...], entries: Sequence[Entry]) -> str:
        """Add a tensor of rounded weights and return its name."""
        element = getattr(self.onnx.TensorProto, TYPES[self.dtype.name])
        data = Tensor(name, shape, tuple(entries)).data(self.dtype)
        self.initialisers.append(self.onnx.helper.make_tensor(name, element, shape, data, raw=True))
        return name

    def reshape(self, value: str, *shape: int, output: str | None = None) -> str:
        """Add a Reshape; 0 keeps the batch."""
        name = f"shape_{len(self.initialisers)}"
        data = b"".join(n.to_bytes(8, "little", signed=True) for n in shape)
        self.initialisers.append(
            self.onnx.helper.make_tensor(name, self.onnx.TensorProto.INT64, [len(shape)], data, raw=True)
        )
        return self.node("Reshape", value, name, output=output)

    def masked(self, scores: str) -> str:
        """Add the causal mask to scores (batch, heads, 2, 2)."""
        if self.mask is None:
            self.mask = self.tensor("mask", (1, 1, 2, 2), [((0, 0, 0, 1), -self.dtype.largest)])
        return self.node("Add", scores, self.mask)


def _embed(graph: _Graph, transformer: Transformer) -> str:
    """Return the embedded tokens: side by side, the sink first, and then one below the other."""
    d_model, columns = transformer.d_model, transformer.embedding.columns
    entries = transformer.embedding.entries
    weight = [((j - 1, d_model + i), v) for i, j, v in entries if j > 0]
    bias = [((d_model + i,), v) for i, j, v in entries if j == 0]
    product = graph.node("MatMul", "x", graph.tensor("embedding.weight", (columns - 1, 2 * d_model), weight))
    both = graph.node("Add", product, graph.tensor("embedding.bias", (2 * d_model,), bias))
    return graph.reshape(both, -1, 2, d_model)


def _attend(graph: _Graph, stream: str, heads: Sequence[Head], name: str) -> str:
    """Return what a group of heads of one d_head adds to the stream."""
    count, d_head, d_model = len(heads), heads[0].d_head, heads[0].w_o.rows

    def project(part: str, perm: Sequence[int]) -> str:
        entries = [
            ((j, h * d_head + i), value) for h, head in enumerate(heads) for i, j, value in getattr(head, part).entries
        ]
        weight = graph.tensor(f"{name}.{part}", (d_model, count * d_head), entries)
        split = graph.reshape(graph.node("MatMul", stream, weight), -1, 2, count, d_head)
        return graph.node("Transpose", split, perm=perm)

    scores = graph.node("MatMul", project("w_q", (0, 2, 1, 3)), project("w_k", (0, 2, 3, 1)))
    weights = graph.node("Softmax", graph.masked(scores), axis=-1)
    mixed = graph.node("MatMul", weights, project("w_v", (0, 2, 1, 3)))
    merged = graph.reshape(graph.node("Transpose", mixed, perm=(0, 2, 1, 3)), -1, 2, count * d_head)
    writes = [((h * d_head + j, i), v) for h, head in enumerate(heads) for i, j, v in head.w_o.entries]
    return graph.node("MatMul", merged, graph.tensor(f"{name}.w_o", (count * d_head, d_model), writes))


def _read_out(graph: _Graph, stream: str, transformer: Transformer) -> None:
    d_model = transformer.d_model
    entries: list[tuple[tuple[int, ...], Fraction]] = [((d_model + j, i), v) for i, j, v in transformer.readout.entries]
    weight = graph.tensor("readout", (2 * d_model, transformer.readout.rows), entries)
    graph.node("MatMul", graph.reshape(stream, -1, 2 * d_model), weight, output="output")


def runner(transformer: Transformer, dtype: Dtype) -> Callable[[Any], Any]:
    """Return the function from inputs (samples, inputs) to outputs (samples, outputs), both arrays of float64."""
    runtime = require("onnxruntime", EXTRA)
    np = require("numpy", EXTRA)
    if dtype is BFLOAT16:
        raise DeclinedError("ONNX Runtime computes no bfloat16 on a CPU; try --runtime torch, or --dtype float32")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    session = runtime.InferenceSession(model(transformer, dtype, {}), options, providers=["CPUExecutionProvider"])

    def run(points: Any) -> Any:
        x = np.asarray(points).astype(dtype.name)
        parts = [session.run(None, {"x": x[k : k + BATCH]})[0] for k in range(0, len(x), BATCH)]
        return np.concatenate(parts).astype("float64")

    return run


def version() -> str:
    """Return the runtime's name and version."""
    return f"ONNX Runtime {require('onnxruntime', 'onnx').__version__}"
