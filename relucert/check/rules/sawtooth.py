"""Family ``sawtooth``: the square by iterated folding."""

from fractions import Fraction

from ..attention import add_scaled
from ..kernel import Context, Rule, range_of
from ..model import ONE, Fact, Form, Near
from ..number import cost, floor_to
from ..refusal import Rejected
from . import elementary


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
    return Near(out, square, _folded(context, premises, out, square, chain, "net")[0])


def sawtooth_gated(
    context: Context, premises: tuple[Fact, ...], out: int, square: int, chain: tuple[int, ...], reach: Fraction
) -> Near:
    """Claim: |out - t^2| <= 2^(-2m-3) + D_m for outputs ``out`` and t of a gated network, m the length of the chain.

    Hypotheses: those of ``sawtooth``, for gated outputs; 0 < reach < 1; what is tested below at each of m levels.
    Computation, rounded outward to ``precision`` bits, with e(x) an upper bound of exp(-beta x): from Y = reach and
    A = D = 0, for r = 1, ..., m, with c = Y and rho = 2^(1-r), after testing beta c >= 2 and
    (1 - e(c)) rho >= (1 + e(c)) c:
    D becomes max(A, 4 c^2 e(c) + D) / 4;  A becomes (4 e(1 - c) + A) / 4;  Y becomes (Y - 2 e(1 - c)) / 2, and Y > 0.
    Proof.  Let h(u) = u tanh(beta u / 2), which is 2 r - u for r = u sigma(beta u); it is even and 0 <= h(u) <= |u|.
    With v_k = h(2 v_(k-1) - 1) and w_k = 1 - v_k, let F_m(t) = t - sum 4^-k w_k - t^2; out - t^2 is
    F_m(t) - 2^(-2m-3).  Writing u = 2 t - 1, so that t - t^2 = (1 - u^2)/4 and w_1 = 1 - h(u) lies in [0, 1],
        F_0(t) = t - t^2,   F_m(t) = (h(u)^2 - u^2)/4 + F_(m-1)(1 - h(u))/4,
    because -w_1/2 + w_1^2/4 = (h(u)^2 - 1)/4.  F is symmetric about 1/2.  Above: F_m <= 4^-m / 4 by induction.
    Near the ends: F_r(y) >= y (2^-r - y) - A_r for 0 <= y <= Y_r.  True for r = 0.  Else u = 1 - 2 y >= 1 - Y_(r-1),
    1 - h(u) = 2 y + d with d = 2 u / (1 + exp(beta u)) <= 2 e(1 - Y_(r-1)), so that 2 y + d <= Y_(r-1), and inserting
    the bound of F_(r-1) there leaves F_r(y) >= y (2^-r - y) - (d (2 - 2^(1-r)) + A_(r-1))/4.
    Below: F_r >= -D_r on [0, 1].  With c = Y_(r-1): if |u| <= c, then h(u) <= c and F_(r-1)(1 - h) >=
    h (rho - h) - A_(r-1), so F_r >= (h rho - u^2 - A_(r-1))/4; tanh is concave, so h >= u^2 tanh(beta c / 2) / c, which
    is at least u^2 / rho by the second test.  If |u| >= c, then u^2 - h(u)^2 = u^2 / cosh(beta u / 2)^2 <=
    4 u^2 exp(-beta |u|) <= 4 c^2 e(c), as x^2 exp(-beta x) falls for beta x >= 2.
    Source: derived here.
    """
    bound, beta = _folded(context, premises, out, square, chain, "gated")
    if beta is None or not 0 < reach < 1:
        raise Rejected("needs an inverse temperature and a reach between 0 and 1")
    key = (sawtooth_gated, beta, reach, len(chain))  # a large network has many chains of few lengths
    if key not in context.computed:
        context.computed[key] = _dip(context, beta, reach, len(chain))
    return Near(out, square, bound + Fraction(context.computed[key], 1 << context.precision))


def _dip(context: Context, beta: Fraction, reach: Fraction, folds: int) -> int:
    """Return D_m of ``sawtooth_gated`` in units of 2**-precision; raise Rejected where a test fails."""
    bits = context.precision
    one = 1 << bits
    y, a, d = floor_to(reach, bits), 0, 0
    for r in range(1, folds + 1):
        context.spend(2 * elementary.units(bits) + cost(beta))
        c = y
        near, far = (elementary.exp(-floor_to(beta * Fraction(x, one), bits), bits)[1] for x in (c, one - c))
        if beta * c < 2 * one or (one - near) * 2 * one < (one + near) * (c << r):
            raise Rejected(f"the inverse temperature is too small for {r} folds")
        d = -(-max(a, -(-4 * c * c * near >> 2 * bits) + d) // 4)
        a, y = -(-(4 * far + a) // 4), (y - 2 * far) // 2
        if y <= 0:
            raise Rejected(f"the inverse temperature is too small for {r} folds")
    return d


def _folded(
    context: Context, premises: tuple[Fact, ...], out: int, square: int, chain: tuple[int, ...], op: str
) -> tuple[Fraction, Fraction | None]:
    """Return (2^(-2m-3), inverse temperature) once the hypotheses of ``sawtooth`` hold, for outputs of kind ``op``."""
    t, other = context.node(square, "mul").children[:2]
    if t != other or len(context.nodes[square].children) != 2:
        raise Rejected(f"t{square} is not a square")
    network, form = context.output(t, op=op)
    inside = range_of(premises, t)
    if inside.lo < 0 or inside.hi > 1:
        raise Rejected("the argument of the square is not enclosed in [0, 1]")
    folded: Form = dict(form)
    result: Form = dict(form)
    scale = Fraction(1)
    for j in chain:
        wanted: Form = {ONE: Fraction(-1)}
        add_scaled(wanted, Fraction(2), folded, context.spend)
        if context.neuron(network, j) != wanted:
            raise Rejected(f"neuron {j} is not 2 v - 1 of the fold before it")
        folded = {("r", j): Fraction(2), ("u", j): Fraction(-1)}
        scale /= 4
        add_scaled(result, scale, folded, context.spend)
        context.spend(1 + scale.denominator.bit_length() // 64)
    bound = scale / 8
    centre = -(1 - scale) / 3 - bound  # sum_(k=1..m) 4^-k = (1 - 4^-m) / 3
    add_scaled(result, centre, {ONE: Fraction(1)}, context.spend)
    if context.output(out, network, op)[1] != result:
        raise Rejected(f"t{out} is not the sawtooth sum over that chain")
    return bound, context.networks[network].inverse_temperature


ARGS = {"out": "term", "square": "term", "chain": "indices"}
RULES = {
    "sawtooth": Rule("sawtooth", sawtooth, ARGS),
    "sawtooth_gated": Rule("sawtooth", sawtooth_gated, {**ARGS, "reach": "rational"}),
}
