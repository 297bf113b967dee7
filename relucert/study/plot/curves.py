"""f, N and T as functions of the point that a picture draws, whatever the certificate speaks of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

from mpmath.ctx_mp import MPContext

from ...errors import DeclinedError
from ...exact.number import decimal_up
from ...export import numpy
from ...export.dtype import BFLOAT16, DTYPES
from ...export.extras import require
from ...loaded import Loaded
from ...relu.network import Network
from ...relu.network import evaluate as evaluate_network
from ...transformer import evaluate as transformer
from ..run.point import precision
from ..run.sequence import is_over_tokens, some_rows, target_values

FEW_TOKENS = 3  # drawn where a certificate leaves the number open
MOST_TOKENS = 16

Point = tuple[Fraction, ...]
Function = Callable[[Point], Any]


class Curves(NamedTuple):
    """The functions of one output: T is what ``subject`` says, at the ``place`` among the data tokens, if any.

    ``n`` is None where there is no network beside T.  Values have so many ``digits``.  ``others`` are the inputs of the
    other data tokens on which f depends, ``tokens`` how many data tokens T is computed with at every point.
    """

    subject: str
    place: str
    digits: int
    f: Function
    n: Function | None
    t: Function
    others: Sequence[Sequence[Fraction]] = ()
    tokens: int = 1


def curves(loaded: Loaded, output: int) -> Curves:
    """Return the functions of an output, counted from 1.

    T is computed by plain softmax with a few data tokens.  Where the certificate speaks of many, T is drawn as the
    network with sigmoid gates, which it is near but for a leak that the certificate bounds; where it speaks of float
    machines, as NumPy computes it, if that has the format; where it speaks of a ReLU network, T is that network.
    Raises DeclinedError for tokens that are too many to be computed with.
    """
    digits, working = precision(loaded)
    ctx, k = transformer.context(working), output - 1
    stated = loaded.certificate.statement
    least, most, mask, layout = stated.sequence
    count = most if layout == "one-per-token" else max(least, min(most, FEW_TOKENS))
    place = f"the last of {count} data tokens" if count > 1 else ""
    drawn = count if count <= MOST_TOKENS else FEW_TOKENS
    others, among = some_rows(stated.domain, drawn)[:-1], []
    if is_over_tokens(loaded):  # random inputs may be corners, beside which no other is the largest
        others = among = [[lo + (hi - lo) * s / drawn for lo, hi in stated.domain] for s in range(1, drawn)]

    def f(point: Point) -> Any:
        value = target_values(loaded.expression, [*among, list(point)], mask)[-1][k]
        return ctx.mpf(value.numerator) / value.denominator

    n = _network(loaded, k, ctx, lambda u: max(u, ctx.zero)) if loaded.network is not None else None
    if loaded.attention is None and n is not None:
        return Curves("T, the network certified", place, digits, f, None, n)
    if stated.arithmetic is not None and stated.arithmetic.dtype != BFLOAT16.name:
        name = f"T, by {numpy.version()} in {stated.arithmetic.dtype}"
        return Curves(name, place, digits, f, n, _machine(loaded, k, ctx))
    name = "T, the transformer"
    if stated.arithmetic is not None:
        name = "T over the real numbers (NumPy has no bfloat16)"
    gated = _gated(loaded, k)
    if gated is not None and (not gated[1] or count > MOST_TOKENS):
        beta, leak = gated
        scale = ctx.mpf(beta.numerator) / beta.denominator
        name = f"T, but for a leak of at most {decimal_up(leak, 3)}" if leak else name
        t = _network(loaded, k, ctx, lambda u: u / (1 + ctx.exp(-scale * u)))
        return Curves(name, place, digits, f, n, t)
    if count > MOST_TOKENS and mask == "causal":  # no token sees a later one: it is as if it were the last
        place = f"data token {FEW_TOKENS} of {count}"
    elif count > MOST_TOKENS:
        raise DeclinedError(
            f"under the full mask a token sees all {count}, too many to draw; one built with --length any is drawn"
        )
    return Curves(name, place, digits, f, n, _softmax(loaded, k, ctx, others), among, drawn)


def _network(loaded: Loaded, k: int, ctx: MPContext, gate: Callable[[Any], Any]) -> Function:
    """Return an output of the ReLU network with other gates."""
    if loaded.network is None:
        raise ValueError("the certificate has a network")
    network = loaded.network
    network = Network(network.inputs, network.neurons, (network.outputs[loaded.outputs[k]],))

    @cache
    def real(q: Fraction) -> Any:
        return ctx.mpf(q.numerator) / q.denominator

    return lambda point: evaluate_network(network, [real(x) for x in point], ctx.one, gate, real)[0]


def _machine(loaded: Loaded, k: int, ctx: MPContext) -> Function:
    """Return an output as NumPy computes it in the format of the statement."""
    stated, np = loaded.certificate.statement, require("numpy", "plot")
    if stated.arithmetic is None:
        raise ValueError("the certificate speaks of machines")
    run = numpy.runner(loaded.transformer, DTYPES[stated.arithmetic.dtype])
    return lambda point: ctx.mpf(float(run(np.array([list(map(float, point))]))[0, k]))


def _softmax(loaded: Loaded, k: int, ctx: MPContext, others: Sequence[Sequence[Fraction]]) -> Function:
    """Return an output by plain softmax, read from the last data token."""
    sequence = loaded.certificate.statement.sequence

    def t(point: Point) -> Any:
        spread = sequence.layout == "one-per-token"
        rows = transformer.one_per_token(point) if spread else [*others, point]
        return transformer.evaluate_sequence(loaded.transformer, rows, sequence.mask, ctx)[-1][k]

    return t


def _gated(loaded: Loaded, k: int) -> tuple[Fraction, Fraction] | None:
    """Return beta and the leak if the proof has a step that T is near its network with gates u sigma(beta u).

    That network costs far less to evaluate than the matrices; without a leak it has the same values.
    """
    certificate = loaded.certificate
    for step in certificate.trace:
        fact: Any = step.conclusion
        if hasattr(fact, "bound"):
            left, right = (certificate.terms[t] for t in fact[:2])
            if (left.op, right.op, left.children) == ("subject", "gated", (k,)):
                beta = certificate.networks[right.children[0]].inverse_temperature
                return None if beta is None else (beta, fact.bound)
    return None
