"""The ``relu`` route on sequences: gates that look at their own token, by query-side scores and a position code.

The score of head j between tokens t and s is beta u_j(t) + P(s, t), with P zero at s = t and at most -M elsewhere, so
no other token's contents enter it.  There are no linear heads, which are exact on a single token only: the layout is
the wide one.  Two position codes:

``binary``     L = ceil(log2 n) signs; P = M (<b_s, b_t> - L); entries of size 1, d_head L + 1.
``quadratic``  position q and q^2; P = -M (s - t)^2; two columns, d_head 3, entries up to (n - 1)^2.

In the layout one-per-token a first layer gathers the inputs into the last token: exactly by uniform scores where each
arrives in a coordinate of its own, by one head for each, with a leak, where one coordinate is shared by all tokens.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from ...derivation.judgement import Derivation, Near
from ...exact.number import round_up
from ...relu.gate import gate_constant
from ...relu.leak import Leak, plan_leak
from ...relu.network import Network
from ...spec.problem import Problem
from ...transformer.model import Code, Head, Layer, Matrix, Transformer
from ...transformer.model import Entries as MatrixEntries
from .translate import ONE_COORDINATE, Heads, translate

QUADRATIC_SIZE = 2
Entries = dict[tuple[int, int], Fraction]


def choose_code(length: int, inverse_temperature: Fraction) -> Code:
    """Return the cheaper code: quadratic where it has fewer columns and no entry above the largest weight anyhow."""
    size = (length - 1).bit_length()
    quadratic = Code("quadratic", QUADRATIC_SIZE)
    if size > QUADRATIC_SIZE and quadratic.largest(length) <= inverse_temperature:
        return quadratic
    return Code("binary", size)


def plan(problem: Problem, network: Network, inverse_temperature: Fraction, share: Fraction, bits: int) -> Leak:
    """Return the margin and leak of a network that leaves the leak ``share``; ArithmeticError if that is impossible."""
    code = choose_code(problem.sequence.most, inverse_temperature)
    kappa = gate_constant().kappa
    reach: list[Fraction] = []
    if problem.sequence.coordinates == "shared":
        reach = [max(abs(end) for interval in problem.domain for end in interval)] * len(problem.inputs)
    return plan_leak(network, _box(problem, reach), reach, kappa, inverse_temperature, code, share, bits)


def _box(problem: Problem, reach: list[Fraction]) -> list[tuple[Fraction, Fraction]]:
    """Return where the inputs range on every token, as it is after gathering.

    Under a causal mask, token t < n gathers (n + 1) / (t + 1) times the inputs i <= t, and zero for the others; from a
    shared coordinate it may gather any other token's input instead.
    """
    if reach:
        return [(-size, size) for size in reach]
    count = len(problem.inputs)
    if problem.sequence.layout != "one-per-token" or problem.sequence.mask != "causal":
        return list(problem.domain)
    box = []
    for i, interval in enumerate(problem.domain):
        ends = [Fraction(0), *interval, *(Fraction(count + 1, i + 2) * end for end in interval)]
        box.append((min(ends), max(ends)))
    return box


def transform(
    problem: Problem, network: Network, inverse_temperature: Fraction, leak: Leak, code: Code | None = None
) -> tuple[Transformer, Heads]:
    """Return the transformer for all lengths of the problem, and the neuron of each gate head.

    Without a ``code`` the cheaper one is taken.  A head that gathers input i is named by the number of neurons plus i.
    """
    transformer, heads = translate(network, inverse_temperature, linear_heads=False)
    code, count = code or choose_code(problem.sequence.most, inverse_temperature), len(problem.inputs)
    shared = problem.sequence.coordinates == "shared"
    entries = transformer.embedding.entries
    if problem.sequence.layout == "one-per-token":
        names = tuple(len(network.neurons) + i for i in range(count)) if shared else ()
        transformer, heads = _gathering(transformer, count, shared), (names, *heads)
    transformer = _coded(transformer, code, leak.margin)
    if not shared:
        return transformer, heads
    gatherers = tuple(_gatherer(entries, i, code, leak, transformer.d_model) for i in range(count))
    return replace(transformer, layers=(Layer(gatherers), *transformer.layers[1:])), heads


def _gatherer(entries: MatrixEntries, i: int, code: Code, leak: Leak, width: int) -> Head:
    """Return the head that reads input i from the one coordinate that all tokens hold theirs in.

    Its score is lift + P(s, i) on data token s, above the sink's zero; ``entries`` say where the network wants x_i.
    """
    first = width - code.size
    m, value = Fraction(leak.margin), first - 1
    if code.kind == "binary":
        key = {(0, first + k): m if i >> k & 1 else -m for k in range(code.size)}
        key[0, ONE_COORDINATE] = leak.lift - m * code.size
    else:
        key = {(0, first): 2 * m * i, (0, first + 1): -m, (0, ONE_COORDINATE): leak.lift - m * i * i}
    return Head(
        Matrix.of(1, width, {(0, ONE_COORDINATE): Fraction(1)}),
        Matrix.of(1, width, key),
        Matrix.of(1, width, {(0, value): Fraction(1)}),
        Matrix.of(width, 1, {(row, 0): weight for row, column, weight in entries if column == 1 + i}),
    )


def _gathering(transformer: Transformer, inputs: int, shared: bool = False) -> Transformer:
    """Return the transformer with each input embedded into a coordinate of its own and gathered by a first layer.

    Scores are zero, so the last token reads the sum over all data tokens over n + 1; W_V undoes the division.  If all
    inputs are to be ``shared`` by one coordinate, the first layer is left to be filled in.
    """
    old, width = transformer.d_model, transformer.d_model + (1 if shared else inputs)
    embedding: Entries = {(old + (0 if shared else i), 1 + i): Fraction(1) for i in range(inputs)}
    writes: Entries = {}
    for row, column, value in transformer.embedding.entries:
        if column == 0:
            embedding[row, 0] = value
        else:
            writes[row, column - 1] = value
    first: tuple[Head, ...] = ()
    if not shared:
        zero = Matrix.of(inputs, width, {})
        values = {(i, old + i): Fraction(inputs + 1) for i in range(inputs)}
        first = (Head(zero, zero, Matrix.of(inputs, width, values), Matrix.of(width, inputs, writes)),)
    return Transformer(
        Matrix.of(width, 1 + inputs, embedding),
        (
            Layer(first),
            *(Layer(tuple(_widened(head, width) for head in layer.heads)) for layer in transformer.layers),
        ),
        _resized(transformer.readout, transformer.readout.rows, width),
    )


def _coded(transformer: Transformer, code: Code, margin: int) -> Transformer:
    """Return the transformer with a position code in coordinates of its own, and its term in every gate's score."""
    old, width = transformer.d_model, transformer.d_model + code.size
    columns = transformer.embedding.columns
    embedding = {(i, j): value for i, j, value in transformer.embedding.entries}
    embedding |= {(old + k, columns + k): Fraction(1) for k in range(code.size)}
    layers = []
    for layer in transformer.layers:
        gates = [head.w_q.entries and head.w_k.entries for head in layer.heads]
        layers.append(
            Layer(
                tuple(
                    _scored(head, code, margin, old) if gate else _widened(head, width)
                    for head, gate in zip(layer.heads, gates, strict=True)
                )
            )
        )
    return Transformer(
        Matrix.of(width, columns + code.size, embedding),
        tuple(layers),
        _resized(transformer.readout, transformer.readout.rows, width),
        (),
        code,
    )


