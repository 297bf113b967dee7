"""What the transformer computes, and what it costs: the definition on which every proof rests.

Semantics.  The tokens are, in this order: the *sink*, the zero vector of R^d_model; the *anchors* 1..p, constant
vectors given in the file; the data tokens 1..n.  Data token t starts as  embedding (1, x_1, ..., x_d, code(t)):
in the layout "tokenwise" x is its own point of the box, in "one-per-token" (n = d) it is 0 but for x_t.  With the
position q = t - 1, code(t) of kind "binary" and size L is the sign +1 or -1 for each of the binary digits 1 or 0 of q,
lowest first; of kind "quadratic", (q, q^2).  Mask "causal": every token sees itself and all before it.  Mask "full":
the sink sees itself, every other token sees all tokens.  In the layout "mirrored" one more token, the mirror, starts as
minus the data token, there are no anchors and no code, and the mask is "explicit": the data token and the mirror see
themselves and each other, and not the sink, which sees itself.  There are no biases, and softmax alone normalises.  One
layer maps every token t, anchors too, to

    Y_t = X_t + sum over heads h of  W_O  sum over visible s of  a_s W_V X_s,
    a = softmax over visible s of  (W_Q X_t) . (W_K X_s),

and then, if the layer has a feed-forward part, to  Y_t + W_out max(W_in Y_t, 0), the maximum taken in each row.

The sink sees itself alone, so each of its updates is W_O W_V 0 = 0 and W_out max(W_in 0, 0) = 0: it stays zero for
ever.  Hence its score against every token is 0 and its value is 0.  Without anchors and with one data token a head
therefore adds to that token, with sigma(z) = 1 / (1 + exp(-z)), under either mask exactly

    sigma((W_Q X) . (W_K X)) W_O W_V X.

Rules that know of heads alone see no transformer with feed-forward parts, and rules that do not say so no mirrored
tokens: ``Context.subject`` and ``Context.transformer`` refuse them.

Output k of the transformer at a data token is row k of  readout X  after the last layer.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from .model import MIRRORED, ONE, Atom, Attention, Form, Head, Matrix, Statement
from .number import cost
from .refusal import Declined

MAX_COEFFICIENT = 1 << 18  # binary digits of a coefficient of a form: sums of long fractions grow without end
Spend = Callable[[int], None]


def embedded(subject: Attention, inputs: int, spend: Spend) -> list[Form]:
    """Return each coordinate of an embedded data token as a form in ONE, ("x", input) and ("code", column).

    The work counted is that of whoever goes on to visit every head and the read-out, too.
    """
    spend(subject.d_model + len(subject.embedding) + len(subject.readout))
    spend(sum(1 + len(layer.heads) for layer in subject.layers))
    stream: list[Form] = [{} for _ in range(subject.d_model)]
    for (row, column), value in subject.embedding.items():
        atom: Atom = ("x", column - 1) if column <= inputs else ("code", column - 1 - inputs)
        stream[row][atom if column else ONE] = value
    return stream


def read(matrix: Matrix, rows: int, stream: list[Form], spend: Spend) -> list[Form]:
    """Return ``matrix`` times the stream, one form for each of its ``rows``."""
    spend(rows)
    result: list[Form] = [{} for _ in range(rows)]
    for (row, column), weight in matrix.items():
        add_scaled(result[row], weight, stream[column], spend)
    return result


def add_scaled(target: Form, factor: Fraction, form: Form, spend: Spend) -> None:
    """Add ``factor`` times ``form`` to ``target`` in place; zero coefficients are not kept, very long ones declined."""
    spend(1 + len(form))
    alone = factor == 1
    for atom, value in form.items():
        total = value if alone else factor * value
        if atom in target:
            total += target[atom]
        elif alone and value:
            target[atom] = total
            continue
        digits = total.numerator.bit_length() + total.denominator.bit_length()
        if digits > MAX_COEFFICIENT:
            raise Declined(f"a coefficient of more than {MAX_COEFFICIENT} binary digits")
        if digits > 512:  # shorter ones take no longer than the shortest
            spend(cost(total))
        if total:
            target[atom] = total
        else:
            target.pop(atom, None)


def query_key(head: Head, spend: Spend) -> Matrix:
    """Return W_Q^T W_K, which does not change when a factor is moved from one to the other."""
    keys: dict[int, list[tuple[int, Fraction]]] = {}
    for (row, column), value in head.w_k.items():
        keys.setdefault(row, []).append((column, value))
    result: Matrix = {}
    for (row, i), q in head.w_q.items():
        for j, k in keys.get(row, ()):
            result[i, j] = q * k + result[i, j] if (i, j) in result else q * k
            spend(cost(result[i, j]))
    return result


def resources(subject: Attention, stated: Statement, gates: int, spend: Spend) -> dict[str, int | Fraction]:
    """Return what the transformer costs, counted from its matrices, for the longest sequence stated.

    ``parameters`` counts nonzero entries and ``parameters_dense`` all entries of every matrix and anchor, the
    embedding and the read-out included; ``bits`` is the largest number of binary digits that any
    one weight needs (numerator and denominator together); ``feed_forward_width`` is the largest width of a layer's
    feed-forward part; ``code_max`` is the largest entry of a position code.
    """
    inputs, code = len(stated.inputs), subject.code
    last = stated.sequence.most - 1
    heads = [head for layer in subject.layers for head in layer.heads]
    parts = [layer.feed_forward for layer in subject.layers if layer.feed_forward is not None]
    matrices: list[dict[Any, Fraction]] = [subject.embedding, subject.readout, *subject.anchors]
    matrices += [matrix for head in heads for matrix in head[1:]] + [matrix for part in parts for matrix in part[1:]]
    entries = {id(value): value for matrix in matrices for value in matrix.values()}.values()  # many are one object
    columns = 1 + inputs + (code.size if code else 0) + subject.outputs + len(subject.anchors)
    columns += sum(4 * head.d_head for head in heads) + sum(2 * part.width for part in parts)
    return {
        "tokens": 1 + len(subject.anchors) + stated.sequence.most + (stated.sequence == MIRRORED),
        "layers": len(subject.layers),
        "heads": len(heads),
        "gates": gates,
        "d_model": subject.d_model,
        "d_head": max((head.d_head for head in heads), default=0),
        "feed_forward_width": max((part.width for part in parts), default=0),
        "parameters": sum(map(len, matrices)),
        "parameters_dense": subject.d_model * columns,
        "max_weight": max((abs(value) for value in entries), default=Fraction(0)),
        "inverse_temperature": max(
            (abs(value) for head in heads for value in query_key(head, spend).values()), default=Fraction(0)
        ),
        "bits": max((v.numerator.bit_length() + v.denominator.bit_length() for v in entries), default=0),
        "code_size": code.size if code else 0,
        "code_max": 0 if code is None else min(1, code.size) if code.kind == "binary" else last**2,
    }
