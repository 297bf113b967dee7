"""A smooth function of one value: reduced, built from its core, and proved as a whole by Taylor expansions.

The core's model (a polynomial in piecewise-linear outputs) is carried through the doublings of the reduction; the rule
``smooth`` compares the result with the function on every cell between the knots, so nothing about the reduction, the
rounding of its constants or the fit needs a proof of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from ...derivation import prove
from ...derivation.judgement import In, Near
from ..draft import Draft, Value
from ..network import Form, atom, constant
from ..reduction import Reduction
from ..taylor import Cells, Line
from ..univariate import Univariate
from .arcs import Arcs, Core, arcs
from .chebyshev import Chebyshev, chebyshev
from .product import square

SETTINGS = ((4, 4), (6, 4), (8, 4), (10, 4), (12, 6), (16, 8), (24, 8), (32, 12), (48, 16), (60, 24))
TRIAL_CELLS = 5
GOOD_ENOUGH = Fraction(103, 100)
MARGIN = 1 + Fraction(1, 2**20)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to build one function: its reduction, its core, and the gates of each doubling's square.

    ``least`` is where the variable is cut off, below (or above, for ``upward`` False), to keep a root's argument
    positive.
    """

    function: Univariate
    reduction: Reduction
    core: Arcs | Chebyshev
    squares: tuple[int, ...]
    least: Fraction | None = None
    upward: bool = True

    @property
    def gates(self) -> int:
        """The number of gates."""
        return len(self.reduction.centres) + self.core.gates + sum(self.squares) + (self.least is not None)

    @property
    def layers(self) -> int:
        """The gates on the longest path."""
        return len(self.reduction.centres) + self.core.layers + sum(self.squares) + (self.least is not None)

    @property
    def name(self) -> str:
        """The name of the construction, for reports."""
        if isinstance(self.core, Chebyshev):
            return "chebyshev"
        return "arcs" if self.core.order else "chords"


def function(draft: Draft, x: Value, recipe: Recipe) -> Value:
    """Return f(x) by the recipe, for a value that is one atom."""
    inside = draft.inside(x)
    if inside.lo == inside.hi:
        return _constant(draft, x, recipe.function)
    if recipe.least is not None:
        x = _cut(draft, x, recipe.least, recipe.upward)
        inside = draft.inside(x)
    reduction, span = recipe.reduction, (inside.lo, inside.hi)
    w = x.form
    for c in reduction.centres:
        j, folded = draft.fold(w - constant(c))
        w = atom("u", draft.neuron(folded))
    knots = recipe.core.knots_on(reduction.span(span))
    places = {inside.lo, inside.hi, *reduction.kinks(span)}
    for k in knots:
        places |= set(reduction.preimages(k, span))
    cells = tuple(sorted(places))
    core = _core(draft, w, recipe, inside, cells, span)
    y, squares = core.value, list(recipe.squares)
    if reduction.bow:
        y, core = _unbowed(draft, w, core, reduction, inside, cells, squares.pop(0))
    y = _finished(draft, x, y, recipe, squares)
    lines = {t: _composed(line, reduction) for t, line in core.lines.items()}
    near = _smooth(draft, y, x, recipe.function, inside, cells, lines)
    return Value(y.form, prove.total(draft.derivation, near, carried(draft, recipe.function, x)))


def _composed(line: Line, reduction: Reduction) -> Line:
    return lambda v: line(reduction.place(v))


def _core(
    draft: Draft, w: Form, recipe: Recipe, inside: In, cells: tuple[Fraction, ...], span: tuple[Fraction, Fraction]
) -> Core:
    if isinstance(recipe.core, Chebyshev):
        return chebyshev(draft, w, recipe.core, inside, cells, recipe.reduction.span(span))
    return arcs(draft, w, recipe.core.on(recipe.reduction.span(span)), inside, cells)


def _unbowed(
    draft: Draft, w: Form, core: Core, reduction: Reduction, inside: In, cells: tuple[Fraction, ...], gates: int
) -> tuple[Value, Core]:
    """Return the core's value less bow (w - middle)^2, and the core with w among its linear terms."""
    d, bow, c = draft.derivation, reduction.bow, reduction.middle
    form = draft.named(w)
    term = draft.output(form)
    lo, hi = reduction.span((inside.lo, inside.hi))
    centre = d.constant((lo + hi) / 2)
    near = prove.pieces(d, term, centre, inside, cells, (hi - lo) / 2)
    draft.ranges[term] = prove.range_near(d, near, draft.range(centre))
    line = Value(form, prove.polynomial(d, term, term))
    squared = square(draft, line, gates)
    parts = [(Fraction(1), core.value), (-bow, squared), (2 * bow * c, line)]
    parts = [(weight, value) for weight, value in parts if weight]
    target = draft.combination([(weight, value.target) for weight, value in parts], -bow * c * c)
    lines = {**core.lines, term: lambda v: v}
    return draft.affine(parts, -bow * c * c, target), Core(core.value, lines, core.knots)


