"""Family ``analytic``: polynomials against analytic functions of one variable, from values at Chebyshev nodes."""

from fractions import Fraction
from itertools import pairwise

from ..kernel import Context, Rule, range_of
from ..model import Fact, Near
from ..number import ceil_to, cost, floor_to
from ..refusal import Declined, Rejected
from . import elementary, plane
from .elementary import Ends
from .jets import Arithmetic, Jet
from .plane import Rectangle
from .polynomial import reachable
from .sweep import Sweep, one_atom, require_cover

FUNCTIONS = frozenset(["add", "mul", "inv", "exp", "log", "sin", "cos", "erf", "power"])
MAX_DEGREE = 1 << 16
COLUMNS, ROWS = 24, 6
GUARD = 64


def analytic(
    context: Context,
    premises: tuple[Fact, ...],
    left: int,
    right: int,
    variable: int,
    knots: tuple[Fraction, ...],
    ellipse: tuple[Fraction, ...],
    degrees: tuple[int, ...],
    nodes: tuple[int, ...],
) -> Near:
    """Claim: |left - right| <= the largest over all cells of (W + T) / (1 - (11 d / (7 N))^2 / 2) + T.

    Hypotheses: ``variable`` is an output whose form is one atom alone, an input x or a u_j; a premise encloses it, and
    the increasing ``knots`` cover that enclosure.  ``left`` is built with sums and products from the variable,
    constants and outputs of its network that depend on nothing else, whose neurons keep their signs on every cell
    between two knots.  ``right`` is built from the variable and constants with sums, products, reciprocals, exp, log,
    sin, cos, erf and powers.  For every cell, with midpoint c and half-width h, ``ellipse`` gives rho > 1, ``degrees``
    n >= 1 and ``nodes`` N.  On the ellipse E with foci at the cell's ends and half-axes (rho + 1/rho) h / 2 and
    (rho - 1/rho) h / 2, every reciprocal is of what is not zero, and no logarithm or power of what is zero or negative.
    Computation: rectangles cover the upper half of E, and M is an upper bound of |right| on them; T = 2 M rho^-n /
    (rho - 1).  d is the larger of n and the degree of left on the cell, counted by its sums and products.  W is the
    largest upper bound of |left - right| at c + h cos(j pi / N) for j = 0 .. N.  Outward, at ``precision`` bits.
    Proof.  By the hypotheses right is analytic on E and takes conjugate values at conjugate points, so |right| <= M on
    E.  Its Chebyshev coefficients on the cell are a_k with |a_k| <= 2 M rho^-k, and the sum p of the terms up to k = n
    is within T of it on the cell.  So q(t) = left - p at c + h cos t is a trigonometric polynomial of degree at most d.
    Let m be the largest |q|, taken at s.  Then q'(s) = 0, and |q''| <= d^2 m by Bernstein's inequality, twice; some
    node t_j has |t_j - s| <= pi / (2 N), so |q(t_j)| >= m (1 - (pi d / (2 N))^2 / 2), and pi < 22/7.  At the nodes
    |q| <= W + T; the claim follows with |left - right| <= m + T.
    Source: Bernstein 1912; Trefethen, Approximation Theory and Approximation Practice, theorems 8.1 and 8.2.
    """
    network, atom = one_atom(context, variable)
    require_cover(knots, range_of(premises, variable))
    if not len(ellipse) == len(degrees) == len(nodes) == len(knots) - 1:
        raise Rejected("ellipse, degrees and nodes must have one entry for each cell")
    polynomial = _below(context, left, variable, frozenset(["add", "mul"]))
    function = _below(context, right, variable, FUNCTIONS)
    outputs = {t: context.output(t, network)[1] for t in polynomial if context.nodes[t].op == "net"}
    sweep = Sweep(context, network, atom, outputs | {variable: {atom: Fraction(1)}}, knots)
    own, at = _degree(context, polynomial, left, variable), Arithmetic(context.precision, 1, context.spend)
    cosines: dict[int, list[Ends]] = {}
    fixed = {t: at.line(value, value, Fraction(0)) for t, value in _constants(context, polynomial, function).items()}
    worst, tops = Fraction(0), [place for place in sweep.lines if place[0] == "t"]
    for piece, (a, b) in enumerate(pairwise(knots)):
        sweep.enter(piece)
        lines = {place[1]: sweep.lines[place] for place in tops}
        rho, degree, count = ellipse[piece], max(own, degrees[piece]), nodes[piece]
        if rho <= 1 or degrees[piece] < 1 or count < 1:
            raise Rejected("an ellipse needs a parameter above 1, and a degree and nodes at least 1")
        if max(degree, count) > MAX_DEGREE:
            raise Declined(f"a degree or a number of nodes beyond {MAX_DEGREE}")
        room = 1 - Fraction(11 * degree, 7 * count) ** 2 / 2
        if room <= 0:
            raise Rejected(f"{count} nodes are too few for degree {degree}")
        tail = _tail(context, _largest(context, function, right, variable, a, b, rho), rho, degrees[piece])
        if count not in cosines:
            cosines[count] = _cosines(context, count)
        middle, half, most = (a + b) / 2, (b - a) / 2, 0
        for lo, hi in cosines[count]:
            context.spend(8 * cost(middle, half))
            x, y = (middle + half * Fraction(end, 1 << context.precision) for end in (lo, hi))
            known = fixed | {variable: at.line(x, y, Fraction(0))}
            for t, line in lines.items():
                context.spend(4 * cost(*line, x))
                ends = (line[0] + line[1] * x, line[0] + line[1] * y)
                known[t] = at.line(min(ends), max(ends), Fraction(0))
            value = _value(context, at, polynomial, known, left)
            target = _value(context, at, function, known, right)
            gap = at.add(value, Jet([-target.middle[0]], target.radius))
            most = max(most, abs(gap.middle[0]) + gap.radius[0])
        worst = max(worst, (Fraction(most, 1 << context.precision) + tail) / room + tail)
    return Near(left, right, worst)


