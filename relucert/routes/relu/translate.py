"""Translate a ReLU network into an attention-only transformer, exactly but for the gates.

Gates of equal depth share a layer.  Every gate is one head: its query reads beta times the coordinate of its
pre-activation, its key the constant one, its value that coordinate.  Two layouts of the stream:

``wide``    a coordinate for each gate and output; each head writes its r_j, with the right total weight, wherever it
            is needed later.  heads = gates, but the weights between a gate and all later ones fill a triangle.
``sparse``  pre-activations are also read by later ones: one linear head a layer moves them, exactly (scores zero, so
            half the value from itself and none from the sink).  heads = gates + about layers; few and short weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ...relu.network import ONE, Atom, Form, Network
from ...transformer.model import Head, Layer, Matrix, Transformer

Entries = dict[tuple[int, int], Fraction]
Heads = tuple[tuple[int, ...], ...]
Terms = dict[Atom, Fraction]

ONE_COORDINATE = 0
MOST_WIDE_WEIGHTS = 20_000


def translate(
    network: Network, inverse_temperature: Fraction, linear_heads: bool = True, wide: bool | None = None
) -> tuple[Transformer, Heads]:
    """Return a transformer equal to the network with gates u * sigma(beta u), and the neurons of each layer.

    They are those of the gate heads, then those that the linear head moves.

    The layout is wide, for fewest heads, unless that needs more than ``MOST_WIDE_WEIGHTS`` nonzero weights and linear
    heads are allowed; ``wide`` chooses the layout where they are.
    """
    if wide is None or not linear_heads:
        small = len(network.gated) <= MOST_WIDE_WEIGHTS and _wide_weights(network) <= MOST_WIDE_WEIGHTS
        wide = small or not linear_heads
    forms, outputs = _flattened(network) if wide else same_depth_expanded(network)
    return _assemble(network, inverse_temperature, {j: forms[j] for j in stored(network, forms, outputs)}, outputs)


def translate_mirrored(network: Network, inverse_temperature: Fraction) -> tuple[Transformer, Heads]:
    """Return the transformer for a data token and its mirror, and the neuron of each head.

    A head returns |u| nearly, as max(u, 0) = (|u| + u) / 2; and half the score does, as the mirror's is its negation.
    """

    def turned(form: Form) -> Form:
        terms: Terms = {}
        for (kind, j), weight in form.terms.items():
            for atom in ((kind, j),) if kind != "r" else (("r", j), ("u", j)):
                terms[atom] = terms.get(atom, Fraction(0)) + (weight / 2 if kind == "r" else weight)
        return Form({atom: value for atom, value in terms.items() if value})

    magnitudes = Network(network.inputs, tuple(map(turned, network.neurons)), tuple(map(turned, network.outputs)))
    return translate(magnitudes, inverse_temperature / 2, linear_heads=False)


def _wide_weights(network: Network) -> int:
    """Return how many (gate, later gate or output) pairs the wide layout connects, at most, or any number too many."""
    reached: list[set[int]] = []
    gated, pairs = set(network.gated), 0
    for j, form in enumerate(network.neurons + network.outputs):
        upstream: set[int] = set()
        for kind, k in form.terms:
            if kind == "u":
                upstream |= reached[k]
            elif kind == "r":
                upstream.add(k)
        reached.append(upstream)
        pairs += len(upstream) if j in gated or j >= len(network.neurons) else 0
        if pairs > MOST_WIDE_WEIGHTS:
            break
    return pairs


def expanded(form: Form, known: dict[int, Terms], keep: set[int]) -> Terms:
    """Return the form with every u_j outside ``keep`` replaced by its known form."""
    if all(kind != "u" or j in keep for kind, j in form.terms):
        return dict(form.terms)
    result: Terms = {}
    for (kind, j), weight in form.terms.items():
        replaced = kind == "u" and j not in keep
        for atom, value in known[j].items() if replaced else (((kind, j), weight),):
            term = weight * value if replaced else value
            result[atom] = result[atom] + term if atom in result else term
    return {atom: value for atom, value in result.items() if value}


def _flattened(network: Network) -> tuple[dict[int, Terms], list[Terms]]:
    """Return every form over (1, x, r) alone."""
    forms: dict[int, Terms] = {}
    for j, form in enumerate(network.neurons):
        forms[j] = expanded(form, forms, set())
    return forms, [expanded(form, forms, set()) for form in network.outputs]


def same_depth_expanded(network: Network) -> tuple[dict[int, Terms], list[Terms]]:
    """Return every form over (1, x, r) and those u_j that are complete at least one layer earlier.

    A u_j of the reader's own depth becomes complete in the layer before both are read, too late to be moved, and so is
    replaced by its form.  An output is read at the end, when every gated u_j is complete.
    """
    depths = network.depths
    forms: dict[int, Terms] = {}
    for j, form in enumerate(network.neurons):
        forms[j] = expanded(form, forms, {i for i in form.neurons() if depths[i] < depths[j]})
    return forms, [expanded(form, forms, set(network.gated)) for form in network.outputs]


def stored(network: Network, forms: dict[int, Terms], outputs: Sequence[Terms]) -> list[int]:
    """Return the neurons that need a coordinate: those with gates, and those that are read as they are."""
    needed = set(network.gated)
    for form in outputs:
        needed |= {j for kind, j in form if kind == "u"}
    for j in range(len(network.neurons) - 1, -1, -1):
        if j in needed:
            needed |= {i for kind, i in forms[j] if kind == "u"}
    return sorted(needed)


@dataclass(frozen=True, slots=True)
class Wiring:
    """The stream, a constant, the stored pre-activations and the outputs, and who writes to its coordinates.

    ``gates[depth]`` are the gates of one layer, ``writes[j]`` is the w_o of gate j, and ``moves[depth][j][row]`` is the
    weight of u_j in ``row``, from that layer on.
    """

    coordinate: dict[int, int]
    d_model: int
    embedding: Entries
    readout: Entries
    gates: tuple[tuple[int, ...], ...]
    writes: dict[int, Entries]
    moves: tuple[dict[int, dict[int, Fraction]], ...]

    @classmethod
    def of(cls, network: Network, forms: dict[int, Terms], outputs: Sequence[Terms], read_from: int = 0) -> Wiring:
        """Return the wiring for these forms; outputs read the u_j that are complete at depth ``read_from`` or later."""
        depths = network.depths
        coordinate = {j: 1 + k for k, j in enumerate(forms)}
        embedding: Entries = {(ONE_COORDINATE, 0): Fraction(1)}
        readout: Entries = {}
        writes: dict[int, Entries] = {j: {} for j in network.gated}
        gates: list[list[int]] = [[] for _ in range(1 + max((depths[j] for j in network.gated), default=-1))]
        for j in network.gated:
            gates[depths[j]].append(j)
        moves: list[dict[int, dict[int, Fraction]]] = [{} for _ in gates]
        rows = [(coordinate[j], form, -1) for j, form in forms.items()]
        rows += [(1 + len(forms) + o, form, o) for o, form in enumerate(outputs)]
        for row, form, output in rows:
            if output >= 0:
                readout[output, row] = Fraction(1)
            for (kind, index), value in form.items():
                if kind == "r":
                    writes[index][row, 0] = value
                elif kind == "u" and output >= 0 and depths[index] >= read_from:
                    readout[output, coordinate[index]] = value
                elif kind == "u":
                    moves[depths[index]].setdefault(index, {})[row] = value
                else:
                    embedding[row, 0 if (kind, index) == ONE else 1 + index] = value
        return cls(coordinate, 1 + len(rows), embedding, readout, tuple(map(tuple, gates)), writes, tuple(moves))


def _assemble(
    network: Network, inverse_temperature: Fraction, forms: dict[int, Terms], outputs: list[Terms]
) -> tuple[Transformer, Heads]:
    """Return the transformer of exact weights, in which one linear head a layer moves all that is moved."""
    wired = Wiring.of(network, forms, outputs)
    d_model, coordinate = wired.d_model, wired.coordinate
    layers: list[Layer] = []
    heads: list[tuple[int, ...]] = []
    one = Fraction(1)
    key = Matrix.of(1, d_model, {(0, ONE_COORDINATE): one})
    for gates, moves in zip(wired.gates, wired.moves, strict=True):
        heads.append(gates + tuple(moves))
        made: list[Head] = []
        for j in gates:
            query, value = (Matrix.of(1, d_model, {(0, coordinate[j]): w}) for w in (inverse_temperature, one))
            made.append(Head(query, key, value, Matrix.of(d_model, 1, wired.writes[j])))
        if moves:
            made.append(_mover({coordinate[j]: to for j, to in moves.items()}, d_model))
        layers.append(Layer(tuple(made)))
    transformer = Transformer(
        Matrix.of(d_model, 1 + network.inputs, wired.embedding),
        tuple(layers),
        Matrix.of(len(outputs), d_model, wired.readout),
    )
    return transformer, tuple(heads)


def _mover(moves: dict[int, dict[int, Fraction]], d_model: int) -> Head:
    """Return the linear head that adds weight * coordinate to row, for moves[coordinate][row] = weight."""
    zero = Matrix.of(len(moves), d_model, {})
    values = {(k, coordinate): Fraction(2) for k, coordinate in enumerate(moves)}
    writes = {(row, k): weight for k, to in enumerate(moves.values()) for row, weight in to.items()}
    return Head(zero, zero, Matrix.of(len(moves), d_model, values), Matrix.of(d_model, len(moves), writes))
