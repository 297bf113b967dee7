"""Parse an expression such as ``x*y/(1+z^2)`` into nodes; errors point at the column.

    sum       = product (("+" | "-") product)*
    product   = unary (("*" | "/") unary)*
    unary     = ("+" | "-") unary | power
    power     = atom ("^" exponent)?     exponent: a number, possibly signed or in parentheses, there with "/" too
    atom      = number | name | name "(" sum ("," sum)* ")" | "(" sum ")" | sort | piecewise
    sort      = "sort" "(" sum ("," sum)* ")" "[" whole number "]"     the k-th smallest; as a whole output, all of them
    piecewise = "piecewise" "(" (condition ":" sum ",")+ "else" ":" sum ")"
    condition = sum (("<" | "<=" | ">" | ">=") sum)+

Sums separated by ";" are several outputs of one network.  Numbers follow the number grammar of specifications.
Nothing is evaluated but rational constants.
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import zip_longest
from typing import TYPE_CHECKING

from ..errors import UsageError, nearest
from ..exact.number import parse_number
from .expression import Expression
from .graph import CALLS, FUNCTION_NAMES, MAX_POWER, Graph

if TYPE_CHECKING:
    from .piecewise import Comparison

MAX_LENGTH = 1 << 23
MAX_NESTING = 100
MAX_ARGUMENTS = 1 << 17
_TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign><=|>=|[-+*/^(),;:<>\[\]]))",
    re.ASCII,
)
RESERVED = re.compile(r"T[0-9]*", re.ASCII)  # the transformer, in statements
COMPARISONS = ("<", "<=", ">", ">=")


def parse_expression(text: str, jumps: bool = False) -> tuple[Expression, tuple[str, ...]]:
    """Return the expression and its input names in order of natural sorting (x2 before x10).

    With ``jumps`` a piecewise function need not be continuous.
    Raises UsageError, with the column, for anything outside the grammar, and for texts beyond the fixed limits.
    """
    if len(text) > MAX_LENGTH:
        raise UsageError(f"an expression of more than {MAX_LENGTH} characters", "target")
    tokens = _tokens(text)
    pairs = (
        (token.group("name"), after.group().strip() if after else "")
        for token, after in zip_longest(tokens, tokens[1:])
    )
    found = {name for name, after in pairs if after != "(" and (name, after) != ("else", ":")}
    names = sorted((name for name in found if name), key=_natural)
    for name in names:
        if name in FUNCTION_NAMES or RESERVED.fullmatch(name) or len(name) > 32:
            raise UsageError(f"column {text.index(name) + 1}: {name!r} is no name for an input", "target")
    parser = _Parser(text, tokens, Graph({name: k for k, name in enumerate(names)}, jumps=jumps))
    roots = parser.output()
    while parser.peek() == ";":
        parser.take()
        roots += parser.output()
    parser.end()
    if not names:
        raise UsageError("the expression has no input", "target")
    return parser.builder.expression(roots), tuple(names)


def _natural(name: str) -> tuple[object, ...]:
    return tuple(int(part) if part.isdigit() else part for part in re.split(r"([0-9]+)", name))


def _tokens(text: str) -> list[re.Match[str]]:
    result, at = [], 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise UsageError(f"column {at + 1}: unexpected {text[at]!r} in the expression", "target")
        result.append(match)
        at = match.end()
    return result


class _Parser:
    """Recursive descent with a depth limit, over tokens."""

    def __init__(self, text: str, tokens: list[re.Match[str]], builder: Graph) -> None:
        self.text, self.tokens, self.builder, self.at = text, tokens, builder, 0

    def peek(self) -> str:
        return self.tokens[self.at].group().strip() if self.at < len(self.tokens) else ""

    def column(self) -> int:
        if self.at >= len(self.tokens):
            return len(self.text) + 1
        match = self.tokens[self.at]
        return match.start() + len(match.group()) - len(match.group().lstrip()) + 1

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def error(self, expected: str) -> UsageError:
        found = {"": "the end", ";": "the end of the output"}.get(self.peek(), repr(self.peek()))
        return UsageError(f"column {self.column()}: expected {expected}, found {found}", "target")

    def end(self) -> None:
        if self.peek():
            raise self.error("an operator or the end")

    def sum(self, depth: int) -> int:
        if depth > MAX_NESTING:
            raise UsageError(f"column {self.column()}: nested more than {MAX_NESTING} deep", "target")
        terms = [self.product(depth)]
        while self.peek() in ("+", "-"):
            minus = self.take() == "-"
            term = self.product(depth)
            terms.append(self.negated(term) if minus else term)
        return self.builder.add(terms) if len(terms) > 1 else terms[0]

    def negated(self, t: int) -> int:
        return self.builder.multiply([self.builder.constant(Fraction(-1)), t])

    def product(self, depth: int) -> int:
        factors = [self.unary(depth)]
        while self.peek() in ("*", "/"):
            divide = self.take() == "/"
            column = self.column()
            factor = self.unary(depth)
            factors.append(self.builder.invert(factor, column) if divide else factor)
        return self.builder.multiply(factors) if len(factors) > 1 else factors[0]

    def unary(self, depth: int) -> int:
        minus = False
        while self.peek() in ("+", "-"):
            minus ^= self.take() == "-"
        result = self.power(depth)
        return self.negated(result) if minus else result

    def power(self, depth: int) -> int:
        base = self.atom(depth)
        if self.peek() != "^":
            return base
        self.take()
        column = self.column()
        return self.builder.power(base, self.exponent(0), column)

    def exponent(self, depth: int) -> Fraction:
        if self.peek() == "(":
            self.take()
            if depth > MAX_NESTING:
                raise UsageError(f"column {self.column()}: nested more than {MAX_NESTING} deep", "target")
            result = self.exponent(depth + 1)
            if self.peek() == "/":
                self.take()
                column, divisor = self.column(), self.exponent(depth + 1)
                if not divisor:
                    raise UsageError(f"column {column}: division by zero", "target")
                result /= divisor
            self.close()
            return result
        sign = -1 if self.peek() == "-" else 1
        if self.peek() in ("+", "-"):
            self.take()
        if self.at >= len(self.tokens) or not self.tokens[self.at].group("number"):
            raise self.error("a number as exponent, such as 3, -1 or (1/3)")
        column, text = self.column(), self.take()
        if len(text) > 12 or "e" in text.lower():
            raise UsageError(f"column {column}: exponents go from -{MAX_POWER} to {MAX_POWER}", "target")
        return sign * Fraction(text)

    def close(self) -> None:
        if self.peek() != ")":
            raise self.error("')'")
        self.take()

    def atom(self, depth: int) -> int:
        if self.at >= len(self.tokens):
            raise self.error("a number, a name or '('")
        match, column = self.tokens[self.at], self.column()
        if match.group("number"):
            self.take()
            try:
                return self.builder.constant(parse_number(match.group("number")))
            except ValueError as error:
                raise UsageError(f"column {column}: {error}", "target") from None
        if match.group("name"):
            name = self.take()
            if self.peek() == "(":
                return self.call(name, column, depth)
            return self.builder.inputs[name]
        if self.peek() != "(":
            twice = self.peek() == "*" and self.at > 0 and self.tokens[self.at - 1].group().strip() == "*"
            raise self.error("a number, a name or '('" + " (powers are written ^)" * twice)
        self.take()
        inner = self.sum(depth + 1)
        self.close()
        return inner

    def call(self, name: str, column: int, depth: int) -> int:
        if name == "sort":
            terms = self.sorted(column, depth)
            if self.peek() != "[":
                raise UsageError(
                    f"column {column}: sort gives several values; pick one, as in sort(x, y)[1] for the least, or make "
                    "it a whole output",
                    "target",
                )
            return self.picked(terms)
        if name == "piecewise":
            return self.piecewise(column, depth)
        if name not in CALLS:
            raise UsageError(f"column {column}: unknown function {name!r}{nearest(name, FUNCTION_NAMES)}", "target")
        arguments = self.arguments(depth)
        least, most, parity, apply = CALLS[name]
        count = len(arguments)
        if not least <= count <= most or (parity is not None and count % 2 != parity):
            wanted = f"{least} argument{'s' if least > 1 else ''}" if least == most else f"{least} to {most} arguments"
            if parity is not None:
                wanted = f"an {('even', 'odd')[parity]} number of arguments, {least} to {most}"
            raise UsageError(f"column {column}: {name} takes {wanted}, not {count}", "target")
        return apply(self.builder, arguments, column)

    def arguments(self, depth: int) -> list[int]:
        self.take()
        result = [self.sum(depth + 1)]
        while self.peek() == ",":
            self.take()
            result.append(self.sum(depth + 1))
        self.close()
        return result

    def output(self) -> list[int]:
        """Return the node of one output; or all values of a sort that is a whole output."""
        start = self.at
        if self.peek() == "sort" and self.tokens[self.at + 1 : self.at + 2]:
            column = self.column()
            self.take()
            if self.peek() == "(":
                terms = self.sorted(column, 0)
                if self.peek() in (";", ""):
                    return terms
            self.at = start
        return [self.sum(0)]

    def sorted(self, column: int, depth: int) -> list[int]:
        terms = self.arguments(depth)
        if not 2 <= len(terms) <= MAX_ARGUMENTS:
            raise UsageError(f"column {column}: sort takes 2 arguments or more, not {len(terms)}", "target")
        return self.builder.ordered(terms)

    def picked(self, terms: list[int]) -> int:
        self.take()
        column, text = self.column(), self.take()
        if not text.isdigit() or len(text) > 5 or not 1 <= int(text) <= len(terms):
            wanted = f"a whole number from 1 to {len(terms)} in sort(...)[k]"
            raise UsageError(f"column {column}: expected {wanted}", "target")
        if self.peek() != "]":
            raise self.error("']'")
        self.take()
        return terms[int(text) - 1]

    def piecewise(self, column: int, depth: int) -> int:
        from .piecewise import Case, piecewise

        self.take()
        cases: list[Case] = []
        while self.peek() != "else":
            place = self.column()
            conditions = self.conditions(depth)
            self.colon()
            cases.append(Case(conditions, self.sum(depth + 1), place))
            if self.peek() != ",":
                raise self.error("',' and then another condition or 'else: ...'")
            self.take()
        self.take()
        self.colon()
        default = self.sum(depth + 1)
        self.close()
        if not cases:
            raise UsageError(f"column {column}: piecewise needs a condition before else", "target")
        return piecewise(self.builder, cases, default, list(self.builder.inputs))

    def conditions(self, depth: int) -> tuple[Comparison, ...]:
        from .piecewise import Comparison

        left = self.sum(depth + 1)
        if self.peek() not in COMPARISONS:
            raise self.error("a comparison such as x < 1, or 'else:'")
        found = []
        while self.peek() in COMPARISONS:
            sign = self.take()
            right = self.sum(depth + 1)
            low, high = (left, right) if sign[0] == "<" else (right, left)
            found.append(Comparison(self.builder.difference(low, high), len(sign) == 1))
            left = right
        return tuple(found)

    def colon(self) -> None:
        if self.peek() != ":":
            raise self.error("':'")
        self.take()
