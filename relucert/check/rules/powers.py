"""Family ``powers``: products of rational powers of positive terms, compared by their exponents."""

from fractions import Fraction

from ..kernel import Context, Rule, range_in, ranges
from ..model import Fact, Near
from ..number import cost
from ..refusal import Rejected
from .polynomial import reachable

OPS = ("mul", "inv", "power")


def powers(context: Context, premises: tuple[Fact, ...], left: int, right: int) -> Near:
    """Claim: left = right.

    Hypotheses: left and right are built with products, reciprocals and rational powers from terms of other kinds; a
    premise encloses each of these above zero; the exponents of each add up to the same on both sides.
    Computation: from left with exponent 1 and right with exponent -1 downwards, a product passes its exponent to its
    factors, a reciprocal the opposite, and a power p times its own; what every other term receives is zero.
    Proof: all these numbers are positive, and there (a b)^p = a^p b^p, (a^p)^q = a^(p q), 1/a = a^(-1) and
    a^p a^q = a^(p + q), so that left / right is the product of the other terms, each to the power zero.
    """
    order = reachable((left, right), context.nodes, lambda t: context.nodes[t].op in OPS)
    known, exponents = ranges(premises), dict.fromkeys(order, Fraction(0))
    exponents[left] += 1
    exponents[right] -= 1
    for t in reversed(order):
        node, exponent = context.nodes[t], exponents[t]
        if node.op not in OPS:
            context.spend(1)
            if range_in(known, t).lo <= 0:
                raise Rejected(f"t{t} is not enclosed above zero")
            if exponent:
                raise Rejected(f"t{t} has the exponent {exponent} too much on the left")
            continue
        passed = {"mul": exponent, "inv": -exponent}.get(node.op, exponent * (node.value or 0))
        for child in node.children:
            exponents[child] += passed
            context.spend(1 + cost(passed, exponents[child]))
    return Near(left, right, Fraction(0))


RULES = {"powers": Rule("powers", powers, {"left": "term", "right": "term"})}
