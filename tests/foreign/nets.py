"""Networks written down for the tests, layer by layer as people train them, and as ONNX files."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

Layer = tuple[list[list[Fraction]], list[Fraction]]  # weights (out, in) and biases


def product_layers(m: int = 4) -> list[Layer]:
    """x*y = ((x+y)/2)^2 - ((x-y)/2)^2, each square by m hats and an accumulator, all in plain layers."""
    half, quarter = Fraction(1, 2), Fraction(1, 4)
    zero, one = Fraction(0), Fraction(1)
    layers: list[Layer] = [([[half, half], [-half, -half], [half, -half], [-half, half]], [zero] * 4)]

    def both(block: list[list[Fraction]], bias: list[Fraction]) -> Layer:
        width = len(block[0])
        rows = [row + [zero] * width for row in block] + [[zero] * width + row for row in block]
        return rows, bias + bias

    layers.append(both([[one, one], [one, one], [one, one]], [zero, -half, zero]))
    for k in range(1, m):
        hat = [2 * one, -4 * one, zero]
        scale = quarter**k
        layers.append(both([hat, hat, [-2 * scale, 4 * scale, one]], [zero, -half, zero]))
    scale = quarter**m
    last = [-2 * scale, 4 * scale, one]
    layers.append(([last + [-c for c in last]], [zero]))
    return layers


def write_onnx(path: Path, layers: Sequence[Layer], dtype: str = "float32", gemm: bool = True, inputs: int = 0) -> Path:
    """Write the layers with ReLU between them."""
    import numpy as np
    import onnx
    from onnx import helper, numpy_helper

    nodes: list[Any] = []
    tensors: list[Any] = []
    name = "x"
    for k, (weights, biases) in enumerate(layers):
        w = np.array([[float(v) for v in row] for row in weights], dtype)
        tensors.append(numpy_helper.from_array(w if gemm else w.T.copy(), f"w{k}"))
        tensors.append(numpy_helper.from_array(np.array([float(v) for v in biases], dtype), f"b{k}"))
        out = "y" if k == len(layers) - 1 else f"u{k}"
        if gemm:
            nodes.append(helper.make_node("Gemm", [name, f"w{k}", f"b{k}"], [out], transB=1, name=f"gemm{k}"))
        else:
            nodes.append(helper.make_node("MatMul", [name, f"w{k}"], [f"m{k}"], name=f"matmul{k}"))
            nodes.append(helper.make_node("Add", [f"m{k}", f"b{k}"], [out], name=f"add{k}"))
        if out != "y":
            nodes.append(helper.make_node("Relu", [out], [f"r{k}"], name=f"relu{k}"))
            name = f"r{k}"
    kind = {"float32": onnx.TensorProto.FLOAT, "float64": onnx.TensorProto.DOUBLE}[dtype]
    count = inputs or len(layers[0][0][0])
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", kind, ["batch", count])],
        [helper.make_tensor_value_info("y", kind, ["batch", len(layers[-1][0])])],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path
