"""Targets of several operations by native heads: each part is one layer of heads, on the results of those before it.

Products   u v = sum of w_i (sigma(d_i u) - 1/2) v, nearly: each head queries d_i u + c, keys the constant, and has the
           value v.  Anchors have keys and values zero there, so with p of them softmax is sigma(d_i u + c - log(1+p)),
           and c is log(1+p) rounded.  Half of the sum of the w_i comes off wherever the product is read.
Functions  of one part by one head over anchors, see ``anchors``; the logistic function, alone or times a value, by one
           head that keys the constant.
u and v are parts less their centres; sums and multiples cost nothing in a residual stream, so layers are the products
and functions on a path.  Source: DESIGN's native heads, composed; derived here.
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
from ...exact.elementary import CellError
from ...exact.functions import enclosed
from ...exact.number import decimal_up
from ...relu.constructions.elementary import carried
from ...relu.constructions.product import centred
from ...relu.draft import Draft, Value
from ...relu.network import constant
from ...relu.univariate import Univariate, affine
from ...spec.problem import Problem
from ...target.ranges import formula
from . import anchors, head
from .plan import Piece, Plan, function_of, is_polynomial
from .product import Fit, choose
from .stream import Coordinates, Placed, Stream, plus

GUARD_BITS = 64
LEAST_BITS = 96
SHARED = Fraction(49, 50)  # of the tolerance, for the parts; the rest for products of errors
LESS = Fraction(97, 100)  # of what would just do, where a first try misses the tolerance
TRIES = 4
LEAST_ORDER, MOST_ORDER = 8, 40
ONE, ZERO = Fraction(1), Fraction(0)


class _MoreAnchorsError(Exception):
    """A function has no fit with the number of anchors that was planned."""


@dataclass(frozen=True, slots=True)
class Part:
    """A term that the stream holds in a linear form after ``depth`` layers; None for ``near`` if it is its target."""

    term: int
    near: Near | None
    form: Coordinates
    depth: int


class _Builder:
    """The stream and the proof, as parts are added."""

    def __init__(self, problem: Problem, plan: Plan, count: int, bits: int, scale: Fraction) -> None:
        self.problem, self.plan, self.scale, self.bits = problem, plan, scale, bits
        self.expression = problem.expression
        digits = math.ceil(-math.log10(min(1.0, float(min([problem.tolerance, *plan.shares.values()])))))
        self.order = min(MOST_ORDER, max(LEAST_ORDER, digits))
        self.draft = Draft(problem.expression, problem.domain, bits)
        self.stream = Stream(len(problem.inputs), count)
        self.parts: dict[int, Part] = {}

    def outputs(self) -> list[Part]:
        """Return the parts that the outputs are."""
        for node in self.expression.nodes:
            if node.op in ("inv", "log", "power"):
                self.draft.range(node.children[0])
        for piece in self.plan.pieces:
            t, node = piece.root, self.expression.nodes[piece.root]
            if piece.kind == "leaf":
                self.parts[t] = Part(t, None, {1 + node.children[0]: ONE}, 0)
            elif piece.kind == "constant":
                self.parts[t] = self.constant(t)
            else:
                make = {"linear": self.linear, "product": self.product, "gate": self.gate, "sigma": self.sigma}
                self.parts[t] = make.get(piece.kind, self.function)(piece)
        return [self.parts[root] for root in self.expression.roots]

    def constant(self, t: int) -> Part:
        """Return a number near a node that does not move."""
        d, value = self.draft.derivation, self.expression.nodes[t].value
        if self.expression.nodes[t].op == "const" and value is not None:
            return Part(t, None, {0: value} if value else {}, 0)
        inside = self.draft.range(t)
        middle = prove.middle(inside)
        near = prove.symmetry(d, prove.constant(d, inside, middle))
        return Part(d.constant(middle), near, {0: middle} if middle else {}, 0)

    def share(self, t: int) -> Fraction:
        """Return what a piece may err."""
        return self.plan.shares.get(t, self.problem.tolerance) * self.scale

    def inside(self, t: int) -> In:
        """Return an enclosure of a part."""
        known, part = self.draft.range(t), self.parts[t]
        if part.near is None:
            return known
        if part.term not in self.draft.ranges:
            self.draft.ranges[part.term] = prove.range_near(self.draft.derivation, part.near, known)
        return self.draft.ranges[part.term]

    def shifted(self, t: int, centre: Fraction) -> tuple[int, In]:
        """Return the term part - centre with its enclosure."""
        d, inside = self.draft.derivation, self.inside(t)
        if not centre:
            return self.parts[t].term, inside
        offset = self.draft.range(d.constant(-centre))
        term = head.affine(d, ONE, self.parts[t].term, -centre)
        return term, prove.range_of(d, term, self.problem.domain, [inside, offset])

    def balance(self, error: Fraction) -> Fraction:
        """Return log(1 + anchors) to within ``error``: what a head adds to its score to make up for the anchors."""
        if not self.stream.anchors:
            return ZERO
        bits = max(0, error.denominator.bit_length() - error.numerator.bit_length() + 2)
        count = Fraction(1 + self.stream.anchors)
        lo, _ = enclosed("log", (count, count), None, bits + 8)
        return Fraction(round(lo * 2**bits), 2**bits)

    def powers(self, power: int) -> tuple[tuple[int, ...], int]:
        """Return the terms of a head that keys the constant: its powers and the inverse of their sum."""
        d = self.draft.derivation
        one = d.constant(ONE)
        inverse = d.term("inv", d.term("add", d.constant(ONE + self.stream.anchors), power))
        return (*[one] * self.stream.anchors, power), inverse

    def carried(self, f: Univariate, part: Part, near: Near) -> Near:
        """Return |f~(part) - f(target)| from ``near`` = |f~(part) - f(part)|, operation by operation."""
        if part.near is None:
            return near
        only_near_is_read = Value(constant(0), part.near)
        return prove.total(self.draft.derivation, near, carried(self.draft, f, only_near_is_read))

    def linear(self, piece: Piece) -> Part:
        """Return a sum, or a product with a constant, of parts."""
        d, t, node = self.draft.derivation, piece.root, self.expression.nodes[piece.root]
        parts = [self.parts[c] for c in node.children]
        form: Coordinates = {}
        if node.op == "add":
            for part in parts:
                form = plus(form, part.form)
        else:
            factor, moving = ONE, {0: ONE}
            for part in parts:
                fixed = d.nodes[part.term].value if d.nodes[part.term].op == "const" else None
                factor, moving = (factor * fixed, moving) if fixed is not None else (factor, part.form)
            form = plus({}, moving, factor)
        term = d.term(node.op, *(part.term for part in parts))
        depth = max(part.depth for part in parts)
        nears = [part.near for part in parts]
        if term == t:
            return Part(t, None, form, depth)
        if node.op == "add":
            known = tuple(near for near in nears if near is not None)
            bound = sum((near.bound for near in known), ZERO)
            near = d.claim_near("congruence", known, term, t, bound, left=term, right=t)
        else:
            links = [(near, self.draft.range(c)) for near, c in zip(nears, node.children, strict=True)]
            near = prove.product(d, term, t, links, self.bits)
        return Part(term, near, form, depth)

    def function(self, piece: Piece) -> Part:
        """Return a smooth function of a part, by one head over the anchors."""
        d, (v,) = self.draft.derivation, piece.reads
        x, inside, f = self.parts[v], self.inside(v), function_of(self.expression, piece)
        count = self.stream.anchors
        found = anchors.of_size(f, (inside.lo, inside.hi), self.share(piece.root), count)
        if found is None:
            raise _MoreAnchorsError
        keys, one = found.keys, d.constant(ONE)
        line = head.affine(d, ONE, x.term, -keys.centre)
        powers, made = [], []
        for key, boost, value in zip(keys.keys, keys.boosts, found.values, strict=True):
            score = head.affine(d, keys.scale * key, line, boost) if key else d.constant(boost)
            powers.append(d.term("exp", score) if key or boost else one)
            made.append(d.term("mul", d.constant(value), powers[-1]))
        inverse = head.inverse_of_powers(d, [*powers, one])
        terms = [d.term("mul", head.total(d, made), inverse)]
        if found.beta:
            terms.append(head.affine(d, found.beta, x.term, ZERO))
        if found.alpha:
            terms.append(d.constant(found.alpha))
        term = head.total(d, terms)
        try:
            near = smooth(d, term, f.term(self.draft, x.term), inside, self.bits, order=self.order)
        except CellError as error:
            name = formula(self.expression, piece.root, self.problem.inputs)
            raise UnreachableError(f"{name} is not smooth enough here for one head: {error}") from None
        result = self.stream.coordinate()
        query = plus(plus({}, x.form, keys.scale), {0: -keys.centre * keys.scale})
        boosts = self.stream.column(keys.boosts) if any(keys.boosts) else None
        placed = Placed(query, found.values, result, ONE, self.stream.column(keys.keys), boosts)
        self.stream.place(x.depth, placed, (*powers, one), inverse)
        form = plus(plus({result: ONE}, x.form, found.beta), {0: found.alpha})
        return Part(term, self.carried(f, x, near), form, x.depth + 1)

    def logistic(self, v: int, s: int) -> tuple[Coordinates, int, tuple[int, ...], int, Near]:
        """Return the query, term, powers and inverse of a head for the node s = 1/(1 + exp(v)), and the term's error.

        With anchors the term is not exactly s: c is rounded so that this takes at most a 16th of the tolerance's share.
        """
        d, x = self.draft.derivation, self.parts[v]
        c = self.balance(self.share(s) / 16)
        power = d.term("exp", head.affine(d, -ONE, x.term, c))
        powers, inverse = self.powers(power)
        term = d.term("mul", power, inverse)
        f = Univariate(self.expression, s, v)
        near = smooth(d, term, f.term(self.draft, x.term), self.inside(v), self.bits, order=self.order)
        query = plus(plus({}, x.form, -ONE), {0: c})
        return query, term, powers, inverse, self.carried(f, x, near)

    def sigma(self, piece: Piece) -> Part:
        """Return the logistic function of a part, by one head."""
        (v,), depth = piece.reads, self.parts[piece.reads[0]].depth
        query, term, powers, inverse, near = self.logistic(v, piece.root)
        result = self.stream.coordinate()
        self.stream.place(depth, Placed(query, {0: ONE}, result, ONE), powers, inverse)
        return Part(term, near, {result: ONE}, depth + 1)

    def gate(self, piece: Piece) -> Part:
        """Return a part times a s + b, for the logistic function s of a part, by one head."""
        d, t, s, (value, v) = self.draft.derivation, piece.root, piece.logistic, piece.reads
        u, depth = self.parts[value], max(self.parts[c].depth for c in piece.reads)
        query, soft, powers, inverse, near = self.logistic(v, s)
        children = self.expression.nodes[t].children
        other = children[1] if children[0] == value else children[0]
        a, b = affine(self.expression, other, s) or (ONE, ZERO)
        line = Univariate(self.expression, other, s)
        if other != s:
            near = carried(self.draft, line, Value(constant(0), near))
        terms = {value: u.term, other: line.term(self.draft, soft)}
        nears = {value: u.near, other: near}
        term = d.term("mul", *(terms[c] for c in children))
        near = prove.product(d, term, t, [(nears[c], self.draft.range(c)) for c in children], self.bits)
        result = self.stream.coordinate()
        self.stream.place(depth, Placed(query, u.form, result, ONE), powers, inverse)
        return Part(term, near, plus(plus({}, {result: ONE}, a), u.form, b), depth + 1)

    def product(self, piece: Piece) -> Part:
        """Return the product of two parts, within about its share of their exact product."""
        d, t, targets = self.draft.derivation, piece.root, piece.reads
        factors = [self.parts[c] for c in targets]
        centres, halves = zip(*(centred(self.inside(c)) for c in targets), strict=True)
        swap = halves[1] < halves[0]
        a, b = (1, 0) if swap else (0, 1)
        found = choose(halves[a] or ONE, self.share(t) / (halves[b] or 1), self.problem.objective)
        u, v = (self.shifted(targets[k], centres[k]) for k in (a, b))
        forms = [plus(factors[k].form, {0: -centres[k]}) for k in (a, b)]
        soft, near, result = self._soft(found, u, forms, self.share(t) / (halves[b] or 1), factors)
        made, exact = d.term("mul", soft, v[0]), d.term("mul", u[0], v[0])
        if swap:
            made, exact = d.term("mul", v[0], soft), d.term("mul", v[0], u[0])
        links: list[tuple[Near | None, In]] = [(near, u[1]), (None, v[1])]
        chain = [prove.product(d, made, exact, links[::-1] if swap else links, self.bits)]
        both = centres[0] * centres[1]
        rest = [head.affine(d, centres[1 - k], factors[k].term, ZERO) for k in (0, 1) if centres[1 - k]] + (
            [d.constant(-both)] if both else []
        )
        if rest:
            made, whole = d.term("add", made, *rest), d.term("add", exact, *rest)
            chain = [d.claim_near("congruence", (chain[0],), made, whole, chain[0].bound, left=made, right=whole)]
            exact = whole
        plain = d.term("mul", factors[0].term, factors[1].term)
        if exact != plain:
            chain.append(prove.polynomial(d, exact, plain))
        if plain != t:
            known = [(part.near, self.draft.range(c)) for part, c in zip(factors, targets, strict=True)]
            chain.append(prove.product(d, plain, t, known, self.bits))
        form = plus({result: ONE}, forms[1], -sum(found.weights, ZERO) / 2)
        for k in (0, 1):
            form = plus(form, factors[k].form, centres[1 - k])
        form = plus(form, {0: -both})
        return Part(made, prove.total(d, *chain), form, 1 + max(part.depth for part in factors))

    def _soft(
        self, found: Fit, u: tuple[int, In], forms: list[Coordinates], tolerance: Fraction, factors: list[Part]
    ) -> tuple[int, Near, int]:
        """Place the heads of a product; return the term sum of w_i (sigma(d_i u) - 1/2), near u, and the coordinate."""
        d, parts, result = self.draft.derivation, [], self.stream.coordinate()
        c = self.balance(tolerance / 16 / sum(map(abs, found.weights)))
        for steep, weight in zip(found.steepness, found.weights, strict=True):
            power = d.term("exp", head.affine(d, steep, u[0], c))
            powers, inverse = self.powers(power)
            parts.append(d.term("mul", d.constant(weight), power, inverse))
            query = plus(plus({}, forms[0], steep), {0: c})
            placed = Placed(query, forms[1], result, weight)
            self.stream.place(max(part.depth for part in factors), placed, powers, inverse)
        soft = head.total(d, [*parts, d.constant(-sum(found.weights, ZERO) / 2)])
        return soft, smooth(d, soft, u[0], u[1], self.bits, order=self.order), result


def build(problem: Problem) -> tuple[Proved, str, tuple[tuple[str, int], ...]]:
    """Return the heads and the proof, and the construction's name; UnreachableError where the tolerance is missed."""
    plan = Plan.of(problem)
    count, bits = _planned(problem, plan)
    scale, best = SHARED if len(plan.shares) > 1 else ONE, None
    for _ in range(TRIES):
        builder = _Builder(problem, plan, count, bits, scale)
        try:
            parts = builder.outputs()
        except _MoreAnchorsError:
            count += 1
            continue
        except (CellError, ArithmeticError) as error:
            raise UnreachableError(f"native heads for {problem.target} cannot be proved here: {error}") from None
        worst = max((part.near.bound for part in parts if part.near is not None), default=ZERO)
        if worst <= problem.tolerance:
            return _proved(builder, parts), *_named(plan, builder)
        best = worst if best is None else min(best, worst)
        scale *= LESS * problem.tolerance / worst
    reached = f"certify {decimal_up(best)} here" if best is not None else "have no fit fine enough here"
    raise UnreachableError(f"native heads {reached}, not {decimal_up(problem.tolerance)}")


