"""Family ``sequence``: many data tokens at once, each computing its own value or the last one that of all."""

from fractions import Fraction

from ..attention import add_scaled, embedded, read
from ..kernel import Context, Rule
from ..model import ONE, Atom, Code, Fact, Form, Head, Near, Network
from ..number import ceil_to, exp_enclosure, floor_to
from ..refusal import Rejected
from .forms import EXP_BITS, enclosures, equal, gate_bound, sensitivities
from .polynomial import linear, polynomial

LEAK_BITS = 8192  # beyond exp(-4096), the least power that is computed


def tokens(
    context: Context,
    premises: tuple[Fact, ...],
    subject: int,
    gated: int,
    heads: tuple[tuple[int, ...], ...],
    margin: Fraction,
    lift: Fraction,
    kappa: Fraction,
    terms: int,
) -> Near:
    """Claim: |subject - gated| <= 2 q sum_j G_j R_j + 2 (q + e) sum_i H_i W_i at every place, for every length stated.

    The leak: the first sum is over gates, the second over inputs that are gathered by heads with scores, if any.

    Hypotheses: no anchors, and a position code that tells all data tokens apart; kappa exp(1 + kappa) >= 1; margin
    M > 0.  Executing the transformer on affine forms in (1, x, code, u, r) of one data token: ``heads`` names for every
    head of every layer that has scores one neuron, no neuron twice; its score is beta u_j + P(s, t) with beta u_j read
    by the query of t, and P read from the two codes alone: binary, P = M (<code(s), code(t)> - L), or quadratic,
    P = -M (s - t)^2; its value is u_j, in one row.  Without scores are heads in the layout one-per-token alone, and
    their values read coordinates of ("own", i), "x_i on token i, 0 on all others", and nothing else.  In that layout
    ``heads`` may name, by the number of neurons plus i, a head that gathers x_i instead; then all inputs are gathered
    so: its query is a constant, its score the ``lift`` A > 0 plus P(s, i), read from code(s), its value
    sum_k v_k ("own", k) with v_i not zero.  The read-out equals the form of the output.
    Computation: q = (1 + exp(-2 M))^L - 1, or 2 exp(-M) / (1 - exp(-3 M)).  R_j >= |u_j| by one forward sweep of
    intervals with D_j = kappa / beta + 2 R_j q, in which c u_j + d r_j is enclosed by the extremes of c u + d max(u, 0)
    over the enclosure of u_j, widened by |d| D_j.  G_j, H_i: ``forms.sensitivities`` with widening kappa.  e = exp(-A);
    W_i = max_k |v_k x_k| / |v_i| over the box.
    Proof.  At data token t let r_j be what the head named j reads, at that token, and u_j its value there; by induction
    over layers every coordinate equals its form.  With a = beta u_j the weights of the sink, of t, and of another token
    s seen are 1, e^a and e^a e^P(s, t) over their sum, so the mass q_t on other tokens is at most the sum of e^P over
    them.  Binary: codes at k places different give P = -2 M k, distinct tokens have distinct codes as n <= 2^L, and
    sum_k>=1 binom(L, k) e^(-2 M k) = q.  Quadratic: two tokens at each distance k, and k^2 >= 1 + 3 (k - 1).  The sink
    stays zero, so the head reads (1 - q_t) g + q_t v with g = u_j sigma(a) and v an average of u_j over other tokens:
    r_j is g, off by at most 2 q R_j if |u_j| <= R_j at every data token.  That holds by induction over neurons, as each
    form reads earlier ones and g is within kappa / beta of max(u_j, 0): the lemma of ``forms.gate_bound``.
    One-per-token: a head without scores averages over the sink and the data tokens seen, so n + 1 times what it reads
    of ("own", i) is x_i at the last token, called ("x", i); at every other token it is 0 or x_i (n + 1) / (t + 1) with
    i <= t (causal), or x_i (full), inside the box that the sweep starts from.  With scores, the last token reads
    v_i x_i but for a mass of at most e on the sink and q on others, all values at most W_i |v_i|, so that 1 / v_i times
    it is x_i, off by at most 2 (q + e) W_i; any other token reads an average of such values, and is in [-W_i, W_i].
    Tokenwise every x is in D by the statement.  Last, the slope of g is sigma (1 + a (1 - sigma)) <= 1 + kappa for
    a >= 0 by the same lemma, and slopes at a and -a add up to 1: the lemma of ``forms.sensitivities`` at the token that
    is read.
    Source: query-side gates and the adjoint theorem, derived here.
    """
    (output,) = context.node(subject, "subject").children
    k, o = context.node(gated, "gated").children
    network, code = context.networks[k], context.subject.code
    most = gate_bound(context, network, kappa, terms)
    if context.subject.anchors or code is None:
        raise Rejected("needs a position code and no anchors")
    if code.kind == "binary" and context.sequence.most > 1 << code.size:
        raise Rejected(f"a binary code of size {code.size} cannot tell {context.sequence.most} tokens apart")
    if margin <= 0 or lift <= 0:
        raise Rejected("the margin and the lift must be positive")
    reach = _execute(context, network, code, (margin, lift), heads, output, network.outputs[o])
    leak = _leak_mass(code, margin, terms)
    context.spend(4 * terms + len(context.domain))
    sizes = _magnitudes(context, network, most, leak, reach)
    influence, entry = sensitivities(context, network, o, kappa)
    product = sum(g * r for g, r in zip(influence, sizes, strict=True))
    missed = sum((Fraction(entry[i], 1 << context.precision) * size for i, size in reach.items()), Fraction(0))
    bound = leak * Fraction(product, 1 << 2 * context.precision) + (leak + _power(-lift, terms)) * missed
    return Near(subject, gated, 2 * bound)