def _scored(head: Head, code: Code, margin: int, first: int) -> Head:
    """Return a gate head whose score has the positions' term too; ``first`` is the first coordinate of the code."""
    width = first + code.size
    query = {(i, j): value for i, j, value in head.w_q.entries}
    key = {(i, j): value for i, j, value in head.w_k.entries}
    m = Fraction(margin)
    if code.kind == "binary":
        query[0, ONE_COORDINATE] = -m * code.size
        query |= {(1 + k, first + k): m for k in range(code.size)}
        key |= {(1 + k, first + k): Fraction(1) for k in range(code.size)}
        size = 1 + code.size
    else:
        query |= {(0, first + 1): -m, (1, first): 2 * m, (2, ONE_COORDINATE): -m}
        key |= {(1, first): Fraction(1), (2, first + 1): Fraction(1)}
        size = 3
    return Head(
        Matrix.of(size, width, query),
        Matrix.of(size, width, key),
        _resized(head.w_v, size, width),
        _resized(head.w_o, width, size),
    )


def _widened(head: Head, width: int) -> Head:
    size = head.d_head
    w_q, w_k, w_v = (_resized(m, size, width) for m in (head.w_q, head.w_k, head.w_v))
    return Head(w_q, w_k, w_v, _resized(head.w_o, width, size))


def _resized(matrix: Matrix, rows: int, columns: int) -> Matrix:
    return Matrix(rows, columns, matrix.entries)


def claim(d: Derivation, k: int, gated: int, heads: Heads, leak: Leak) -> Near:
    """Claim that output k of the transformer is near the gated network, at every token that is read: the leak."""
    constant, subject = gate_constant(), d.term("subject", k)
    return d.claim_near(
        "tokens",
        (),
        subject,
        gated,
        round_up(leak.bounds[k]) if leak.bounds[k] else Fraction(0),
        subject=subject,
        gated=gated,
        heads=heads,
        margin=Fraction(leak.margin),
        lift=Fraction(leak.lift),
        kappa=constant.kappa,
        terms=constant.terms,
    )
