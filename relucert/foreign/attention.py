"""An attention-only graph of the shape that ``relucert export --to onnx`` writes, read back to its matrices.

The sink has to be zero, the mask has to hide the data token from it, and the output may read the data token only; the
mask's lowest finite float is taken as "not visible".  Everything else is read from the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ..errors import DeclinedError
from ..relu.network import ONE, Atom, Form, Network
from ..transformer.model import Head, Layer, Matrix, Transformer
from .graph import Graph, Operation

Entries = dict[tuple[int, int], Fraction]
Heads = tuple[tuple[int, ...], ...]
SHAPE = "a transformer is read back only in the shape that relucert export --to onnx writes"
HIDDEN = -30_000  # a mask's number at or below this hides a token


def transformer_of(graph: Graph) -> Transformer:
    """Return the transformer; DeclinedError, naming the node, where the graph has another shape."""
    reading = _Reading(graph)
    inputs = graph.shape[-1]
    weight = reading.weight("MatMul", graph.input)
    bias = reading.weight("Add", reading.last)
    d_model = bias.shape[0] // 2
    stream = reading.reshape([-1, 2, d_model], reading.last)
    reading.require(
        weight.shape == (inputs, 2 * d_model) and not weight[:, :d_model].any() and not bias[:d_model].any()
    )
    embedding: Entries = {(i, 0): _exact(bias[d_model + i]) for i in range(d_model)}
    embedding |= {(i, 1 + j): _exact(weight[j, d_model + i]) for i in range(d_model) for j in range(inputs)}
    layers: list[Layer] = []
    while reading.next("MatMul"):
        updates: list[str] = []
        heads: list[Head] = []
        while reading.next("MatMul"):
            found = reading.group(stream, d_model)
            heads += found
            updates.append(reading.last)
        reading.require(bool(updates))
        stream = reading.total([stream, *updates])
        layers.append(Layer(tuple(heads)))
    flat = reading.reshape([-1, 2 * d_model], stream)
    out = reading.weight("MatMul", flat)
    reading.require(out.shape[0] == 2 * d_model and not out[:d_model].any() and reading.last == graph.output)
    reading.done()
    outputs = out.shape[1]
    readout = {(k, i): _exact(out[d_model + i, k]) for k in range(outputs) for i in range(d_model)}
    return Transformer(Matrix.of(d_model, 1 + inputs, embedding), tuple(layers), Matrix.of(outputs, d_model, readout))


class _Reading:
    """The nodes in their order, each checked as it is taken; ``last`` is the output of the one taken last."""

    def __init__(self, graph: Graph) -> None:
        self.constants = graph.constants
        self.operations: Sequence[Operation] = graph.operations
        self.position = 0
        self.last = ""

    def next(self, operator: str) -> bool:
        """Return whether the next node has this operator."""
        return self.position < len(self.operations) and self.operations[self.position].operator == operator

    def take(self, operator: str, inputs: set[str], **attributes: Any) -> Operation:
        """Take the next node, which must have this operator and read at least these values."""
        if not self.next(operator):
            found = self.operations[self.position] if self.position < len(self.operations) else "the end of the graph"
            raise DeclinedError(f"{found} where {operator} was expected: {SHAPE}")
        operation = self.operations[self.position]
        self.position += 1
        self.require(inputs <= set(operation.inputs) and len(operation.inputs) <= 2 and len(operation.outputs) == 1)
        self.require(all(operation.attributes.get(key) == value for key, value in attributes.items()))
        self.last = operation.outputs[0]
        return operation

    def require(self, held: bool) -> None:
        """Raise DeclinedError, naming the node taken last, unless what is required holds."""
        if not held:
            raise DeclinedError(f"{self.operations[max(self.position - 1, 0)]} is not as expected: {SHAPE}")

    def done(self) -> None:
        """Require that no node is left."""
        self.require(self.position == len(self.operations))

    def constant(self, name: str) -> Any:
        self.require(name in self.constants)
        return self.constants[name]

    def weight(self, operator: str, value: str) -> Any:
        """Take value times (plus) a constant and return the constant."""
        operation = self.take(operator, {value})
        self.require(operation.inputs[0] == value)
        return self.constant(operation.inputs[1])

    def total(self, parts: Sequence[str]) -> str:
        """Take the Adds that add all the parts, in whatever order, and return the last one's output."""
        left = list(parts)
        while len(left) > 1:
            operation = self.take("Add", set())
            self.require(len(operation.inputs) == 2)
            for name in operation.inputs:
                self.require(name in left)
                left.remove(name)
            left.append(self.last)
        return left[0]

    def reshape(self, wanted: Sequence[int], value: str) -> str:
        """Take a Reshape to this shape and return its output."""
        operation = self.take("Reshape", {value})
        self.require(operation.inputs[0] == value and list(self.constant(operation.inputs[1])) == list(wanted))
        return self.last

    def project(self, stream: str, d_model: int, perm: list[int], shape: tuple[int, int] | None) -> tuple[Any, str]:
        """Take the projection of all heads of a group; return its weight (d_model, heads, d_head) and its output."""
        weight = self.weight("MatMul", stream)
        operation = self.take("Reshape", {self.last})
        sizes = [int(n) for n in self.constant(operation.inputs[1])]
        self.require(len(sizes) == 4 and sizes[:2] == [-1, 2] and min(sizes[2:]) > 0)
        self.require(weight.shape == (d_model, sizes[2] * sizes[3]) and shape in (None, (sizes[2], sizes[3])))
        self.take("Transpose", {self.last}, perm=perm)
        return weight.reshape(d_model, sizes[2], sizes[3]), self.last

    def group(self, stream: str, d_model: int) -> list[Head]:
        """Take a group of heads of one size."""
        w_q, queries = self.project(stream, d_model, [0, 2, 1, 3], None)
        count, d_head = w_q.shape[1:]
        w_k, keys = self.project(stream, d_model, [0, 2, 3, 1], (count, d_head))
        scores = self.take("MatMul", {queries, keys})
        self.require(list(scores.inputs) == [queries, keys])
        mask = self.weight("Add", self.last)
        self.require(mask.shape == (1, 1, 2, 2) and mask[0, 0, 0, 1] <= HIDDEN)
        self.require(not (mask[0, 0, 0, 0] or mask[0, 0, 1, 0] or mask[0, 0, 1, 1]))
        self.take("Softmax", {self.last}, axis=-1)
        weights = self.last
        w_v, values = self.project(stream, d_model, [0, 2, 1, 3], (count, d_head))
        mixed = self.take("MatMul", {weights, values})
        self.require(list(mixed.inputs) == [weights, values])
        self.take("Transpose", {self.last}, perm=[0, 2, 1, 3])
        w_o = self.weight("MatMul", self.reshape([-1, 2, count * d_head], self.last))
        self.require(w_o.shape == (count * d_head, d_model))
        w_o = w_o.reshape(count, d_head, d_model)
        found = []
        for h in range(count):
            q, k, v = (_projection(w[:, h], d_head, d_model) for w in (w_q, w_k, w_v))
            writes = {(i, j): _exact(w_o[h, j, i]) for j in range(d_head) for i in range(d_model)}
            found.append(Head(q, k, v, Matrix.of(d_model, d_head, writes)))
        return found


