"""The transformer in plain NumPy: matrix products, and a softmax that subtracts the largest score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import DeclinedError
from ..transformer.model import Transformer
from .dtype import BFLOAT16, Dtype
from .extras import require
from .tensors import tensors

BATCH = 8192
MASK = ((True, False), (True, True))  # rows are readers: the sink sees itself, the data token sees both


def arrays(transformer: Transformer, dtype: Dtype) -> dict[str, Any]:
    """Return the named tensors as NumPy arrays of the format."""
    np = require("numpy", "numpy")
    if dtype is BFLOAT16:
        raise DeclinedError("NumPy has no bfloat16; try --runtime torch, or --dtype float32")
    found = tensors(transformer)
    return {t.name: np.frombuffer(t.data(dtype), dtype.name).reshape(t.shape) for t in found}


def runner(transformer: Transformer, dtype: Dtype) -> Callable[[Any], Any]:
    """Return the function from inputs (samples, inputs) to outputs (samples, outputs), both arrays of float64."""
    np = require("numpy", "numpy")
    weights = arrays(transformer, dtype)

    def batch(x: Any) -> Any:
        data = np.concatenate((np.ones((len(x), 1), x.dtype), x), axis=1) @ weights["embedding"].T
        stream = np.stack((np.zeros_like(data), data), axis=1)
        for k in range(len(transformer.layers)):
            stream = stream + _layer(np, stream, weights, k)
        return stream[:, 1] @ weights["readout"].T

    def run(points: Any) -> Any:
        x = np.asarray(points).astype(dtype.name)
        with np.errstate(all="ignore"):  # what overflows is seen in the result
            parts = [batch(x[k : k + BATCH]) for k in range(0, len(x), BATCH)]
        return np.concatenate(parts).astype("float64")

    return run


def _layer(np: Any, stream: Any, weights: dict[str, Any], k: int) -> Any:
    mask, update, g = np.array(MASK), 0, 0
    while f"layers.{k}.groups.{g}.w_q" in weights:
        w_q, w_k, w_v, w_o = (weights[f"layers.{k}.groups.{g}.{part}"] for part in ("w_q", "w_k", "w_v", "w_o"))
        samples, tokens, d_model = stream.shape
        heads, d_head, _ = w_q.shape
        queries, keys, values = (
            (stream @ w.reshape(-1, d_model).T).reshape(samples, tokens, heads, d_head).transpose(0, 2, 1, 3)
            for w in (w_q, w_k, w_v)
        )
        scores = queries @ keys.transpose(0, 1, 3, 2)
        scores = np.where(mask, scores, -np.inf)
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = powers / powers.sum(axis=-1, keepdims=True) @ values
        merged = mixed.transpose(0, 2, 1, 3).reshape(samples, tokens, heads * d_head)
        update = update + merged @ w_o.transpose(0, 2, 1).reshape(heads * d_head, d_model)
        g += 1
    return update


def version() -> str:
    """Return the runtime's name and version."""
    return f"NumPy {require('numpy', 'numpy').__version__}"
