"""PyTorch: a folder with the transformer in two forms, its own module and a stock MultiheadAttention stack.

The two modules are the files ``torch_sdpa.py`` and ``torch_stock.py`` beside this one, copied as they are: no code is
generated, and the sizes come from the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import resources
from typing import Any

from ..transformer.model import Transformer
from .dtype import Dtype
from .extras import require
from .safetensors import write
from .stock import stock
from .subject import Export, Subject
from .tensors import Tensor, rounding, tensors

EXTRA = "torch"
BATCH = 16384
MOST_STOCK_PARAMETERS = 50_000_000


def export(subject: Subject, dtype: Dtype) -> Export:
    """Return the folder's files: two modules and their weights; PyTorch itself is not needed to write them."""
    found, padded = tensors(subject.transformer), stock(subject.transformer)
    notes = [rounding(found, dtype).note(dtype)]
    files = {
        "model.py": _source("torch_sdpa.py"),
        "weights.safetensors": write(found, dtype, subject.metadata(dtype)),
    }
    if padded.parameters <= MOST_STOCK_PARAMETERS:
        metadata = subject.metadata(dtype) | {"num_heads": str(padded.num_heads)}
        files |= {"stock.py": _source("torch_stock.py"), "stock.safetensors": write(padded.tensors, dtype, metadata)}
    else:
        notes.append(
            f"the stock MultiheadAttention form is left out: padded to equal heads it has {padded.parameters} "
            f"parameters, more than {MOST_STOCK_PARAMETERS}"
        )
    return Export(files, tuple(notes))


def _source(name: str) -> bytes:
    return (resources.files(__package__) / name).read_bytes()


def state(found: Iterable[Tensor], dtype: Dtype) -> dict[str, Any]:
    """Return named tensors as PyTorch's, each with memory of its own."""
    torch = require("torch", EXTRA)
    kind = getattr(torch, dtype.name)
    return {t.name: torch.frombuffer(bytearray(t.data(dtype)), dtype=kind).reshape(t.shape) for t in found}


def runner(transformer: Transformer, dtype: Dtype) -> Callable[[Any], Any]:
    """Return the function from inputs (samples, inputs) to outputs (samples, outputs), both arrays of float64."""
    torch = require("torch", EXTRA)
    require("numpy", EXTRA)
    from .torch_sdpa import AttentionOnly

    return batched(AttentionOnly(state(tensors(transformer), dtype)).eval(), getattr(torch, dtype.name))


def batched(network: Any, kind: Any) -> Callable[[Any], Any]:
    """Return a PyTorch module as a function of float64 arrays, computed in batches."""
    torch = require("torch", EXTRA)

    def run(points: Any) -> Any:
        x = torch.from_numpy(points).to(kind)
        with torch.inference_mode():
            parts = [network(x[k : k + BATCH]) for k in range(0, len(x), BATCH)]
        return torch.cat(parts).double().numpy()

    return run


def version() -> str:
    """Return the runtime's name and version."""
    return f"PyTorch {require('torch', 'torch').__version__}"
