"""An attention-only transformer in PyTorch, complete in this file, with its weights in ``weights.safetensors``.

    import torch, model
    network = model.load()
    network(torch.tensor([[0.3, -0.7]]))

Token 0 is the sink, the zero vector; token 1 is embedding (1, x).  Each layer adds to the stream what its heads return:
scaled_dot_product_attention with scale 1 and a causal mask.  There are no biases, feed-forward parts or norms.  The
file's metadata carries the statement that was certified and the certificate's hash.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import linear, scaled_dot_product_attention

WEIGHTS = Path(__file__).with_name("weights.safetensors")


class Heads(nn.Module):
    """Heads of a layer that share one d_head: w_q, w_k, w_v (heads, d_head, d_model), w_o (heads, d_model, d_head)."""

    def __init__(self, w_q: torch.Tensor, w_k: torch.Tensor, w_v: torch.Tensor, w_o: torch.Tensor) -> None:
        super().__init__()
        self.w_q, self.w_k, self.w_v, self.w_o = (nn.Parameter(w) for w in (w_q, w_k, w_v, w_o))

    def forward(self, stream: torch.Tensor) -> torch.Tensor:
        """Return what the heads add to every token of the stream (batch, tokens, d_model)."""
        heads, d_head, _ = self.w_q.shape
        q, k, v = (
            linear(stream, w.flatten(0, 1)).view(*stream.shape[:2], heads, d_head).transpose(1, 2)
            for w in (self.w_q, self.w_k, self.w_v)
        )
        mixed = scaled_dot_product_attention(q, k, v, is_causal=True, scale=1.0)
        return linear(mixed.transpose(1, 2).flatten(2), self.w_o.transpose(0, 1).flatten(1))


class Layer(nn.Module):
    """All heads of a layer; they read the same stream, and their results are added."""

    def __init__(self, groups: list[Heads]) -> None:
        super().__init__()
        self.groups = nn.ModuleList(groups)

    def forward(self, stream: torch.Tensor) -> torch.Tensor:
        """Return the stream after this layer."""
        updates = [group(stream) for group in self.groups]
        return stream + sum(updates[1:], start=updates[0])


class AttentionOnly(nn.Module):
    """The transformer, from its named tensors."""

    def __init__(self, tensors: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.embedding = nn.Parameter(tensors["embedding"])
        self.readout = nn.Parameter(tensors["readout"])
        self.layers = nn.ModuleList()
        while f"layers.{len(self.layers)}.groups.0.w_q" in tensors:
            groups: list[Heads] = []
            while (name := f"layers.{len(self.layers)}.groups.{len(groups)}") + ".w_q" in tensors:
                groups.append(Heads(*(tensors[f"{name}.{part}"] for part in ("w_q", "w_k", "w_v", "w_o"))))
            self.layers.append(Layer(groups))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the outputs (batch, outputs) for inputs (batch, inputs)."""
        data = linear(torch.cat((torch.ones_like(x[:, :1]), x), dim=1), self.embedding)
        stream = torch.stack((torch.zeros_like(data), data), dim=1)
        for layer in self.layers:
            stream = layer(stream)
        return linear(stream[:, 1], self.readout)


def load(path: Path | str = WEIGHTS) -> AttentionOnly:
    """Return the transformer of a safetensors file; nothing in such a file can be executed."""
    from safetensors.torch import load_file

    return AttentionOnly(load_file(path)).eval()
