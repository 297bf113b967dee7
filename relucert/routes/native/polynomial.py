"""Polynomials of several inputs by product heads: every product of two parts is a few heads, one layer after another.

u v = sum of w_i (sigma(d_i u) - 1/2) v, nearly: each head queries d_i u, keys the constant, and takes the value v; the
sink makes its softmax sigma(d_i u).  Half of the sum of the w_i comes off wherever the product is read.  u and v are
parts less their centres; sums and multiples cost nothing in a residual stream, so layers are the products on a path.
Source: DESIGN's product heads, composed; derived here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from ...certificate.write import Proved
from ...derivation import prove
from ...derivation.judgement import In, Near
from ...derivation.smooth import smooth
from ...errors import UnreachableError
from ...exact.number import decimal_up
from ...relu.constructions.product import centred
from ...relu.draft import Draft
from ...spec.problem import Problem
from ...target.ranges import ranges
from ...transformer.model import Head, Layer, Matrix, Transformer
from . import head
from .product import Fit, choose

GUARD_BITS = 64
LEAST_BITS = 96
SHARED = Fraction(49, 50)  # of the tolerance, for the heads; the rest for products of errors
LEAST_ORDER, MOST_ORDER = 8, 40

Coordinates = dict[int, Fraction]  # a linear form over the residual stream


@dataclass(frozen=True, slots=True)
class Part:
    """A term that the stream holds in a linear form after ``depth`` layers; None for ``near`` if it is its target."""

    term: int
    near: Near | None
    form: Coordinates
    depth: int


class _Builder:
    """The heads of each layer, and the terms and steps that they need, as products are added."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        digits = math.ceil(-math.log10(min(1.0, float(problem.tolerance))))
        intervals = ranges(problem.expression, problem.domain, problem.inputs)
        largest = max(abs(end) for interval in intervals for end in interval)
        self.order = min(MOST_ORDER, max(LEAST_ORDER, digits))
        self.bits = max(LEAST_BITS, GUARD_BITS + 7 * digits) + 2 * int(largest).bit_length()
        self.draft = Draft(problem.expression, problem.domain, self.bits)
        self.width = 1 + len(problem.inputs)
        self.layers: list[list[tuple[Coordinates, Coordinates, Coordinates]]] = []  # query, value, writes
        self.softmax: list[list[tuple[int, int]]] = []  # power, inverse
        self.heads = 0

    def inside(self, part: Part, target: int) -> In:
        """Return an enclosure of a part."""
        known = self.draft.range(target)
        return known if part.near is None else prove.range_near(self.draft.derivation, part.near, known)

    def shifted(self, part: Part, inside: In, centre: Fraction) -> tuple[int, In]:
        """Return the term part - centre with its enclosure."""
        d = self.draft.derivation
        if not centre:
            return part.term, inside
        offset = self.draft.range(d.constant(-centre))
        term = head.affine(d, Fraction(1), part.term, -centre)
        return term, prove.range_of(d, term, self.problem.domain, [inside, offset])

    def product(self, target: int, factors: tuple[Part, Part], tolerance: Fraction) -> Part:
        """Return the product of two parts, within about the tolerance of the exact product of the two."""
        d, targets = self.draft.derivation, self.draft.expression.nodes[target].children
        insides = [self.inside(part, t) for part, t in zip(factors, targets, strict=True)]
        centres, halves = zip(*map(centred, insides), strict=True)
        swap = halves[1] < halves[0]
        a, b = (1, 0) if swap else (0, 1)
        found = choose(halves[a] or Fraction(1), tolerance / (halves[b] or 1), self.problem.objective)
        u, v = (self.shifted(factors[k], insides[k], centres[k]) for k in (a, b))
        soft, near = self._soft(found, u)
        made, exact = d.term("mul", soft, v[0]), d.term("mul", u[0], v[0])
        if swap:
            made, exact = d.term("mul", v[0], soft), d.term("mul", v[0], u[0])
        links: list[tuple[Near | None, In]] = [(near, u[1]), (None, v[1])]
        chain = [prove.product(d, made, exact, links[::-1] if swap else links, self.bits)]
        both = centres[0] * centres[1]
        rest = [head.affine(d, centres[1 - k], factors[k].term, Fraction(0)) for k in (0, 1) if centres[1 - k]] + (
            [d.constant(-both)] if both else []
        )
        if rest:
            made, whole = d.term("add", made, *rest), d.term("add", exact, *rest)
            chain = [d.claim_near("congruence", (chain[0],), made, whole, chain[0].bound, left=made, right=whole)]
            exact = whole
        plain = d.term("mul", factors[0].term, factors[1].term)
        if exact != plain:
            chain.append(prove.polynomial(d, exact, plain))
        if plain != target:
            known = [(part.near, self.draft.range(t)) for part, t in zip(factors, targets, strict=True)]
            chain.append(prove.product(d, plain, target, known, self.bits))
        form = self._write(found, factors, (a, b), (centres[0], centres[1]))
        return Part(made, prove.total(d, *chain), form, 1 + max(part.depth for part in factors))

    def _soft(self, found: Fit, u: tuple[int, In]) -> tuple[int, Near]:
        """Return the term sum of w_i (sigma(d_i u) - 1/2), near u."""
        d = self.draft.derivation
        parts, self.pending = [], []
        for steep, weight in zip(found.steepness, found.weights, strict=True):
            power = d.term("exp", head.affine(d, steep, u[0], Fraction(0)))
            inverse = head.inverse_of_powers(d, [power])
            self.pending.append((power, inverse))
            parts.append(d.term("mul", d.constant(weight), power, inverse))
        soft = head.total(d, [*parts, d.constant(-sum(found.weights, Fraction(0)) / 2)])
        return soft, smooth(d, soft, u[0], u[1], self.bits, order=self.order)

    def _write(
        self, found: Fit, factors: tuple[Part, Part], order: tuple[int, int], centres: tuple[Fraction, Fraction]
    ) -> Coordinates:
        """Append the heads of a product and return the form in which the stream holds it."""
        (u, v), depth = (_plus(factors[k].form, {0: -centres[k]}) for k in order), max(p.depth for p in factors)
        while len(self.layers) <= depth:
            self.layers.append([])
            self.softmax.append([])
        result, self.width = self.width, self.width + 1
        for steep, weight in zip(found.steepness, found.weights, strict=True):
            self.layers[depth].append((_plus({}, u, steep), v, {result: weight}))
        self.softmax[depth] += self.pending
        form = _plus({result: Fraction(1)}, v, -sum(found.weights, Fraction(0)) / 2)
        for k in (0, 1):
            form = _plus(form, factors[k].form, centres[1 - k])
        return _plus(form, {0: -centres[0] * centres[1]})

    def transformer(self, outputs: list[Coordinates]) -> Transformer:
        """Return the transformer; the embedding holds the constant and the inputs."""

        def row(form: Coordinates) -> Matrix:
            return Matrix.of(1, self.width, {(0, k): value for k, value in form.items()})

        layers = tuple(
            Layer(
                tuple(
                    Head(
                        row(query),
                        row({0: Fraction(1)}),
                        row(value),
                        Matrix.of(self.width, 1, {(k, 0): w for k, w in to.items()}),
                    )
                    for query, value, to in layer
                )
            )
            for layer in self.layers
        )
        size = 1 + len(self.problem.inputs)
        embedding = Matrix.of(self.width, size, {(k, k): Fraction(1) for k in range(size)})
        readout = {(o, k): value for o, form in enumerate(outputs) for k, value in form.items()}
        return Transformer(embedding, layers, Matrix.of(len(outputs), self.width, readout))


