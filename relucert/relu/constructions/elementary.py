"""A smooth function of one value: reduced, built from its core, and proved as a whole by Taylor expansions.

The core's model (a polynomial in piecewise-linear outputs) is carried through the doublings of the reduction; the rule
``smooth`` compares the result with the function on every cell between the knots, so nothing about the reduction, the
rounding of its constants or the fit needs a proof of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ...derivation import functions, prove
from ...derivation.analytic import analytic
from ...derivation.judgement import In, Near
from ...derivation.smooth import Leaf, smooth
from ...errors import UnreachableError
from ...exact.elementary import CellError
from ...exact.jets import Arithmetic, Jet
from ..draft import Draft, Value
from ..network import Form, atom, constant
from ..reduction import Reduction
from ..univariate import Univariate
from .arcs import Arcs, Core, Line, arcs
from .chebyshev import Chebyshev, chebyshev
from .product import square

ORDER = 7
MOST_ORDER = 60
MOST_WORK = 1 << 25  # the checker's limit, in its units
ORDER_BITS = 6  # bits of precision for each order more


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to build one function: its reduction, its core, and the gates of each doubling's square.

    ``goal`` is the error of the core, carried through, that is good enough; ``least`` is where the variable is cut off
    below (above, where not ``upward``), to keep a root's argument positive.
    """

    function: Univariate
    reduction: Reduction
    core: Arcs | Chebyshev
    squares: tuple[int, ...]
    goal: Fraction
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
        return "chebyshev" if isinstance(self.core, Chebyshev) else "arcs"

    @property
    def parameters(self) -> tuple[tuple[str, int], ...]:
        """The parameters of the construction, for reports."""
        folds = len(self.reduction.centres) + (self.least is not None)
        shared = (("folds", folds), ("doublings", self.reduction.doublings))
        m = sum(self.squares)
        if isinstance(self.core, Chebyshev):
            return (("n", self.core.degree), *shared, ("m", self.core.gates + m))
        pieces, m = len(self.core.fit.knots) - 1, m + sum(self.core.chains)
        return (("K", pieces), ("order", self.core.order), *shared, ("m", m))


def function(draft: Draft, x: Value, recipe: Recipe) -> Value:
    """Return f(x) by the recipe, for a value that is one atom."""
    inside = draft.inside(x)
    if inside.lo == inside.hi:
        return _constant(draft, x, recipe.function)
    if recipe.least is not None:
        x = cut(draft, x, recipe.least, recipe.upward)
        inside = draft.inside(x)
    reduction, span = recipe.reduction, (inside.lo, inside.hi)
    w = x.form
    for c in reduction.centres:
        _, folded = draft.fold(w - constant(c))
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
    near = _near(draft, y, x, recipe, inside, cells, lines)
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


