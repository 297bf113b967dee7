"""What a transformer costs, counted from its matrices and never from a formula."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from .model import Head, Transformer


class Resources(NamedTuple):
    """The counts of the report; the README's glossary defines each."""

    tokens: int
    layers: int
    heads: int
    gates: int
    d_model: int
    d_head: int
    feed_forward_width: int
    parameters: int
    parameters_dense: int
    max_weight: Fraction
    inverse_temperature: Fraction
    bits: int
    code_size: int
    code_max: int


NAMES = Resources._fields


def count(transformer: Transformer, gates: int, length: int = 1, mirrors: int = 0) -> Resources:
    """Return the resources of a transformer that realises ``gates`` ReLU gates, on ``length`` data tokens."""
    heads, parts = transformer.heads, [layer.feed_forward for layer in transformer.layers if layer.feed_forward]
    matrices = [transformer.embedding, transformer.readout]
    for head in heads:
        matrices += [head.w_q, head.w_k, head.w_v, head.w_o]
    for part in parts:
        matrices += [part.w_in, part.w_out]
    entries = [value for matrix in matrices for _, _, value in matrix.entries]
    entries += [value for anchor in transformer.anchors for _, value in anchor]
    distinct = {id(value): value for value in entries}.values()  # many are one object
    dense = sum(matrix.rows * matrix.columns for matrix in matrices) + len(transformer.anchors) * transformer.d_model
    code = transformer.code
    return Resources(
        tokens=1 + len(transformer.anchors) + length + mirrors,
        layers=len(transformer.layers),
        heads=len(heads),
        gates=gates,
        d_model=transformer.d_model,
        d_head=max((head.d_head for head in heads), default=0),
        feed_forward_width=max((part.width for part in parts), default=0),
        parameters=len(entries),
        parameters_dense=dense,
        max_weight=max((abs(value) for value in distinct), default=Fraction(0)),
        inverse_temperature=max((_temperature(head) for head in heads), default=Fraction(0)),
        bits=max((v.numerator.bit_length() + v.denominator.bit_length() for v in distinct), default=0),
        code_size=code.size if code else 0,
        code_max=code.largest(length) if code else 0,
    )


def _temperature(head: Head) -> Fraction:
    """Return the largest absolute entry of W_Q^T W_K."""
    product: dict[tuple[int, int], Fraction] = {}
    for r, i, q in head.w_q.entries:
        for s, j, k in head.w_k.entries:
            if r == s:
                product[i, j] = product[i, j] + q * k if (i, j) in product else q * k
    return max((abs(v) for v in product.values()), default=Fraction(0))
