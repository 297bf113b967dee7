"""The ``partition`` route: two encoder blocks; feed-forward parts approximate locally, softmax blends over blocks.

One axis a of the box is served by a feed-forward part, the others by tokens.  Every anchor token stands for a block of
the box with centre c.  Block 1 adds (x_a - hi_a) / h, gathered exactly by uniform attention, to the token's address
z, and its feed-forward part is one piecewise-linear function G of z with knots at whole numbers: token c finds
there the interpolation of f(., c') at knots h apart on its block, and one knot beyond.  Block 2 blends by a softmax of
affine scores, and its feed-forward part keeps the result in the target's range.  That takes about 3 weights for each
of the prod m_i cells of the design of ``max-affine``, which takes d + 2.  Proof in the checker's rule
``partition_of_unity``.  The one published constant at hand is the rate O(eps^(-d/alpha)) of arXiv 2605.08811.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from ...certificate.write import Proved
from ...errors import UnreachableError
from ...exact.number import round_up
from ...relu.draft import Draft
from ...relu.plan import Plan
from ...spec.problem import Problem
from ...target.expression import evaluate
from ...target.ranges import ranges
from ...transformer.model import FeedForward, Head, Layer, Matrix, Transformer, Vector
from ..maxaffine import route as grid

MOST_CELLS = 36_000
CELLS_OF_A_BLOCK = 16  # along the axis of the feed-forward part, where that is the only one
RANGE_BITS = 16
ONE = Fraction(1)
Progress = Callable[[str], None]
Interval = tuple[Fraction, Fraction]
Values = list[list[Fraction]]  # of each output at each knot


@dataclass(frozen=True, slots=True)
class Design:
    """``cells`` along each input, ``tokens`` along each input, and the ``axis`` that the feed-forward part serves."""

    cells: tuple[int, ...]
    tokens: tuple[int, ...]
    axis: int

    @property
    def knots(self) -> int:
        """How many values are held: a knot more than cells for each token, and two for those with neighbours."""
        blocks = self.tokens[self.axis]
        beyond = 2 * blocks - 2 if blocks > 1 else 0
        others = math.prod(self.tokens) // blocks
        return others * (self.cells[self.axis] + blocks + beyond)


def design(problem: Problem) -> Design:
    """Return the design with the cells of ``max-affine``; raise UnreachableError where no modulus is derived."""
    cells = list(grid.design(problem).counts)
    axis = max(range(len(cells)), key=lambda i: cells[i])
    tokens = list(cells)
    tokens[axis] = math.ceil(cells[axis] / CELLS_OF_A_BLOCK) if len(cells) == 1 else 1
    cells[axis] = tokens[axis] * math.ceil(cells[axis] / tokens[axis])
    return Design(tuple(cells), tuple(tokens), axis)


def predict(problem: Problem) -> str | None:
    """Return None where the route applies, and otherwise why it does not."""
    if problem.sequence.mask != "full":
        return "its anchor tokens have to see the data token; it needs --mask full"
    if len(problem.inputs) > grid.MOST_INPUTS:
        most, count = grid.MOST_INPUTS, len(problem.inputs)
        return f"it knows at most {most} inputs, as its cells are eps^-d; the target has {count}"
    if any(lo == hi for lo, hi in problem.domain):
        return "an input has a domain without a width"
    try:
        design(problem)
    except UnreachableError as error:
        return str(error)
    return None


def build(problem: Problem, progress: Progress) -> tuple[Proved, Plan]:
    """Return the proved transformer; UnreachableError where it would be too large."""
    progress("building local approximations")
    plan, box, tolerance = design(problem), problem.domain, problem.tolerance
    cells = math.prod(plan.cells)
    if cells > MOST_CELLS:
        predicted = (("tokens", math.prod(plan.tokens) + 2), ("layers", 2), ("heads", 2))
        raise UnreachableError(f"it would take {cells:,} cells; at most {MOST_CELLS:,} are built", predicted)
    widths = [(hi - lo) / m for (lo, hi), m in zip(box, plan.cells, strict=True)]
    axes = [_centres(interval, n) for interval, n in zip(box, plan.tokens, strict=True)]
    centres = list(product(*axes))
    unit = Fraction(1, 2 ** max(0, math.ceil(-math.log2(tolerance * grid.ROUNDING))))
    values: Values = []
    addresses: list[Fraction] = []
    off = Fraction(0)
    for centre in centres:
        first, points = _knots(plan, box[plan.axis], widths[plan.axis], centre)
        addresses.append(len(values) + (box[plan.axis][1] - first) / widths[plan.axis])
        for t in points:
            exact = evaluate(problem.expression, [*centre[: plan.axis], t, *centre[plan.axis + 1 :]])
            values.append([round(value / unit) * unit for value in exact])
            off = max(off, *(abs(v - e) for v, e in zip(values[-1], exact, strict=True)))
    largest = max(abs(value) for row in values for value in row)
    inside = ranges(problem.expression, box, problem.inputs)
    clips = [_outside(inside[root]) for root in problem.expression.roots]
    size = largest + max(abs(end) for interval in clips for end in interval)
    reach = Fraction(plan.tokens[plan.axis], plan.cells[plan.axis]) if plan.tokens[plan.axis] > 1 else Fraction(1, 2)
    hidden = max(1.0, 8 * float(size / (tolerance * grid.LEAK)))
    sharp = [grid.SHARPNESS if n > 1 else Fraction(0) for n in plan.tokens]
    if plan.tokens[plan.axis] > 1:
        sharp[plan.axis] = Fraction(math.ceil(math.log(hidden) / float(2 * reach)) + 1)
    shift = Fraction(math.ceil(float(sum(sharp)) / 4 + math.log(hidden)) + 1)
    draft = Draft(problem.expression, box, grid.BITS)
    d = draft.derivation
    for node in problem.expression.nodes:
        if node.op in grid.DEFINED:
            draft.range(node.children[0])
    found = grid.moduli_of(problem)
    missed = Fraction(3 * math.exp(float(sum(sharp) / 4 - shift))) * largest
    if plan.tokens[plan.axis] > 1:
        missed += Fraction(4 * math.exp(-2 * float(reach * sharp[plan.axis]))) * size
    for k, root in enumerate(problem.expression.roots):
        bound = round_up((missed + off + grid.spread(found[k], widths)) * grid.MARGIN)
        subject = d.term("subject", k)
        d.claim_near(
            "partition_of_unity",
            (),
            subject,
            root,
            min(bound, tolerance),
            subject=subject,
            target=root,
            counts=plan.tokens,
            axis=plan.axis,
            reach=reach,
            alpha=found[k].exponent,
            terms=grid.TAYLOR_TERMS,
        )
    factors = [b / ((hi - lo) / n) ** 2 if b else b for b, (lo, hi), n in zip(sharp, box, plan.tokens, strict=True)]
    ramp = (1 / widths[plan.axis], -box[plan.axis][1] / widths[plan.axis])
    transformer = _transformer(centres, addresses, values, (factors, shift), (plan.axis, *ramp), clips)
    parameters = (("cells", cells), *((f"m{i + 1}", m) for i, m in enumerate(plan.cells)))
    parameters = (*parameters, ("tokens", math.prod(plan.tokens)))
    return Proved(transformer, (), tuple(d.nodes), tuple(d.steps), grid.BITS), Plan("partition", parameters, (), ())


def _centres(interval: Interval, count: int) -> list[Fraction]:
    lo, hi = interval
    return [lo + (hi - lo) * (2 * k + 1) / (2 * count) for k in range(count)]


def _knots(
    plan: Design, interval: Interval, h: Fraction, centre: tuple[Fraction, ...]
) -> tuple[Fraction, list[Fraction]]:
    """Return the first knot of a token and all of them: those of its block, and one beyond it inside the box."""
    half = h * plan.cells[plan.axis] / plan.tokens[plan.axis] / 2
    beyond = h if plan.tokens[plan.axis] > 1 else Fraction(0)
    first = max(interval[0], centre[plan.axis] - half - beyond)
    last = min(interval[1], centre[plan.axis] + half + beyond)
    return first, [first + h * k for k in range(round((last - first) / h) + 1)]


def _outside(interval: Interval) -> Interval:
    """Return an interval with short ends around this one."""
    scale = 1 << RANGE_BITS
    return Fraction(math.floor(interval[0] * scale) - 1, scale), Fraction(math.ceil(interval[1] * scale) + 1, scale)


def _transformer(
    centres: list[tuple[Fraction, ...]],
    addresses: list[Fraction],
    values: Values,
    scores: tuple[list[Fraction], Fraction],
    ramp: tuple[int, Fraction, Fraction],
    clips: list[Interval],
) -> Transformer:
    """Return both blocks on the stream (1, x, keys, level, 1 on anchors, z, local values, outputs)."""
    factors, shift = scores
    axis, slope, offset = ramp
    d, outputs, blended = len(factors), len(clips), [i for i, f in enumerate(factors) if f]
    level = 1 + d + len(blended)
    unit, z, first = level + 1, level + 2, level + 3
    width, tokens = first + 2 * outputs, len(centres) + 2
    anchors: list[Vector] = []
    for centre, address in zip(centres, addresses, strict=True):
        rest = shift - sum((f * c * c for f, c in zip(factors, centre, strict=True)), Fraction(0))
        entries = enumerate((*(centre[i] for i in blended), rest, ONE, address), 1 + d)
        anchors.append(tuple((place, value) for place, value in entries if value))
    none = Matrix.of(1, width, {})
    gather = Head(
        none,
        none,
        Matrix.of(1, width, {(0, 0): tokens * offset, (0, 1 + axis): tokens * slope}),
        Matrix.of(width, 1, {(z, 0): ONE}),
    )
    size = max(len(blended) + 1, outputs)
    blend = Head(
        Matrix.of(size, width, {(r, 1 + i): 2 * factors[i] for r, i in enumerate(blended)} | {(len(blended), 0): ONE}),
        Matrix.of(size, width, {(r, 1 + d + r): ONE for r in range(len(blended) + 1)}),
        Matrix.of(size, width, {(k, first + k): ONE for k in range(outputs)}),
        Matrix.of(width, size, {(first + outputs + k, k): ONE for k in range(outputs)}),
    )
    w_in: dict[tuple[int, int], Fraction] = {(0, unit): ONE}
    w_out = {(first + k, 0): value for k, value in enumerate(values[0])}
    units, before = 1, [Fraction(0)] * outputs
    for knot, row in enumerate(values):
        after = values[knot + 1] if knot + 1 < len(values) else row
        steps = [b - a for a, b in zip(row, after, strict=True)]
        w_in.update(
            {(units, z): ONE, (units, unit): Fraction(-knot)}
        )  # kept where nothing bends: the proof looks at knots
        w_out.update({(first + k, units): s - t for k, (s, t) in enumerate(zip(steps, before, strict=True))})
        units, before = units + 1, steps
    low: dict[tuple[int, int], Fraction] = {}
    high: dict[tuple[int, int], Fraction] = {}
    for k, (lo, hi) in enumerate(clips):
        place = first + outputs + k
        low |= {(2 * k, place): ONE, (2 * k, 0): -hi, (2 * k + 1, place): -ONE, (2 * k + 1, 0): lo}
        high |= {(place, 2 * k): -ONE, (place, 2 * k + 1): ONE}
    local = FeedForward(Matrix.of(units, width, w_in), Matrix.of(width, units, w_out))
    clip = FeedForward(Matrix.of(2 * outputs, width, low), Matrix.of(width, 2 * outputs, high))
    return Transformer(
        Matrix.of(width, 1 + d, {(0, 0): ONE} | {(1 + i, 1 + i): ONE for i in range(d)}),
        (Layer((gather,), local), Layer((blend,), clip)),
        Matrix.of(outputs, width, {(k, first + outputs + k): ONE for k in range(outputs)}),
        tuple(anchors),
    )
