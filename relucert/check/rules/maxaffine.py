"""Family ``maxaffine``: one head whose scores part the box into cells of a grid and whose values are the target's."""

from collections.abc import Iterable
from fractions import Fraction
from itertools import product
from math import prod

from ..attention import embedded, read
from ..kernel import Context, Rule
from ..model import ONE, Attention, Fact, Form, Mean, Near, Vector
from ..number import cost, exp_enclosure
from ..refusal import Rejected
from ..statement import below
from .forms import EXP_BITS
from .holder import Modulus, modulus, power_up, ranges, root_up, up
from .polynomial import polynomial

ZERO = Fraction(0)


def grid_head(
    context: Context,
    premises: tuple[Fact, ...],
    subject: int,
    target: int,
    counts: tuple[int, ...],
    sharpness: Fraction,
    shift: Fraction,
    terms: int,
    alpha: Fraction,
) -> Near:
    """Claim: |subject - target| <= q max|v| + r + min(sum_i H_i (s h_i)^alpha, H (s |h|)^alpha), |h|^2 = sum_i h_i^2.

    Hypotheses: one data token; one layer of one head; the target has a Hoelder modulus of exponent ``alpha`` on the
    box that ``holder.modulus`` derives.  ``counts`` m_i >= 1 cut the box into cells of widths
    h_i, and the anchors, in lexicographic order, stand for their centres c.  With b >= 2 the ``sharpness``,
    b_i = b / h_i^2 and S the ``shift``, the score against the anchor of c is S + sum_i b_i (2 c_i x_i - c_i^2), as an
    affine form; its value, read out, is some v_c.  Key and value of the data token are zero, and so is its read-out
    before the layer.
    Computation: q = 2 exp(d b / 4 - S); r = max |v_c - target(c)|; s^2 = 1/4 + 2 exp(-b); H_i and H by one sweep
    over the target's terms: ``holder``, with its proof.  Rounded up to ``precision`` bits.
    Proof.  Sink and data token have score 0 and value 0; the score of the cell of x is
    S + sum_i b_i (x_i^2 - (x_i - c_i)^2) >= S - d b / 4, so their mass is at most q.  Hence T is (1 - mass) times the
    mean of v_c, within q max|v| + r of the mean of target(c).  The weights of the mean are proportional to the product
    over i of exp(-b_i (x_i - c_i)^2): the coordinates of c are independent.  In units of h_i, let f be the distance of
    x_i to the nearest centre, f <= 1/2, and t = 1 - 2 f.  The mean of (x_i - c_i)^2 is f^2 plus, for each other centre,
    its excess over f^2 times its share; the nearest one has excess t and share at most 1 / (1 + e^(b t)), the others
    excesses at least k^2 on the one side and k (k - 1), k >= 2, on the other, and shares at most e^(-b excess).  As
    1 / (1 + e^(b t)) is convex for t >= 0, 1/2 at t = 0, and at most 1/4 at t = 1, it is at most 1/2 - t/4, and
    f^2 + t (1/2 - t/4) = 1/4.  As z e^(-b z) falls for z >= 1, the others make at most
    sum_k k^2 e^(-b k^2) + sum_k>=2 k (k - 1) e^(-b k (k - 1)) <= 2 e^(-b).  So the mean square is at most (s h_i)^2,
    and as z^(alpha/2) is concave the mean of |x_i - c_i|^alpha is at most (s h_i)^alpha, that of |x - c|^alpha at most
    (s |h|)^alpha; the centres are in the box.
    Source: after arXiv 2504.19901 (max-affine partitions); softmax at finite temperature derived here.
    """
    whole = _Grid(context, subject, counts, sharpness, shift, terms)
    order, moved, off = below(context.nodes, (target,)), modulus(context, target, alpha), ZERO
    for centre, value in whole.cells:
        lo, hi = ranges(context, order, tuple((c, c) for c in centre))[target]
        off = max(off, hi - value, value - lo)
    return Near(subject, target, up(context, whole.leak + off + whole.spread(context, moved)))