def _execute(
    context: Context,
    network: Network,
    code: Code,
    rise: tuple[Fraction, Fraction],
    heads: tuple[tuple[int, ...], ...],
    output: int,
    wanted: Form,
) -> dict[int, Fraction]:
    """Return W_i for the inputs i gathered by heads with scores; ``rise`` is (margin, lift).

    Raise Rejected unless the transformer computes ``wanted``, with r_j what the heads named j read.
    """
    named = [j for layer in heads for j in layer]
    inputs, count = len(context.domain), len(network.neurons)
    gathers = context.sequence.layout == "one-per-token"
    reach: dict[int, Fraction] = {}
    exactly = False
    if len(heads) != len(context.subject.layers):
        raise Rejected("the layers named are not those of the transformer")
    if len(set(named)) != len(named) or max(named, default=-1) >= count + (inputs if gathers else 0):
        raise Rejected("the heads named are not distinct neurons of the network, or inputs of one token each")
    stream = embedded(context.subject, inputs, context.spend)
    if gathers:
        stream = [_renamed(form, "x", "own") for form in stream]
    for names, layer in zip(heads, context.subject.layers, strict=True):
        scored = [head for head in layer.heads if head.w_q and head.w_k]
        if len(scored) != len(names):
            raise Rejected("the heads named are not those with scores of a layer")
        updates: list[tuple[int, Fraction, Form]] = []
        short: dict[int, Form] = {}
        for j, head in zip(names, scored, strict=True):
            if j >= count:
                weight, reach[j - count] = _gathered(context, code, rise, j - count, head, stream)
                updates += [(row, w * weight, {("x", j - count): Fraction(1)}) for (row, _), w in head.w_o.items()]
                continue
            _gate(context, network, code, rise[0], j, head, stream)
            updates += [(row, weight, {("r", j): Fraction(1)}) for (row, _), weight in head.w_o.items()]
            if len(head.w_v) == 1:
                (((_, coordinate), weight),) = head.w_v.items()
                short[coordinate] = {("u", j): 1 / weight}
        for head in layer.heads:
            if not head.w_q or not head.w_k:
                values = read(head.w_v, head.d_head, stream, context.spend)
                if not gathers or any(atom[0] != "own" for value in values for atom in value):
                    raise Rejected("a head without scores may only gather inputs of one token each")
                exactly = True
                gathered = [_renamed(value, "own", "x") for value in values]
                updates += [(row, w / (inputs + 1), gathered[column]) for (row, column), w in head.w_o.items()]
        for coordinate, form in short.items():
            stream[coordinate] = form
        for row, weight, form in updates:
            add_scaled(stream[row], weight, form, context.spend)
    result = read(context.subject.readout, context.subject.outputs, stream, context.spend)[output]
    if not equal(context, network, result, wanted):
        raise Rejected("the read-out is not the output of the network")
    if reach and exactly:
        raise Rejected("inputs are gathered with scores or without, not both")
    return reach


def _renamed(form: Form, old: str, new: str) -> Form:
    return {(new, atom[1]) if len(atom) == 2 and atom[0] == old else atom: value for atom, value in form.items()}