def _plus(form: Coordinates, other: Coordinates, factor: Fraction = Fraction(1)) -> Coordinates:
    result = dict(form)
    for k, value in other.items():
        result[k] = result.get(k, Fraction(0)) + factor * value
    return {k: value for k, value in result.items() if value}


def build(problem: Problem) -> tuple[Proved, tuple[tuple[str, int], ...]]:
    """Return the heads and the proof; UnreachableError where rounding and cells leave more than the tolerance."""
    expression, builder = problem.expression, _Builder(problem)
    d = builder.draft.derivation
    moved = _influences(problem)
    products = [t for t, node in enumerate(expression.nodes) if _is_product(problem, t) and moved[t]]
    parts: dict[int, Part] = {}
    for t, node in enumerate(expression.nodes):
        if node.op == "input":
            parts[t] = Part(t, None, {1 + node.children[0]: Fraction(1)}, 0)
        elif node.value is not None:
            parts[t] = Part(t, None, {0: node.value} if node.value else {}, 0)
        elif t in products:
            share = problem.tolerance * SHARED / len(products) / moved[t]
            factors = parts[node.children[0]], parts[node.children[1]]
            parts[t] = builder.product(t, factors, share)
        else:
            parts[t] = _linear(builder, t, [parts[c] for c in node.children])
    roots = [parts[root] for root in expression.roots]
    transformer = builder.transformer([part.form for part in roots])
    pairs = [pair for layer in builder.softmax for pair in layer]
    chains = []
    for k, part in enumerate(roots):
        same = head.equate(d, d.term("subject", k), part.term, [[power] for power, _ in pairs], [i for _, i in pairs])
        chains.append([same] if part.near is None else [same, part.near])
    worst = Fraction(0)
    for chain in chains:  # the last steps of the trace, one for each output, even where nothing is added
        bound = sum((near.bound for near in chain), Fraction(0))
        worst = max(worst, d.claim_near("sum", tuple(chain), chain[0].left, chain[-1].right, bound).bound)
    if worst > problem.tolerance:
        raise UnreachableError(f"product heads certify {decimal_up(worst)} here, not {decimal_up(problem.tolerance)}")
    proved = Proved(transformer, (), tuple(d.nodes), tuple(d.steps), builder.bits)
    return proved, (("products", len(products)), ("heads", len(pairs)))


