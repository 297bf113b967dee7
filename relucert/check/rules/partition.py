"""Family ``partition``: two blocks with feed-forward parts: local approximations, blended by a softmax over cells."""

from bisect import bisect_left, bisect_right
from fractions import Fraction
from itertools import pairwise, product
from math import prod

from ..attention import embedded, query_key, read
from ..kernel import Context, Rule
from ..model import ONE, Attention, Fact, FeedForward, Form, Head, Near
from ..number import cost, exp_enclosure
from ..refusal import Rejected
from ..statement import below
from .forms import EXP_BITS
from .holder import modulus, power_up, ranges, root_up, up

ZERO = Fraction(0)
Gathered = tuple[int, Fraction, Fraction]  # the coordinate, and what block 1 adds to it: slope x_a + offset
Piece = tuple[Fraction, Fraction, Fraction]  # from z on: the value at z and the slope


def partition_of_unity(
    context: Context,
    premises: tuple[Fact, ...],
    subject: int,
    target: int,
    counts: tuple[int, ...],
    axis: int,
    reach: Fraction,
    alpha: Fraction,
    terms: int,
) -> Near:
    """Claim: |subject - target| <= q V + g (V + F) + r + min(sum_i H_i w_i^alpha, H (sum_i w_i^2)^(alpha/2)).

    Hypotheses: one data token, mask full, two layers of one head and a feed-forward part.  ``counts`` n_i cut the box
    into blocks of widths h_i, one anchor each, in lexicographic order, with centres c.  Block 1: the head's scores are
    zero and its values those of the data token alone, affine in the input a = ``axis``, so that all tokens but the
    sink get the same u(x_a) added, in one coordinate z alone; its units read z with weight 1 and a coordinate that is
    1 on anchors and 0 on the data token, where u <= 0.  Block 2: scores S + sum_i b_i (2 c_i x_i - c_i^2) / h_i^2 over
    the axes with n_i > 1, with b_i >= 2; keys and values of the data token are zero.  The output's coordinate, zero
    before, gets the head's value, and its units cut that off at two constants that enclose the target's range.
    Computation: all from the weights.  At anchor c the value is G_c(x_a), piecewise linear; V = max |G_c| and F = max
    |target|, on the box.  c is *good* for x_a no farther than mu h_a beyond its block, mu <= 1/2 the ``reach``:
    on that interval pieces are no longer than w, and at their ends G_c differs from the target by at most r.
    w_a = w / 2; w_i = s_i h_i, s_i^2 = 1/4 + 2 exp(-b_i), or 1/4 if n_i = 1;
    q = 2 exp(sum_i b_i / 4 - S); g = 3 exp(-2 mu b_a), or 0 if n_a = 1.  H_i, H and F: ``holder``, with its proof.
    Proof.  Block 1 adds u exactly, as softmax of zeros is 1 / (anchors + 2) everywhere.  On the data token no unit is
    active, and the sink stays zero.  Sink and data token have score and value 0 in block 2, and the block of x a score
    of at least S - sum_i b_i / 4: their mass is at most q, so T before the last units is within q V of the mean of
    G_c(x_a).  The shares are proportional to products over i of exp(-b_i (x_i - c_i)^2 / h_i^2).  As proved in
    ``grid_head``, the mean of (x_i - c_i)^2 is at most w_i^2 for each i.  If c is not good, x_a is more than
    (1/2 + mu) h_a from c_a; in units of h_a, with f <= 1/2 the distance to the nearest centre, the excess over f^2 is
    at least 2 mu for the next centre, as 1 - f > 1/2 + mu, and k (k - 1) or k^2 >= 1 for the k-th on either side, so
    their shares add to less than e^(-2 mu b) + e^-b (1 + 2 e^-b) + 2 e^(-2b) <= 3 e^(-2 mu b) for b >= 2, and each of
    them is off by at most V + F.  For good c, G_c(x_a) is a mean, with weights of sum 1, of the values at the ends t
    of a piece, so within r of the mean of target(t, c'), c' the other coordinates; that of (t - x_a)^2 is
    (t_1 - x_a)(x_a - t_0) <= w_a^2.  All weights together are a mean over points p = (t, c') of the box, and as
    z^(alpha/2) is concave, the mean of |p_i - x_i|^alpha is at most w_i^alpha, and that of |p - x|^alpha likewise.
    Cutting off moves nothing away from a target between the two constants.
    Source: after arXiv 2605.08811, of which its abstract was at hand; construction and constants derived here.
    """
    (output,) = context.node(subject, "subject").children
    whole, box, d = context.transformer, context.domain, len(context.domain)
    context.spend(8 * terms * (2 + d) + d * d // 4096)
    if context.sequence.most != 1 or context.sequence.mask != "full" or whole.code is not None:
        raise Rejected("needs a single data token, mask full and no position code")
    if len(whole.layers) != 2 or any(len(layer.heads) != 1 for layer in whole.layers):
        raise Rejected("needs two layers of one head")
    (gather,), (blend,) = whole.layers[0].heads, whole.layers[1].heads
    local, clip = whole.layers[0].feed_forward, whole.layers[1].feed_forward
    if local is None or clip is None:
        raise Rejected("both layers need a feed-forward part")
    if len(counts) != d or min(counts) < 1 or prod(counts) != len(whole.anchors) or axis >= d:
        raise Rejected("one anchor is needed for each block, and an axis of the box")
    widths = [(hi - lo) / n for (lo, hi), n in zip(box, counts, strict=True)]
    if min(widths) <= 0:
        raise Rejected("the box has an input without a width")
    size = sum(map(len, (*gather[1:], *blend[1:], *local[1:], *clip[1:], whole.embedding, whole.readout)))
    context.spend(8 * size * (1 + d) + whole.d_model + gather.d_head + blend.d_head + local.width)
    context.spend(len(whole.anchors) * (4 + len(gather.w_v) + len(blend.w_v)))
    stream = embedded(whole, d, context.spend)
    place, slope, offset = _gathered(context, whole, gather, stream, axis)
    ramp: Form = {("x", axis): slope}
    stream[place] = ramp | {ONE: offset} if offset else ramp
    if slope <= 0 or slope * box[axis][1] + offset > 0:
        raise Rejected("what block 1 adds must grow with the input, and be at most zero on the box")
    moved, order = modulus(context, target, alpha), below(context.nodes, (target,))
    column = _clipped(context, whole, clip, blend, stream, output, (moved.lo, moved.hi))
    weights: dict[int, Fraction] = {}  # with which the output reads each coordinate of an anchor
    for (row, source), weight in blend.w_v.items():
        weights[source] = weights.get(source, ZERO) + weight * blend.w_o.get((column, row), ZERO)
    written = {row for row, _ in local.w_out} | {place}
    if any(source in written for _, source in blend.w_k) or weights.get(place):
        raise Rejected("block 2 reads what it may not read on anchors")
    if any(any(read(matrix, blend.d_head, stream, context.spend)) for matrix in (blend.w_k, blend.w_v)):
        raise Rejected("key and value of the data token are not zero")
    pieces = _pieces(context, whole, local, stream, (place, weights))
    axes = [[lo + h * (2 * k + 1) / 2 for k in range(n)] for (lo, _), h, n in zip(box, widths, counts, strict=True)]
    query = read(blend.w_q, blend.d_head, stream, context.spend)
    sharp, shift = _scored(context, whole, blend, query, axes, widths)
    if not 0 < reach <= Fraction(1, 2):
        raise Rejected("the reach must be in (0, 1/2]")
    starts = [anchor.get(place, ZERO) + offset for anchor in whole.anchors]
    ends = [start + slope * end for start in starts for end in box[axis]]
    knots = [z for z, _, _ in pieces]
    largest = max(abs(_at(pieces, knots, z)) for z in (*knots, min(ends), max(ends)))
    off = longest = ZERO
    for centre, start in zip(product(*axes), starts, strict=True):
        beyond = widths[axis] * (Fraction(1, 2) + reach)
        lo, hi = max(box[axis][0], centre[axis] - beyond), min(box[axis][1], centre[axis] + beyond)
        first, last = start + slope * lo, start + slope * hi
        inner = knots[bisect_right(knots, first) : bisect_left(knots, last)]
        for before, z in pairwise((first, first, *inner, last)):
            longest = max(longest, (z - before) / slope)
            t, value = (z - start) / slope, _at(pieces, knots, z)
            context.spend(16 * cost(t, value))
            point = tuple((t, t) if i == axis else (c, c) for i, c in enumerate(centre))
            least, most = ranges(context, order, point)[target]
            off = max(off, most - value, value - least)
    spread = [h * root_up(context, Fraction(1, 4) + (2 * exp_enclosure(-b, terms, EXP_BITS)[1] if b else ZERO))
              for h, b in zip(widths, sharp, strict=True)]  # fmt: skip
    spread[axis] = longest / 2
    leak = 2 * up(context, exp_enclosure(sum(sharp, ZERO) / 4 - shift, terms, EXP_BITS)[1])
    far = ZERO if counts[axis] == 1 else 3 * up(context, exp_enclosure(-2 * reach * sharp[axis], terms, EXP_BITS)[1])
    bad = far * (largest + max(-moved.lo, moved.hi))
    spread.append(root_up(context, sum((s * s for s in spread), ZERO)))
    *each, joint = (h * power_up(context, up(context, s), alpha) for h, s in zip(moved.slopes, spread, strict=True))
    return Near(subject, target, up(context, leak * largest + bad + off + min(sum(each, ZERO), joint)))


def _gathered(context: Context, whole: Attention, head: Head, stream: list[Form], axis: int) -> Gathered:
    """Return what the head of block 1 adds to every token but the sink, where it is affine in x_a alone."""
    if query_key(head, context.spend):
        raise Rejected("the scores of block 1 are not zero")
    if any(column in anchor for _, column in head.w_v for anchor in whole.anchors):
        raise Rejected("block 1 reads values of anchors")
    values = read(head.w_v, head.d_head, stream, context.spend)
    shares = [{k: v / (len(whole.anchors) + 2) for k, v in f.items()} for f in values]
    added = read(head.w_o, whole.d_model, shares, context.spend)
    rows = {row for row, form in enumerate(added) if form}
    if len(rows) != 1 or stream[min(rows)] or not set(added[min(rows)]) <= {ONE, ("x", axis)}:
        raise Rejected("block 1 must add an affine function of the axis to one empty coordinate")
    place = rows.pop()
    return place, added[place].get(("x", axis), ZERO), added[place].get(ONE, ZERO)


def _pieces(
    context: Context, whole: Attention, part: FeedForward, stream: list[Form], reading: tuple[int, dict[int, Fraction]]
) -> list[Piece]:
    """Return G as pieces in z, from the units z + threshold, and units that read the constant of anchors alone."""
    place, weights = reading
    if any(source in anchor for source, weight in weights.items() if weight for anchor in whole.anchors):
        raise Rejected("values of anchors must come from the feed-forward part")
    rows: list[dict[int, Fraction]] = [{} for _ in range(part.width)]
    for (unit, source), weight in part.w_in.items():
        rows[unit][source] = weight
    ones = {source for row in rows for source in row} - {place}
    context.spend(len(ones) * len(whole.anchors) // 4)
    if any(stream[one] or any(anchor.get(one) != 1 for anchor in whole.anchors) for one in ones):
        raise Rejected("the units of block 1 must read z and coordinates that are 1 on anchors and 0 on the data token")
    slopes: dict[Fraction, Fraction] = {}
    base = ZERO
    out = [ZERO] * part.width
    for (row, unit), weight in part.w_out.items():
        out[unit] += weights.get(row, ZERO) * weight
    for unit_row, weight in zip(rows, out, strict=True):
        constant = sum((v for source, v in unit_row.items() if source != place), ZERO)
        context.spend(8 * cost(constant, weight))
        if unit_row.get(place, ZERO) not in (0, 1):
            raise Rejected("a unit of block 1 must read z with weight 1 or not at all")
        if place in unit_row:
            slopes[-constant] = slopes.get(-constant, ZERO) + weight
        else:
            base += weight * max(constant, ZERO)
    pieces: list[Piece] = []
    slope, value, before = ZERO, base, ZERO
    for z in sorted(slopes):
        context.spend(16 * cost(z, value, slope))
        value += slope * (z - before)
        slope, before = slope + slopes[z], z
        pieces.append((z, value, slope))
    if not pieces:
        raise Rejected("no unit of block 1 reads what was gathered")
    return pieces


def _at(pieces: list[Piece], knots: list[Fraction], z: Fraction) -> Fraction:
    """Return G(z); it is constant before the first knot."""
    k = bisect_right(knots, z)
    start, value, slope = pieces[max(k - 1, 0)]
    return value + slope * (z - start) if k else value


def _clipped(
    context: Context,
    whole: Attention,
    part: FeedForward,
    head: Head,
    stream: list[Form],
    output: int,
    inside: tuple[Fraction, Fraction],
) -> int:
    """Return the coordinate of the output, zero before block 2, whose units cut it off outside ``inside``."""
    readout = {column: weight for (row, column), weight in whole.readout.items() if row == output}
    if list(readout.values()) != [1] or stream[min(readout)]:
        raise Rejected("the read-out must be one coordinate that is zero before block 2")
    (column,), heard = readout, {row for row, _ in head.w_o}
    ends: dict[Fraction, Fraction] = {}
    for (row, unit), weight in part.w_out.items():
        if row == column:
            reads = {source: value for (u, source), value in part.w_in.items() if u == unit}
            sign = reads.pop(column, ZERO)
            rest = read({(0, source): value for source, value in reads.items()}, 1, stream, context.spend)[0]
            if sign + weight or abs(sign) != 1 or sign in ends or heard & set(reads) or set(rest) - {ONE}:
                raise Rejected("the units of block 2 must cut the output off at two constants")
            ends[sign] = -sign * rest.get(ONE, ZERO)  # relu(y - hi) and relu(lo - y)
    if len(ends) != 2 or ends[Fraction(-1)] > inside[0] or ends[Fraction(1)] < inside[1]:
        raise Rejected("the output must be cut off at two constants that enclose the target")
    return column


def _scored(
    context: Context,
    whole: Attention,
    head: Head,
    query: list[Form],
    axes: list[list[Fraction]],
    widths: list[Fraction],
) -> tuple[list[Fraction], Fraction]:
    """Return b_i, 0 along an axis of one block, and S, read from the first anchors and found at all of them."""
    scores: list[Form] = []
    for anchor in whole.anchors:
        score: Form = {}
        for (row, column), weight in head.w_k.items():
            key = anchor.get(column, ZERO) * weight
            context.spend(2 + len(query[row]) * cost(key) if key else 1)
            for atom, value in query[row].items() if key else ():
                score[atom] = score.get(atom, ZERO) + value * key
        scores.append(score)
    sharp, stride = [ZERO] * len(axes), len(scores)
    for i, (centres, h) in enumerate(zip(axes, widths, strict=True)):
        stride //= len(centres)
        if len(centres) > 1:
            rise = scores[stride].get(("x", i), ZERO) - scores[0].get(("x", i), ZERO)
            sharp[i] = rise * h / 2
            if sharp[i] < 2:
                raise Rejected("the sharpness must be at least 2")
    factors = [b / h**2 for b, h in zip(sharp, widths, strict=True)]
    levels = [sum((f * c * c for f, c in zip(factors, centre, strict=True)), ZERO) for centre in product(*axes)]
    shift = scores[0].get(ONE, ZERO) + levels[0]
    for score, centre, level in zip(scores, product(*axes), levels, strict=True):
        wanted: Form = {("x", i): 2 * f * c for i, (f, c) in enumerate(zip(factors, centre, strict=True))}
        if {k: v for k, v in score.items() if v} != {k: v for k, v in (wanted | {ONE: shift - level}).items() if v}:
            raise Rejected("the score of an anchor is not that of its block")
    return sharp, shift


RULES: dict[str, Rule] = {
    "partition_of_unity": Rule(
        "partition",
        partition_of_unity,
        {
            "subject": "term",
            "target": "term",
            "counts": "indices",
            "axis": "index",
            "reach": "rational",
            "alpha": "rational",
            "terms": "index",
        },
    )
}