def _projection(weight: Any, d_head: int, d_model: int) -> Matrix:
    return Matrix.of(d_head, d_model, {(i, j): _exact(weight[j, i]) for i in range(d_head) for j in range(d_model)})


def _exact(value: Any) -> Fraction:
    return Fraction(value.item())


def gated_network(transformer: Transformer) -> tuple[Network, Fraction, Heads]:
    """Return the ReLU network whose gates u * sigma(beta u) the heads compute, beta, and the neuron of each gate head.

    A head with scores zero adds half its value.  Any other must be a gate: one row, its key a constant, its score beta
    times its value, with one positive beta for all.  DeclinedError names the head that is neither.
    """
    stream = [Form({}) for _ in range(transformer.d_model)]
    for i, j, value in transformer.embedding.entries:
        stream[i] = stream[i] + Form({ONE if j == 0 else ("x", j - 1): value})
    neurons: list[Form] = []
    heads: list[tuple[int, ...]] = []
    beta: Fraction | None = None
    for number, layer in enumerate(transformer.layers):
        updates: list[tuple[int, Form]] = []
        named: list[int] = []
        for h, head in enumerate(layer.heads):
            values = _applied(head.w_v, stream)
            if not head.w_q.entries or not head.w_k.entries:
                updates += [(i, weight / 2 * values[j]) for i, j, weight in head.w_o.entries]
                continue
            found = _temperature(head, stream, values)
            if found is None or found != (beta or found):
                raise DeclinedError(
                    f"head {h} of layer {number} is neither a sink gate nor linear, or its inverse temperature differs "
                    "from that of an earlier gate; only transformers of such heads can be certified"
                )
            beta = found
            gate = Form({("r", len(neurons)): Fraction(1)})
            named.append(len(neurons))
            neurons.append(values[0])
            updates += [(i, weight * gate) for i, _, weight in head.w_o.entries]
        for i, form in updates:
            stream[i] = stream[i] + form
        heads.append(tuple(named))
    folded = tuple(_folded(form, neurons[:j]) for j, form in enumerate(neurons))
    outputs = tuple(_folded(form, neurons) for form in _applied(transformer.readout, stream))
    return Network(transformer.embedding.columns - 1, folded, outputs), beta or Fraction(1), tuple(heads)