def _below(context: Context, root: int, variable: int, ops: frozenset[str]) -> list[int]:
    """Return the terms that ``root`` is built from, children first, down to the variable."""
    order = reachable((root,), context.nodes, lambda t: t != variable and context.nodes[t].op in ops)
    allowed = ops | {"const"} | ({"net"} if "exp" not in ops else frozenset())
    for t in order:
        if t != variable and context.nodes[t].op not in allowed:
            kind = "an analytic function" if "exp" in ops else "a polynomial"
            raise Rejected(f"t{t} ({context.nodes[t].op}) is not part of {kind} of the variable")
    return order


def _constants(context: Context, *orders: list[int]) -> dict[int, Fraction]:
    values = {t: context.nodes[t].value for order in orders for t in order}
    return {t: value for t, value in values.items() if value is not None and context.nodes[t].op == "const"}


def _degree(context: Context, order: list[int], root: int, variable: int) -> int:
    """Return an upper bound of the degree on every cell."""
    degree: dict[int, int] = {}
    for t in order:
        node = context.nodes[t]
        below = [degree[c] for c in node.children] if t != variable and node.op in ("add", "mul") else []
        degree[t] = (sum(below) if node.op == "mul" else max(below)) if below else int(node.op != "const")
        context.spend(1 + len(below))
        if degree[t] > MAX_DEGREE:
            raise Declined(f"a degree beyond {MAX_DEGREE}")
    return degree[root]


def _cosines(context: Context, count: int) -> list[Ends]:
    """Enclose cos(j pi / count) for j = 0 .. count."""
    bits = context.precision
    lo, hi = elementary.pi(bits)
    spread, result = hi - lo + 2, []
    for j in range(count + 1):
        context.spend(4 + elementary.units(bits))
        least, largest = elementary.sin_cos(lo * j // count, bits)[1]
        result.append((least - spread, largest + spread))
    return result


def _value(context: Context, a: Arithmetic, order: list[int], known: dict[int, Jet], root: int) -> Jet:
    """Enclose the value of ``root``, in interval arithmetic."""
    values = dict(known)
    for t in order:
        node = context.nodes[t]
        if t not in values:
            values[t] = a.applied(node.op, node.value, [values[child] for child in node.children])
    return values[root]


def _largest(
    context: Context, order: list[int], root: int, variable: int, a: Fraction, b: Fraction, rho: Fraction
) -> int:
    """Return an upper bound of |root| on the ellipse about [a, b], in units of 2**-plane.BITS."""
    middle, half, largest = (a + b) / 2, (b - a) / 2, 0
    wide, tall = half * (rho + 1 / rho) / 2, half * (rho - 1 / rho) / 2
    context.spend(16 * (COLUMNS + ROWS) * cost(middle, wide, tall))
    xs = [middle + wide * Fraction(2 * k - COLUMNS, COLUMNS) for k in range(COLUMNS + 1)]
    ys = [tall * Fraction(k, ROWS) for k in range(ROWS + 1)]
    across, up = ([(floor_to(p, plane.BITS), ceil_to(q, plane.BITS)) for p, q in pairwise(ends)] for ends in (xs, ys))
    for re in across:
        for im in up:
            largest = max(largest, plane.size(_enclosed(context, order, {variable: (re, im)}, root)))
    return largest


def _enclosed(context: Context, order: list[int], known: dict[int, Rectangle], root: int) -> Rectangle:
    """Enclose ``root`` over a complex rectangle of the variable."""
    spend = context.spend
    for t in order:
        node = context.nodes[t]
        if t in known:
            continue
        if node.op == "const" and node.value is not None:
            spend(2 * cost(node.value))
            known[t] = (floor_to(node.value, plane.BITS), ceil_to(node.value, plane.BITS)), (0, 0)
            continue
        result = known[node.children[0]]
        spend(12 * len(node.children))
        if node.op == "power" and node.value is not None:
            result = plane.power(result, node.value, spend)
        elif node.op in ("sin", "cos"):
            result = plane.sin_cos(result, spend)[node.op == "cos"]
        elif node.op == "inv":
            result = plane.inv(result)
        elif node.op in ("add", "mul"):
            for child in node.children[1:]:
                result = plane.add(result, known[child]) if node.op == "add" else plane.mul(result, known[child])
                plane.limit(result, spend)
        else:
            result = {"exp": plane.exp, "log": plane.log, "erf": plane.erf}[node.op](result, spend)
        plane.limit(result, spend)
        known[t] = result
    return known[root]


def _tail(context: Context, largest: int, rho: Fraction, degree: int) -> Fraction:
    """Return an upper bound of 2 M rho**-degree / (rho - 1), with M in units of 2**-plane.BITS."""
    bits = context.precision + GUARD
    context.spend(64 * cost(rho) + 2 * degree.bit_length() * cost(Fraction(1, 1 << bits)))
    one, power, base, step = 1 << bits, 1 << bits, ceil_to(1 / rho, bits), floor_to(rho - 1, bits)
    if not step:
        raise Rejected("the parameter of an ellipse is too close to 1")
    while degree:
        if degree % 2:
            power = -(-power * base // one)
        base, degree = -(-base * base // one), degree // 2
    return 2 * Fraction(largest, plane.ONE) * Fraction(power, one) / Fraction(step, one)


ARGS = {"left": "term", "right": "term", "variable": "term", "knots": "rationals", "ellipse": "rationals"}
RULES = {"analytic": Rule("analytic", analytic, {**ARGS, "degrees": "indices", "nodes": "indices"})}