def _finished(draft: Draft, x: Value, y: Value, recipe: Recipe, squares: list[int]) -> Value:
    """Return f from g(w)."""
    reduction, one = recipe.reduction, Fraction(1)
    for gates in squares:
        y = square(draft, y, gates)
        if reduction.kind == "cos":
            y = draft.affine([(Fraction(2), y)], -one, draft.combination([(Fraction(2), y.target)], -one))
    if reduction.kind == "even" and reduction.slope:
        line, slope = Value(x.form, prove.polynomial(draft.derivation, x.term, x.term)), reduction.slope
        offset = -slope * reduction.centres[0]
        target = draft.combination([(one, y.target), (slope, x.term)], offset)
        y = draft.affine([(one, y), (slope, line)], offset, target)
    if reduction.sign < 0:
        y = draft.affine([(-one, y)], Fraction(0), draft.combination([(-one, y.target)], Fraction(0)))
    return y


def _smooth(
    draft: Draft,
    y: Value,
    x: Value,
    f: Univariate,
    inside: In,
    cells: tuple[Fraction, ...],
    lines: dict[int, Line],
) -> Near:
    """Return |y - f(x)|, with the cells cut and the order raised until the bound no longer gets better."""
    d = draft.derivation
    right = f.term(draft, x.term)
    checker = Cells(d.nodes, x.term, lines, draft.bits)
    step = max(1, len(cells) // TRIAL_CELLS)
    trials = [cells[i : i + 2] for i in range(0, len(cells) - 1, step)]

    def worst(order: int, parts: int) -> Fraction | None:
        try:
            return max(checker.bound(y.target, right, _cut_up(trial, parts), order) for trial in trials)
        except ArithmeticError:
            return None

    found = [worst(*setting) for setting in SETTINGS[:2]]
    chosen = 0
    while chosen + 1 < len(SETTINGS):
        now, following = found[chosen], found[chosen + 1]
        if now is not None and following is not None and now <= GOOD_ENOUGH * following:
            break
        chosen += 1
        if chosen + 1 < len(SETTINGS):
            found.append(worst(*SETTINGS[chosen + 1]))
    order, parts = SETTINGS[chosen]
    knots = _cut_up(cells, parts)
    bound = prove.short_up(checker.bound(y.target, right, knots, order) * MARGIN)
    return prove.total(d, y.near, prove.smooth(d, y.target, right, inside, knots, order, bound))


def _cut_up(cells: Sequence[Fraction], parts: int) -> tuple[Fraction, ...]:
    inner = [a + (b - a) * k / parts for a, b in pairwise(cells) for k in range(parts)]
    return (*inner, cells[-1])


def carried(draft: Draft, f: Univariate, x: Value) -> Near:
    """Return |f(x) - f(target of x)| from the distance of x and its target, operation by operation."""
    d, nodes = draft.derivation, draft.expression.nodes
    terms: dict[int, tuple[int, int]] = {f.variable: (x.term, x.target)}
    nears: dict[int, Near] = {f.variable: x.near}
    for t in f.order():
        node = nodes[t]
        left, right = (d.term(node.op, *(terms[c][k] for c in node.children), value=node.value) for k in (0, 1))
        terms[t] = left, right
        if left == right:
            continue
        found = [nears.get(c) for c in node.children]
        known = tuple(near for near in found if near is not None)
        if node.op == "add":
            bound = sum((near.bound for near in known), Fraction(0))
            nears[t] = d.claim_near("congruence", known, left, right, bound, left=left, right=right)
        elif node.op == "mul":
            ranges = [draft.range(terms[c][1]) for c in node.children]
            nears[t] = prove.product(d, left, right, list(zip(found, ranges, strict=True)), draft.bits)
        elif node.op == "inv":
            nears[t] = prove.inverse(d, left, right, known[0], draft.range(terms[node.children[0]][1]), draft.bits)
        else:
            (c,) = node.children
            argument = draft.inside(x) if c == f.variable else None
            nears[t] = prove.lipschitz(d, left, right, known[0], draft.range(terms[c][1]), argument)
    return nears[f.root]


def _cut(draft: Draft, x: Value, least: Fraction, upward: bool) -> Value:
    """Return max(x, least), or min(x, least) where not ``upward``, as a value near the target of x."""
    d, inside = draft.derivation, draft.inside(x)
    sign = Fraction(1 if upward else -1)
    moved = draft.gate(sign * (constant(least) - x.form))
    form = atom("u", draft.neuron(x.form + sign * moved))
    term = draft.output(form)
    lo, hi = (max(inside.lo, least), inside.hi) if upward else (inside.lo, min(inside.hi, least))
    knots = tuple(sorted({inside.lo, inside.hi, *([least] if inside.lo < least < inside.hi else [])}))
    shift = max(least - inside.lo, Fraction(0)) if upward else max(inside.hi - least, Fraction(0))
    near = prove.pieces(d, term, x.term, inside, knots, shift)
    middle = d.constant((lo + hi) / 2)
    bounded = prove.pieces(d, term, middle, inside, knots, (hi - lo) / 2)
    draft.ranges[term] = prove.range_near(d, bounded, draft.range(middle))
    return Value(form, prove.total(d, near, x.near))


def _constant(draft: Draft, x: Value, f: Univariate) -> Value:
    """Return f of a value without width."""
    d = draft.derivation
    inside = draft.range(f.term(draft, x.target))
    return constant_value(draft, inside)


def constant_value(draft: Draft, inside: In) -> Value:
    """Return the middle of a narrow enclosure as a value near the enclosed term."""
    d = draft.derivation
    middle = prove.middle(inside)
    value = draft.constant(middle)
    draft.ranges[value.term] = prove.range_affine(d, value.term, [], middle)
    return Value(value.form, prove.total(d, value.near, prove.symmetry(d, prove.constant(d, inside, middle))))
