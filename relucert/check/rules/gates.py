"""Family ``gates``: the transformer is the gated network, and the gated network is near the ReLU network."""

from fractions import Fraction

from ..attention import add_scaled, embedded, read
from ..kernel import Context, Rule
from ..model import ONE, Fact, Form, Matrix, Near, Network
from ..refusal import Rejected
from .forms import equal, gate_bound, sensitivities, weights

ALONE = Fraction(1)


def translation(
    context: Context, premises: tuple[Fact, ...], subject: int, gated: int, heads: tuple[tuple[int, ...], ...]
) -> Near:
    """Claim: subject = gated, the network with every gate replaced by u * sigma(beta * u).  The leak is zero.

    Hypotheses: one data token and no anchors.  Every head whose query or key is zero is *linear*; ``heads`` names for
    every other head of every layer one neuron, no neuron twice, and then either nothing or, for each entry of the W_V
    of the layer's linear heads, in their order, the neuron u_j that equals the coordinate read.  Executing the
    transformer on affine forms in (1, x, u, r): the gate head named j has d_head 1, its key reads a constant c, its
    value equals u_j and its query, times c, equals beta times its value; after the last layer the read-out equals the
    form of the output.
    Computation: a form equals another if their difference vanishes after replacing u_j by its defining form, largest
    j first.  A coordinate that a gate head alone reads as w u_j is henceforth called u_j / w, and one that a linear
    head reads by the name given for it, which keeps forms short.
    Proof: by ``attention`` a head adds sigma(q k) W_O v to the data token.  A linear head has q k = 0, hence adds
    exactly half of W_O v.  A gate head adds W_O u_j sigma(beta u_j), which is W_O r_j in the gated network.  By
    induction over layers every coordinate equals its form there.  Softmax normalises over the sink and the token
    itself alone, so no mass reaches anything else.
    Source: the sink gate and the exact linear head, derived here.
    """
    (output,) = context.node(subject, "subject").children
    k, o = context.node(gated, "gated").children
    network = context.networks[k]
    beta = network.inverse_temperature
    if context.sequence.most != 1 or context.subject.anchors:
        raise Rejected("a translation without leak needs a single data token and no anchors")
    if beta is None or len(heads) != len(context.subject.layers):
        raise Rejected("the layers named are not those of the transformer")
    if max((j for layer in heads for j in layer), default=-1) >= len(network.neurons):
        raise Rejected("the heads named are not distinct neurons of the network")
    stream = embedded(context.subject, len(context.domain), context.spend)
    done: set[int] = set()
    for names, layer in zip(heads, context.subject.layers, strict=True):
        gates = [head for head in layer.heads if head.w_q and head.w_k]
        linear = [head for head in layer.heads if not head.w_q or not head.w_k]
        read_from = [column for head in linear for _, column in head.w_v]
        if len(names) not in (len(gates), len(gates) + len(read_from)):
            raise Rejected("the heads named are not the gate heads of a layer")
        if len(set(names[: len(gates)]) - done) != len(gates):
            raise Rejected("the heads named are not distinct neurons of the network")
        done |= set(names[: len(gates)])
        updates: list[tuple[int, Fraction, Form]] = []
        short: dict[int, Form] = {}
        for j, head in zip(names, gates, strict=False):
            if head.d_head != 1:
                raise Rejected(f"the gate head {j} needs d_head 1")
            (key,), (value,) = (read(m, 1, stream, context.spend) for m in (head.w_k, head.w_v))
            context.spend(len(key) + 2 * len(value))
            if set(key) != {ONE}:
                raise Rejected(f"the key of the gate head {j} does not read a constant")
            if not equal(context, network, value, network.neurons[j]):
                raise Rejected(f"the value of the gate head {j} is not the pre-activation of its neuron")
            if read(_difference(head.w_q, key[ONE], head.w_v, beta), 1, stream, context.spend)[0]:
                raise Rejected(f"the score of the gate head {j} is not beta times its pre-activation")
            updates += [(row, ALONE, {("r", j): weight}) for (row, _), weight in head.w_o.items()]
            if len(head.w_v) == 1:
                (((_, coordinate), weight),) = head.w_v.items()
                short[coordinate] = {("u", j): 1 / weight}
        for coordinate, form in short.items():
            stream[coordinate] = form
        for coordinate, j in zip(read_from, names[len(gates) :], strict=False):
            context.spend(len(stream[coordinate]))
            if not equal(context, network, stream[coordinate], network.neurons[j]):
                raise Rejected(f"the coordinate {coordinate} is not the neuron {j}, by which it is named")
            stream[coordinate] = {("u", j): Fraction(1)}
        for head in linear:
            values = read(head.w_v, head.d_head, stream, context.spend)
            updates += [(row, weight / 2, values[column]) for (row, column), weight in head.w_o.items()]
        for row, weight, form in updates:
            add_scaled(stream[row], weight, form, context.spend)
    result = read(context.subject.readout, context.subject.outputs, stream, context.spend)[output]
    if not equal(context, network, result, network.outputs[o]):
        raise Rejected("the read-out is not the output of the network")
    return Near(subject, gated, Fraction(0))


