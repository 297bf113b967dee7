"""The transformer at an exact point, enclosed: what a refutation of a transformer rests on."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ..exact.enclosure import Enclosure
from ..transformer.model import Matrix, Transformer

Vector = list[Enclosure | None]  # None is an exact zero


def enclosed(transformer: Transformer, point: Sequence[Fraction], bits: int) -> list[tuple[Fraction, Fraction]]:
    """Return for every output rationals lo <= T(point) <= hi, computed with ``bits`` bits and rounded outward.

    Proof: against the zero sink a head adds sigma(q . k) W_O W_V X to the data token; the checker's ``attention`` says
    why.  Only an attention-only transformer is read from elsewhere.
    """
    if not transformer.is_attention_only:
        raise ValueError("no enclosure of feed-forward parts is known")
    zero, one = Enclosure.of(0, bits), Enclosure.of(1, bits)

    def apply(matrix: Matrix, vector: Sequence[Enclosure | None]) -> Vector:
        result: Vector = [None] * matrix.rows
        for i, j, value in matrix.entries:
            factor = vector[j]
            if factor is not None:
                part = Enclosure.of(value, bits) * factor
                before = result[i]
                result[i] = part if before is None else before + part
        return result

    stream = apply(transformer.embedding, [one, *(Enclosure.of(x, bits) for x in point)])
    for layer in transformer.layers:
        updated = list(stream)
        for head in layer.heads:
            score = zero
            for q, k in zip(apply(head.w_q, stream), apply(head.w_k, stream), strict=True):
                if q is not None and k is not None:
                    score = score + q * k
            share = one / (one + (-score).exp())
            for i, update in enumerate(apply(head.w_o, apply(head.w_v, stream))):
                if update is not None:
                    before = updated[i]
                    updated[i] = share * update if before is None else before + share * update
        stream = updated
    outputs = [zero if value is None else value for value in apply(transformer.readout, stream)]
    return [(value.lower, value.upper) for value in outputs]