def _near(
    draft: Draft,
    y: Value,
    x: Value,
    recipe: Recipe,
    inside: In,
    cells: tuple[Fraction, ...],
    lines: dict[int, Line],
) -> Near:
    """Return |y - f(x)|."""
    d = draft.derivation
    right = recipe.function.term(draft, x.term)
    leaves = {t: _leaf(line) for t, line in lines.items()}
    degree = 0
    if isinstance(recipe.core, Chebyshev):
        degree = recipe.core.degree
        near = _from_nodes(draft, y.target, right, inside, cells, leaves, recipe.goal)
        if near is not None:
            return prove.total(d, y.near, near)
    order = ORDER if isinstance(recipe.core, Arcs) else min(MOST_ORDER, ORDER + draft.bits // ORDER_BITS)
    work = _work(draft, y.target, order)
    _affordable(work * degree // 2, degree)  # about as many cells as the degree says will be needed, at least half
    near = smooth(d, y.target, right, inside, draft.bits, order=order, kinks=cells, leaves=leaves, goal=recipe.goal)
    knots = dict(d.steps[near.step].args)["knots"]
    _affordable(work * len(knots) if isinstance(knots, tuple) else 0, degree)
    return prove.total(d, y.near, near)


def _from_nodes(
    draft: Draft,
    left: int,
    right: int,
    inside: In,
    cells: tuple[Fraction, ...],
    leaves: dict[int, Leaf],
    goal: Fraction,
) -> Near | None:
    """Return |left - right| from values at Chebyshev nodes; None where the right side is not seen to be analytic."""
    degree = _degree(draft, left)
    try:
        near, work = analytic(
            draft.derivation, left, right, inside, draft.bits, knots=cells, leaves=leaves, degree=degree, goal=goal
        )
    except CellError:
        return None
    _affordable(work, degree)
    return near


def _degree(draft: Draft, term: int) -> int:
    """Return the degree of a polynomial in piecewise-linear terms, counted as the checker does."""
    nodes, degree, stack = draft.derivation.nodes, dict[int, int](), [term]
    while stack:
        t = stack[-1]
        below = nodes[t].children if nodes[t].op in ("add", "mul") else ()
        missing = [c for c in below if c not in degree]
        if missing or t in degree:
            stack = stack + missing if missing else stack[:-1]
            continue
        counted = (degree[c] for c in below)
        degree[t] = (sum if nodes[t].op == "mul" else max)(counted) if below else int(nodes[t].op != "const")
    return degree[term]


def _affordable(work: int, degree: int) -> None:
    """Raise UnreachableError if the checker would decline so much work."""
    if work * 5 // 4 > MOST_WORK:
        raise UnreachableError(
            f"a polynomial of degree {degree} would reach the tolerance, but proving it takes about "
            f"{work / MOST_WORK * 5 / 4:.2g} times the work that the checker allows; ask for less precision"
        )


def _work(draft: Draft, term: int, order: int) -> int:
    """Return about how much work the products of jets on one cell are for the checker, from the factors' degrees."""
    nodes, degree, work = draft.derivation.nodes, dict[int, int](), 0
    unit, stack = 1 + draft.bits // 64, [term]
    while stack:
        t = stack[-1]
        node = nodes[t]
        below = node.children if node.op in ("add", "mul") else ()
        missing = [c for c in below if c not in degree]
        if missing or t in degree:
            stack = stack + missing if missing else stack[:-1]
            continue
        degree[t] = (sum if node.op == "mul" else max)(degree[c] for c in below) if below else int(node.op != "const")
        if node.op == "mul":
            a, b = (min(order, degree[c]) + 1 for c in below)
            size = min(order + 1, a + b - 1)
            work += 2 * unit * (4 * size + min(a, b) * size * max(a, b) // (a + b - 1))
    return work


def _leaf(line: Line) -> Leaf:
    """Return the jets of a function that is linear on every cell, its slope taken close to the cell's middle."""

    def jet(a: Arithmetic, lo: Fraction, hi: Fraction, half: Fraction) -> Jet:
        middle, step = (lo + hi) / 2, half / 1024
        rise = (line(middle + step) - line(middle - step)) * 512
        value, spread = line(middle), abs(rise) * (hi - lo) / (2 * half)
        return a.line(value - spread, value + spread, rise)

    return jet


def carried(draft: Draft, f: Univariate, x: Value) -> Near:
    """Return |f(x) - f(target of x)| from the distance of x and its target, operation by operation."""
    d, nodes = draft.derivation, f.expression.nodes
    terms: dict[int, tuple[int, int]] = {f.variable: (x.term, x.target)}
    draft.inside(x)  # recorded, for ranges of what depends on it
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
            target = draft.range(terms[c][1])
            near_zero = node.op == "power" and (node.value or 0) > 0 and target.lo <= 2 * known[0].bound
            argument = draft.range(terms[c][0]) if near_zero else None
            nears[t] = functions.lipschitz(d, left, right, known[0], draft.bits, target, argument)
    return nears[f.root]


def cut(draft: Draft, x: Value, least: Fraction, upward: bool) -> Value:
    """Return max(x, least), or min(x, least) where not ``upward``, as a value near the target of x."""
    d, inside = draft.derivation, draft.inside(x)
    sign = Fraction(1 if upward else -1)
    moved = draft.gate(sign * (constant(least) - x.form))
    form = atom("u", draft.neuron(x.form + sign * moved))
    term = draft.output(form)
    lo, hi = (max(inside.lo, least), inside.hi) if upward else (inside.lo, min(inside.hi, least))
    places = (least, Fraction(0))  # the new neuron changes its sign where x is zero, if it does
    knots = tuple(sorted({inside.lo, inside.hi, *(k for k in places if inside.lo < k < inside.hi)}))
    shift = max(least - inside.lo, Fraction(0)) if upward else max(inside.hi - least, Fraction(0))
    near = prove.pieces(d, term, x.term, inside, knots, shift)
    middle = d.constant((lo + hi) / 2)
    bounded = prove.pieces(d, term, middle, inside, knots, (hi - lo) / 2)
    draft.ranges[term] = prove.range_near(d, bounded, draft.range(middle))
    return Value(form, prove.total(d, near, x.near))


def _constant(draft: Draft, x: Value, f: Univariate) -> Value:
    """Return f of a value without width."""
    return constant_value(draft, draft.range(f.term(draft, x.target)))


def constant_value(draft: Draft, inside: In) -> Value:
    """Return the middle of a narrow enclosure as a value near the enclosed term."""
    d = draft.derivation
    middle = prove.middle(inside)
    value = draft.constant(middle)
    draft.ranges[value.term] = prove.range_affine(d, value.term, [], middle)
    return Value(value.form, prove.total(d, value.near, prove.symmetry(d, prove.constant(d, inside, middle))))