def _gate(
    context: Context, network: Network, code: Code, margin: Fraction, j: int, head: Head, stream: list[Form]
) -> None:
    """Raise Rejected unless the head's value is u_j and its score beta u_j plus the positions' term."""
    value, score = _scored(context, j, head, stream)
    if not equal(context, network, value, {("u", j): Fraction(1)}):
        raise Rejected(f"the value of the head {j} is not the pre-activation of its neuron")
    if code.kind == "binary":
        wanted: dict[Atom, Form] = {("code", k): {("code", k): margin} for k in range(code.size)}
        rest: Form = {ONE: -margin * code.size}
    else:
        wanted = {("code", 0): {("code", 0): 2 * margin}, ("code", 1): {ONE: -margin}}
        rest = {("code", 1): -margin}
    beta = network.inverse_temperature or Fraction(0)
    wanted[ONE] = {}
    for form, factor in ((rest, Fraction(1)), (value, beta)):
        add_scaled(wanted[ONE], factor, form, context.spend)
    if score != {atom: form for atom, form in wanted.items() if form}:
        raise Rejected(f"the score of the head {j} is not beta times its pre-activation plus the positions' term")


def _gathered(
    context: Context, code: Code, rise: tuple[Fraction, Fraction], i: int, head: Head, stream: list[Form]
) -> tuple[Fraction, Fraction]:
    """Return v_i and W_i of a head that gathers x_i; raise Rejected unless its score is the lift plus P(s, i)."""
    value, score = _scored(context, len(context.domain) + i, head, stream)
    margin, lift = rise
    if code.kind == "binary":
        wanted = {("code", k): margin if i >> k & 1 else -margin for k in range(code.size)}
        top = lift - margin * code.size
    else:
        wanted = {("code", 0): 2 * margin * i, ("code", 1): -margin}
        top = lift - margin * i * i
    forms: dict[Atom, Form] = {atom: {ONE: weight} for atom, weight in wanted.items() if weight}
    if score != (forms | {ONE: {ONE: top}} if top else forms):
        raise Rejected(f"the score of the head that gathers x{i} is not the lift plus the positions' term")
    weight = value.get(("own", i), Fraction(0))
    if not weight or any(atom[0] != "own" for atom in value):
        raise Rejected(f"the head that gathers x{i} reads something else")
    sizes = [abs(v) * max(map(abs, context.domain[a[1]])) for a, v in value.items() if len(a) == 2]
    return weight, max(sizes) / abs(weight)


def _scored(context: Context, j: int, head: Head, stream: list[Form]) -> tuple[Form, dict[Atom, Form]]:
    """Return a head's value, which stands in one row, and the form in the query's token for each atom of the key's."""
    rows = {row for row, _ in head.w_v} | {column for _, column in head.w_o}
    if len(rows) != 1:
        raise Rejected(f"the head {j} needs values in one row, and to write it")
    value = read(head.w_v, head.d_head, stream, context.spend)[rows.pop()]
    queries, keys = (read(m, head.d_head, stream, context.spend) for m in (head.w_q, head.w_k))
    score: dict[Atom, Form] = {}
    for query, key in zip(queries, keys, strict=True):
        for atom, weight in key.items():
            add_scaled(score.setdefault(atom, {}), weight, query, context.spend)
    return value, {atom: form for atom, form in score.items() if form}


def _leak_mass(code: Code, margin: Fraction, terms: int) -> Fraction:
    """Return q, rounded up: a bound on the softmax mass on other data tokens."""
    if code.kind == "binary":
        return _rounded((1 + _power(-2 * margin, terms)) ** code.size - 1)
    third = _power(-3 * margin, terms)
    if third >= 1:
        raise Rejected("the margin is too small")
    return _rounded(2 * _power(-margin, terms) / (1 - third))


def _rounded(x: Fraction) -> Fraction:
    return Fraction(ceil_to(x, LEAK_BITS), 1 << LEAK_BITS)


def _power(x: Fraction, terms: int) -> Fraction:
    """Return exp(x), rounded up."""
    return _rounded(exp_enclosure(x, terms, EXP_BITS)[1])


def _magnitudes(
    context: Context, network: Network, gate: Fraction, leak: Fraction, reach: dict[int, Fraction]
) -> list[int]:
    """Return for every neuron R_j >= |u_j| at every data token of the perturbed network, in units of 2**-precision."""
    bits, inputs, tokens = context.precision, len(context.domain), context.sequence
    box: list[tuple[int, int]] = []
    for i, interval in enumerate(context.domain):
        corners = [*interval]
        if i in reach:
            corners += [-reach[i], reach[i]]
        elif tokens.layout == "one-per-token" and tokens.mask == "causal":
            corners += [Fraction(0), *(Fraction(inputs + 1, i + 2) * end for end in interval)]
        box.append((floor_to(min(corners), bits), ceil_to(max(corners), bits)))
    doubled = ceil_to(2 * leak, bits + 64)

    def error(j: int, lo: int, hi: int) -> int:
        return ceil_to(gate, bits) - (-max(-lo, hi) * doubled >> bits + 64)

    return [max(-lo, hi) for lo, hi in enclosures(context, network, box, error)]


