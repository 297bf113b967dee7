"""One function for each rule of the family ``terms``: it computes a conclusion and appends the step.

A bound is computed with enclosures and rounded up to 12 digits; a range is computed exactly and, where its ends
are long, widened to 12 digits.  Whatever goes wrong here, the checker recomputes and refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import comb

from ..exact.enclosure import Enclosure
from ..exact.number import decimal_exponent, round_up
from .judgement import Argument, Derivation, In, Near

Interval = tuple[Fraction, Fraction]

SHORT = 10**15
WIDTH_DIGITS = 11


def is_short(value: Fraction) -> bool:
    """Return whether a number is short enough to be kept as it is."""
    return abs(value.numerator) < SHORT and value.denominator < SHORT


def short_up(value: Fraction) -> Fraction:
    """Return ``value`` if it is short, else a 12-digit decimal above it."""
    return value if is_short(value) else round_up(value)


def bound_up(bound: Enclosure) -> Fraction:
    """Return a short rational at or above the enclosed bound."""
    return short_up(bound.upper)


def widened(lo: Fraction, hi: Fraction) -> tuple[Fraction, Fraction]:
    """Return decimals at or outside [lo, hi], of the same signs; short ends stay as they are.

    An end keeps 12 digits of its own or of the width, whichever is finer: then neither a narrow interval nor one that
    ends near zero is widened by much.
    """
    if lo == hi:
        return lo, hi
    width = decimal_exponent(hi - lo)
    low, high = (
        Fraction(10) ** (min(width, decimal_exponent(end) if end else width) - WIDTH_DIGITS) for end in (lo, hi)
    )
    return (lo if is_short(lo) else lo // low * low), (hi if is_short(hi) else -(-hi // high) * high)


def range_of(d: Derivation, term: int, domain: Sequence[tuple[Fraction, Fraction]], arguments: Sequence[In]) -> In:
    """Enclose a term by one step of interval arithmetic on its arguments' enclosures."""
    node = d.nodes[term]
    if node.op == "input":
        ends = domain[node.children[0]]
    elif node.op == "const" and node.value is not None:
        ends = node.value, node.value
    else:
        ends = _interval(node.op, [(a.lo, a.hi) for a in arguments])
    return d.claim_in("range", tuple(arguments), term, *widened(*ends), term=term)


def _interval(op: str, parts: Sequence[Interval]) -> Interval:
    los, his = [a for a, _ in parts], [b for _, b in parts]
    if op == "add":
        return sum(los, Fraction(0)), sum(his, Fraction(0))
    if op in ("max", "min"):
        pick = max if op == "max" else min
        return pick(los), pick(his)
    if op == "inv":
        return 1 / his[0], 1 / los[0]
    if op == "abs":
        return max(los[0], -his[0], Fraction(0)), max(-los[0], his[0])
    if op != "mul":
        raise ValueError(f"no interval arithmetic for {op!r}")
    lo = hi = Fraction(1)
    for a, b in parts:
        ends = [p * q for p in (lo, hi) for q in (a, b)]
        lo, hi = min(ends), max(ends)
    return lo, hi


def range_near(d: Derivation, near: Near, inside: In) -> In:
    """Enclose ``near.left`` from a range of ``near.right``."""
    lo, hi = widened(inside.lo - near.bound, inside.hi + near.bound)
    return d.claim_in("range_near", (near, inside), near.left, lo, hi)


def range_affine(d: Derivation, term: int, parts: Sequence[tuple[Fraction, In]], offset: Fraction) -> In:
    """Enclose a term that is ``offset`` plus a weighted sum of enclosed terms."""
    lo = offset + sum(min(w * p.lo, w * p.hi) for w, p in parts)
    hi = offset + sum(max(w * p.lo, w * p.hi) for w, p in parts)
    return d.claim_in(
        "range_affine",
        tuple(p for _, p in parts),
        term,
        *widened(lo, hi),
        term=term,
        parts=tuple(p.term for _, p in parts),
        weights=tuple(w for w, _ in parts),
        offset=offset,
    )


def constant(d: Derivation, inside: In, value: Fraction) -> Near:
    """Bound the distance of an enclosed term from a constant."""
    term = d.constant(value)
    bound = max(inside.hi - value, value - inside.lo)
    return d.claim_near("constant", (inside,), inside.term, term, bound, term=inside.term, value=term)


def middle(inside: In) -> Fraction:
    """Return a short number in the middle of an enclosure."""
    width = inside.hi - inside.lo
    if not width:
        return inside.lo
    unit = Fraction(10) ** (decimal_exponent(width) - 1)
    return round((inside.lo + inside.hi) / 2 / unit) * unit


