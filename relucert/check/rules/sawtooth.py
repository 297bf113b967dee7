"""Family ``sawtooth``: the square by iterated folding."""

from fractions import Fraction

from ..attention import add_scaled
from ..kernel import Context, Rule, range_of
from ..model import ONE, Fact, Form, Near
from ..refusal import Rejected


def sawtooth(context: Context, premises: tuple[Fact, ...], out: int, square: int, chain: tuple[int, ...]) -> Near:
    """Claim: |out - t^2| <= 2^(-2m-3), with m the length of the chain of neurons.

    Hypotheses: ``square`` is t*t for a network output t; a premise 0 <= t <= 1; with v_0 = t and
    v_k = 2 r - u for the k-th neuron of the chain, the neurons' own weights satisfy u_1 = 2 t - 1 and
    u_(k+1) = 2 v_k - 1, and the form of ``out`` is  t - sum_(k=1..m) 4^-k (1 - v_k) - 2^(-2m-3).
    Computation: the bound depends on m alone.
    Proof: v_k = |u_k| because r = max(u, 0).  Let g(t) = 1 - |2t - 1| map [0,1] to itself and
    s(t) = t - t^2.  Then s(t) = g(t)/4 + s(g(t))/4: for t <= 1/2 the right side is t/2 + (2t - 4t^2)/4,
    and both sides are symmetric about 1/2.  The chain gives v_k = |2 v_(k-1) - 1| and 1 - v_k = g^k(t): true
    for k = 1, and |2 v - 1| = |2 (1 - v) - 1|, so 1 - v_(k+1) = g(v_k) = g(1 - v_k).  By induction
    t - sum 4^-k g^k(t) - t^2 = 4^-m s(g^m(t)), which lies in [0, 4^-m / 4]; subtracting half of that
    interval centres the error.
    Source: Yarotsky 2017, Prop. 2, in the centred form derived here.
    """
    t, other = context.node(square, "mul").children[:2]
    if t != other or len(context.nodes[square].children) != 2:
        raise Rejected(f"t{square} is not a square")
    network, form = context.output(t)
    inside = range_of(premises, t)
    if inside.lo < 0 or inside.hi > 1:
        raise Rejected("the argument of the square is not enclosed in [0, 1]")
    folded: Form = dict(form)
    result: Form = dict(form)
    scale = Fraction(1)
    for j in chain:
        wanted: Form = {ONE: Fraction(-1)}
        add_scaled(wanted, Fraction(2), folded)
        if context.neuron(network, j) != wanted:
            raise Rejected(f"neuron {j} is not 2 v - 1 of the fold before it")
        folded = {("r", j): Fraction(2), ("u", j): Fraction(-1)}
        scale /= 4
        add_scaled(result, scale, folded)
        context.spend(1 + scale.denominator.bit_length() // 64)
    bound = scale / 8
    add_scaled(result, -(1 - scale) / 3 - bound, {ONE: Fraction(1)})  # sum_(k=1..m) 4^-k = (1 - 4^-m) / 3
    if context.output(out, network)[1] != result:
        raise Rejected(f"t{out} is not the sawtooth sum over that chain")
    return Near(out, square, bound)


RULES = {"sawtooth": Rule("sawtooth", sawtooth, {"out": "term", "square": "term", "chain": "indices"})}
