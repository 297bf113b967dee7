"""The machine: which float evaluations of the transformer a certificate speaks of, where it does not speak of reals.

Semantics.  A machine evaluates the transformer of ``attention`` in numbers of the format ``dtype``.  Its matrices
hold normal numbers of the format, and so do the inputs, up to zeros and subnormal numbers.  Then:

1.  + - * / return a number nearest to the exact result: of ``dtype``, or of the format ``accumulate`` where a matrix
    product or a softmax has not yet been stored.  The stream, queries, keys, values and what heads return are stored
    in ``dtype``; anything else may be.  Where ``subnormals`` is "flush", every operand and result that is smaller
    than the least normal number of ``dtype`` may be replaced by zero; where it is "gradual", none is.
2.  An entry of a matrix product is the sum of its products with nonzero weights, in any order and association, each
    product rounded or fused into its addition.  The constant column of the embedding may be added last.
3.  A layer adds to each coordinate of the stream, in one addition, the sum of what its heads write there; the heads
    of one d_head are one matrix product, and the results of several are stored and added in any order.
4.  Softmax divides exp of each visible score by their sum, or multiplies by the reciprocal of the sum, before or
    after the product with the values.  Where ``softmax`` is "stable", the largest visible score is subtracted first.
    exp(0) is 1; otherwise exp is within ``exp_ulps`` units in the last place of ``accumulate``, or, where it is below
    the least normal number of that format, anything from 0 to that number.  A token that is not seen has weight 0.

So the sink stays exactly zero.  Nothing is said of a machine that returns an infinity or not-a-number; that none
arises is part of what is proved.
"""

from typing import NamedTuple

DTYPES = ("float16", "bfloat16", "float32", "float64")
SOFTMAX = ("stable", "plain")
SUBNORMALS = ("flush", "gradual")
MAX_ULPS = 1 << 20


class Arithmetic(NamedTuple):
    """The named arithmetic of a statement; its fields are those of ``statement.semantics``."""

    accumulate: str
    dtype: str
    exp_ulps: int
    softmax: str
    subnormals: str

    @property
    def sentence(self) -> str:
        """The clauses of the model that were chosen, in words."""
        wide = "" if self.accumulate == self.dtype else f", accumulated in {self.accumulate}"
        return (
            f"T computed in {self.dtype}: round to nearest, sums in any order, fused or not{wide}, "
            f"exp within {self.exp_ulps} ulps and exp(0) = 1, {self.softmax} softmax, "
            + ("subnormals kept or flushed" if self.subnormals == "flush" else "gradual underflow")
        )
