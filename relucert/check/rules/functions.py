"""Family ``functions``: ranges and slopes of exp, log, sin, cos, erf and rational powers."""

from fractions import Fraction

from ..kernel import Context, Rule, distance_in, distances, range_of, ranges
from ..model import Fact, In, Near
from ..number import ceil_to
from ..refusal import Rejected
from . import elementary
from .elementary import image

OPS = ("exp", "log", "sin", "cos", "erf", "power")


def range_function(context: Context, premises: tuple[Fact, ...], term: int) -> In:
    """Claim: lo <= f(a) <= hi, to ``precision`` bits, for f one of exp, log, sin, cos, erf or a power.

    Hypotheses: a premise encloses a; it is positive for log and for powers with an exponent <= 0, and not negative for
    other powers.
    Computation: f at the ends of the enclosure; for sin and cos also 1 or -1 unless the enclosure holds no extremum.
    Proof: exp, log, erf and powers are monotone where they are defined.  On an interval sin takes its extremes at its
    ends or where it is 1 or -1; cos x = sin(x + pi/2).
    Source: ``elementary`` holds the enclosures and their proofs.
    """
    node = context.nodes[term]
    if node.op not in OPS:
        raise Rejected(f"t{term} ({node.op}) is not an elementary function")
    inside = range_of(premises, node.children[0])
    lo, hi = image(context.spend, node.op, node.value, inside.lo, inside.hi, context.precision)
    return In(term, Fraction(lo, 1 << context.precision), Fraction(hi, 1 << context.precision))


def lipschitz(context: Context, premises: tuple[Fact, ...], left: int, right: int) -> Near:
    """Claim: |f(a) - f(b)| <= L e, for f one of exp, log, sin, cos, erf or a power.

    Hypotheses: left = f(a) and right = f(b) with one f; premises |a - b| <= e and, but for sin, cos and erf, one that
    encloses b; that enclosure widened by e, which holds a, is one where f has a slope: positive for log and for powers
    with an exponent below 1, not negative for other powers.  With a premise that encloses a, what lies below both
    enclosures is left out of it.  For powers with 0 < p < 1 premises that a >= 0 and b >= 0
    will do, and without them the bound is L e.
    Computation: L is the largest slope on the widened enclosure: exp at its upper end, 1 over the lower end for log,
    |p| x**(p-1) at the end where that is larger; 1 for sin and cos, 2/sqrt(pi) for erf.  For powers with 0 < p < 1 and
    a, b >= 0 the bound is e**p.
    Proof: mean value theorem, between a and b.  For 0 < p < 1 and a >= b >= 0, a**p <= b**p + (a - b)**p.
    """
    f, g = context.nodes[left], context.nodes[right]
    if f.op not in OPS or (f.op, f.value) != (g.op, g.value):
        raise Rejected(f"t{left} and t{right} are not one elementary function")
    (a,), (b,) = f.children, g.children
    error, bits = distance_in(distances(premises), a, b), context.precision
    one = 1 << bits
    if f.op in ("sin", "cos"):
        return Near(left, right, error)
    if f.op == "erf":
        context.spend(elementary.units(bits))
        return Near(left, right, Fraction(elementary.two_over_root_pi(bits)[1], one) * error)
    p = f.value if f.value is not None else Fraction(0)
    if f.op == "power" and 0 < p < 1 and any(isinstance(fact, In) and fact.term == a for fact in premises):
        if min(range_of(premises, a).lo, range_of(premises, b).lo) < 0:
            raise Rejected("the arguments of a power are not enclosed above zero")
        return Near(left, right, Fraction(image(context.spend, "power", p, error, error, bits)[1], one))
    inside = range_of(premises, b)
    lo, hi = inside.lo - error, inside.hi + error
    known = ranges(premises).get(a)
    if known is not None:
        lo = max(lo, min(known.lo, inside.lo))
    if f.op == "exp":
        slope = image(context.spend, "exp", None, hi, hi, bits)[1]
    elif lo < 0 or (lo == 0 and (f.op == "log" or p < 1)):
        raise Rejected(f"t{b} is not known to stay where {f.op} has a slope")
    elif f.op == "log":
        slope = ceil_to(1 / lo, bits)
    else:
        ends = image(context.spend, "power", p - 1, lo, hi, bits)
        slope = -(-ends[1] * abs(p.numerator) // p.denominator)
    return Near(left, right, Fraction(slope, one) * error)


RULES = {
    "range_function": Rule("functions", range_function, {"term": "term"}),
    "lipschitz": Rule("functions", lipschitz, {"left": "term", "right": "term"}),
}
