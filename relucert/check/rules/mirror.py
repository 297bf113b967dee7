"""Family ``mirror``: a token and its mirror compute the gated network, without a sink."""

from fractions import Fraction

from ..attention import add_scaled, embedded, read
from ..kernel import Context, Rule
from ..model import MIRRORED, ONE, Attention, Fact, Form, Near
from ..refusal import Rejected
from .forms import equal


def mirror(
    context: Context, premises: tuple[Fact, ...], subject: int, gated: int, heads: tuple[tuple[int, ...], ...]
) -> Near:
    """Claim: subject = gated, the network with every gate replaced by u * sigma(beta * u).  There is no leak.

    Hypotheses: the layout mirrored, and no feed-forward parts.  ``heads`` names for every head of every layer one
    neuron, no neuron twice.  Executing the transformer on affine forms in (1, x, u, r) of the data token: the head
    named j has d_head 1, its key reads a constant c, its value equals u_j and its query, times c, equals beta / 2
    times its value; what it writes is called 2 r_j - u_j; after the last layer the read-out equals the form of the
    output.
    Computation: a form equals another if their difference vanishes after replacing u_j by its defining form, largest
    j first.  A coordinate that a head alone reads as w u_j is henceforth called u_j / w, which keeps forms short.
    Proof.  By ``attention`` the mirror starts as -X where the data token starts as X. Let that hold before a layer,
    and let s = (W_Q X) . (W_K X). The data token scores s against itself and -s against the mirror, whose value is
    -W_V X; so it reads (e^s - e^-s) / (e^s + e^-s) W_V X = tanh(s) W_V X. The mirror scores s against itself, where
    its value is -W_V X, and -s against the data token: it reads minus that. So it holds after the layer, and every
    head adds tanh(s) W_O W_V X to the data token. With s = beta u_j / 2 and value u_j that is W_O u_j tanh(beta u_j /
    2), and tanh(z / 2) = 2 sigma(z) - 1: with r_j = u_j sigma(beta u_j), as in the gated network, it is W_O (2 r_j -
    u_j). By induction over layers every coordinate equals its form there. No other token is seen.
    Source: the mirror gate, derived here.
    """
    (output,) = context.node(subject, "subject").children
    k, o = context.node(gated, "gated").children
    network, whole = context.networks[k], context.certified
    beta = network.inverse_temperature
    if context.sequence != MIRRORED or not isinstance(whole, Attention) or not context.is_attention_only:
        raise Rejected("needs an attention-only transformer on a data token and its mirror")
    named = [j for layer in heads for j in layer]
    if beta is None or [len(layer) for layer in heads] != [len(layer.heads) for layer in whole.layers]:
        raise Rejected("one neuron is needed for each head of each layer")
    if len(set(named)) != len(named) or max(named, default=-1) >= len(network.neurons):
        raise Rejected("the heads named are not distinct neurons of the network")
    stream = embedded(whole, len(context.domain), context.spend)
    for names, layer in zip(heads, whole.layers, strict=True):
        updates: list[tuple[int, Fraction, int]] = []
        short: dict[int, Form] = {}
        for j, head in zip(names, layer.heads, strict=True):
            if head.d_head != 1:
                raise Rejected(f"the head {j} needs d_head 1")
            (query,), (key,), (value,) = (read(m, 1, stream, context.spend) for m in (head.w_q, head.w_k, head.w_v))
            context.spend(len(query) + len(key) + len(value))
            if set(key) != {ONE}:
                raise Rejected(f"the key of the head {j} does not read a constant")
            if not equal(context, network, value, network.neurons[j]):
                raise Rejected(f"the value of the head {j} is not the pre-activation of its neuron")
            if {atom: q * key[ONE] for atom, q in query.items()} != {atom: beta * v / 2 for atom, v in value.items()}:
                raise Rejected(f"the score of the head {j} is not half of beta times its pre-activation")
            updates += [(row, weight, j) for (row, _), weight in head.w_o.items()]
            if len(head.w_v) == 1:
                (((_, coordinate), weight),) = head.w_v.items()
                short[coordinate] = {("u", j): 1 / weight}
        for coordinate, form in short.items():
            stream[coordinate] = form
        for row, weight, j in updates:
            add_scaled(stream[row], weight, {("r", j): Fraction(2), ("u", j): Fraction(-1)}, context.spend)
    result = read(whole.readout, whole.outputs, stream, context.spend)[output]
    if not equal(context, network, result, network.outputs[o]):
        raise Rejected("the read-out is not the output of the network")
    return Near(subject, gated, Fraction(0))


RULES = {"mirror": Rule("mirror", mirror, {"subject": "term", "gated": "term", "heads": "table"})}
