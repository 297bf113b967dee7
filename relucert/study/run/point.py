"""f, N and T at one point, to more digits than the tolerance has."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from ...errors import UsageError, nearest
from ...exact.number import decimal_exponent, exact_text
from ...loaded import Loaded
from ...relu.network import evaluate_exactly
from ...report.records.run import PointResult
from ...target.expression import evaluate
from ...transformer import evaluate as transformer

LEAST_DIGITS = 30
MORE_THAN_TOLERANCE = 10
GUARD = 20
BITS_PER_DIGIT = 4


def evaluate_at(loaded: Loaded, values: Mapping[str, Fraction]) -> list[PointResult]:
    """Return for each output f and N exactly, and T by plain softmax with guard digits beyond the largest weight.

    Where each token carries one input, T is read from the last token.

    Raises UsageError for missing or unknown inputs and for points outside the certified domain.
    """
    stated = loaded.certificate.statement
    for name in values:
        if name not in stated.inputs:
            raise UsageError(f"no input {name!r}{nearest(name, stated.inputs)}")
    for name, (lo, hi) in zip(stated.inputs, stated.domain, strict=True):
        if name not in values:
            raise UsageError(f"the input {name} is missing; try {name}={exact_text((lo + hi) / 2)}")
        if not lo <= values[name] <= hi:
            raise UsageError(f"{name}={exact_text(values[name])} is outside [{exact_text(lo)}, {exact_text(hi)}]")
    point = [values[name] for name in stated.inputs]
    exact = evaluate(loaded.expression, point, BITS_PER_DIGIT * (_digits(loaded) + GUARD))
    network = None if loaded.network is None else evaluate_exactly(loaded.network, point)
    bound = loaded.verdict.error_bound
    norm = loaded.certificate.statement.norm
    if bound is None:
        raise ValueError("an accepted certificate has a bound")
    place = tuple(zip(stated.inputs, point, strict=True))
    if loaded.attention is None and network is not None:
        return [
            PointResult(place, _digits(loaded), 0, f, None, network[o], bound, norm=norm)
            for f, o in zip(exact, loaded.outputs, strict=True)
        ]
    digits, working = precision(loaded)
    context = transformer.context(working)
    rows = transformer.one_per_token(point) if stated.sequence.layout == "one-per-token" else [point]
    computed = transformer.evaluate_sequence(loaded.transformer, rows, stated.sequence.mask, context)[-1]
    machine = None if stated.arithmetic is None else stated.arithmetic.dtype
    return [
        PointResult(
            place,
            digits,
            working,
            f,
            None if network is None else network[o],
            transformer.exact(t),
            bound,
            machine,
            norm,
        )
        for f, t, o in zip(exact, computed, loaded.outputs, strict=True)
    ]


def precision(loaded: Loaded) -> tuple[int, int]:
    """Return how many digits to show, and with how many T is to be computed for them."""
    digits = _digits(loaded)
    if loaded.attention is None:  # a ReLU network is evaluated exactly
        return digits, digits + GUARD
    largest = max((abs(v) for v in _weights(loaded)), default=Fraction(1))
    return digits, digits + GUARD + 2 * max(0, decimal_exponent(largest)) + _depth_digits(loaded)


def _digits(loaded: Loaded) -> int:
    return max(LEAST_DIGITS, MORE_THAN_TOLERANCE - decimal_exponent(loaded.certificate.statement.tolerance))


def _weights(loaded: Loaded) -> list[Fraction]:
    whole = loaded.transformer
    parts = [layer.feed_forward for layer in whole.layers if layer.feed_forward is not None]
    matrices = [m for head in whole.heads for m in (head.w_q, head.w_o)] + [m for p in parts for m in (p.w_in, p.w_out)]
    return [value for matrix in matrices for _, _, value in matrix.entries]


def _depth_digits(loaded: Loaded) -> int:
    """Each layer may double an error: a third of a digit."""
    return len(loaded.transformer.layers) // 3
