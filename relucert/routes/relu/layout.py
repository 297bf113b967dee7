"""The layout of a network for a float machine: every weight a number of the format, every sum formed in one layer.

Every gated pre-activation has a coordinate of its own, which the inputs start and each layer adds to once.  A gate and
its pre-activation arrive in one layer, where c u + d max(u, 0) is nearly a float: a fold 2 |u| is moved by nothing but
its gate's error.  Outputs are accumulated in the stream in the same way, and read as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ...arithmetic.model import FloatFormat
from ...relu.network import Network
from ...transformer.model import Head, Layer, Matrix, Transformer
from .rounding import Names
from .translate import ONE_COORDINATE, Entries, Terms, Wiring, expanded, same_depth_expanded, stored


@dataclass(frozen=True, slots=True)
class Laid:
    """A transformer whose weights are floats, and which coordinate is which neuron's from which layer on."""

    transformer: Transformer
    names: Names
    spelled: tuple[int, ...]


def lay_out(network: Network, inverse_temperature: Fraction, form: FloatFormat, reverse: frozenset[int]) -> Laid:
    """Return the transformer for a float machine; gates of equal depth share a layer.

    The gates to ``reverse`` return max(-u, 0), and max(u, 0) = u + max(-u, 0) is made of that and of the inputs.
    """
    depths = network.depths
    count = 1 + max((depths[j] for j in network.gated), default=-1)
    forms, outputs = same_depth_expanded(network)
    outputs = [expanded(output, forms, set(stored(network, forms, ()))) for output in network.outputs]
    kept = stored(network, forms, outputs)
    forms = {j: _turned(terms, forms, reverse) for j, terms in forms.items()}
    outputs = [_turned(terms, forms, reverse) for terms in outputs]
    wired = Wiring.of(network, {j: forms[j] for j in kept}, outputs, count)
    coordinate, d_model = wired.coordinate, wired.d_model
    names: list[tuple[int, ...]] = []
    layers: list[Layer] = []

    def matrix(height: int, width: int, entries: Entries) -> Matrix:
        return Matrix.of(height, width, {place: form.nearest(value) for place, value in entries.items()})

    def gate(j: int) -> Head:
        sign = -1 if j in reverse else 1
        own = {(0, coordinate[j]): Fraction(sign)}
        query = {(0, coordinate[j]): sign * inverse_temperature}
        key = {(0, ONE_COORDINATE): Fraction(1)}
        w_q, w_k, w_v = (matrix(1, d_model, entries) for entries in (query, key, own))
        return Head(w_q, w_k, w_v, matrix(d_model, 1, wired.writes[j]))

    def mover(start: int, to: dict[int, Fraction]) -> Head:
        zero = Matrix.of(1, d_model, {})
        write = {(row, 0): weight for row, weight in to.items()}
        return Head(zero, zero, matrix(1, d_model, {(0, start): Fraction(2)}), matrix(d_model, 1, write))

    for depth in range(count):
        names.append(tuple(i for j in kept if depths[j] == depth for i in (coordinate[j], j)))
        gates = tuple(map(gate, wired.gates[depth]))
        layers.append(Layer(gates + tuple(mover(coordinate[j], to) for j, to in wired.moves[depth].items())))
    transformer = Transformer(
        matrix(d_model, 1 + network.inputs, wired.embedding),
        tuple(layers),
        matrix(len(outputs), d_model, wired.readout),
    )
    return Laid(transformer, tuple(names), tuple(sorted(reverse)))


def _turned(terms: Terms, forms: dict[int, Terms], reverse: frozenset[int]) -> Terms:
    """Return the form with r_j = u_j + max(-u_j, 0) for every gate that is reversed, u_j affine in the inputs."""
    result: Terms = {}
    for (kind, j), weight in terms.items():
        parts = {(kind, j): Fraction(1)}
        if kind == "r" and j in reverse:
            parts |= forms[j]
        for part, value in parts.items():
            result[part] = result.get(part, Fraction(0)) + weight * value
    return {part: value for part, value in result.items() if value}
