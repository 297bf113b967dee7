"""The transformer as named dense tensors, the same names in every format, each weight rounded to nearest once.

    embedding                   (d_model, 1 + inputs)        column 0 is for the constant one
    layers.L.groups.G.w_q       (heads, d_head, d_model)     likewise w_k, w_v; attention has scale 1
    layers.L.groups.G.w_o       (heads, d_model, d_head)
    readout                     (outputs, d_model)

A group holds the heads of a layer that share one d_head.  All groups of a layer read the same stream, and add to it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..exact.number import decimal_up
from ..transformer.model import Head, Matrix, Transformer
from .dtype import Dtype, OverflowToInfinityError

Entry = tuple[tuple[int, ...], Fraction]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A dense tensor in row-major order given by its nonzero entries; ``entries`` holds (place, exact value)."""

    name: str
    shape: tuple[int, ...]
    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        for place, _ in self.entries:
            if len(place) != len(self.shape) or not all(0 <= i < n for i, n in zip(place, self.shape, strict=True)):
                raise ValueError(f"{self.name} has no place {place}")

    @property
    def size(self) -> int:
        """The number of entries, zeros included."""
        return math.prod(self.shape)

    def data(self, dtype: Dtype) -> bytes:
        """Return the entries as little-endian floats; UsageError names an entry that would become infinite."""
        result = bytearray(self.size * dtype.size)
        for place, value in self.entries:
            index = 0
            for i, n in zip(place, self.shape, strict=True):
                index = index * n + i
            start = index * dtype.size
            result[start : start + dtype.size] = self.encoded(place, value, dtype).to_bytes(dtype.size, "little")
        return bytes(result)

    def encoded(self, place: tuple[int, ...], value: Fraction, dtype: Dtype) -> int:
        """Return an entry's bit pattern; the error names the entry that would become infinite."""
        try:
            return dtype.encode(value)
        except OverflowToInfinityError:
            where = ", ".join(map(str, place))
            raise OverflowToInfinityError(
                f"the weight {self.name}[{where}] = {decimal_up(value)} overflows to infinity in {dtype.name}, "
                f"whose largest number is {decimal_up(dtype.largest)}; {wider(dtype)}"
            ) from None


def wider(dtype: Dtype) -> str:
    """Return the advice for a number that overflows."""
    return "build at a larger tolerance" if dtype.emax > 127 else f"try --dtype {_WIDER[dtype.emax]}"


_WIDER = {15: "bfloat16 or float32", 127: "float64"}


@dataclass(frozen=True, slots=True)
class Rounding:
    """How many weights are not floats, and the largest relative change of one by rounding."""

    weights: int
    changed: int
    largest: Fraction

    def note(self, dtype: Dtype) -> str:
        """Return the one line that tells the user."""
        if not self.changed:
            return f"all {self.weights} nonzero weights are exact in {dtype.name}"
        return (
            f"{self.changed} of {self.weights} nonzero weights are rounded to {dtype.name}, "
            f"by at most {decimal_up(self.largest, 3)} of their size"
        )


def rounding(found: Sequence[Tensor], dtype: Dtype) -> Rounding:
    """Return what rounding to the format changes."""
    changes = [
        abs(dtype.decode(tensor.encoded(place, v, dtype)) - v) / abs(v)
        for tensor in found
        for place, v in tensor.entries
    ]
    return Rounding(len(changes), sum(map(bool, changes)), max(changes, default=Fraction(0)))


def tensors(transformer: Transformer) -> tuple[Tensor, ...]:
    """Return all tensors of the transformer in the layout of this module's docstring."""
    found = [_plain("embedding", transformer.embedding)]
    for k, layer in enumerate(transformer.layers):
        for g, heads in enumerate(groups(layer.heads)):
            found += _stacked(f"layers.{k}.groups.{g}", heads, transformer.d_model)
    return (*found, _plain("readout", transformer.readout))


def groups(layer: Sequence[Head]) -> list[list[Head]]:
    """Return the heads of a layer by d_head, smallest first, each group in its old order."""
    found: dict[int, list[Head]] = {}
    for head in layer:
        found.setdefault(head.d_head, []).append(head)
    return [found[d_head] for d_head in sorted(found)]


def _plain(name: str, matrix: Matrix) -> Tensor:
    return Tensor(name, (matrix.rows, matrix.columns), tuple(((i, j), v) for i, j, v in matrix.entries))


def _stacked(name: str, heads: Sequence[Head], d_model: int) -> Iterator[Tensor]:
    d_head = heads[0].d_head
    for part in ("w_q", "w_k", "w_v", "w_o"):
        shape = (len(heads), d_model, d_head) if part == "w_o" else (len(heads), d_head, d_model)
        entries = (((h, i, j), v) for h, head in enumerate(heads) for i, j, v in getattr(head, part).entries)
        yield Tensor(f"{name}.{part}", shape, tuple(entries))
