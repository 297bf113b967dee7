"""The residual stream of native heads: what every coordinate holds, the heads of each layer, and the transformer.

The data token holds (1, inputs, results).  Anchors hold keys and values in coordinates that are zero on the data token
and that no head writes, so that every later layer finds them as they were given.

In a layer before the last every anchor queries zero, so an anchored head adds to anchor k a mean of values,
(v_1 + ... + v_k) / (k + 1), where the data token has its result.  Where a later layer reads that, the anchor starts
with its negative there: after the layer the anchor's coordinate is exactly zero, and nothing reads it before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate

from ...transformer.model import Head, Layer, Matrix, Transformer, Vector

Coordinates = dict[int, Fraction]  # a linear form over the residual stream
ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Placed:
    """A head: it queries a form, and writes one coordinate.

    ``value`` is a form of the data token, or the values of the anchors; ``keys`` and ``boosts`` are coordinates of
    anchors, None where the key is the constant or no boost is needed.
    """

    query: Coordinates
    value: Coordinates | tuple[Fraction, ...]
    result: int
    weight: Fraction
    keys: int | None = None
    boosts: int | None = None


@dataclass(slots=True)
class Stream:
    """The heads of each layer, and the terms of their softmax, as parts are added."""

    inputs: int
    anchors: int
    layers: list[list[Placed]] = field(default_factory=list)
    softmax: list[list[tuple[tuple[int, ...], int]]] = field(default_factory=list)  # powers, inverse
    width: int = field(init=False)
    columns: dict[tuple[Fraction, ...], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.width = 1 + self.inputs

    def coordinate(self) -> int:
        """Return a new coordinate."""
        self.width += 1
        return self.width - 1

    def column(self, entries: tuple[Fraction, ...]) -> int:
        """Return a coordinate that no head writes, in which the anchors hold these entries."""
        if entries not in self.columns:
            self.columns[entries] = self.coordinate()
        return self.columns[entries]

    def place(self, depth: int, head: Placed, powers: tuple[int, ...], inverse: int) -> None:
        """Put a head into the layer after ``depth`` others."""
        while len(self.layers) <= depth:
            self.layers.append([])
            self.softmax.append([])
        self.layers[depth].append(head)
        self.softmax[depth].append((powers, inverse))

    @property
    def heads(self) -> int:
        """The number of heads."""
        return sum(map(len, self.layers))

    def _is_read(self, result: int, depth: int) -> bool:
        """Return whether a layer after ``depth`` reads of anchors what an anchored head there adds to a coordinate."""
        for later, layer in enumerate(self.layers[depth + 1 :], depth + 1):
            for head in layer:
                queried = head.keys is not None and later < len(self.layers) - 1 and result in head.query
                if queried or (isinstance(head.value, dict) and result in head.value):
                    return True
        return False

    def transformer(self, outputs: list[Coordinates]) -> Transformer:
        """Return the transformer; the embedding holds the constant and the inputs."""
        held: list[Coordinates] = [{} for _ in range(self.anchors)]
        values: dict[int, int] = {}  # coordinate of the values, by result
        for depth, layer in enumerate(self.layers):
            for head in layer:
                if isinstance(head.value, dict):
                    continue
                values[head.result] = head.result
                if self._is_read(head.result, depth):
                    values[head.result] = self.coordinate()
                    for k, total in enumerate(accumulate(head.value)):
                        held[k][head.result] = -total / (k + 2)
                for anchor, value in zip(held, head.value, strict=True):
                    anchor[values[head.result]] = value
        for entries, column in self.columns.items():
            for anchor, entry in zip(held, entries, strict=True):
                anchor[column] = entry
        anchors: tuple[Vector, ...] = tuple(
            tuple((row, entry) for row, entry in sorted(anchor.items()) if entry) for anchor in held
        )
        layers = tuple(Layer(tuple(self._head(head, values) for head in layer)) for layer in self.layers)
        size = 1 + self.inputs
        embedding = Matrix.of(self.width, size, {(k, k): ONE for k in range(size)})
        readout = {(o, k): value for o, form in enumerate(outputs) for k, value in form.items()}
        return Transformer(embedding, layers, Matrix.of(len(outputs), self.width, readout), anchors)

    def _head(self, head: Placed, values: dict[int, int]) -> Head:
        query = {(0, k): entry for k, entry in head.query.items()}
        key = {(0, 0 if head.keys is None else head.keys): ONE}
        value = head.value if isinstance(head.value, dict) else {values[head.result]: ONE}
        rows = 1
        if head.boosts is not None:
            rows, query[1, 0], key[1, head.boosts] = 2, ONE, ONE
        return Head(
            Matrix.of(rows, self.width, query),
            Matrix.of(rows, self.width, key),
            Matrix.of(rows, self.width, {(0, k): entry for k, entry in value.items()}),
            Matrix.of(self.width, rows, {(head.result, 0): head.weight}),
        )


def plus(form: Coordinates, other: Coordinates, factor: Fraction = ONE) -> Coordinates:
    """Return form + factor * other."""
    result = dict(form)
    for k, value in other.items():
        result[k] = result.get(k, Fraction(0)) + factor * value
    return {k: value for k, value in result.items() if value}
