"""The transformer as data: sparse exact matrices, validated on construction.

Semantics (the checker's ``attention.py`` states them again): the tokens are the sink, a zero vector, then the anchors,
constant vectors, then the data tokens, which start as embedding (1, x, position code).  Each layer adds to every
token t, for every head, W_O sum_s softmax_s((W_Q X_t).(W_K X_s)) W_V X_s over the tokens s that t sees: itself and
earlier ones (mask "causal"), or all of them (mask "full"); the sink sees itself alone.  A layer with a feed-forward
part then adds W_out max(W_in X, 0) to every token X.  Outputs are read from data tokens by ``readout``.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

Entries = tuple[tuple[int, int, Fraction], ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """A sparse matrix: nonzero entries (row, column, value) sorted by place."""

    rows: int
    columns: int
    entries: Entries

    def __post_init__(self) -> None:
        before = (-1, -1)
        for i, j, value in self.entries:
            if not (0 <= i < self.rows and 0 <= j < self.columns and value):
                raise ValueError(f"entry ({i}, {j}) is zero or outside a {self.rows} x {self.columns} matrix")
            if (i, j) <= before:
                raise ValueError("matrix entries must be sorted and distinct")
            before = i, j

    @classmethod
    def of(cls, rows: int, columns: int, values: dict[tuple[int, int], Fraction]) -> Matrix:
        """Return the matrix with these entries, zeros dropped."""
        return cls(rows, columns, tuple((i, j, v) for (i, j), v in sorted(values.items()) if v))


@dataclass(frozen=True, slots=True)
class Head:
    """w_q, w_k, w_v: d_head x d_model; w_o: d_model x d_head; 1/sqrt(d_head) is absorbed into w_q."""

    w_q: Matrix
    w_k: Matrix
    w_v: Matrix
    w_o: Matrix

    def __post_init__(self) -> None:
        shape = (self.w_q.rows, self.w_q.columns)
        if (self.w_k.rows, self.w_k.columns) != shape or (self.w_v.rows, self.w_v.columns) != shape:
            raise ValueError("w_q, w_k and w_v need one shape")
        if (self.w_o.columns, self.w_o.rows) != shape:
            raise ValueError("w_o needs the transposed shape")

    @property
    def d_head(self) -> int:
        """The number of rows of w_q."""
        return self.w_q.rows


@dataclass(frozen=True, slots=True)
class FeedForward:
    """w_in: width x d_model; w_out: d_model x width; there are no biases, as the constant coordinate serves."""

    w_in: Matrix
    w_out: Matrix

    def __post_init__(self) -> None:
        if (self.w_out.columns, self.w_out.rows) != (self.w_in.rows, self.w_in.columns):
            raise ValueError("w_out needs the transposed shape of w_in")

    @property
    def width(self) -> int:
        """The number of its units: rows of w_in."""
        return self.w_in.rows


@dataclass(frozen=True, slots=True)
class Layer:
    """Heads, whose updates are added together, and the feed-forward part that follows them, if any."""

    heads: tuple[Head, ...]
    feed_forward: FeedForward | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """The position code of data token t, with q = t - 1: ``size`` columns of its embedding.

    "binary": +1 or -1 for each of the lowest ``size`` binary digits, 1 or 0, of q, lowest first.  "quadratic": q, q^2.
    """

    kind: str
    size: int

    def __post_init__(self) -> None:
        if self.kind not in ("binary", "quadratic") or self.size < 0 or (self.kind == "quadratic" and self.size != 2):
            raise ValueError(f"no position code {self.kind!r} of size {self.size}")

    def entries(self, position: int) -> tuple[int, ...]:
        """Return the code of the data token at a position from 0 on."""
        if self.kind == "quadratic":
            return position, position * position
        return tuple(1 if position >> digit & 1 else -1 for digit in range(self.size))

    def largest(self, length: int) -> int:
        """Return the largest entry for sequences of up to ``length`` data tokens."""
        return max(map(abs, self.entries(length - 1)), default=0)


Vector = tuple[tuple[int, Fraction], ...]


@dataclass(frozen=True, slots=True)
class Transformer:
    """Embedding (d_model x 1+inputs+code), layers, a read-out (outputs x d_model), and sparse anchors."""

    embedding: Matrix
    layers: tuple[Layer, ...]
    readout: Matrix
    anchors: tuple[Vector, ...] = ()
    code: Code | None = None

    def __post_init__(self) -> None:
        d_model = self.embedding.rows
        for anchor in self.anchors:
            rows = [row for row, value in anchor if value and 0 <= row < d_model]
            if len(rows) != len(anchor) or rows != sorted(set(rows)):
                raise ValueError("the entries of an anchor must be nonzero, sorted, distinct and inside d_model")
        if self.code is not None and self.embedding.columns < 1 + self.code.size:
            raise ValueError("the embedding lacks the columns of the position code")
        parts = [layer.feed_forward.w_in for layer in self.layers if layer.feed_forward is not None]
        read = [self.readout, *(head.w_q for head in self.heads), *parts]
        if any(matrix.columns != d_model for matrix in read):
            raise ValueError("every matrix needs the same d_model")

    @property
    def heads(self) -> list[Head]:
        """The heads of all layers, in order."""
        return [head for layer in self.layers for head in layer.heads]

    @property
    def is_attention_only(self) -> bool:
        """Whether no layer has a feed-forward part."""
        return all(layer.feed_forward is None for layer in self.layers)

    @property
    def d_model(self) -> int:
        """The width of the residual stream."""
        return self.embedding.rows

    @property
    def inputs(self) -> int:
        """The number of inputs that the embedding reads."""
        return self.embedding.columns - 1 - (self.code.size if self.code else 0)