class _Grid:
    """A head that ``grid_head`` describes: widths h, (centre, value) of its cells, and q max|v| as ``leak``."""

    def __init__(
        self,
        context: Context,
        subject: int,
        counts: tuple[int, ...],
        sharpness: Fraction,
        shift: Fraction,
        terms: int,
    ) -> None:
        (output,) = context.node(subject, "subject").children
        whole, box, d = context.subject, context.domain, len(context.domain)
        context.spend(16 * terms + d * d // 4096)
        if context.sequence.most != 1:
            raise Rejected("needs a single data token")
        if len(whole.layers) != 1 or len(whole.layers[0].heads) != 1:
            raise Rejected("needs one layer of one head")
        if len(counts) != d or min(counts) < 1 or prod(counts) != len(whole.anchors):
            raise Rejected("one anchor is needed for each cell of the grid")
        if sharpness < 2:
            raise Rejected("the sharpness must be at least 2")
        widths = [(hi - lo) / m for (lo, hi), m in zip(box, counts, strict=True)]
        if min(widths) <= 0:
            raise Rejected("the box has an input without a width")
        query, scale = _data(context, whole, output)
        factors = [sharpness / width**2 for width in widths]
        axes = [[lo + width * (2 * k + 1) / 2 for k in range(m)] for (lo, _), width, m in
                zip(box, widths, counts, strict=True)]  # fmt: skip
        self.widths, self.sharpness, self.terms = widths, sharpness, terms
        self.cells: list[tuple[tuple[Fraction, ...], Fraction]] = []
        head = whole.layers[0].heads[0]
        reads = sum(1 + len(query[row]) for row, _ in head.w_k) + len(head.w_v)
        for anchor, centre in zip(whole.anchors, product(*axes), strict=True):
            context.spend(8 * (d + reads) * cost(*factors, *centre, *anchor.values()))
            score = _score(whole, query, anchor)
            wanted: Form = {("x", i): 2 * f * c for i, (f, c) in enumerate(zip(factors, centre, strict=True)) if c}
            rest = shift - sum((f * c * c for f, c in zip(factors, centre, strict=True)), ZERO)
            if score != (wanted | {ONE: rest} if rest else wanted):
                raise Rejected("the score of an anchor is not that of its cell")
            value = sum((w * scale.get(row, ZERO) * anchor.get(column, ZERO) for (row, column), w in
                         head.w_v.items()), ZERO)  # fmt: skip
            self.cells.append((centre, value))
        leak = 2 * up(context, exp_enclosure(d * sharpness / 4 - shift, terms, EXP_BITS)[1])
        self.leak = leak * max(abs(value) for _, value in self.cells)

    def spread(self, context: Context, moved: Modulus) -> Fraction:
        """Return min(sum_i H_i (s h_i)^alpha, H (s |h|)^alpha), see ``grid_head``."""
        s = root_up(context, Fraction(1, 4) + 2 * exp_enclosure(-self.sharpness, self.terms, EXP_BITS)[1])
        reach = [s * h for h in (*self.widths, root_up(context, sum((h**2 for h in self.widths), ZERO)))]
        *each, joint = (h * power_up(context, r, moved.exponent) for h, r in zip(moved.slopes, reach, strict=True))
        return min(sum(each, ZERO), joint)


def grid_norm(
    context: Context,
    premises: tuple[Fact, ...],
    subject: int,
    target: int,
    counts: tuple[int, ...],
    sharpness: Fraction,
    shift: Fraction,
    terms: int,
    alpha: Fraction,
) -> Mean:
    """Claim: the norm L^p of subject - target over the box, p that of the statement, is at most the bound below.

    Hypotheses: those of ``grid_head``; but the target may have the operation ``where``, and its modulus then is one on
    the convex parts of the box on which no condition changes its sign.  The statement's norm is L1 or L2.
    Computation, in the words of ``grid_head``: let W be the largest difference between a value and the target, from
    its range on the box.  The neighbours of a cell C are the cells that touch it, C among them.  C is smooth if each
    condition is >= 0 on all neighbours, or < 0 on all, by interval arithmetic on each; then
    I_C = (r + spread + 2 d e^(-2b) W)^p with r over the neighbours.  Else I_C is the sum over neighbours c of
    (7/(20 b))^k e_c^p, k the number of coordinates in which c differs from C and e_c the largest
    |v_c - target| on C, plus d e^(-2b) / b W^p.  The bound is (|C| sum_C I_C)^(1/p) + q max|v| V^(1/p), V the volume.
    Proof.  By Minkowski, the sink and the data token make the last part.  What is left is the norm of
    g = sum_c w_c (v_c - f), w_c the weights of the mean over centres.  Let x be in C, at u h_i from its centre in
    coordinate i, |u| <= 1/2.  Against the centre of C that j cells on has the excess j^2 - 2 j u in that coordinate, so
    the share of those with |j| >= 2 is at most sum_j>=2 (e^(-b j (j - 1)) + e^(-b j^2)) <= 2 e^(-2b), in any coordinate
    at most d times that.  Where C is smooth, f has the modulus on the hull of the neighbours, a box: there
    |v_c - f(x)| <= r + |f(c) - f(x)|, whose mean is at most r + spread, as for ``grid_head``, and farther cells add
    2 d e^(-2b) W.  Else |g|^p <= sum_c w_c |v_c - f|^p by convexity, and the mean of w_c over C is a product over
    coordinates: for j = 1 or -1 at most the mean of 1 / (1 + e^(b (1 - 2u))), which is
    integral_0^(2b) dt / (1 + e^t) / (2b) < ln 2 / (2b) < 7/(20 b); for |j| >= 2 in all at most
    2 sum_j>=2 e^(-b j (j - 1)) / (2 b j) <= e^(-2b) / b.  Null sets do not count: a condition that is a polynomial,
    not zero, is zero on one only, so where it is <= 0 on C the second branch holds almost everywhere.
    Source: derived here.
    """
    if context.norm == "sup":
        raise Rejected("the statement's norm is the sup norm")
    p = int(context.norm[1:])
    whole, order = _Grid(context, subject, counts, sharpness, shift, terms), below(context.nodes, (target,))
    moved, d, cells = modulus(context, target, alpha, jumps=True), len(counts), whole.cells
    conditions = {context.nodes[t].children[0] for t in order if context.nodes[t].op == "where"}
    thin = frozenset(c for c in conditions if _thin(context, c))
    values = [value for _, value in cells]
    worst = up(context, max(moved.hi - min(values), max(values) - moved.lo))
    far = up(context, d * exp_enclosure(-2 * sharpness, terms, EXP_BITS)[1])
    inner, outer = whole.spread(context, moved) + 2 * far * worst, far / sharpness * worst**p
    boxes = [tuple((c - h / 2, c + h / 2) for c, h in zip(centre, whole.widths, strict=True)) for centre, _ in cells]
    signs, offs = [], []
    for (centre, value), box in zip(cells, boxes, strict=True):
        known, at = ranges(context, order, box), ranges(context, order, tuple((c, c) for c in centre))[target]
        signs.append(tuple(1 if known[c][0] >= 0 else -1 if known[c][1] < 0 else 0 for c in conditions))
        offs.append(up(context, max(at[1] - value, value - at[0])))
    total = ZERO
    beside = [up(context, Fraction(7, 20) ** k / sharpness**k) for k in range(d + 1)]
    for place, box in zip(product(*map(range, counts)), boxes, strict=True):
        near: dict[int, int] = {}
        for other in product(*(range(max(k - 1, 0), min(k + 2, m)) for k, m in zip(place, counts, strict=True))):
            near[_number(other, counts)] = sum(k != j for k, j in zip(place, other, strict=True))
        context.spend(8 * len(near) * d)
        own = signs[_number(place, counts)]
        if 0 not in own and all(signs[k] == own for k in near):
            total += up(context, (max(offs[k] for k in near) + inner) ** p)
            continue
        lo, hi = ranges(context, order, box, thin)[target]
        context.spend(8 * len(near) * cost(lo, hi, beside[d]))
        total += up(context, outer + sum((beside[m] * max(values[k] - lo, hi - values[k]) ** p
                                          for k, m in near.items()), ZERO))  # fmt: skip
    volume, size = (
        prod(whole.widths, start=Fraction(1)) * total,
        prod((hi - lo for lo, hi in context.domain), start=Fraction(1)),
    )
    if p == 2:
        volume, size = root_up(context, volume), root_up(context, size)
    return Mean(subject, target, up(context, volume + whole.leak * size))


def _number(place: Iterable[int], counts: tuple[int, ...]) -> int:
    """Return the index of a cell in lexicographic order."""
    result = 0
    for k, m in zip(place, counts, strict=True):
        result = result * m + k
    return result


def _thin(context: Context, term: int) -> bool:
    """Return whether a term is seen to be a polynomial in inputs that is not zero."""
    found = polynomial(context, term)
    return bool(found) and all(atom[0] == "x" for monomial in found for atom, _ in monomial)


def _data(context: Context, whole: Attention, output: int) -> tuple[list[Form], dict[int, Fraction]]:
    """Return the query's rows, and with what weight the output reads each row of the head's value."""
    (head,) = whole.layers[0].heads
    context.spend(len(head.w_o))
    stream = embedded(whole, len(context.domain), context.spend)
    query, keys, values = (
        read(matrix, head.d_head, stream, context.spend) for matrix in (head.w_q, head.w_k, head.w_v)
    )
    readout = {column: weight for (row, column), weight in whole.readout.items() if row == output}
    before = read({(0, column): weight for column, weight in readout.items()}, 1, stream, context.spend)
    if any(keys) or any(values) or any(before):
        raise Rejected("the key, the value and the read-out of the data token are not zero")
    scale: dict[int, Fraction] = {}
    for (row, column), weight in head.w_o.items():
        scale[column] = scale.get(column, ZERO) + weight * readout.get(row, ZERO)
    return query, scale


def _score(whole: Attention, query: list[Form], anchor: Vector) -> Form:
    """Return the score against an anchor as a form in (1, x), zeros dropped."""
    score: Form = {}
    for (row, column), weight in whole.layers[0].heads[0].w_k.items():
        for atom, value in query[row].items():
            score[atom] = score.get(atom, ZERO) + value * weight * anchor.get(column, ZERO)
    return {atom: value for atom, value in score.items() if value}


_SHAPE = {
    "subject": "term",
    "target": "term",
    "counts": "indices",
    "sharpness": "rational",
    "shift": "rational",
    "terms": "index",
    "alpha": "rational",
}
RULES: dict[str, Rule] = {
    "grid_head": Rule("maxaffine", grid_head, _SHAPE),
    "grid_norm": Rule("maxaffine", grid_norm, _SHAPE),
}
