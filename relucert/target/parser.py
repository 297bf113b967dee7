"""Parse an expression such as ``x*y/(1+z^2)`` into nodes; errors point at the column.

    sum      = product (("+" | "-") product)*
    product  = unary (("*" | "/") unary)*
    unary    = ("+" | "-") unary | power
    power    = atom ("^" exponent)?          exponent: a whole number, possibly signed or in parentheses
    atom     = number | name | name "(" sum ("," sum)* ")" | "(" sum ")"

Sums separated by ";" are several outputs of one network.  Numbers follow the number grammar of specifications.
Nothing is evaluated but rational constants.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from ..errors import UsageError
from ..exact.number import parse_number
from .expression import Expression, Node

MAX_LENGTH = 1 << 23
MAX_NESTING = 100
MAX_POWER = 64
MAX_NODES = 1 << 20
_TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>[-+*/^(),;]))",
    re.ASCII,
)
RESERVED = re.compile(r"T[0-9]*", re.ASCII)  # the transformer, in statements


def parse_expression(text: str) -> tuple[Expression, tuple[str, ...]]:
    """Return the expression and its input names in order of natural sorting (x2 before x10).

    Raises UsageError, with the column, for anything outside the grammar, and for texts beyond the fixed limits.
    """
    if len(text) > MAX_LENGTH:
        raise UsageError(f"an expression of more than {MAX_LENGTH} characters", "target")
    tokens = _tokens(text)
    follow = [token.group().strip() for token in tokens[1:]] + [""]
    found = {token.group("name") for token, after in zip(tokens, follow, strict=True) if after != "("}
    names = sorted((name for name in found if name), key=_natural)
    for name in names:
        if name in FUNCTIONS or RESERVED.fullmatch(name) or len(name) > 32:
            raise UsageError(f"column {text.index(name) + 1}: {name!r} is no name for an input", "target")
    if not names:
        raise UsageError("the expression has no input", "target")
    parser = _Parser(text, tokens, _Builder({name: k for k, name in enumerate(names)}))
    roots = [parser.sum(0)]
    while parser.peek() == ";":
        parser.take()
        roots.append(parser.sum(0))
    parser.end()
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


@dataclass
class _Builder:
    """Nodes with constants folded and equal nodes shared."""

    inputs: dict[str, int]
    nodes: list[Node] = field(default_factory=list)
    known: dict[Node, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for k in range(len(self.inputs)):
            self.node("input", k)

    def node(self, op: str, *children: int, value: Fraction | None = None) -> int:
        node = Node(op, children, value)
        if node not in self.known:
            if len(self.nodes) >= MAX_NODES:
                raise UsageError(f"an expression of more than {MAX_NODES} operations", "target")
            self.known[node] = len(self.nodes)
            self.nodes.append(node)
        return self.known[node]

    def constant(self, value: Fraction) -> int:
        return self.node("const", value=value)

    def value(self, t: int) -> Fraction | None:
        return self.nodes[t].value

    def add(self, terms: Sequence[int]) -> int:
        offset = sum((self.value(t) or Fraction(0) for t in terms), Fraction(0))
        rest = [t for t in terms if self.value(t) is None]
        if offset or not rest:
            rest.append(self.constant(offset))
        return rest[0] if len(rest) == 1 else self.node("add", *rest)

    def multiply(self, factors: Sequence[int]) -> int:
        scale, rest = Fraction(1), []
        for t in factors:
            value = self.value(t)
            if value is None:
                rest.append(t)
            else:
                scale *= value
        if not rest or not scale:
            return self.constant(scale if not rest else Fraction(0))
        while len(rest) > 1:
            pairs = [rest[k : k + 2] for k in range(0, len(rest), 2)]
            rest = [self.node("mul", *sorted(pair)) if len(pair) > 1 else pair[0] for pair in pairs]
        return rest[0] if scale == 1 else self.node("mul", self.constant(scale), rest[0])

    def invert(self, t: int, column: int) -> int:
        value = self.value(t)
        if value is None:
            return self.node("inv", t)
        if not value:
            raise UsageError(f"column {column}: division by zero", "target")
        return self.constant(1 / value)

    def power(self, base: int, exponent: int, column: int) -> int:
        if abs(exponent) > MAX_POWER:
            raise UsageError(f"column {column}: exponents go from -{MAX_POWER} to {MAX_POWER}", "target")
        if exponent < 0:
            return self.invert(self.power(base, -exponent, column), column)
        result: int | None = None
        for bit in bin(exponent)[2:]:
            result = None if result is None else self.multiply([result, result])
            if bit == "1":
                result = base if result is None else self.multiply([result, base])
        return self.constant(Fraction(1)) if result is None else result

    def extremum(self, op: str, terms: Sequence[int]) -> int:
        distinct = list(dict.fromkeys(terms))
        values = [v for v in map(self.value, distinct) if v is not None]
        rest = [t for t in distinct if self.value(t) is None]
        if values:
            rest.append(self.constant(max(values) if op == "max" else min(values)))
        return rest[0] if len(rest) == 1 else self.node(op, *rest)

    def absolute(self, t: int) -> int:
        value = self.value(t)
        return self.node("abs", t) if value is None else self.constant(abs(value))

    def median(self, terms: Sequence[int]) -> int:
        line = list(terms)
        for end in range(len(line) - 1, len(line) // 2 - 1, -1):  # bubble the largest up, until the middle is fixed
            for k in range(end):
                line[k], line[k + 1] = self.extremum("min", line[k : k + 2]), self.extremum("max", line[k : k + 2])
        return line[len(line) // 2]

    def expression(self, roots: Sequence[int]) -> Expression:
        needed = set(range(len(self.inputs))) | set(roots)
        for t in range(len(self.nodes) - 1, -1, -1):
            if t in needed and self.nodes[t].op != "input":
                needed |= set(self.nodes[t].children)
        index = {t: k for k, t in enumerate(sorted(needed))}
        nodes = []
        for t in sorted(needed):
            node = self.nodes[t]
            children = node.children if node.op == "input" else tuple(index[c] for c in node.children)
            nodes.append(Node(node.op, children, node.value))
        return Expression(tuple(nodes), tuple(index[root] for root in roots))


class _Parser:
    """Recursive descent with a depth limit, over tokens."""

    def __init__(self, text: str, tokens: list[re.Match[str]], builder: _Builder) -> None:
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
        found = repr(self.peek()) if self.peek() else "the end"
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
        return self.builder.power(base, self.exponent(), column)

    def exponent(self) -> int:
        if self.peek() == "(":
            self.take()
            result = self.exponent()
            self.close()
            return result
        sign = -1 if self.peek() in ("-",) else 1
        if self.peek() in ("+", "-"):
            self.take()
        if not self.peek().isdigit():
            raise self.error("a whole number as exponent")
        digits = self.take()
        return sign * int(digits) if len(digits) < 6 else sign * (MAX_POWER + 1)

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
            raise self.error("a number, a name or '('")
        self.take()
        inner = self.sum(depth + 1)
        self.close()
        return inner

    def call(self, name: str, column: int, depth: int) -> int:
        if name not in FUNCTIONS:
            from ..errors import nearest

            raise UsageError(f"column {column}: unknown function {name!r}{nearest(name, FUNCTIONS)}", "target")
        self.take()
        arguments = [self.sum(depth + 1)]
        while self.peek() == ",":
            self.take()
            arguments.append(self.sum(depth + 1))
        self.close()
        least, most, parity, apply = _CALLS[name]
        count = len(arguments)
        if not least <= count <= most or (parity is not None and count % 2 != parity):
            wanted = f"{least} argument{'s' if least > 1 else ''}" if least == most else f"{least} to {most} arguments"
            if parity is not None:
                wanted = f"an {('even', 'odd')[parity]} number of arguments, {least} to {most}"
            raise UsageError(f"column {column}: {name} takes {wanted}, not {count}", "target")
        return apply(self.builder, arguments)


def _clip(b: _Builder, a: list[int]) -> int:
    return b.extremum("min", [b.extremum("max", [a[0], a[1]]), a[2]])


def _dot(b: _Builder, a: list[int]) -> int:
    half = len(a) // 2
    return b.add([b.multiply([a[k], a[half + k]]) for k in range(half)])


_MANY = 1 << 17
# name: least and most arguments, their parity if it matters, what to build
_CALLS: dict[str, tuple[int, int, int | None, Callable[[_Builder, list[int]], int]]] = {
    "abs": (1, 1, None, lambda b, a: b.absolute(a[0])),
    "clip": (3, 3, None, _clip),
    "dot": (2, _MANY, 0, _dot),
    "max": (2, _MANY, None, lambda b, a: b.extremum("max", a)),
    "median": (3, _MANY, 1, lambda b, a: b.median(a)),
    "min": (2, _MANY, None, lambda b, a: b.extremum("min", a)),
    "norm1": (1, _MANY, None, lambda b, a: b.add([b.absolute(t) for t in a])),
    "norminf": (1, _MANY, None, lambda b, a: b.extremum("max", [b.absolute(t) for t in a])),
    "prod": (1, _MANY, None, lambda b, a: b.multiply(a)),
    "relu": (1, 1, None, lambda b, a: b.extremum("max", [a[0], b.constant(Fraction(0))])),
}
FUNCTIONS = tuple(_CALLS)
