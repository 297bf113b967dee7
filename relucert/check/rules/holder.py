"""How far a term can move on the box: its range, and a Hoelder modulus, by one sweep over the terms below it.

A function f has the *modulus* (alpha, H_1, .., H_d, H) on the box if, for x and y in it,
|f(x) - f(y)| <= sum_i H_i |x_i - y_i|^alpha and |f(x) - f(y)| <= H |x - y|^alpha (Euclidean); alpha = 1 is a Lipschitz
constant.  Proof of ``modulus``, by induction over terms; e is the exponent of an argument, or the least of them.

- Lowering an exponent: |x_i - y_i|^e <= w_i^(e - a) |x_i - y_i|^a for a <= e, w_i the width of the box, and likewise
  with its diameter for |x - y|.  At exponent 1, H may be sqrt(sum_i H_i^2) (Cauchy-Schwarz).
- Sums add moduli.  a_1 .. a_n - b_1 .. b_n is a sum of products with one factor a_k - b_k and the others at most their
  largest absolute values.  Extrema and absolute values move by at most the largest move of an argument.  So does
  ``where``, a or b by the sign of a condition, on a convex part of the box on which one branch holds.
- A function of slope at most L on the range of its argument moves by at most L times as much (mean value theorem):
  1/a^2 for 1/a, exp a for exp a, 1/a for log a, |cos a| for sin a, |sin a| for cos a, 2/sqrt(pi) for erf a, and
  |s| a^(s-1) for a^s.  As a function of u, 1/(c + exp u) has slope exp u / (c + exp u)^2 <= 1/(4 c), as
  (c + t)^2 >= 4 c t, and log(c + exp u) slope at most 1, for c > 0.
- For 0 < s < 1 and a, b >= 0: |a^s - b^s| <= |a - b|^s, and (m_1 + .. + m_d)^s <= m_1^s + .. + m_d^s.  So a^s has the
  exponent s e, with H_i^s and H^s.

Powers of numbers are bounded above by ``elementary.image``, from one exact integer root each.
"""

from fractions import Fraction
from math import isqrt, prod
from typing import NamedTuple

from ..kernel import Context
from ..model import Node
from ..number import ceil_to, cost, floor_to
from ..refusal import Declined, Rejected
from ..statement import below
from . import elementary

ZERO, ONE = Fraction(0), Fraction(1)
RATIONAL = ("input", "const", "add", "mul", "inv", "abs", "max", "min")
FUNCTIONS = ("exp", "log", "sin", "cos", "erf", "power")
Range = tuple[Fraction, Fraction]


class Modulus(NamedTuple):
    """A range of a term on the box, and its modulus: ``slopes`` are H_1, .., H_d, H."""

    lo: Fraction
    hi: Fraction
    exponent: Fraction
    slopes: tuple[Fraction, ...]


def up(context: Context, value: Fraction) -> Fraction:
    """Return the least number of ``precision`` bits at or above ``value``."""
    return Fraction(ceil_to(value, context.precision), 1 << context.precision)


def root_up(context: Context, value: Fraction) -> Fraction:
    """Return a rational at or above the square root."""
    return Fraction(isqrt(ceil_to(value, 2 * context.precision)) + 1, 1 << context.precision)


def power_up(context: Context, base: Fraction, exponent: Fraction) -> Fraction:
    """Return a rational at or above base^exponent, for base >= 0 and exponent >= 0."""
    if exponent == 1 or not base:
        return base if exponent else ONE
    return ONE if not exponent else _image(context, "power", exponent, base, base)[1]


