"""Evaluate the transformer by its definition, with plain softmax at a stated number of digits."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from operator import mul
from typing import Any

from mpmath.ctx_mp import MPContext
from mpmath.libmp import to_fixed

from .model import Head, Matrix, Transformer

EXACT_BITS = 4096
GUARD = 50


def context(digits: int) -> MPContext:
    """Return an mpmath context of its own, so that no global precision is touched."""
    result = MPContext()
    result.dps = digits
    return result


def exact(number: Any) -> Fraction:
    """Return a number of a context as a rational, cut off at 2^-4096, as it may be as small as exp(-10^19)."""
    return Fraction(to_fixed(number._mpf_, EXACT_BITS), 1 << EXACT_BITS)


def evaluate(transformer: Transformer, point: Sequence[Fraction], ctx: MPContext, mask: str = "causal") -> list[Any]:
    """Return the outputs at an exact point, on a single data token; an estimate, as in ``evaluate_sequence``."""
    return evaluate_sequence(transformer, [point], mask, ctx)[0]


def evaluate_sequence(
    transformer: Transformer, rows: Sequence[Sequence[Fraction]], mask: str, ctx: MPContext
) -> list[list[Any]]:
    """Return the outputs at every data token as numbers of ``ctx``; an estimate, with no proved error.

    ``rows`` holds the exact inputs of each data token; softmax runs over all tokens that a token sees.
    """
    width, code = transformer.d_model, transformer.code
    tokens = [[ctx.zero] * width]
    for anchor in transformer.anchors:
        tokens.append([ctx.zero] * width)
        for row, value in anchor:
            tokens[-1][row] = _real(value, ctx)
    for position, row_of_inputs in enumerate(rows):
        start = [ctx.one, *(_real(x, ctx) for x in row_of_inputs)]
        start += [ctx.mpf(entry) for entry in (code.entries(position) if code else ())]
        tokens.append(_apply(transformer.embedding, start, ctx))
    for layer in transformer.layers:
        updated = [list(token) for token in tokens]
        for head in layer:
            for t, mixed in enumerate(_mixed(head, tokens, mask, ctx)):
                for i, j, value in head.w_o.entries:
                    updated[t][i] += _real(value, ctx) * mixed[j]
        tokens = updated
    return [_apply(transformer.readout, token, ctx) for token in tokens[1 + len(transformer.anchors) :]]


def one_per_token(point: Sequence[Fraction]) -> list[list[Fraction]]:
    """Return the inputs of each data token where token s carries the input s alone, and zero for the others."""
    return [[x if k == s else Fraction(0) for k, x in enumerate(point)] for s in range(len(point))]


def _real(q: Fraction, ctx: MPContext) -> Any:
    return ctx.mpf(q.numerator) / q.denominator


def _apply(matrix: Matrix, vector: list[Any], ctx: MPContext) -> list[Any]:
    result = [ctx.zero] * matrix.rows
    for i, j, value in matrix.entries:
        result[i] += _real(value, ctx) * vector[j]
    return result


def _mixed(head: Head, tokens: list[list[Any]], mask: str, ctx: MPContext) -> list[list[Any]]:
    """Return for every token the softmax average of the values of the tokens that it sees.

    Scores are summed as integers over a power of two, finer than the precision, which is many times faster here.
    """
    queries, keys, values = ([_apply(m, token, ctx) for token in tokens] for m in (head.w_q, head.w_k, head.w_v))
    fine = ctx.prec + GUARD
    bits = fine + max((max(0, ctx.mag(v)) for row in (*queries, *keys) for v in row if v), default=0)
    asked, offered = ([[to_fixed(v._mpf_, bits) for v in row] for row in rows] for rows in (queries, keys))
    floor = (ctx.prec * 7 // 10 + GUARD) << fine  # weights below 2^-prec exp(-50) of the largest change no digit
    result = []
    for t, query in enumerate(asked):
        seen = 1 if t == 0 else t + 1 if mask == "causal" else len(tokens)
        scores = [sum(map(mul, query, offered[s])) >> 2 * bits - fine for s in range(seen)]
        top = max(scores)
        weights = [(s, ctx.exp(ctx.ldexp(score - top, -fine))) for s, score in enumerate(scores) if top - score < floor]
        mass = sum((weight for _, weight in weights), ctx.zero)
        columns = [[values[s][i] for s, _ in weights] for i in range(head.d_head)]
        shares = [weight / mass for _, weight in weights]
        result.append([ctx.fdot(shares, column) if any(column) else ctx.zero for column in columns])
    return result
