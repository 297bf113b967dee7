"""How numbers, forms and lists are written in Coq."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from ..check.model import Atom, Form, Matrix

LINE = 118
LONG = 10**9


def rational(value: Fraction) -> str:
    """Return a literal of type Q."""
    return f"({integer(value.numerator)}#{integer(value.denominator)})"


def integer(value: int) -> str:
    """Return a literal, in hexadecimal if it is long: Coq reads long decimals four times more slowly."""
    return str(value) if abs(value) < LONG else hex(value)


def real(value: Fraction) -> str:
    """Return a literal of type R that the library's ``literal`` computes to: p, p / q, and -(p) for signs."""
    size = str(abs(value.numerator))
    top = f"-({size})" if value < 0 else size
    return top if value.denominator == 1 else f"{top} / {value.denominator}"


def closed(text: str) -> str:
    """Return the text in parentheses unless it is one word."""
    return text if text.replace("_", "").isalnum() else f"({text})"


def sequence(items: Iterable[str], indent: int) -> str:
    """Return a Coq list, filled into lines."""
    lines: list[str] = []
    current = ""
    for item in items:
        if current and len(current) + len(item) + indent + 3 > LINE:
            lines.append(current + ";")
            current = item
        else:
            current = f"{current}; {item}" if current else item
    lines.append(current)
    return "[" + ("\n" + " " * (indent + 1)).join(lines) + "]"


def positives(values: Iterable[int]) -> str:
    """Return a list of indices, which start at zero in certificates and at one in Coq."""
    return "[" + "; ".join(str(v + 1) for v in values) + "]"


def latest_first(value: Form) -> list[tuple[Atom, Fraction]]:
    """Return a form's atoms with their weights, the latest neuron first, gates before pre-activations."""

    def order(item: tuple[Atom, Fraction]) -> tuple[int, int, int]:
        atom = item[0]
        if len(atom) == 1:
            return (0, 0, 0)
        return {"x": (0, atom[1] + 1, 0), "u": (1, atom[1], 0), "r": (1, atom[1], 1)}[atom[0]]

    return sorted(value.items(), key=order, reverse=True)


def form(value: Form, indent: int) -> str:
    """Return an affine form, in the order of ``latest_first``."""

    def name(atom: Atom) -> str:
        if len(atom) == 1:
            return "(X 0)"
        return f"({ {'x': 'X', 'u': 'U', 'r': 'G'}[atom[0]] } {atom[1] + 1})"

    return sequence((f"a {name(atom)} {rational(q)}" for atom, q in latest_first(value)), indent)


def matrix(value: Matrix, indent: int) -> str:
    """Return a sparse matrix: its entries as (row, column, weight)."""
    return sequence((f"w {i} {j} {rational(q)}" for (i, j), q in sorted(value.items())), indent)