def _difference(a: Matrix, p: Fraction, b: Matrix, q: Fraction) -> Matrix:
    """Return p times ``a`` minus q times ``b``."""
    zero = Fraction(0)
    entries = {place: p * a.get(place, zero) - q * b.get(place, zero) for place in a | b}
    return {place: value for place, value in entries.items() if value}


def gate_error(context: Context, premises: tuple[Fact, ...], gated: int, net: int, kappa: Fraction, terms: int) -> Near:
    """Claim: |gated - net| <= kappa / beta * sum over gates j of G_j.

    Hypotheses: both terms are one output of one network; kappa * exp(1 + kappa) >= 1, decided with ``terms``
    Taylor terms.
    Computation: one backward sweep, in integers rounded outward to ``precision`` bits: ``forms.sensitivities``.
    Proof.  In the gated network every gate errs by at most kappa / beta: the lemma of ``forms.gate_bound``.  Then the
    lemma of ``forms.sensitivities``.
    Source: adjoint theorem, derived here.
    """
    network, o, most = _gated_pair(context, gated, net, kappa, terms)
    total = sum(sensitivities(context, network, o)[0])
    return Near(gated, net, Fraction(total, 1 << context.precision) * most)


def gate_error_forward(
    context: Context, premises: tuple[Fact, ...], gated: int, net: int, kappa: Fraction, terms: int
) -> Near:
    """Claim: |gated - net| <= kappa / beta * E, with E from one forward sweep in units of the gate bound.

    Hypotheses: as for ``gate_error``.
    Computation: E of a form is sum over the neurons j that it reads of max(|c_j|, |c_j + d_j|) E_j + |d_j|.  A form
    that reads exactly one gate, F + d r_j, has max(E(F), E(F + d u_j)) + |d| if that is less, with u_j in F and in
    d u_j replaced by its form.  Rounded upward to ``precision`` bits.
    Proof: with gate errors of at most one unit, |c u~ + d r~ - c u - d r| <= |c + s d| |u~ - u| + |d| for one slope s
    in [0, 1], as in ``gate_error``.  F + d max(u, 0) is max(F, F + d u) or min(F, F + d u), by the sign of d, and max
    and min move by no more than their arguments do; replacing r~ by max(u~, 0) costs |d|.
    Source: max is 1-Lipschitz in the sup norm; derived here.
    """
    network, o, most = _gated_pair(context, gated, net, kappa, terms)
    bits = context.precision
    one = 1 << bits
    errors: list[int] = []

    def error(form: Form) -> int:
        result = 0
        for j, (c, d) in weights(form).items():
            context.spend(1 + errors[j].bit_length() // 512)
            size, gate = max(abs(c), abs(c + d)) if c and d else abs(c or d), abs(d)
            result -= -size.numerator * errors[j] // size.denominator + -gate.numerator * one // gate.denominator
        return result

    def least(form: Form) -> int:
        context.spend(1)
        general = error(form)
        gates = [atom for atom in form if atom[0] == "r"]
        if len(gates) != 1 or len(gates[0]) != 2:
            return general
        j, d = gates[0][1], form[gates[0]]
        rest = {atom: value for atom, value in form.items() if atom != gates[0] and atom != ("u", j)}
        add_scaled(rest, form.get(("u", j), Fraction(0)), network.neurons[j], context.spend)
        moved = dict(rest)
        add_scaled(moved, d, network.neurons[j], context.spend)
        return min(general, max(error(rest), error(moved)) - (-abs(d.numerator) * one // d.denominator))

    for form in network.neurons:
        errors.append(least(form))
    return Near(gated, net, Fraction(least(network.outputs[o]), one) * most)


def _gated_pair(context: Context, gated: int, net: int, kappa: Fraction, terms: int) -> tuple[Network, int, Fraction]:
    """Return (network, output, kappa / beta) if the terms are one output and kappa exp(1 + kappa) >= 1."""
    k, o = context.node(gated, "gated").children
    network = context.networks[k]
    if context.node(net, "net").children != (k, o):
        raise Rejected("the two terms are not one output, gated and exact")
    return network, o, gate_bound(context, network, kappa, terms)


ERROR = {"gated": "term", "net": "term", "kappa": "rational", "terms": "index"}
RULES = {
    "translation": Rule("gates", translation, {"subject": "term", "gated": "term", "heads": "table"}),
    "gate_error": Rule("gates", gate_error, ERROR),
    "gate_error_forward": Rule("gates", gate_error_forward, ERROR),
}