def extremum(
    context: Context, premises: tuple[Fact, ...], subject: int, target: int, constant: Fraction, terms: int
) -> Near:
    """Claim: |subject - target| <= |w| c for ``target`` the extremum of z over the data tokens seen, one head alone.

    Hypotheses: layout tokenwise, no anchors; one layer of one head with d_head 1, whose query is a constant.  Its score
    S is an affine form in x with S >= 0 on the box, its value is a multiple of S, and the read-out is F before the
    layer, a constant, plus w times the average of S.  ``target`` is seen_max(z) with w > 0, or seen_min(z) with w < 0,
    for the affine z = F + w S.  ``constant`` is c > 0 with c exp(1 + c) >= n for every length stated.
    Computation: S >= 0 by the sum of the least ends over the box; exp with ``terms`` Taylor terms.
    Proof.  The sink has S = 0 and so has the largest S of the data tokens seen as the largest of all.  Let t_i >= 0 be
    how far the others, at most n with the sink, lie below it.  The average lies below it by
    sum t_i e^-t_i / (1 + sum e^-t_i), which is at most c if sum (t_i - c) e^-t_i <= c; and each
    (t - c) e^-t <= e^(-c - 1), its value at t = c + 1, so that n e^(-c - 1) <= c suffices.
    z is F plus w times S, so its extremum is F plus w times the largest S.
    Source: softmax as a soft maximum; W(n/e) is the least c; derived here.
    """
    (output,) = context.node(subject, "subject").children
    node = context.nodes[target]
    whole = context.subject
    if node.op not in ("seen_max", "seen_min") or context.sequence.layout != "tokenwise" or whole.anchors:
        raise Rejected("needs an extremum over the tokens seen, the layout tokenwise and no anchors")
    if len(whole.layers) != 1 or len(whole.layers[0].heads) != 1 or whole.layers[0].heads[0].d_head != 1:
        raise Rejected("needs one layer of one head with d_head 1")
    (head,) = whole.layers[0].heads
    stream = embedded(whole, len(context.domain), context.spend)
    (query,), (key,), (value,) = (read(m, 1, stream, context.spend) for m in (head.w_q, head.w_k, head.w_v))
    if set(query) != {ONE} or not key or any(atom != ONE and atom[0] != "x" for atom in key):
        raise Rejected("the score is not a form in the inputs of the token that is seen")
    score = {atom: query[ONE] * v for atom, v in key.items()}
    atom, v = next(iter(score.items()))
    ratio = value.get(atom, Fraction(0)) / v
    if value != {a: ratio * v for a, v in score.items()} or not ratio:
        raise Rejected("the value is not a multiple of the score")
    if _least(context, score) < 0:
        raise Rejected("the score may be below the sink's, which is zero")
    readout = {column: weight for (row, column), weight in whole.readout.items() if row == output}
    before = read({(0, column): weight for column, weight in readout.items()}, 1, stream, context.spend)[0]
    scale = sum((readout.get(row, Fraction(0)) * weight for (row, _), weight in head.w_o.items()), Fraction(0)) * ratio
    if any(atom != ONE for atom in before) or (scale > 0) != (node.op == "seen_max") or not scale:
        raise Rejected("the read-out is not a constant plus a multiple of the average, of the sign of the extremum")
    add_scaled(before, scale, score, context.spend)
    if linear({tuple(a): v for a, v in before.items()}) != polynomial(context, node.children[0]):
        raise Rejected(f"t{node.children[0]} is not the affine form whose extremum the head takes")
    if constant <= 0 or constant * exp_enclosure(1 + constant, terms, EXP_BITS)[0] < context.sequence.most:
        raise Rejected("c exp(1 + c) >= n is not established")
    context.spend(terms)
    return Near(subject, target, abs(scale) * constant)


def _least(context: Context, form: Form) -> Fraction:
    """Return the least value of an affine form in the inputs over the box."""
    total = form.get(ONE, Fraction(0))
    for atom, weight in form.items():
        if len(atom) == 2:
            total += min(weight * end for end in context.domain[atom[1]])
    return total


TOKENS = {"subject": "term", "gated": "term", "heads": "table", "margin": "rational", "lift": "rational"}
RULES: dict[str, Rule] = {
    "tokens": Rule("sequence", tokens, {**TOKENS, "kappa": "rational", "terms": "index"}),
    "token_extremum": Rule(
        "sequence", extremum, {"subject": "term", "target": "term", "constant": "rational", "terms": "index"}
    ),
}