def _influences(problem: Problem) -> list[Fraction]:
    """Return for every node how much an error there moves the outputs, at most, to first order."""
    nodes, inside = problem.expression.nodes, ranges(problem.expression, problem.domain, problem.inputs)
    result = [Fraction(0)] * len(nodes)
    for root in problem.expression.roots:
        result[root] += 1
    for t in range(len(nodes) - 1, -1, -1):
        children = nodes[t].children if nodes[t].op in ("add", "mul") else ()
        for k, c in enumerate(children):
            others = [inside[other] for i, other in enumerate(children) if i != k and nodes[t].op == "mul"]
            result[c] += result[t] * math.prod(max(map(abs, ends)) for ends in others)
    return result


def _is_product(problem: Problem, t: int) -> bool:
    node = problem.expression.nodes[t]
    return node.op == "mul" and all(problem.expression.nodes[c].value is None for c in node.children)


def _linear(builder: _Builder, t: int, parts: list[Part]) -> Part:
    """Return a sum, or a product with a constant, of parts."""
    d, node = builder.draft.derivation, builder.draft.expression.nodes[t]
    form: Coordinates = {}
    if node.op == "add":
        for part in parts:
            form = _plus(form, part.form)
    else:
        factor = Fraction(1)
        for c, part in zip(node.children, parts, strict=True):
            value = builder.draft.expression.nodes[c].value
            factor, form = (factor * value, form) if value is not None else (factor, part.form)
        form = _plus({}, form or {0: Fraction(1)}, factor)
    term = d.term(node.op, *(part.term for part in parts))
    depth = max(part.depth for part in parts)
    nears = [part.near for part in parts]
    if term == t:
        return Part(t, None, form, depth)
    if node.op == "add":
        known = tuple(near for near in nears if near is not None)
        bound = sum((near.bound for near in known), Fraction(0))
        near = d.claim_near("congruence", known, term, t, bound, left=term, right=t)
    else:
        links = [(near, builder.draft.range(c)) for near, c in zip(nears, node.children, strict=True)]
        near = prove.product(d, term, t, links, builder.bits)
    return Part(term, near, form, depth)
