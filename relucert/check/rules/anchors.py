"""Family ``anchors``: heads that interpolate on anchors are near the gates of a ReLU network."""

from fractions import Fraction

from ..attention import add_scaled, embedded, read
from ..kernel import Context, Rule
from ..model import ONE, Attention, Fact, Form, Near, Network
from ..number import ceil_to, exp_enclosure, floor_to
from ..refusal import Declined, Rejected
from .forms import EXP_BITS, enclosures, equal, sensitivities

NEIGHBOURS = 4  # on either side whose weights are computed one by one; the others are bounded together
MOST_SHARPNESS = 64
ZERO = Fraction(0)


def anchor_gates(
    context: Context,
    premises: tuple[Fact, ...],
    subject: int,
    net: int,
    heads: tuple[tuple[int, ...], ...],
    spacings: tuple[Fraction, ...],
    sharpness: Fraction,
    constant: Fraction,
    cells: int,
    terms: int,
) -> Near:
    """Claim: |subject - net| <= c sum over gates j of G_j D_j, with D_j the ``spacings`` and c the ``constant``.

    Hypotheses: one data token and P - 1 anchors.  ``heads`` names for every head of every layer one neuron, no neuron
    twice, and ``spacings`` gives each of them, in that order, some D_j > 0.  There are two coordinates that no head
    writes and that hold k and k^2 on anchor k, P and P^2 on the data token.  Every head has d_head 2; its keys read
    these two, its value the first alone, into row 0.  Executing the transformer on affine forms in (1, x, u, r): the
    query of the head named j is (2 b u_j / D_j, -b) with b the ``sharpness`` and what it reads, times D_j, is called
    r_j; the read-out equals the form of the output.  P D_j is at least R_j, and c is what ``cells`` show it to be.
    Computation: c: ``_interpolates``.  R_j >= u_j by one forward sweep of intervals of the network in which
    c u_j + d r_j is enclosed by the extremes of c u + d max(u, 0) over the enclosure of u_j, widened by |d| c D_j.
    G_j: ``forms.sensitivities``.
    Proof.  By ``attention`` the data token sees the sink, the anchors and itself, under either mask.  With
    y = u_j / D_j its scores against them are b (2 k y - k^2) for k = 0 (the sink), 1..P-1, P, and the values are k: the
    two coordinates start so and are never written, whatever else anchors become.  So r_j = D_j A(y) with A the mean of
    k under the weights exp(b (2 k y - k^2)), and |A(y) - min(max(y, 0), P)| <= c for all real y: the lemma of
    ``_interpolates``.  By induction over neurons, R_j bounds u_j there; so r_j is within c D_j of max(u_j, 0).  For a
    neuron that is not named let r_j be max(u_j, 0): no coordinate reads it.  By induction over layers every coordinate
    equals its form.  Then the lemma of ``forms.sensitivities``.
    Source: interpolation anchors after arXiv 2504.15956; their use at finite temperature is derived here.
    """
    proved = _near(context, subject, net, heads, spacings, sharpness, constant)
    if not _interpolates(context, sharpness, constant, cells, terms):
        raise Rejected(f"that the constant is at most {constant} is not established")
    return proved


def anchor_gates_stated(
    context: Context,
    premises: tuple[Fact, ...],
    subject: int,
    net: int,
    heads: tuple[tuple[int, ...], ...],
    spacings: tuple[Fraction, ...],
    sharpness: Fraction,
    leak: Fraction,
    terms: int,
) -> Near:
    """Claim: |subject - net| <= sum over gates j of G_j (max(|a|, |b|) e + (b - a) / p), with a = 0, b = P D_j, p = P.

    That is the gate bound as published for hard max, at the file's finite temperature: e, the ``leak``, bounds the
    softmax mass on all anchors but the two between which a pre-activation in [a, b] lies.
    Hypotheses: those of ``anchor_gates`` but for the constant; exp(-b) / (1 - exp(-3 b)) <= e with b the sharpness.
    Computation: the power with ``terms`` Taylor terms, rounded up; the rest as in ``anchor_gates``.
    Proof.  As for ``anchor_gates``, once |A(y) - min(max(y, 0), P)| <= c = 1 + P e for all real y, as D_j c is
    the summand of gate j.  A increases and A(P - y) = P - A(y), so that 0 <= y <= P is enough, as in ``_interpolates``.
    Let y lie in [n, n + 1], 0 <= n < P.  The score of k = n + 1 + i, i >= 1, is below that of n + 1 by
    b (i^2 + 2 i (n + 1 - y)) >= b i^2; likewise that of n - i below that of n.  As i^2 >= 1 + 3 (i - 1), the weights
    beyond n + 1 sum to at most e times that of n + 1, those below n to at most e times that of n: their mass is at most
    e.  A(y) - y is the mean of k - y, at most 1 in size on n and n + 1 and at most P elsewhere.
    Source: the statement of arXiv 2504.15956 for truncated-linear units, as our notes have it; derived here.
    """
    if not 1 <= sharpness <= MOST_SHARPNESS:
        raise Rejected(f"the sharpness must be from 1 to {MOST_SHARPNESS}")
    context.spend(16 * terms)
    power = exp_enclosure(-sharpness, terms, EXP_BITS)[1]
    if power >= 1 or power / (1 - power**3) > leak:
        raise Rejected(f"that the mass on other anchors is at most {leak} is not established")
    constant = 1 + (len(context.subject.anchors) + 1) * leak
    return _near(context, subject, net, heads, spacings, sharpness, constant)


