"""Whether scores or stream values overflow at points of the domain, found before anything is exported.

A score of infinity makes softmax return not-a-number, though every weight is finite.  The transformer is followed
by Python floats at the corners and the centre of the domain: what is found there is a fact about the network, but for a
float's accuracy; what is not found may still happen elsewhere.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from ..exact.number import decimal_up
from ..transformer.model import Matrix
from .dtype import Dtype, OverflowToInfinityError
from .subject import Subject
from .tensors import rounding, tensors, wider

MOST_CORNERS = 32


def refuse_overflow(subject: Subject, dtype: Dtype) -> None:
    """Raise OverflowToInfinityError for a weight, score or stream value beyond the format's range."""
    rounding(tensors(subject.transformer), dtype)  # which names a weight that overflows by itself
    largest = float(dtype.largest)
    for point in _points(subject):
        for what, size in _sizes(subject, point):
            if not size <= largest:
                where = ", ".join(f"{name}={value:.6g}" for name, value in zip(subject.inputs, point, strict=True))
                raise OverflowToInfinityError(
                    f"{what} reaches {size:.4g} at {where} and overflows to infinity in {dtype.name}, whose largest "
                    f"number is {decimal_up(dtype.largest)}; {wider(dtype)}"
                )


def _points(subject: Subject) -> Iterator[tuple[float, ...]]:
    ends = [(float(lo), float(hi)) for lo, hi in subject.domain]
    yield tuple((lo + hi) / 2 for lo, hi in ends)
    yield from itertools.islice(itertools.product(*ends), MOST_CORNERS)
    yield tuple(hi for _, hi in ends)


def _sizes(subject: Subject, point: tuple[float, ...]) -> Iterator[tuple[str, float]]:
    transformer = subject.transformer
    stream = _times(transformer.embedding, [1.0, *point])
    yield "the embedding", max(map(abs, stream), default=0.0)
    for k, layer in enumerate(transformer.layers):
        update = [0.0] * transformer.d_model
        for h, head in enumerate(layer.heads):
            products = zip(_times(head.w_q, stream), _times(head.w_k, stream), strict=True)
            score = sum(q * key for q, key in products)
            yield f"the score of layer {k}, head {h}", abs(score)
            share = _sigmoid(score)
            for i, value in enumerate(_times(head.w_o, [share * v for v in _times(head.w_v, stream)])):
                update[i] += value
        stream = [a + b for a, b in zip(stream, update, strict=True)]
        yield f"the stream after layer {k}", max(map(abs, stream), default=0.0)


def _sigmoid(score: float) -> float:
    """Return what softmax over {sink, itself} gives to itself: 1/(1 + exp(-score))."""
    return 1 / (1 + math.exp(-score)) if score >= 0 else math.exp(score) / (1 + math.exp(score))


def _times(matrix: Matrix, vector: list[float]) -> list[float]:
    result = [0.0] * matrix.rows
    for i, j, value in matrix.entries:
        result[i] += float(value) * vector[j]
    return result
