"""Family ``maxaffine``: one head whose scores part the box into cells of a grid and whose values are the target's."""

from fractions import Fraction
from itertools import product
from math import prod

from ..attention import embedded, read
from ..kernel import Context, Rule
from ..model import ONE, Attention, Fact, Form, Near, Vector
from ..number import cost, exp_enclosure
from ..refusal import Rejected
from ..statement import below
from .forms import EXP_BITS
from .holder import Modulus, modulus, power_up, ranges, root_up, up

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
    (output,) = context.node(subject, "subject").children
    whole, box, d = context.subject, context.domain, len(context.domain)
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
    order = below(context.nodes, (target,))
    moved = modulus(context, target, alpha)
    query, scale = _data(context, whole, output)
    factors = [sharpness / width**2 for width in widths]
    axes = [[lo + width * (2 * k + 1) / 2 for k in range(m)] for (lo, _), width, m in
            zip(box, widths, counts, strict=True)]  # fmt: skip
    largest = off = ZERO
    reads = sum(1 + len(query[row]) for row, _ in whole.layers[0].heads[0].w_k) + len(whole.layers[0].heads[0].w_v)
    for anchor, centre in zip(whole.anchors, product(*axes), strict=True):
        context.spend(8 * (d + reads) * cost(*factors, *centre, *anchor.values()))
        score = _score(whole, query, anchor)
        wanted: Form = {("x", i): 2 * f * c for i, (f, c) in enumerate(zip(factors, centre, strict=True)) if c}
        rest = shift - sum((f * c * c for f, c in zip(factors, centre, strict=True)), ZERO)
        if score != (wanted | {ONE: rest} if rest else wanted):
            raise Rejected("the score of an anchor is not that of its cell")
        value = sum((w * scale.get(row, ZERO) * anchor.get(column, ZERO) for (row, column), w in
                     whole.layers[0].heads[0].w_v.items()), ZERO)  # fmt: skip
        largest = max(largest, abs(value))
        lo, hi = ranges(context, order, tuple((c, c) for c in centre))[target]
        off = max(off, hi - value, value - lo)
    leak = 2 * up(context, exp_enclosure(d * sharpness / 4 - shift, terms, EXP_BITS)[1])
    near = _spread(context, moved, widths, sharpness, terms)
    return Near(subject, target, up(context, leak * largest + off + near))


def _spread(context: Context, moved: Modulus, widths: list[Fraction], sharpness: Fraction, terms: int) -> Fraction:
    """Return min(sum_i H_i (s h_i)^alpha, H (s |h|)^alpha), see ``grid_head``."""
    s = root_up(context, Fraction(1, 4) + 2 * exp_enclosure(-sharpness, terms, EXP_BITS)[1])
    reach = [s * width for width in (*widths, root_up(context, sum((width**2 for width in widths), ZERO)))]
    *each, joint = (h * power_up(context, r, moved.exponent) for h, r in zip(moved.slopes, reach, strict=True))
    return min(sum(each, ZERO), joint)


def _data(context: Context, whole: Attention, output: int) -> tuple[list[Form], dict[int, Fraction]]:
    """Return the query's rows, and with what weight the output reads each row of the head's value."""
    (head,) = whole.layers[0].heads
    context.spend(whole.d_model + len(head.w_q) + len(head.w_k) + len(head.w_v) + len(head.w_o))
    stream = embedded(whole, len(context.domain))
    keys, values = read(head.w_k, head.d_head, stream), read(head.w_v, head.d_head, stream)
    readout = {column: weight for (row, column), weight in whole.readout.items() if row == output}
    before = read({(0, column): weight for column, weight in readout.items()}, 1, stream)
    if any(keys) or any(values) or any(before):
        raise Rejected("the key, the value and the read-out of the data token are not zero")
    scale: dict[int, Fraction] = {}
    for (row, column), weight in head.w_o.items():
        scale[column] = scale.get(column, ZERO) + weight * readout.get(row, ZERO)
    return read(head.w_q, head.d_head, stream), scale


def _score(whole: Attention, query: list[Form], anchor: Vector) -> Form:
    """Return the score against an anchor as a form in (1, x), zeros dropped."""
    score: Form = {}
    for (row, column), weight in whole.layers[0].heads[0].w_k.items():
        for atom, value in query[row].items():
            score[atom] = score.get(atom, ZERO) + value * weight * anchor.get(column, ZERO)
    return {atom: value for atom, value in score.items() if value}


RULES: dict[str, Rule] = {
    "grid_head": Rule(
        "maxaffine",
        grid_head,
        {
            "subject": "term",
            "target": "term",
            "counts": "indices",
            "sharpness": "rational",
            "shift": "rational",
            "terms": "index",
            "alpha": "rational",
        },
    )
}