def affine(d: Derivation, left: int, right: int, differences: Sequence[tuple[Fraction, Near]], bits: int) -> Near:
    """Bound |left - right|, a weighted sum of known differences."""
    total = Enclosure.of(0, bits)
    for weight, near in differences:
        total = total + Enclosure.of(abs(weight), bits) * Enclosure.of(near.bound, bits)
    return d.claim_near(
        "affine",
        tuple(near for _, near in differences),
        left,
        right,
        bound_up(total),
        left=left,
        right=right,
        lefts=tuple(near.left for _, near in differences),
        rights=tuple(near.right for _, near in differences),
        weights=tuple(weight for weight, _ in differences),
    )


def polynomial(d: Derivation, left: int, right: int) -> Near:
    """Claim that two terms are the same polynomial."""
    return d.claim_near("polynomial", (), left, right, Fraction(0), left=left, right=right)


def product(d: Derivation, left: int, right: int, factors: Sequence[tuple[Near | None, In]], bits: int) -> Near:
    """Bound the distance of two products from the distances and the right-hand ranges of their factors."""
    size, total = Enclosure.of(1, bits), Enclosure.of(0, bits)
    for near, inside in factors:  # prod (B + e) - prod B, without its cancellation
        factor = Enclosure.of(inside.magnitude, bits)
        error = Enclosure.of(near.bound if near else 0, bits)
        total, size = total * (factor + error) + size * error, size * factor
    premises = tuple(p for pair in factors for p in pair if p is not None)
    return d.claim_near("congruence", premises, left, right, bound_up(total), left=left, right=right)


def inverse(d: Derivation, left: int, right: int, near: Near, inside: In, bits: int) -> Near:
    """Bound the distance of two reciprocals from that of their arguments and a range of the right-hand one."""
    error, least = Enclosure.of(near.bound, bits), max(inside.lo, -inside.hi)
    if least <= near.bound:
        raise ArithmeticError("a denominator is not known well enough")
    bound = bound_up(error / (Enclosure.of(least, bits) * Enclosure.of(least - near.bound, bits)))
    return d.claim_near("congruence", (near, inside), left, right, bound, left=left, right=right)


def pieces(d: Derivation, left: int, right: int, inside: In, knots: tuple[Fraction, ...], bound: Fraction) -> Near:
    """Bound the distance of two functions of the one variable ``inside.term``, piece by piece between knots."""
    args: dict[str, Argument] = {"left": left, "right": right, "variable": inside.term, "knots": knots, "bound": bound}
    return d.claim_near("pieces", (inside,), left, right, bound, **args)


def reciprocal(d: Derivation, near_one: Near, inside: In, term: int, inverse: int, bits: int) -> Near:
    """Bound |term - 1/a| from |a * term - 1| and a range of a."""
    least = max(inside.lo, -inside.hi)
    bound = bound_up(Enclosure.of(near_one.bound, bits) / Enclosure.of(least, bits))
    return d.claim_near("reciprocal", (near_one, inside), term, inverse, bound, term=term, inverse=inverse)


def univariate(d: Derivation, left: int, right: int, inside: In, coefficients: Sequence[Fraction], pieces: int) -> Near:
    """Bound |left - right|, the polynomial with these coefficients in ``inside.term``, by Bernstein coefficients."""
    zero = Fraction(0)
    bound = zero
    width = (inside.hi - inside.lo) / pieces
    degree = len(coefficients) - 1
    for k in range(pieces):
        lo = inside.lo + k * width
        shifted = [
            sum((coefficients[i] * comb(i, j) * lo ** (i - j) for i in range(j, degree + 1)), zero) * width**j
            for j in range(degree + 1)
        ]
        for j in range(degree + 1):
            value = sum((Fraction(comb(j, i), comb(degree, i)) * shifted[i] for i in range(j + 1)), zero)
            bound = max(bound, abs(value))
    return d.claim_near(
        "univariate",
        (inside,),
        left,
        right,
        short_up(bound),
        left=left,
        right=right,
        variable=inside.term,
        pieces=pieces,
    )


def total(d: Derivation, *chain: Near) -> Near:
    """Add a chain of distances, exactly; a single one is returned as it is."""
    if len(chain) == 1:
        return chain[0]
    return d.claim_near("sum", chain, chain[0].left, chain[-1].right, sum((c.bound for c in chain), Fraction(0)))


def symmetry(d: Derivation, near: Near) -> Near:
    """Swap the two sides."""
    return d.claim_near("symmetry", (near,), near.right, near.left, near.bound)
