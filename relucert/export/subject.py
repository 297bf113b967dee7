"""What is exported: a transformer, what its certificate states, and where that statement can be found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from ..target.expression import Expression
from ..transformer.model import Transformer
from .dtype import Dtype

Box = tuple[tuple[Fraction, Fraction], ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """An accepted certificate's transformer with its statement: over the reals, or about machines of ``arithmetic``."""

    transformer: Transformer
    inputs: tuple[str, ...]
    domain: Box
    expression: Expression
    tolerance: Fraction
    statement: str
    sha256: str
    arithmetic: str | None = None
    norm: str = "sup"

    def __post_init__(self) -> None:
        if len(self.inputs) != len(self.domain) or self.transformer.embedding.columns != 1 + len(self.inputs):
            raise ValueError("the transformer, the inputs and the domain differ in their number of inputs")
        if self.transformer.readout.rows != len(self.expression.roots):
            raise ValueError("the transformer has not one output for each target")

    @property
    def outputs(self) -> int:
        """The number of outputs."""
        return self.transformer.readout.rows

    def _scope(self, dtype: Dtype) -> str:
        if self.arithmetic is None:
            return f"proved over the real numbers for the exact weights; these are rounded to {dtype.name}"
        if self.arithmetic == dtype.name:
            return (
                f"proved for machines that keep to the arithmetic of the statement, with the {dtype.name} weights here"
            )
        return (
            f"proved for {self.arithmetic} machines; these weights are {dtype.name}, which the statement does not cover"
        )

    def metadata(self, dtype: Dtype) -> dict[str, str]:
        """Return the header that every exported file carries: all text, sorted by key."""
        return {
            "certificate_sha256": self.sha256,
            "dtype": dtype.name,
            "generator": "relucert",
            "inputs": ",".join(self.inputs),
            "scope": self._scope(dtype),
            "statement": self.statement,
        }


@dataclass(frozen=True, slots=True)
class Export:
    """One file's bytes, or the files of a folder by name; and what the user should be told."""

    content: bytes | Mapping[str, bytes]
    notes: tuple[str, ...] = ()