def _near(
    context: Context,
    subject: int,
    net: int,
    heads: tuple[tuple[int, ...], ...],
    spacings: tuple[Fraction, ...],
    sharpness: Fraction,
    constant: Fraction,
) -> Near:
    """Return the claim of ``anchor_gates`` for a constant c that was established; raise Rejected otherwise."""
    (output,) = context.node(subject, "subject").children
    k, o = context.node(net, "net").children
    network, whole = context.networks[k], context.subject
    named = [j for layer in heads for j in layer]
    if context.sequence.most != 1:
        raise Rejected("needs a single data token")
    if [len(layer) for layer in heads] != [len(layer.heads) for layer in whole.layers] or len(spacings) != len(named):
        raise Rejected("one neuron and one spacing is needed for each head of each layer")
    if len(set(named)) != len(named) or max(named, default=-1) >= len(network.neurons):
        raise Rejected("the heads named are not distinct neurons of the network")
    if min(spacings, default=Fraction(1)) <= 0:
        raise Rejected("a spacing must be positive")
    spacing = dict(zip(named, spacings, strict=True))
    result = _executed(context, whole, network, heads, spacing, sharpness)[output]
    if not equal(context, network, result, network.outputs[o]):
        raise Rejected("the read-out is not the output of the network")
    reach = len(whole.anchors) + 1
    for j, largest in enumerate(_largest(context, network, spacing, constant)):
        if j in spacing and largest > reach * spacing[j]:
            raise Rejected(f"neuron {j} may be beyond the last anchor")
    influence, _ = sensitivities(context, network, o)
    total = sum(ceil_to(influence[j] * width, 0) for j, width in spacing.items())  # else denominators would pile up
    return Near(subject, net, constant * Fraction(total, 1 << context.precision))


def _executed(
    context: Context,
    whole: Attention,
    network: Network,
    heads: tuple[tuple[int, ...], ...],
    spacing: dict[int, Fraction],
    sharpness: Fraction,
) -> list[Form]:
    """Return the outputs as forms in which r_j is D_j times what the head named j reads."""
    stream = embedded(whole, len(context.domain), context.spend)
    place = _places(context, whole, stream)
    for names, layer in zip(heads, whole.layers, strict=True):
        updates: list[tuple[int, Fraction, int]] = []
        short: dict[int, Form] = {}
        for j, head in zip(names, layer.heads, strict=True):
            context.spend(len(head.w_o))
            if head.d_head != 2 or head.w_k != {(0, place[0]): 1, (1, place[1]): 1} or head.w_v != {(0, place[0]): 1}:
                raise Rejected(f"the keys and values of the head {j} are not k, k^2 and k")
            if any(column for _, column in head.w_o):
                raise Rejected(f"the head {j} writes what it does not read")
            moving, still = read(head.w_q, 2, stream, context.spend)
            scale = 2 * sharpness / spacing[j]
            if still != {ONE: -sharpness} or not equal(context, network, moving, {("u", j): scale}):
                raise Rejected(f"the query of the head {j} is not that of its pre-activation")
            sources = [column for row, column in head.w_q if row == 0]
            if len(sources) == 1:
                short[sources[0]] = {("u", j): scale / head.w_q[0, sources[0]]}
            updates += [(row, weight / spacing[j], j) for (row, _), weight in head.w_o.items()]
        for coordinate, form in short.items():
            stream[coordinate] = form
        for row, weight, j in updates:
            add_scaled(stream[row], weight, {("r", j): Fraction(1)}, context.spend)
    return read(whole.readout, whole.outputs, stream, context.spend)


def _places(context: Context, whole: Attention, stream: list[Form]) -> tuple[int, int]:
    """Return the coordinates of k and k^2, as the keys of the first head read them; raise Rejected if they are not."""
    all_heads = [head for layer in whole.layers for head in layer.heads]
    if not all_heads:
        return 0, 0
    place = dict(all_heads[0].w_k.keys())
    if set(place) != {0, 1}:
        raise Rejected("the keys of the first head are not k and k^2")
    first, second = place[0], place[1]
    reach = len(whole.anchors) + 1
    if stream[first] != {ONE: reach} or stream[second] != {ONE: reach * reach}:
        raise Rejected("the data token does not hold P and P^2")
    context.spend(reach)
    for k, anchor in enumerate(whole.anchors, 1):
        if anchor.get(first) != k or anchor.get(second) != k * k:
            raise Rejected(f"anchor {k} does not hold k and k^2")
    for head in all_heads:
        context.spend(len(head.w_o))
        if any(row in (first, second) for row, _ in head.w_o):
            raise Rejected("a head writes where anchors hold k or k^2")
    return first, second


