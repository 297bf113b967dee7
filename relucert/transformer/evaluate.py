"""Evaluate the transformer by its definition, with plain softmax at a stated number of digits."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from operator import mul
from typing import Any

from mpmath.ctx_mp import MPContext
from mpmath.libmp import to_fixed

from .model import FeedForward, Head, Matrix, Transformer

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
    first = 1 + len(transformer.anchors) if _anchors_stay(transformer) else 0
    for layer in transformer.layers:
        updated = [list(token) for token in tokens]
        for head in layer.heads:
            for t, mixed in enumerate(_mixed(head, tokens, mask, ctx, first), first):
                for i, j, value in head.w_o.entries:
                    updated[t][i] += _real(value, ctx) * mixed[j]
        tokens = updated if layer.feed_forward is None else _fed_forward(layer.feed_forward, updated, ctx)
    return [_apply(transformer.readout, token, ctx) for token in tokens[1 + len(transformer.anchors) :]]


def _anchors_stay(transformer: Transformer) -> bool:
    """Return whether no head writes what a key or value reads, so that updates of the sink and anchors never show."""
    heads, parts = transformer.heads, [layer.feed_forward for layer in transformer.layers]
    written = {row for m in (*(h.w_o for h in heads), *(p.w_out for p in parts if p)) for row, _, _ in m.entries}
    return not written & {column for head in heads for m in (head.w_k, head.w_v) for _, column, _ in m.entries}


def _fed_forward(part: FeedForward, tokens: list[list[Any]], ctx: MPContext) -> list[list[Any]]:
    """Return every token X as X + W_out max(W_in X, 0)."""
    units = [[max(value, ctx.zero) for value in row] for row in _applied(part.w_in, tokens, ctx)]
    updates = _applied(part.w_out, units, ctx)
    return [[a + b for a, b in zip(token, update, strict=True)] for token, update in zip(tokens, updates, strict=True)]


def one_per_token(point: Sequence[Fraction]) -> list[list[Fraction]]:
    """Return the inputs of each data token where token s carries the input s alone, and zero for the others."""
    return [[x if k == s else Fraction(0) for k, x in enumerate(point)] for s in range(len(point))]


def _real(q: Fraction, ctx: MPContext) -> Any:
    return ctx.mpf(q.numerator) / q.denominator


def _apply(matrix: Matrix, vector: list[Any], ctx: MPContext) -> list[Any]:
    return _applied(matrix, [vector], ctx)[0]


def _applied(matrix: Matrix, vectors: list[list[Any]], ctx: MPContext) -> list[list[Any]]:
    """Return the matrix times each of the vectors."""
    entries = [(i, j, _real(value, ctx)) for i, j, value in matrix.entries]
    results = []
    for vector in vectors:
        results.append([ctx.zero] * matrix.rows)
        for i, j, value in entries:
            results[-1][i] += value * vector[j]
    return results


def _mixed(head: Head, tokens: list[list[Any]], mask: str, ctx: MPContext, first: int) -> list[list[Any]]:
    """Return for every token from ``first`` on the softmax average of the values of the tokens that it sees.

    Scores are summed as integers over a power of two, finer than the precision, which is many times faster here.
    """
    queries = _applied(head.w_q, tokens[first:], ctx)
    keys, values = (_applied(m, tokens, ctx) for m in (head.w_k, head.w_v))
    fine = ctx.prec + GUARD
    bits = fine + max((max(0, ctx.mag(v)) for row in (*queries, *keys) for v in row if v), default=0)
    asked, offered = ([[to_fixed(v._mpf_, bits) for v in row] for row in rows] for rows in (queries, keys))
    floor = (ctx.prec * 7 // 10 + GUARD) << fine  # weights below 2^-prec exp(-50) of the largest change no digit
    result = []
    for t, query in enumerate(asked, first):
        seen = 1 if t == 0 else t + 1 if mask == "causal" else len(tokens)
        scores = [sum(map(mul, query, offered[s])) >> 2 * bits - fine for s in range(seen)]
        top = max(scores)
        weights = [(s, ctx.exp(ctx.ldexp(score - top, -fine))) for s, score in enumerate(scores) if top - score < floor]
        mass = sum((weight for _, weight in weights), ctx.zero)
        columns = [[values[s][i] for s, _ in weights] for i in range(head.d_head)]
        shares = [weight / mass for _, weight in weights]
        result.append([ctx.fdot(shares, column) if any(column) else ctx.zero for column in columns])
    return result
