"""The same transformer as a stack of stock ``torch.nn.MultiheadAttention``; its weights are in ``stock.safetensors``.

    import torch, stock
    network = stock.load()
    network(torch.tensor([[0.3, -0.7]]))

Nothing here is special: PyTorch's own attention modules without biases, a causal mask, and residual sums around them.
The weights are those of ``model.py``, padded with zeros to one d_head and one number of heads.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import linear

WEIGHTS = Path(__file__).with_name("stock.safetensors")


class Stock(nn.Module):
    """Embedding (1, x), MultiheadAttention layers with residual sums, read-out of the data token."""

    def __init__(self, tensors: dict[str, torch.Tensor], num_heads: int) -> None:
        super().__init__()
        d_model = tensors["embedding"].shape[0]
        kind = tensors["embedding"].dtype
        self.embedding = nn.Parameter(tensors["embedding"])
        self.readout = nn.Parameter(tensors["readout"])
        self.layers = nn.ModuleList(
            nn.MultiheadAttention(d_model, num_heads, bias=False, batch_first=True, dtype=kind)
            for _ in range(sum(name.endswith(".in_proj_weight") for name in tensors))
        )
        self.load_state_dict(tensors)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the outputs (batch, outputs) for inputs (batch, inputs)."""
        data = linear(torch.cat((torch.ones_like(x[:, :1]), x), dim=1), self.embedding)
        stream = torch.stack((torch.zeros_like(data), data), dim=1)  # the sink token is the zero vector
        hidden = torch.ones(2, 2, dtype=torch.bool, device=x.device).triu(1)  # the sink does not see the data token
        for layer in self.layers:
            stream = stream + layer(stream, stream, stream, attn_mask=hidden, need_weights=False)[0]
        return linear(stream[:, 1], self.readout)


def load(path: Path | str = WEIGHTS) -> Stock:
    """Return the transformer of a safetensors file; nothing in such a file can be executed."""
    from safetensors import safe_open
    from safetensors.torch import load_file

    with safe_open(path, "pt") as file:
        num_heads = int(file.metadata()["num_heads"])
    return Stock(load_file(path), num_heads).eval()
