"""Exact numbers, names, affine forms, terms and facts in TeX, for mathematics mode."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ...exact.number import decimal_up, exact_text
from ...relu.network import Form

LONGEST_TERM = 160
LEAVES = ("input", "const", "net", "gated", "subject", "machine")
OPERATIONS = frozenset((*LEAVES, "add", "mul", "max", "min", "inv", "abs", "exp", "log", "sin", "cos", "erf"))
OPERATIONS |= {"power", "where", "seen_max", "seen_min"}


class Terms:
    """TeX for terms; one whose text is long is defined once and then called t_k."""

    def __init__(self, nodes: Sequence[Any], inputs: Sequence[str], outputs: int) -> None:
        self.nodes, self.inputs, self.outputs = nodes, inputs, outputs
        self.definitions: list[str] = []
        self._known: dict[int, str] = {}

    def tex(self, term: int) -> str:
        """Return a term in mathematics mode; parts come before what they are part of, so this is no recursion."""
        pending = [term]
        while pending:
            t = pending[-1]
            node = self.nodes[t]
            inner = () if node.op in LEAVES else node.children
            missing = [c for c in inner if c not in self._known]
            if missing:
                pending += missing
                continue
            pending.pop()
            if t not in self._known:
                text = self._one(node)
                if len(text) > LONGEST_TERM:
                    self.definitions.append(f"t_{{{t}}} = {text}")
                    text = f"t_{{{t}}}"
                self._known[t] = text
        return self._known[term]

    def _one(self, node: Any) -> str:
        parts = [self._known[c] for c in node.children] if node.op not in LEAVES else []
        if node.op == "input":
            return identifier(self.inputs[node.children[0]])
        if node.op == "const":
            return f"({rational(node.value)})" if node.value < 0 else rational(node.value)
        if node.op == "add":
            return "(" + " + ".join(parts) + ")"
        if node.op == "mul" and len(set(node.children)) == 1:
            base = parts[0] if re.fullmatch(r"[a-zA-Z]|[nt]_\{\d+\}", parts[0]) else f"({parts[0]})"
            return f"{base}^{{{len(parts)}}}"
        if node.op == "mul":
            return r" \cdot ".join(parts)
        if node.op == "inv":
            return rf"\frac{{1}}{{{parts[0]}}}"
        if node.op == "abs":
            return rf"\left|{parts[0]}\right|"
        if node.op in ("max", "min", "exp", "log", "sin", "cos"):
            return rf"\{node.op}({', '.join(parts)})"
        if node.op in ("seen_max", "seen_min"):
            return rf"\{node.op[5:]}_{{\mathrm{{seen}}}}({parts[0]})"
        if node.op == "erf":
            return rf"\operatorname{{erf}}({parts[0]})"
        if node.op == "power":
            return rf"({parts[0]})^{{{rational(node.value)}}}"
        if node.op == "where":
            return rf"\begin{{cases}}{parts[1]}&\text{{if }}{parts[0]}\ge 0\\ {parts[2]}&\text{{else}}\end{{cases}}"
        if node.op in ("subject", "machine"):
            return subject(node.children[0], self.outputs, node.op == "machine")
        letter = "n" if node.op == "net" else r"\tilde n"
        return f"{letter}_{{{node.children[1]}}}"


def subject(output: int, outputs: int, computed: bool = False) -> str:
    """Return the name of an output of the transformer, or of what a machine computes for it."""
    letter = r"\hat T" if computed else "T"
    return letter if outputs == 1 else f"{letter}_{{{output + 1}}}"


def fact_(terms: Terms, fact: Any, norm: str = "sup") -> str:
    """Return a fact, as a distance or a range; ``norm`` is that of a mean."""
    if hasattr(fact, "bound"):
        left, right = terms.tex(fact.left), terms.tex(fact.right)
        if type(fact).__name__ == "Mean":
            return integral(f"{left} - {right}", norm, upward(fact.bound))
        if not fact.bound:
            return f"{left} = {right}"
        return rf"\left| {left} - {right} \right| \le {upward(fact.bound)}"
    return rf"{_end(fact.lo, down=True)} \le {terms.tex(fact.term)} \le {_end(fact.hi)}"


def integral(difference: str, norm: str, bound: str) -> str:
    """Return that the norm "L1" or "L2" of a difference over the box B is at most a bound."""
    if norm == "L1":
        return rf"\int_B \left| {difference} \right| \le {bound}"
    return rf"\Bigl( \int_B \left| {difference} \right|^2 \Bigr)^{{1/2}} \le {bound}"


def _end(value: Fraction, down: bool = False) -> str:
    """Return an end of a range, outward if it is long."""
    return f"-{upward(-value)}" if down and value < 0 else upward(value) if not down else rational(value)


def identifier(name: str) -> str:
    """Return an input's name in mathematics mode: x, x_{12}, or upright words."""
    head, digits = name.rstrip("0123456789"), name[len(name.rstrip("0123456789")) :]
    escaped = head.replace("_", r"\_")
    letter = head if len(head) == 1 and head != "_" else rf"\mathrm{{{escaped}}}"
    return f"{letter}_{{{digits}}}" if digits else letter


def rational(value: Fraction) -> str:
    """Return an exact rational in mathematics mode."""
    text = exact_text(value)
    if "/" in text:
        sign = "-" if value < 0 else ""
        return rf"{sign}\tfrac{{{abs(value.numerator)}}}{{{value.denominator}}}"
    return _decimal(text)


def upward(value: Fraction) -> str:
    """Return a bound: exact if it has a short decimal, else rounded up to 12 digits."""
    text = exact_text(value)
    return _decimal(text if "/" not in text else decimal_up(value, 12))


def _decimal(text: str) -> str:
    mantissa, e, exponent = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{exponent}}}" if e else mantissa


def affine(form: Form, inputs: Sequence[str]) -> str:
    """Return an affine form in the inputs, u_j and r_j."""
    parts = []
    for (kind, index), weight in sorted(form.terms.items(), key=lambda item: ("1xur".index(item[0][0]), item[0][1])):
        if kind == "1":
            parts.append(signed(weight))
        else:
            parts.append(sign(weight) + (identifier(inputs[index]) if kind == "x" else f"{kind}_{{{index}}}"))
    return joined(parts) or "0"


def combination(parts: Sequence[tuple[str, Fraction]]) -> str:
    """Return a sum of multiples of what is named; the name 1 stands for the number."""
    return joined([signed(w) if name == "1" else sign(w) + name for name, w in parts]) or "0"


def sign(weight: Fraction) -> str:
    """Return the sign and the size of a coefficient, as it stands before what it multiplies."""
    size = "" if abs(weight) == 1 else rational(abs(weight)) + r"\,"
    return ("-" if weight < 0 else "+") + size


def signed(value: Fraction) -> str:
    """Return a number with its sign."""
    return ("-" if value < 0 else "+") + rational(abs(value))


def joined(parts: Sequence[str]) -> str:
    """Return a sum of signed parts."""
    text = " ".join(f"{part[0]} {part[1:]}" for part in parts)
    return text[2:] if text.startswith("+ ") else text


def form_(form: Any) -> Form:
    """Return a form as decoded in the builder's type."""
    return Form({(atom[0], atom[1] if len(atom) == 2 else 0): value for atom, value in form.items()})
