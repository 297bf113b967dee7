"""Family ``maxaffine``: one head whose scores part the box into cells of a grid and whose values are the target's."""

from fractions import Fraction
from itertools import product
from math import isqrt, prod

from ..attention import embedded, read
from ..kernel import Context, Rule
from ..model import ONE, Attention, Fact, Form, Near, Node, Vector
from ..number import ceil_to, cost, exp_enclosure, floor_to
from ..refusal import Declined, Rejected
from ..statement import below
from .forms import EXP_BITS

ZERO = Fraction(0)
OPS = ("input", "const", "add", "mul", "inv", "abs", "max", "min")
Slopes = tuple[Fraction, Fraction, tuple[Fraction, ...], Fraction]  # least, largest, L_i, L


def grid_head(
    context: Context,
    premises: tuple[Fact, ...],
    subject: int,
    target: int,
    counts: tuple[int, ...],
    sharpness: Fraction,
    shift: Fraction,
    terms: int,
) -> Near:
    """Claim: |subject - target| <= q max|v| + r + s min(sum_i L_i h_i, L sqrt(sum_i h_i^2)).

    Hypotheses: one data token; one layer of one head; the target is built from inputs and constants by sums, products,
    reciprocals of what is not zero, absolute values and extrema.  ``counts`` m_i >= 1 cut the box into cells of widths
    h_i, and the anchors, in lexicographic order, stand for their centres c.  With b >= 2 the ``sharpness``,
    b_i = b / h_i^2 and S the ``shift``, the score against the anchor of c is S + sum_i b_i (2 c_i x_i - c_i^2), as an
    affine form; its value, read out, is some v_c.  Key and value of the data token are zero, and so is its read-out
    before the layer.
    Computation: q = 2 exp(d b / 4 - S); r = max |v_c - target(c)|, exactly; s^2 = 1/4 + 2 exp(-b); L_i and L by one
    sweep over the target's terms: ``_slopes``.  Rounded up to ``precision`` bits.
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
    the mean of |x_i - c_i| at most s h_i, that of |x - c| at most s sqrt(sum_i h_i^2); the centres are in the box.
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
    slopes = _slopes(context, order, target)
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
        off = max(off, abs(value - _exactly(context, order, target, centre)))
    leak = 2 * _up(context, exp_enclosure(d * sharpness / 4 - shift, terms, EXP_BITS)[1])
    spread = _root(context, Fraction(1, 4) + 2 * exp_enclosure(-sharpness, terms, EXP_BITS)[1])
    each = sum((s * width for s, width in zip(slopes[2], widths, strict=True)), ZERO)
    joint = slopes[3] * _root(context, sum((width**2 for width in widths), ZERO))
    return Near(subject, target, _up(context, leak * largest + off + spread * min(each, joint)))


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


def _exactly(context: Context, order: list[int], target: int, point: tuple[Fraction, ...]) -> Fraction:
    """Return the target at a point of the box, where no denominator is zero."""
    values: dict[int, Fraction] = {}
    for t in order:
        node = context.nodes[t]
        parts = [] if node.op == "input" else [values[c] for c in node.children]
        context.spend(2 + 2 * len(parts) * cost(*parts))
        if node.op == "input":
            values[t] = point[node.children[0]]
        elif node.value is not None:
            values[t] = node.value
        elif node.op in ("add", "mul"):
            values[t] = sum(parts, ZERO) if node.op == "add" else prod(parts, start=Fraction(1))
        elif node.op in ("max", "min"):
            values[t] = max(parts) if node.op == "max" else min(parts)
        else:
            values[t] = 1 / parts[0] if node.op == "inv" else abs(parts[0])
    return values[target]


def _slopes(context: Context, order: list[int], target: int) -> Slopes:
    """Return the target's range and slopes: |f(x) - f(y)| <= sum_i L_i |x_i - y_i| and <= L |x - y| on the box.

    Proof, by induction over terms.  Sums add slopes; |a b - a' b'| <= |a| |b - b'| + |b'| |a - a'|;
    |1/a - 1/a'| <= |a - a'| / m^2 where |a| >= m on the box; extrema and absolute values move by at most the largest
    move of an argument.
    """
    known: dict[int, Slopes] = {}
    for t in order:
        node = context.nodes[t]
        if node.op not in OPS:
            raise Declined(f"no Lipschitz constant is derived through {node.op!r}")
        parts = [] if node.op == "input" else [known[c] for c in node.children]
        context.spend((2 + len(parts)) * 16 * (2 + len(context.domain)) * (1 + context.precision // 64))
        lo, hi, each, joint = _sloped(context, node, parts)
        bits = context.precision
        outward = Fraction(floor_to(lo, bits), 1 << bits), _up(context, hi)
        known[t] = *outward, tuple(_up(context, s) for s in each), _up(context, joint)
    return known[target]


def _sloped(context: Context, node: Node, parts: list[Slopes]) -> Slopes:
    count = len(context.domain)
    if node.op == "input":
        own = node.children[0]
        return *context.domain[own], tuple(Fraction(i == own) for i in range(count)), Fraction(1)
    if node.value is not None:
        return node.value, node.value, (ZERO,) * count, ZERO
    result = parts[0]
    if node.op == "inv":
        lo, hi, each, joint = result
        if lo <= 0 <= hi:
            raise Rejected("no Lipschitz constant: a denominator may be zero")
        steep = 1 / min(lo * lo, hi * hi)
        return 1 / hi, 1 / lo, tuple(s * steep for s in each), joint * steep
    if node.op == "abs":
        lo, hi, each, joint = result
        return max(lo, -hi, ZERO), max(-lo, hi), each, joint
    for other in parts[1:]:
        (a, b, s, u), (c, e, r, v) = result, other
        if node.op == "add":
            result = a + c, b + e, tuple(p + q for p, q in zip(s, r, strict=True)), u + v
        elif node.op == "mul":
            ends, left, right = [a * c, a * e, b * c, b * e], max(-a, b), max(-c, e)
            if len(set(node.children)) == 1 and len(parts) == 2:  # a square
                ends = [max(a, -b, ZERO) ** 2, left * left]
            both = tuple(right * p + left * q for p, q in zip(s, r, strict=True))
            result = min(ends), max(ends), both, right * u + left * v
        else:
            pick = max if node.op == "max" else min
            result = pick(a, c), pick(b, e), tuple(map(max, s, r)), max(u, v)
    return result


def _up(context: Context, value: Fraction) -> Fraction:
    return Fraction(ceil_to(value, context.precision), 1 << context.precision)


def _root(context: Context, value: Fraction) -> Fraction:
    """Return a rational at or above the square root."""
    return Fraction(isqrt(ceil_to(value, 2 * context.precision)) + 1, 1 << context.precision)


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
        },
    )
}