def _proved(builder: _Builder, parts: list[Part]) -> Proved:
    """Return the transformer with its proof; the last steps of the trace are one for each output."""
    d, stream = builder.draft.derivation, builder.stream
    transformer = stream.transformer([part.form for part in parts])
    named = [pair for layer in stream.softmax for pair in layer]
    powers, inverses = [powers for powers, _ in named], [inverse for _, inverse in named]
    chains = []
    for k, part in enumerate(parts):
        same = head.equate(d, d.term("subject", k), part.term, powers, inverses)
        chains.append([same] if part.near is None else [same, part.near])
    for chain in chains:
        bound = sum((near.bound for near in chain), ZERO)
        d.claim_near("sum", tuple(chain), chain[0].left, chain[-1].right, bound)
    return Proved(transformer, (), tuple(d.nodes), tuple(d.steps), builder.bits)


def _named(plan: Plan, builder: _Builder) -> tuple[str, tuple[tuple[str, int], ...]]:
    products, functions, heads = plan.count("product"), plan.count("function"), builder.stream.heads
    if not functions and not plan.count("gate") and not plan.count("sigma"):
        return "product heads", (("products", products), ("heads", heads))
    if functions == heads == 1:
        return "anchored head", (("p", builder.stream.anchors),)
    return "native heads", (("heads", heads), ("p", builder.stream.anchors))


def _planned(problem: Problem, plan: Plan) -> tuple[int, int]:
    """Return how many anchors there have to be, and a precision far below the tolerance for the numbers that occur."""
    digits = math.ceil(-math.log10(min(1.0, float(problem.tolerance))))
    largest = max(abs(end) for ends in plan.inside for end in ends)
    bits = max(LEAST_BITS, GUARD_BITS + 7 * digits) + 2 * int(largest).bit_length()
    count = 0
    if is_polynomial(problem):
        return count, bits
    for piece in plan.pieces:
        if piece.kind == "function":
            name = formula(problem.expression, piece.root, problem.inputs)
            f, inside = function_of(problem.expression, piece), plan.inside[piece.reads[0]]
            found = anchors.fewest(f, inside, plan.shares[piece.root] * (SHARED if len(plan.shares) > 1 else 1), name)
            count = max(count, len(found.values))
            size = max(map(abs, found.values)) / plan.shares[piece.root]
            bits = max(bits, LEAST_BITS + size.numerator.bit_length() - size.denominator.bit_length())
    return count, bits
