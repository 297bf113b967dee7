"""Evaluate the transformer by its definition, with plain softmax at a stated number of digits."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from mpmath.ctx_mp import MPContext
from mpmath.libmp import to_fixed

from .model import Matrix, Transformer

EXACT_BITS = 4096


def context(digits: int) -> MPContext:
    """Return an mpmath context of its own, so that no global precision is touched."""
    result = MPContext()
    result.dps = digits
    return result


def exact(number: Any) -> Fraction:
    """Return a number of a context as a rational, cut off at 2^-4096, as it may be as small as exp(-10^19)."""
    return Fraction(to_fixed(number._mpf_, EXACT_BITS), 1 << EXACT_BITS)


def evaluate(transformer: Transformer, point: Sequence[Fraction], ctx: MPContext) -> list[Any]:
    """Return the outputs at an exact point as numbers of ``ctx``; an estimate, with no proved error."""

    def real(q: Fraction) -> Any:
        return ctx.mpf(q.numerator) / q.denominator

    def apply(matrix: Matrix, vector: list[Any]) -> list[Any]:
        result = [ctx.zero] * matrix.rows
        for i, j, value in matrix.entries:
            result[i] += real(value) * vector[j]
        return result

    start = [ctx.one, *(real(x) for x in point)]
    tokens = [[ctx.zero] * transformer.d_model, apply(transformer.embedding, start)]
    for layer in transformer.layers:
        updated = [list(token) for token in tokens]
        for head in layer:
            keys = [apply(head.w_k, token) for token in tokens]
            values = [apply(head.w_v, token) for token in tokens]
            for t, token in enumerate(tokens):
                query = apply(head.w_q, token)
                scores = [sum((q * k for q, k in zip(query, keys[s], strict=True)), ctx.zero) for s in range(t + 1)]
                top = max(scores)
                weights = [ctx.exp(score - top) for score in scores]
                mass = sum(weights, ctx.zero)
                mixed = [
                    sum((w * values[s][i] for s, w in enumerate(weights)), ctx.zero) / mass for i in range(head.d_head)
                ]
                for i, update in enumerate(apply(head.w_o, mixed)):
                    updated[t][i] += update
        tokens = updated
    return apply(transformer.readout, tokens[1])
