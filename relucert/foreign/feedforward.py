"""A feed-forward ReLU graph as a network: every value is an affine form in inputs and gates, every weight exact."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from ..errors import DeclinedError, UsageError
from ..export.extras import require
from ..relu.network import ONE, Form, Network
from .graph import EXTRA, Graph, Operation

MOST_NEURONS = 4096
OPERATORS = ("Add", "Constant", "Flatten", "Gemm", "Identity", "MatMul", "Mul", "Neg", "Relu", "Reshape", "Sub")


def network_of(graph: Graph) -> Network:
    """Return the network that the graph computes over the real numbers.

    Raises DeclinedError, naming the node, for an operator outside of ``OPERATORS``, and UsageError where shapes clash.
    """
    reading = _Reading(graph)
    for operation in graph.operations:
        if operation.operator not in OPERATORS or len(operation.outputs) != 1:
            raise DeclinedError(f"{operation} is not supported; supported are {', '.join(OPERATORS)}")
        try:
            result = getattr(reading, operation.operator.lower())(operation)
        except (ValueError, IndexError) as error:
            raise UsageError(f"{operation}: its shapes do not fit: {error}") from None
        reading.values[operation.outputs[0]] = result
    if graph.output not in reading.values:
        raise UsageError(f"no node computes the output {graph.output!r}")
    outputs = tuple(map(_form, reading.values[graph.output].reshape(-1)))
    return Network(graph.shape[-1], tuple(reading.neurons), outputs)


class _Reading:
    """Values by name, as arrays of rationals (constants) and forms; one method for each operator."""

    def __init__(self, graph: Graph) -> None:
        self.np = require("numpy", EXTRA)
        self.constants = graph.constants
        self.neurons: list[Form] = []
        x = self._array(graph.shape)
        for k in range(graph.shape[-1]):
            x[..., k] = Form({("x", k): Fraction(1)})
        self.values: dict[str, Any] = {graph.input: x}

    def _array(self, shape: tuple[int, ...]) -> Any:
        return self.np.empty(shape, dtype=object)

    def value(self, name: str, operation: Operation) -> Any:
        """Return a value; constants become exact rationals when they are first read."""
        if name not in self.values:
            if name not in self.constants:
                raise UsageError(f"{operation} reads {name!r}, which no node before it computes")
            raw = self.constants[name]
            exact = self._array(raw.shape)
            for place in self.np.ndindex(raw.shape):
                exact[place] = Fraction(raw[place].item())
            self.values[name] = exact
        return self.values[name]

    def shape(self, name: str, operation: Operation) -> list[int]:
        """Return a constant list of whole numbers."""
        if name not in self.constants:
            raise DeclinedError(f"{operation} has a dynamic shape; only constant ones are supported")
        return [int(n) for n in self.constants[name].reshape(-1)]

    def _each(self, operation: Operation, apply: Callable[[Any, Any], Any]) -> Any:
        a, b = (self.value(name, operation) for name in operation.inputs)
        a, b = self.np.broadcast_arrays(a, b)
        result = self._array(a.shape)
        for place in self.np.ndindex(a.shape):
            result[place] = apply(a[place], b[place])
        return result

    def add(self, operation: Operation) -> Any:
        return self._each(operation, _plus)

    def sub(self, operation: Operation) -> Any:
        return self._each(operation, lambda a, b: _plus(a, _times(Fraction(-1), b)))

    def mul(self, operation: Operation) -> Any:
        return self._each(operation, lambda a, b: _scaled(a, b, operation))

    def neg(self, operation: Operation) -> Any:
        a = self.value(operation.inputs[0], operation)
        result = self._array(a.shape)
        for place in self.np.ndindex(a.shape):
            result[place] = _times(Fraction(-1), a[place])
        return result

    def identity(self, operation: Operation) -> Any:
        return self.value(operation.inputs[0], operation)

    def flatten(self, operation: Operation) -> Any:
        a = self.value(operation.inputs[0], operation)
        axis = int(operation.attributes.get("axis", 1))
        axis = axis + a.ndim if axis < 0 else axis
        rows = int(self.np.prod(a.shape[:axis], dtype=int))
        return a.reshape(rows, -1)

    def reshape(self, operation: Operation) -> Any:
        a = self.value(operation.inputs[0], operation)
        wanted = self.shape(operation.inputs[1], operation)
        if not operation.attributes.get("allowzero", 0):
            wanted = [a.shape[k] if n == 0 else n for k, n in enumerate(wanted)]
        return a.reshape(wanted)

    def relu(self, operation: Operation) -> Any:
        a = self.value(operation.inputs[0], operation)
        result = self._array(a.shape)
        for place in self.np.ndindex(a.shape):
            form = _form(a[place])
            if len(self.neurons) >= MOST_NEURONS:
                raise DeclinedError(f"{operation}: more than {MOST_NEURONS} neurons")
            result[place] = Form({("r", len(self.neurons)): Fraction(1)})
            self.neurons.append(form)
        return result

    def matmul(self, operation: Operation) -> Any:
        a, b = (self.value(name, operation) for name in operation.inputs)
        return self._product(a, b, operation)

    def gemm(self, operation: Operation) -> Any:
        a, b = (self.value(name, operation) for name in operation.inputs[:2])
        a = a.T if operation.attributes.get("transA", 0) else a
        b = b.T if operation.attributes.get("transB", 0) else b
        alpha, beta = (Fraction(operation.attributes.get(key, 1.0)) for key in ("alpha", "beta"))
        result = self._product(a, b, operation)
        bias = self.value(operation.inputs[2], operation) if len(operation.inputs) > 2 and operation.inputs[2] else None
        for place in self.np.ndindex(result.shape):
            result[place] = _times(alpha, result[place])
            if bias is not None:
                result[place] = _plus(result[place], _times(beta, self.np.broadcast_to(bias, result.shape)[place]))
        return result

    def _product(self, a: Any, b: Any, operation: Operation) -> Any:
        if a.ndim > 2 or b.ndim > 2 or not a.ndim or not b.ndim:
            raise DeclinedError(f"{operation}: matrices of more than two axes are not supported")
        left, right = (a if a.ndim == 2 else a[None, :]), (b if b.ndim == 2 else b[:, None])
        if left.shape[1] != right.shape[0]:
            raise ValueError(f"{a.shape} by {b.shape}")
        result = self._array((left.shape[0], right.shape[1]))
        for i, j in self.np.ndindex(result.shape):
            total: dict[tuple[str, int], Fraction] = {}
            for p, q in zip(left[i], right[:, j], strict=True):
                if q and p:
                    for atom, c in _form(_scaled(p, q, operation)).terms.items():
                        total[atom] = total.get(atom, Fraction(0)) + c
            result[i, j] = Form(total)
        return result.reshape(*a.shape[:-1], *b.shape[1:])


def _form(value: Form | Fraction) -> Form:
    return value if isinstance(value, Form) else Form({ONE: value})


def _plus(a: Form | Fraction, b: Form | Fraction) -> Form:
    return _form(a) + _form(b)


def _times(factor: Fraction, a: Form | Fraction) -> Form | Fraction:
    return factor * a


def _scaled(a: Form | Fraction, b: Form | Fraction, operation: Operation) -> Form | Fraction:
    """Return the product of a constant and a value."""
    for p, q in ((a, b), (b, a)):
        if isinstance(p, Fraction):
            return p * q
        if set(p.terms) <= {ONE}:
            return p.terms.get(ONE, Fraction(0)) * q
    raise DeclinedError(f"{operation} multiplies two computed values; one must be constant")
