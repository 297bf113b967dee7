"""A ReLU network as heads that interpolate on anchors: every gate is one head over the same anchors 0..P.

The sink is anchor 0, constant tokens are 1..P-1, the data token is anchor P.  They carry k and k^2 in two coordinates
that no head writes.  With spacing D the head of gate u scores b (2 k u / D - k^2) and averages k: D times that is
within c D of min(max(u, 0), P D), for all real u.  Proof in the checker's rule ``anchor_gates``.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from ...relu.network import Network
from ...transformer.model import Head, Layer, Matrix, Transformer
from ..relu.translate import ONE_COORDINATE, Heads, translate

SHARPNESS = Fraction(68, 25)  # b at which the least and the greatest error on a cell nearly agree
CONSTANT = Fraction(39, 625)  # 0.0624 >= c; the least possible is 0.06188
CELLS = 1024
TAYLOR_TERMS = 40
STATED_SHARPNESS = Fraction(32)  # at which softmax is nearly a hard maximum
STATED_LEAK = Fraction(13, 10**15)  # >= exp(-32) / (1 - exp(-96)), the mass on all but the two nearest anchors


def transform(
    network: Network, spacings: Mapping[int, Fraction], reach: int, sharpness: Fraction = SHARPNESS
) -> tuple[Transformer, Heads]:
    """Return the transformer on ``reach`` - 1 anchors, and the neuron of each head, for a spacing of each gate."""
    plain, heads = translate(network, Fraction(1), linear_heads=False)
    old, width = plain.d_model, plain.d_model + 2
    embedding = {(i, j): value for i, j, value in plain.embedding.entries}
    embedding |= {(old, 0): Fraction(reach), (old + 1, 0): Fraction(reach**2)}
    layers = tuple(
        Layer(tuple(_head(head, spacings[j], old, sharpness) for j, head in zip(names, layer.heads, strict=True)))
        for names, layer in zip(heads, plain.layers, strict=True)
    )
    transformer = Transformer(
        Matrix.of(width, plain.embedding.columns, embedding),
        layers,
        Matrix(plain.readout.rows, width, plain.readout.entries),
        tuple(((old, Fraction(k)), (old + 1, Fraction(k**2))) for k in range(1, reach)),
    )
    return transformer, heads


def _head(gate: Head, spacing: Fraction, first: int, sharpness: Fraction) -> Head:
    """Return the head of a gate, from its head on the sink; ``first`` is the coordinate of k, the next that of k^2."""
    width = first + 2
    ((_, coordinate, _),) = gate.w_v.entries
    query = {(0, coordinate): 2 * sharpness / spacing, (1, ONE_COORDINATE): -sharpness}
    return Head(
        w_q=Matrix.of(2, width, query),
        w_k=Matrix.of(2, width, {(0, first): Fraction(1), (1, first + 1): Fraction(1)}),
        w_v=Matrix.of(2, width, {(0, first): Fraction(1)}),
        w_o=Matrix.of(width, 2, {(row, 0): weight * spacing for row, _, weight in gate.w_o.entries}),
    )
