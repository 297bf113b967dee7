"""The ``max-affine`` route: a grid of anchors, one for each cell, whose scores are largest in their own cell.

The score of the anchor of centre c is S + sum_i b_i (2 c_i x_i - c_i^2), and its value about f(c).  For a target with
Hoelder constants H_i, or H in the Euclidean norm, of exponent alpha, cells of widths h_i leave about
min(sum_i H_i (h_i / 2)^alpha, H (|h| / 2)^alpha).  So the number of cells grows like eps^(-d/alpha).  Proof in the
checker's rule ``grid_head``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from ...certificate.write import Proved
from ...errors import UnreachableError
from ...exact.functions import enclosed
from ...exact.number import round_up
from ...relu.draft import Draft
from ...relu.plan import Plan
from ...spec.problem import Problem
from ...target.expression import evaluate
from ...target.modulus import BITS as MODULUS_BITS
from ...target.modulus import Modulus, moduli, power_up
from ...transformer.model import Head, Layer, Matrix, Transformer, Vector
from . import norm

MOST_CELLS = 20_000
MOST_INPUTS = 3
SHARPNESS = Fraction(8)  # exp(-8) is what softmax adds to the square of a cell's width
SPREAD = Fraction(5007, 10_000)  # above sqrt(1/4 + 2 exp(-8))
ROUNDING = Fraction(1, 2**10)  # of the tolerance, for values
LEAK = Fraction(1, 2**10)  # of the tolerance, for the sink and the data token
TAYLOR_TERMS = 40
NORM_TERMS = 60
BITS = 128
MARGIN = 1 + Fraction(1, 2**60)  # for the checker's own rounding
DEFINED = ("inv", "log", "power")  # what the statement applies to an argument that has to be shown to be fit for it
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Design:
    """How many cells along each input."""

    counts: tuple[int, ...]

    @property
    def cells(self) -> int:
        """The number of cells, which is that of anchors."""
        return math.prod(self.counts)


def predict(problem: Problem) -> str | None:
    """Return None where the route applies, and otherwise why it does not; ``build`` finds how large it is."""
    if len(problem.inputs) > MOST_INPUTS:
        return f"it knows at most {MOST_INPUTS} inputs, as its cells are eps^-d; the target has {len(problem.inputs)}"
    if any(lo == hi for lo, hi in problem.domain):
        return "an input has a domain without a width"
    nodes = problem.expression.nodes
    after: set[int] = set()  # nodes whose ranges the checker cannot be shown, as ``where`` occurs below them
    for t, node in enumerate(nodes):
        if node.op == "where" or (node.op != "input" and after & set(node.children)):
            after.add(t)
        if node.op in DEFINED and node.children[0] in after:
            return f"the argument of {node.op} is piecewise and may jump"
    if problem.norm != "sup":
        return None  # the number of cells comes from building them
    try:
        moduli_of(problem)
    except UnreachableError as error:
        return str(error)
    return None


def moduli_of(problem: Problem) -> list[Modulus]:
    """Return a modulus of every root, all of one exponent: the one asked for, or the largest that is derived."""
    return moduli(problem.expression, problem.domain, problem.inputs, problem.alpha)


def design(problem: Problem) -> Design:
    """Return the fewest cells found: of equal width, or of widths by input, from an equal share of the tolerance each.

    Raises UnreachableError where no modulus is derived.
    """
    found = moduli_of(problem)
    alpha = found[0].exponent
    *each, joint = [max(column) for column in zip(*(part.slopes for part in found), strict=True)]
    room = problem.tolerance * (1 - 2 * ROUNDING - LEAK)
    sides, d = [hi - lo for lo, hi in problem.domain], len(each)
    moving = max(1, sum(1 for slope in each if slope))
    tried = [tuple(max(1, math.ceil(side / _reach(room, s * moving, alpha))) if s else 1
                   for side, s in zip(sides, each, strict=True))]  # fmt: skip
    if joint:
        width = _reach(room, joint, alpha) / Fraction(math.sqrt(d) * (1 + 1e-12))
        tried.append(tuple(max(1, math.ceil(side / width)) for side in sides))
    return Design(min(tried, key=math.prod))


def _reach(room: Fraction, slope: Fraction, alpha: Fraction) -> Fraction:
    """Return a width h at or just below the one with slope * (s h)^alpha = room."""
    if alpha == 1:
        return room / slope / SPREAD
    return enclosed("power", (room / slope, room / slope), 1 / alpha, MODULUS_BITS)[0] / SPREAD


def build(problem: Problem, progress: Progress) -> tuple[Proved, Plan]:
    """Return the proved head; UnreachableError where it would be too large."""
    progress("building cells")
    if problem.norm != "sup":
        return _in_norm(problem)
    found_design = design(problem)
    if found_design.cells > MOST_CELLS:
        size = (("tokens", found_design.cells + 2), ("layers", 1), ("heads", 1))
        raise UnreachableError(f"it would take {found_design.cells:,} cells; at most {MOST_CELLS:,} are built", size)
    counts = found_design.counts
    widths = [(hi - lo) / m for (lo, hi), m in zip(problem.domain, counts, strict=True)]
    factors = [SHARPNESS / width**2 for width in widths]
    axes = [
        [lo + width * (2 * k + 1) / 2 for k in range(m)]
        for (lo, _), width, m in zip(problem.domain, widths, counts, strict=True)
    ]
    centres = list(product(*axes))
    unit = Fraction(1, 2 ** max(0, math.ceil(-math.log2(problem.tolerance * ROUNDING))))
    exact = [evaluate(problem.expression, list(centre)) for centre in centres]
    values = [[round(value / unit) * unit for value in row] for row in exact]
    largest = max((abs(value) for row in values for value in row), default=Fraction(0))
    needed = len(widths) * float(SHARPNESS) / 4 + math.log(max(1.0, 2 * float(largest / (problem.tolerance * LEAK))))
    shift = Fraction(math.ceil(needed) + 1)
    draft = Draft(problem.expression, problem.domain, BITS)
    d = draft.derivation
    for node in problem.expression.nodes:
        if node.op in DEFINED:
            draft.range(node.children[0])
    found = moduli_of(problem)
    missed = Fraction(3) * Fraction(math.exp(len(widths) * float(SHARPNESS) / 4 - float(shift))) * largest
    for k, root in enumerate(problem.expression.roots):
        off = max(abs(v[k] - e[k]) for v, e in zip(values, exact, strict=True))
        near = spread(found[k], widths)
        bound = round_up((missed + off + near) * MARGIN)
        subject = d.term("subject", k)
        d.claim_near(
            "grid_head",
            (),
            subject,
            root,
            min(bound, problem.tolerance),
            subject=subject,
            target=root,
            counts=counts,
            sharpness=SHARPNESS,
            shift=shift,
            terms=TAYLOR_TERMS,
            alpha=found[k].exponent,
        )
    transformer = _transformer(centres, values, factors, shift)
    parameters = (("cells", math.prod(counts)), *((f"m{i + 1}", m) for i, m in enumerate(counts)))
    return Proved(transformer, (), tuple(d.nodes), tuple(d.steps), BITS), Plan("grid head", parameters, (), ())


def _in_norm(problem: Problem) -> tuple[Proved, Plan]:
    """Return the proved head in the norm L1 or L2."""
    volume = math.prod((hi - lo for lo, hi in problem.domain), start=Fraction(1))
    size = float(volume) ** (1 / int(problem.norm[1:]))
    sharpness = norm.SHARPNESS
    found = norm.planned(problem, problem.tolerance * (1 - LEAK), MOST_CELLS)
    largest = float(max(abs(value) for row in found.values for value in row))
    needed = math.log(max(1.0, 2 * largest * size / float(problem.tolerance * LEAK)))
    shift = Fraction(math.ceil(len(problem.inputs) * float(sharpness) / 4 + needed) + 1)
    draft = Draft(problem.expression, problem.domain, BITS)
    for node in problem.expression.nodes:
        if node.op in DEFINED:
            draft.range(node.children[0])
    exponent = moduli_of(problem)[0].exponent
    for k, root in enumerate(problem.expression.roots):
        subject = draft.derivation.term("subject", k)
        draft.derivation.claim_mean(
            "grid_norm",
            subject,
            root,
            min(problem.tolerance, round_up(found.bounds[k] + problem.tolerance * LEAK)),
            subject=subject,
            target=root,
            counts=found.counts,
            sharpness=sharpness,
            shift=shift,
            terms=NORM_TERMS,
            alpha=exponent,
        )
    widths = [(hi - lo) / m for (lo, hi), m in zip(problem.domain, found.counts, strict=True)]
    factors = [sharpness / width**2 for width in widths]
    transformer = _transformer(norm.centres(problem, found.counts), found.values, factors, shift)
    parameters = (("cells", math.prod(found.counts)), *((f"m{i + 1}", m) for i, m in enumerate(found.counts)))
    proved = Proved(transformer, (), tuple(draft.derivation.nodes), tuple(draft.derivation.steps), BITS)
    return proved, Plan("grid head", parameters, (), ())


def spread(modulus: Modulus, widths: list[Fraction]) -> Fraction:
    """Return how far the mean over cells is from the target, as the rule ``grid_head`` bounds it."""
    reach = [SPREAD * width for width in (*widths, Fraction(math.hypot(*map(float, widths)) * (1 + 1e-12)))]
    *each, joint = (h * power_up(r, modulus.exponent) for h, r in zip(modulus.slopes, reach, strict=True))
    return min(sum(each, Fraction(0)), joint)


def _transformer(
    centres: list[tuple[Fraction, ...]], values: list[list[Fraction]], factors: list[Fraction], shift: Fraction
) -> Transformer:
    """Return the head on the stream (1, x, c, S - sum_i b_i c_i^2, values, outputs)."""
    d, outputs = len(factors), len(values[0])
    key, first = 1 + d, 2 + 2 * d
    width, size, one = first + 2 * outputs, max(d + 1, outputs), Fraction(1)
    anchors: list[Vector] = []
    for centre, row in zip(centres, values, strict=True):
        level = shift - sum((f * c * c for f, c in zip(factors, centre, strict=True)), Fraction(0))
        entries = enumerate((*centre, level, *row), key)
        anchors.append(tuple((place, value) for place, value in entries if value))
    head = Head(
        w_q=Matrix.of(size, width, {(d, 0): one} | {(i, 1 + i): 2 * f for i, f in enumerate(factors)}),
        w_k=Matrix.of(size, width, {(i, key + i): one for i in range(d + 1)}),
        w_v=Matrix.of(size, width, {(k, first + k): one for k in range(outputs)}),
        w_o=Matrix.of(width, size, {(first + outputs + k, k): one for k in range(outputs)}),
    )
    return Transformer(
        Matrix.of(width, 1 + d, {(0, 0): one} | {(1 + i, 1 + i): one for i in range(d)}),
        (Layer((head,)),),
        Matrix.of(outputs, width, {(k, first + outputs + k): one for k in range(outputs)}),
        tuple(anchors),
    )
