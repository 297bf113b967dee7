"""One function for each rule of the family ``functions``: ranges and slopes of exp, log, sin, cos, erf and powers.

``bits`` is at most the certificate's precision: the checker computes to that many bits after the point, so what is
claimed here is a few units of 2**-bits wider.
"""

from __future__ import annotations

from fractions import Fraction

from ..exact.elementary import CellError, image, two_over_root_pi
from .judgement import Derivation, In, Near
from .prove import short_up, widened

OPS = ("exp", "log", "sin", "cos", "erf", "power")
MARGIN_BITS = 6


def range_function(d: Derivation, term: int, argument: In, bits: int) -> In:
    """Enclose f(a) from an enclosure of a; CellError, an ArithmeticError, where f may be undefined there."""
    node = d.nodes[term]
    lo, hi = image(node.op, node.value, argument.lo, argument.hi, bits)
    margin = Fraction(1, 2 ** (bits - MARGIN_BITS))
    one = Fraction(1)
    keep = node.op in ("sin", "cos")
    lo, hi = widened(lo if keep and lo == -one else lo - margin, hi if keep and hi == one else hi + margin)
    if node.op in ("exp", "power"):
        lo = max(lo, Fraction(0))  # the checker's own lower end is never below zero
    return d.claim_in("range_function", (argument,), term, lo, hi, term=term)


def lipschitz(
    d: Derivation, left: int, right: int, near: Near, bits: int, inside: In | None = None, left_inside: In | None = None
) -> Near:
    """Bound |f(a) - f(b)| from |a - b| and, but for sin, cos and erf, an enclosure ``inside`` of b.

    With ``left_inside``, an enclosure of a, a power between 0 and 1 has the bound |a - b|**p, which needs no slope.
    Raises CellError where f has no bounded slope.
    """
    node, error = d.nodes[left], near.bound
    p = node.value if node.value is not None else Fraction(0)
    premises = tuple(fact for fact in (near, inside, left_inside) if fact is not None)
    if node.op in ("sin", "cos"):
        return d.claim_near("lipschitz", premises[:1], left, right, error, left=left, right=right)
    if node.op == "erf":
        premises = premises[:1]
        bound = Fraction(two_over_root_pi(bits), 1 << bits) * error
    elif inside is None:
        raise ValueError(f"{node.op} needs an enclosure of its right-hand argument")
    elif node.op == "power" and 0 < p < 1 and left_inside is not None:
        bound = image("power", p, error, error, bits)[1]
    else:
        lo, hi = inside.lo - error, inside.hi + error
        if left_inside is not None:
            lo = max(lo, min(left_inside.lo, inside.lo))
        if node.op != "exp" and (lo < 0 or (lo == 0 and (node.op == "log" or p < 1))):
            raise CellError(f"{node.op} has no bounded slope there")
        if node.op == "exp":
            slope = image("exp", None, hi, hi, bits)[1]
        elif node.op == "log":
            slope = 1 / lo
        else:
            slope = abs(p) * image("power", p - 1, lo, hi, bits)[1]
        bound = slope * error
    bound += Fraction(1, 2 ** (bits - MARGIN_BITS)) * (1 + error)
    return d.claim_near("lipschitz", premises, left, right, short_up(bound), left=left, right=right)


def powers(d: Derivation, left: int, right: int, positive: tuple[In, ...]) -> Near:
    """Claim that two products of powers are the same, of terms that ``positive`` encloses above zero."""
    return d.claim_near("powers", positive, left, right, Fraction(0), left=left, right=right)