def _largest(context: Context, network: Network, spacing: dict[int, Fraction], constant: Fraction) -> list[Fraction]:
    """Return for every neuron R_j >= u_j in the perturbed network."""
    bits = context.precision
    box = [(floor_to(lo, bits), ceil_to(hi, bits)) for lo, hi in context.domain]
    errors = {j: ceil_to(constant * width, bits) for j, width in spacing.items()}
    inside = enclosures(context, network, box, lambda j, lo, hi: errors.get(j, 0))
    return [Fraction(hi, 1 << bits) for _, hi in inside]


def _interpolates(context: Context, b: Fraction, constant: Fraction, cells: int, terms: int) -> bool:
    """Return whether |A(y) - min(max(y, 0), P)| <= c is established, for every whole P >= 1 and every real y.

    Lemma.  A(y) is the mean of k = 0..P under the weights exp(b (2 k y - k^2)).  dA/dy is 2 b times a variance: A
    increases.  With k -> P - k, A(P - y) = P - A(y).  For y < 0 it is between 0 and A(0), for y > P between A(P) and P:
    0 <= y <= P is enough.  Let n be the whole number nearest to y and f = y - n; with k = n + j the weights are
    proportional to w_j = exp(b (2 j f - j^2)), -n <= j <= P - n, and the error is their mean M of j less f.  By the
    symmetry f >= 0; then n < P, unless f = 0, where the mirror image n = 0 will do.  A mean increases when its least
    number goes or one larger than all others joins, so M lies between its values for j <= 1 and for j >= 0.  As these
    two increase in f like A, on a cell [f0, f1] of [0, 1/2] the error lies between the
    first at f0 less f1 and the second at f1 less f0.
    Computation: integers rounded outward to EXP_BITS.  Beyond N = NEIGHBOURS, j w_j falls by at least
    (1 + 1/N) exp(b (1 - 2 N - 1)) <= 2 exp(-2 b) <= 1/2 from each j to the next on both sides, as b >= 1 and
    0 <= 2 f <= 1: all of them from N + 1 on make at most twice the first.
    """
    if not 1 <= b <= MOST_SHARPNESS:
        raise Rejected(f"the sharpness must be from 1 to {MOST_SHARPNESS}")
    if not 1 <= cells <= 1 << 16:
        raise Declined("from 1 to 65536 cells are known")
    context.spend(64 * cells + 16 * terms)
    one = 1 << EXP_BITS

    def fixed(x: Fraction) -> tuple[int, int]:
        lo, hi = exp_enclosure(x, terms, EXP_BITS)
        return floor_to(lo, EXP_BITS), ceil_to(hi, EXP_BITS)

    def times(p: tuple[int, int], q: tuple[int, int]) -> tuple[int, int]:
        return p[0] * q[0] >> EXP_BITS, -(-p[1] * q[1] >> EXP_BITS)

    squares = [fixed(-b * j * j) for j in range(NEIGHBOURS + 2)]
    towards, away = fixed(b / cells), fixed(-b / cells)  # of exp(2 b f) and exp(-2 b f) from one knot to the next
    rise = fall = (one, one)
    before: tuple[Fraction, Fraction] | None = None
    for cell in range(cells + 1):
        f = Fraction(cell, 2 * cells)
        above, below = [(one, one)], [(one, one)]
        up = down = (one, one)
        for j in range(1, NEIGHBOURS + 2):
            up, down = times(up, rise), times(down, fall)
            above.append(times(up, squares[j]))
            below.append(times(down, squares[j]))
        tops = sum(j * above[j][1] for j in range(NEIGHBOURS + 1)) + 2 * (NEIGHBOURS + 1) * above[-1][1]
        most = Fraction(tops, sum(w[0] for w in above[:-1]))
        moment = above[1][0] - sum(j * below[j][1] for j in range(NEIGHBOURS + 1))
        moment -= 2 * (NEIGHBOURS + 1) * below[-1][1]
        mass = above[1][1] + sum(w[1] for w in below[:-1]) + 2 * below[-1][1] if moment > 0 else one
        least = Fraction(moment, mass)
        if before is not None and (most - before[0] > constant or f - before[1] > constant):
            return False
        before = f, least
        rise, fall = times(rise, towards), times(fall, away)
    return True


ARGS = {"subject": "term", "net": "term", "heads": "table", "spacings": "rationals", "sharpness": "rational"}
RULES: dict[str, Rule] = {
    "anchor_gates": Rule("anchors", anchor_gates, {**ARGS, "constant": "rational", "cells": "index", "terms": "index"}),
    "anchor_gates_stated": Rule("anchors", anchor_gates_stated, {**ARGS, "leak": "rational", "terms": "index"}),
}