def modulus(context: Context, target: int, alpha: Fraction, jumps: bool = False) -> Modulus:
    """Return a range and a modulus of a term on the box, of exponent ``alpha``; Rejected where none is derived.

    With ``jumps`` the operation ``where`` may occur: the modulus then holds on each convex part of the box on which
    no condition changes its sign.
    """
    if not 0 < alpha <= 1:
        raise Rejected("alpha is outside (0, 1]")
    widths = [hi - lo for lo, hi in context.domain]
    reach = (*widths, root_up(context, sum((w * w for w in widths), ZERO)))
    known: dict[int, Modulus] = {}
    for t in below(context.nodes, (target,)):
        node = context.nodes[t]
        if node.op not in (*RATIONAL, *FUNCTIONS) and not (jumps and node.op == "where"):
            raise Declined(f"no Lipschitz constant is derived through {node.op!r}")
        parts = [] if node.op == "input" else [known[c] for c in node.children]
        context.spend((2 + len(parts)) * 16 * (2 + len(widths)) * (1 + context.precision // 64))
        lo, hi = enclosed(context, t, [part[:2] for part in parts], context.domain)
        exponent, slopes = _moved(context, node, known, parts, alpha, reach)
        if exponent == 1:
            together = root_up(context, sum((h * h for h in slopes[:-1]), ZERO))
            slopes = (*slopes[:-1], min(slopes[-1], together))
        outward = Fraction(floor_to(lo, context.precision), 1 << context.precision), up(context, hi)
        known[t] = Modulus(*outward, exponent, tuple(up(context, slope) for slope in slopes))
    found = known[target]
    if found.exponent < alpha:
        raise Rejected(f"the target is not seen to be Hoelder with an exponent above {found.exponent}")
    return found._replace(exponent=alpha, slopes=_lowered(context, found, alpha, reach))


def _lowered(context: Context, part: Modulus, exponent: Fraction, reach: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    """Return the slopes at a smaller exponent."""
    gap = part.exponent - exponent
    return tuple(h * power_up(context, r, gap) if h and gap else h for h, r in zip(part.slopes, reach, strict=True))


def _moved(
    context: Context,
    node: Node,
    known: dict[int, Modulus],
    parts: list[Modulus],
    alpha: Fraction,
    reach: tuple[Fraction, ...],
) -> tuple[Fraction, tuple[Fraction, ...]]:
    """Return the exponent and the slopes of a term from those of its arguments."""
    if node.op in ("input", "const"):
        own = (node.children[0], len(reach) - 1) if node.op == "input" else ()
        return ONE, tuple(Fraction(i in own) for i in range(len(reach)))
    if node.op in ("add", "mul", "max", "min", "where"):
        moving = parts[1:] if node.op == "where" else parts
        exponent = min(part.exponent for part in moving)
        weights = [ONE] * len(moving)
        if node.op == "mul":
            sizes = [max(-part.lo, part.hi) for part in moving]
            context.spend(len(sizes) ** 2)
            weights = [prod(sizes[:k] + sizes[k + 1 :], start=ONE) for k in range(len(sizes))]
        rows = [
            [w * h for h in _lowered(context, part, exponent, reach)] for w, part in zip(weights, moving, strict=True)
        ]
        columns = zip(*rows, strict=True)
        return exponent, tuple(sum(c, ZERO) if node.op in ("add", "mul") else max(c) for c in columns)
    (part,) = parts
    s = node.value if node.value is not None else ONE
    if node.op == "power" and 0 < s < 1 and (not part.lo or alpha <= s * part.exponent):
        return s * part.exponent, tuple(power_up(context, h, s) for h in part.slopes)
    slope = _slope(context, node.op, s, part)
    result = tuple(slope * h for h in part.slopes)
    inner = context.nodes[node.children[0]]
    if node.op in ("inv", "log") and inner.op == "add" and len(inner.children) == 2:
        c, other = sorted((context.nodes[child] for child in inner.children), key=lambda child: child.op != "const")
        if c.op == "const" and c.value is not None and c.value > 0 and other.op == "exp":
            slope = 1 / (4 * c.value) if node.op == "inv" else ONE
            result = min(result, tuple(slope * h for h in known[other.children[0]].slopes), key=lambda row: row[-1])
    return part.exponent, result


def _slope(context: Context, op: str, s: Fraction, part: Modulus) -> Fraction:
    """Return the largest slope of an operation on the range of its argument, where ``enclosed`` found it defined."""
    lo, hi = part.lo, part.hi
    if op == "abs" or (op == "power" and s == 1):
        return ONE
    if op == "inv":
        return 1 / min(lo * lo, hi * hi)
    if op == "log":
        return 1 / lo
    if op == "erf":
        context.spend(elementary.units(context.precision))
        return Fraction(elementary.two_over_root_pi(context.precision)[1], 1 << context.precision)
    if op == "power":
        return abs(s) * _image(context, "power", s - 1, lo, hi)[1]
    ends = _image(context, {"exp": "exp", "sin": "cos", "cos": "sin"}[op], None, lo, hi)
    return max(-ends[0], ends[1])


def ranges(
    context: Context, order: list[int], box: tuple[Range, ...], thin: frozenset[int] = frozenset()
) -> dict[int, Range]:
    """Return a range of every term of ``order`` on a part of the box, such as a point of it; see ``enclosed``."""
    known: dict[int, Range] = {}
    for t in order:
        node = context.nodes[t]
        parts = [] if node.op == "input" else [known[c] for c in node.children]
        context.spend(2 + 4 * len(parts) * cost(*(end for part in parts for end in part)))
        known[t] = enclosed(context, t, parts, box, thin)
    return known


def enclosed(
    context: Context,
    term: int,
    parts: list[Range],
    box: tuple[Range, ...],
    thin: frozenset[int] = frozenset(),
) -> Range:
    """Return a range of a term, exact but for functions, from ranges of its arguments on a part of the box.

    It holds at every point; where conditions are ``thin``, zero on null sets only, it holds almost everywhere.
    """
    node = context.nodes[term]
    if node.op == "input":
        return box[node.children[0]]
    if node.value is not None and node.op == "const":
        return node.value, node.value
    lo, hi = parts[0]
    if node.op in FUNCTIONS:
        return _image(context, node.op, node.value, lo, hi)
    if node.op == "inv":
        if lo <= 0 <= hi:
            raise Rejected("no Lipschitz constant: a denominator may be zero")
        return 1 / hi, 1 / lo
    if node.op == "abs":
        return max(lo, -hi, ZERO), max(-lo, hi)
    if node.op == "where":
        if lo >= 0:
            return parts[1]
        if hi < 0 or (not hi and node.children[0] in thin):
            return parts[2]
        return min(parts[1][0], parts[2][0]), max(parts[1][1], parts[2][1])
    if node.op == "mul" and len(parts) == 2 and node.children[0] == node.children[1]:
        return max(lo, -hi, ZERO) ** 2, max(-lo, hi) ** 2
    for a, b in parts[1:]:
        if node.op == "add":
            lo, hi = lo + a, hi + b
        elif node.op == "mul":
            ends = [lo * a, lo * b, hi * a, hi * b]
            lo, hi = min(ends), max(ends)
        elif node.op in ("max", "min"):
            pick = max if node.op == "max" else min
            lo, hi = pick(lo, a), pick(hi, b)
        else:
            raise Declined(f"no range is derived through {node.op!r}")
    return lo, hi


def _image(context: Context, op: str, exponent: Fraction | None, lo: Fraction, hi: Fraction) -> Range:
    below, above = elementary.image(context.spend, op, exponent, lo, hi, context.precision)
    return Fraction(below, 1 << context.precision), Fraction(above, 1 << context.precision)