def _folded(form: Form, neurons: Sequence[Form]) -> Form:
    """Return the form with multiples of earlier u_j in place of their own forms, as long as that shortens it.

    The same function; but with u_j and r_j side by side the adjoint sees that |u_j| = 2 r_j - u_j moves by no more than
    u_j does, and bounds the gates' error by less.
    """
    named: dict[Atom, Fraction] = {}
    rest = form
    for j in range(len(neurons) - 1, -1, -1):
        own = neurons[j]
        shared = [rest.terms[atom] / own.terms[atom] for atom in own.terms if atom in rest.terms]
        factor = max(shared, key=shared.count, default=Fraction(0))
        if shared.count(factor) > 1 and factor:
            shorter = rest - factor * own
            if len(shorter.terms) + 1 < len(rest.terms):
                rest, named["u", j] = shorter, factor
    return rest + Form(named)


def _applied(matrix: Matrix, stream: Sequence[Form]) -> list[Form]:
    rows: list[dict[Atom, Fraction]] = [{} for _ in range(matrix.rows)]
    for i, j, weight in matrix.entries:
        for atom, value in stream[j].terms.items():
            rows[i][atom] = rows[i].get(atom, Fraction(0)) + weight * value
    return [Form(row) for row in rows]


def _temperature(head: Head, stream: Sequence[Form], values: Sequence[Form]) -> Fraction | None:
    """Return beta if the head is a sink gate, else None."""
    (query,), (key,) = (_applied(m, stream)[:1] for m in (head.w_q, head.w_k))
    if head.d_head != 1 or set(key.terms) != {ONE} or not values[0].terms:
        return None
    atom, value = next(iter(values[0].terms.items()))
    beta = query.terms.get(atom, Fraction(0)) * key.terms[ONE] / value
    return beta if beta > 0 and key.terms[ONE] * query == beta * values[0] else None


def is_attention(graph: Graph) -> bool:
    """Return whether the graph has a Softmax, without which there is no attention."""
    return any(operation.operator == "Softmax" for operation in graph.operations)
