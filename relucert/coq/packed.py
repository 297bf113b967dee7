"""Numbers of large files, packed into primitive integers of Coq as ``library/Packed.v`` reads them.

Coq takes some 12 microseconds to read one bit of an ordinary literal, and twice that for a primitive integer of 56.
What is packed of the proof is data that Coq checks; the packed matrices are part of the statement, and
``library/Packed.v`` says what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ..check.model import Attention, Form, Head, Matrix
from .text import LINE, latest_first

BYTES = 7  # in one primitive integer
INTEGERS = 16  # in one constructor
CONSTRUCTORS = 32  # in one definition
MANY = 5000  # weights, from which files are packed


def weights(subject: Attention) -> int:
    """Return the number of entries of all matrices."""
    heads = [head for layer in subject.layers for head in layer.heads]
    rest = (len(m) for head in heads for m in (head.w_q, head.w_k, head.w_v, head.w_o))
    return len(subject.embedding) + len(subject.readout) + sum(rest)


@dataclass(slots=True)
class Words:
    """``definitions`` of functions that put words before others; their names are a letter and a number."""

    letter: str
    definitions: list[str] = field(default_factory=list)

    def expression(self, data: bytes) -> str:
        """Return a term of type words that holds the bytes, adding the definitions that it needs."""
        step = BYTES * INTEGERS
        names = []
        for start in range(0, len(data), step * CONSTRUCTORS):
            part = data[start : start + step * CONSTRUCTORS]
            lines = []
            for k in range(0, len(part), step):
                row = part[k : k + step].ljust(step, b"\0")
                numbers = (hex(int.from_bytes(row[i : i + BYTES], "little")) for i in range(0, step, BYTES))
                lines.append(filled(["W", *numbers]))
            name = f"{self.letter}{len(self.definitions)}"
            names.append(name)
            body = " (\n".join(lines)
            self.definitions.append(
                f"Definition {name} (rest : words) : words := (\n{body} rest{')' * (len(lines) - 1)})%uint63.\n"
            )
        return filled([f"({name}" for name in names] + [f"End{')' * len(names)}"])


def filled(words: list[str]) -> str:
    """Return the words in lines."""
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + len(word) + 1 > LINE:
            lines.append(word)
        else:
            lines[-1] += f" {word}"
    return "\n".join(lines)


def natural(value: int) -> bytes:
    """Return a natural number in groups of seven bits, lowest first; the high bit says that another follows."""
    result = bytearray()
    while value > 127:
        result.append(value & 127 | 128)
        value >>= 7
    result.append(value)
    return bytes(result)


def many(write: Callable[[Any], bytes], items: Iterable[Any]) -> bytes:
    """Return the number of items and each of them."""
    parts = [write(item) for item in items]
    return natural(len(parts)) + b"".join(parts)


def rational(value: Fraction) -> bytes:
    """Return numerator, its sign in the lowest bit, and denominator."""
    return natural(2 * abs(value.numerator) + (value < 0)) + natural(value.denominator)


def matrix(value: Matrix) -> bytes:
    """Return the entries of a sparse matrix, in order."""
    return many(lambda e: natural(e[0][0]) + natural(e[0][1]) + rational(e[1]), sorted(value.items()))


def head(value: Head) -> bytes:
    """Return d_head and the four matrices of a head."""
    return natural(value.d_head) + b"".join(matrix(m) for m in (value.w_q, value.w_k, value.w_v, value.w_o))


def model(value: Attention) -> bytes:
    """Return embedding, layers and read-out."""
    layers = many(lambda layer: many(head, layer.heads), value.layers)
    return matrix(value.embedding) + layers + matrix(value.readout)


def form(value: Form) -> bytes:
    """Return an affine form, the latest neuron first."""
    kinds = {"x": 0, "u": 1, "r": 2}

    def atom(item: tuple[tuple[str, int] | tuple[str], Fraction]) -> bytes:
        key, weight = item
        return natural(4 * (key[1] + 1) + kinds[key[0]] if len(key) == 2 else 0) + rational(weight)

    return many(atom, latest_first(value))


def table(value: tuple[tuple[int, ...], ...]) -> bytes:
    """Return lists of indices."""
    return many(lambda row: many(natural, row), value)
