"""The transformer as data: sparse exact matrices, validated on construction.

Semantics (the checker's ``attention.py`` states them again): token 0 is the sink, the zero vector; token 1
starts as embedding (1, x).  Each layer adds, for every head, W_O sum_s softmax_s((W_Q X_t).(W_K X_s)) W_V X_s over
the visible tokens (causal).  Outputs are read from token 1 by ``readout``.
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
        places = [(i, j) for i, j, _ in self.entries]
        if places != sorted(set(places)):
            raise ValueError("matrix entries must be sorted and distinct")
        for i, j, value in self.entries:
            if not (0 <= i < self.rows and 0 <= j < self.columns and value):
                raise ValueError(f"entry ({i}, {j}) is zero or outside a {self.rows} x {self.columns} matrix")

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
class Transformer:
    """Embedding (d_model x 1+inputs), layers of heads, and a read-out (outputs x d_model)."""

    embedding: Matrix
    layers: tuple[tuple[Head, ...], ...]
    readout: Matrix

    def __post_init__(self) -> None:
        d_model = self.embedding.rows
        if self.readout.columns != d_model or any(h.w_q.columns != d_model for layer in self.layers for h in layer):
            raise ValueError("every matrix needs the same d_model")

    @property
    def d_model(self) -> int:
        """The width of the residual stream."""
        return self.embedding.rows
