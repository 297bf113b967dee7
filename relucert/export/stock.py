"""The transformer's weights for a stack of stock multi-head attention modules: one d_head, one number of heads.

Stock attention divides scores by sqrt(d_head), has one number of heads in each layer, and d_model = heads * d_head.
- A head whose scores are all zero has constant weights, so its values may be read one row at a time: it is cut into
  heads of d_head 1, exactly.
- The common d_head is the least power of 4 that holds every other head, so that sqrt(d_head) is a power of two and
  multiplying w_q by it is exact in any float format short of overflow.
- d_model grows to the larger of the stream and the busiest layer; the new coordinates and heads are zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from ..transformer.model import Head, Matrix, Transformer
from .tensors import Entry, Tensor


@dataclass(frozen=True, slots=True)
class Stock:
    """The tensors that a stack of MultiheadAttention modules loads."""

    num_heads: int
    tensors: tuple[Tensor, ...]

    @property
    def parameters(self) -> int:
        """The number of entries, zeros included."""
        return sum(tensor.size for tensor in self.tensors)


def stock(transformer: Transformer) -> Stock:
    """Return the padded weights; their network has the same outputs in real arithmetic."""
    layers = [[piece for head in layer.heads for piece in _cut(head)] for layer in transformer.layers]
    d_head, root = 1, 1
    while d_head < max((head.d_head for layer in layers for head in layer), default=1):
        d_head, root = 4 * d_head, 2 * root
    num_heads = max(-(-transformer.d_model // d_head), *map(len, layers), 1) if layers else 1
    d_model = num_heads * d_head if layers else transformer.d_model
    found = [_padded("embedding", transformer.embedding, d_model, transformer.embedding.columns)]
    for k, heads in enumerate(layers):
        inward: list[Entry] = []
        outward: list[Entry] = []
        for h, head in enumerate(heads):
            for part, (matrix, factor) in enumerate(((head.w_q, root), (head.w_k, 1), (head.w_v, 1))):
                first = part * d_model + h * d_head
                inward += [((first + i, j), Fraction(factor) * v) for i, j, v in matrix.entries]
            outward += [((i, h * d_head + j), v) for i, j, v in head.w_o.entries]
        found.append(Tensor(f"layers.{k}.in_proj_weight", (3 * d_model, d_model), tuple(inward)))
        found.append(Tensor(f"layers.{k}.out_proj.weight", (d_model, d_model), tuple(outward)))
    found.append(_padded("readout", transformer.readout, transformer.readout.rows, d_model))
    return Stock(num_heads, tuple(found))


def _padded(name: str, matrix: Matrix, rows: int, columns: int) -> Tensor:
    return Tensor(name, (rows, columns), tuple(((i, j), v) for i, j, v in matrix.entries))


def _cut(head: Head) -> Iterator[Head]:
    """Yield heads whose sum is the head: rows of values one by one where all scores are zero."""
    if head.w_q.entries and head.w_k.entries:
        yield head
        return
    d_model = head.w_o.rows
    zero = Matrix.of(1, d_model, {})
    for row in range(head.d_head):
        values = {(0, j): v for i, j, v in head.w_v.entries if i == row}
        writes = {(i, 0): v for i, j, v in head.w_o.entries if j == row}
        if values and writes:
            yield Head(zero, zero, Matrix.of(1, d_model, values), Matrix.of(d_model, 1, writes))
