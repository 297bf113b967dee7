"""f, N and T at every data token of one sequence, by brute force over all tokens."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from fractions import Fraction

from ...errors import UsageError, nearest
from ...exact.number import exact_text
from ...loaded import Loaded
from ...relu.network import evaluate_exactly
from ...report.records.run import PointResult
from ...target.expression import Expression, Node, evaluate
from ...target.ranges import Interval
from ...transformer import evaluate as transformer
from .point import precision

SEED = 20260428
MOST_TOKENS = 1024
FINENESS = 10**6  # random inputs are multiples of a millionth of their interval
EXTREMA = ("seen_max", "seen_min")
Rows = list[list[Fraction]]


def is_about_sequences(loaded: Loaded) -> bool:
    """Whether the certificate speaks of tokens that each carry inputs of their own."""
    tokens = loaded.certificate.statement.sequence
    return tokens.layout == "tokenwise" and tokens.most > 1


def is_over_tokens(loaded: Loaded) -> bool:
    """Whether the target at one token depends on what others carry."""
    return any(node.op in EXTREMA for node in loaded.expression.nodes)


def rows_of(loaded: Loaded, values: Mapping[str, Sequence[Fraction]]) -> Rows:
    """Return the inputs of each data token from one list for each input.

    Raises UsageError for missing or unknown inputs, lists of different lengths, lengths that the certificate does not
    speak of, and numbers outside the domain.
    """
    stated = loaded.certificate.statement
    for name in values:
        if name not in stated.inputs:
            raise UsageError(f"no input {name!r}{nearest(name, stated.inputs)}")
    for name in stated.inputs:
        if name not in values:
            raise UsageError(f"the input {name} is missing; try {name}=0,1,... or --tokens 16")
    counts = {len(values[name]) for name in stated.inputs}
    if len(counts) > 1:
        raise UsageError(f"the inputs have different numbers of tokens: {', '.join(map(str, sorted(counts)))}")
    _covered(loaded, counts.pop())
    for name, (lo, hi) in zip(stated.inputs, stated.domain, strict=True):
        for value in values[name]:
            if not lo <= value <= hi:
                raise UsageError(f"{name}={exact_text(value)} is outside [{exact_text(lo)}, {exact_text(hi)}]")
    return [list(row) for row in zip(*(values[name] for name in stated.inputs), strict=True)]


def random_rows(loaded: Loaded, count: int) -> Rows:
    """Return random inputs for ``count`` data tokens, the same ones each time; a quarter of them are corners."""
    _covered(loaded, count)
    return some_rows(loaded.certificate.statement.domain, count)


def some_rows(domain: Sequence[Interval], count: int) -> Rows:
    """Return random points of a box, the same ones each time."""
    draw = random.Random(SEED)  # noqa: S311

    def part() -> Fraction:
        return Fraction(draw.randint(0, FINENESS), FINENESS) if draw.random() < 0.75 else Fraction(draw.randint(0, 1))

    return [[lo + part() * (hi - lo) for lo, hi in domain] for _ in range(count)]


def _covered(loaded: Loaded, count: int) -> None:
    tokens = loaded.certificate.statement.sequence
    if tokens.least > MOST_TOKENS:
        raise UsageError(
            f"brute force over {tokens.least} tokens takes too long here; one built with --length any --up-to "
            f"{tokens.most} can be run on up to {MOST_TOKENS}"
        )
    if not tokens.least <= count <= tokens.most:
        wanted = f"{tokens.most}" if tokens.least == tokens.most else f"{tokens.least} to {tokens.most}"
        raise UsageError(f"the certificate speaks of {wanted} data tokens, not of {count}; try --tokens {tokens.most}")
    if count > MOST_TOKENS:
        raise UsageError(f"brute force over {count} tokens takes too long here; at most {MOST_TOKENS}")


def evaluate_tokens(loaded: Loaded, rows: Rows) -> list[list[PointResult]]:
    """Return for each data token its outputs: f and N exactly, T by plain softmax over all tokens that it sees."""
    stated = loaded.certificate.statement
    digits, working = precision(loaded)
    computed = transformer.evaluate_sequence(
        loaded.transformer, rows, stated.sequence.mask, transformer.context(working)
    )
    targets = target_values(loaded.expression, rows, stated.sequence.mask)
    bound = loaded.verdict.error_bound
    if bound is None:
        raise ValueError("an accepted certificate has a bound")
    results = []
    for row, exact, ts in zip(rows, targets, computed, strict=True):
        network = None if loaded.network is None else evaluate_exactly(loaded.network, row)
        place = tuple(zip(stated.inputs, row, strict=True))
        results.append(
            [
                PointResult(
                    place, digits, working, f, None if network is None else network[o], transformer.exact(t), bound
                )
                for f, t, o in zip(exact, ts, loaded.outputs, strict=True)
            ]
        )
    return results


def target_values(expression: Expression, rows: Rows, mask: str) -> list[list[Fraction]]:
    """Return the exact values of all roots at each token; an extremum over tokens becomes one more input of each."""
    nodes, inputs = list(expression.nodes), [list(row) for row in rows]
    for t, node in enumerate(expression.nodes):
        if node.op in EXTREMA:
            (child,) = node.children
            inner = Expression(tuple(nodes[: child + 1]), (child,))
            values = [evaluate(inner, row)[0] for row in inputs]
            pick = max if node.op == "seen_max" else min
            nodes[t] = Node("input", (len(inputs[0]),))
            for place, row in enumerate(inputs):
                row.append(pick(values[: place + 1] if mask == "causal" else values))
    return [evaluate(Expression(tuple(nodes), expression.roots), row) for row in inputs]
