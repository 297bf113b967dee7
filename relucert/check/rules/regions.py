"""Family ``regions``: a ReLU network against a function, on every cell of a partition of the box.

Whole numbers throughout.  A *point* (w, X_1, .., X_d) with w > 0 stands for x_i = X_i / w.  A *line* is an affine
function of x and of noise symbols, scaled by a positive number: a map from places to coefficients, place 0 for the
constant, i for x_i, and d + 1 + j for the noise e_j of neuron j, of which only |e_j| <= 1 is known.
"""

from fractions import Fraction
from itertools import product
from math import gcd, lcm
from typing import NamedTuple

from ..kernel import Context, Rule
from ..model import ONE, Fact, Form, Near
from ..number import cost
from ..refusal import Declined, Rejected
from .polynomial import Key, Point, Polynomial, accumulate, constant, linear, multiply, nonnegative, reachable

MAX_INPUTS = 8
MAX_CANDIDATES = 16
SLOPE_BITS = 8

Line = dict[int, int]
Quotient = tuple[Polynomial, Polynomial]


class _Cell(NamedTuple):
    """The hull of ``points``, each with the set of constraints that are tight there, as bits.

    ``known`` holds the lines of u_j and r_j for neurons without noise that keep their sign on the cell.
    """

    points: dict[Point, int]
    constraints: int
    known: dict[int, tuple[Line, Line]]


def regions(
    context: Context,
    premises: tuple[Fact, ...],
    left: int,
    right: int,
    planes: tuple[Fraction, ...],
    cuts: tuple[int, ...],
    bound: Fraction,
) -> Near:
    """Claim: |left - right| <= bound.

    Hypotheses: ``left`` is an output of a ReLU network; ``right`` is built with sums, products, reciprocals, absolute
    values, maxima and minima from inputs and constants.  ``planes`` holds affine functions of the inputs, 1 + inputs
    numbers each.  ``cuts`` writes a binary tree in pre-order whose root is the box: 0 is a leaf; k from 1 to the number
    of planes cuts by plane k - 1; beyond, it cuts by u_j, j counted from there, which must be affine in x on that cell.
    The side >= 0 comes before the side <= 0.
    Computation: the corners of each cell.  On a leaf the network is an affine function of x, plus noise where a neuron
    may have both signs: r_j is then s u_j + m + m e_j with s in [0, 1].  ``right`` is one of a few quotients P / Q with
    Q > 0; for each of them bound * Q - noise * Q -+ (affine * Q - P) >= 0 is tested on the leaf.
    Proof.  Cells: conv V cut by a plane is the hull of the points of V on that side and of the intersections of its
    crossing edges.  The ends of an edge share at least d - 1 tight constraints, as the constraints tight along an edge
    have rank d - 1 or more; taking further pairs of points adds nothing from outside.  A constraint is tight inside a
    segment of the cell if and only if it is at both ends, so the sets stay complete.  A point that is no corner is
    inside a face with several corners, which have all its tight constraints; a corner's are those of no other point.
    So exactly the corners are kept.  The two sides cover the cell.
    Neurons: an affine function is at least its least value at the corners.  max(u, 0) - s u is convex in u, zero at 0,
    hence in [0, 2m] where 2m is at least its value at both ends of the range of u.
    Sign of polynomials: see ``polynomial.nonnegative``.  max(a, b) is a or b everywhere, and |a| is a or -a.
    Source: derived here; the relaxation is that of DeepZ (Singh et al. 2018), the blossom is Ramshaw's (1987).
    """
    d = len(context.domain)
    if d > MAX_INPUTS:
        raise Declined(f"more than {MAX_INPUTS} inputs")
    if len(planes) % (1 + d):
        raise Rejected("each plane needs one number more than there are inputs")
    rows = []
    for k in range(0, len(planes), 1 + d):
        row = planes[k : k + 1 + d]
        scale = lcm(*(c.denominator for c in row))
        context.spend(2 * (d + 1) * cost(Fraction(scale), *row))
        rows.append({i: int(c * scale) for i, c in enumerate(row)})
    network = _Scaled(context, *context.output(left))
    target = _Target(context, right)
    stack = [_box(context)]
    for position, code in enumerate(cuts):
        if not stack:
            raise Rejected("the tree of cuts goes on after its last leaf")
        cell = stack.pop()
        context.spend(1 + len(cell.known) // 4)
        if code == 0:
            line = network.lines(cell, None)
            if not _near(context, line, network.scale[network.end], target.quotients(cell), bound, cell):
                raise Rejected(f"the bound is not proved on the leaf at cut {position}")
        elif code <= len(rows):
            stack += reversed(
                [_Cell(p, cell.constraints + 1, dict(cell.known)) for p in _cut(context, cell, rows[code - 1])]
            )
        else:
            j = code - len(rows) - 1
            line = network.lines(cell, j)
            if max(line, default=0) > d:
                raise Rejected(f"neuron {j} is not an affine function on the cell at cut {position}")
            above, below = _cut(context, cell, line)
            passed = {place: c << SLOPE_BITS for place, c in line.items()}
            stack.append(_Cell(below, cell.constraints + 1, {**cell.known, j: (line, {})}))
            stack.append(_Cell(above, cell.constraints + 1, {**cell.known, j: (line, passed)}))
    if stack:
        raise Rejected("the tree of cuts ends before its last leaf")
    return Near(left, right, bound)


def _box(context: Context) -> _Cell:
    """Return the statement's box; constraints 2 i and 2 i + 1 are the ends of input i."""
    sides = []
    for i, (lo, hi) in enumerate(context.domain):
        both = [(lo, 1 << 2 * i), (hi, 1 << 2 * i + 1)]
        sides.append(both if lo < hi else [(lo, 3 << 2 * i)])
    points = {}
    for corner in product(*sides):
        w = lcm(*(x.denominator for x, _ in corner))
        context.spend(len(corner) * cost(Fraction(w)))
        points[_reduced((w, *(int(x * w) for x, _ in corner)))] = sum(tight for _, tight in corner)
    return _Cell(points, 2 * len(sides), {})


def _reduced(point: Point) -> Point:
    divisor = gcd(*point)
    return tuple(c // divisor for c in point) if divisor > 1 else point


def _cut(context: Context, cell: _Cell, line: Line) -> tuple[dict[Point, int], dict[Point, int]]:
    """Return the points of the cell's two parts, line >= 0 and line <= 0; both must have some beyond the plane."""
    tight = 1 << cell.constraints
    values = _values(context, line, cell)
    above = {p: t if v else t | tight for (p, t), v in zip(cell.points.items(), values, strict=True) if v >= 0}
    below = {p: t if v else t | tight for (p, t), v in zip(cell.points.items(), values, strict=True) if v <= 0}
    if len(above) == len(values) or len(below) == len(values):
        raise Rejected("a cut misses its cell")
    value = dict(zip(cell.points, values, strict=True))
    context.spend(len(above) * len(below) // 4)
    for p, q in product(above, below):
        shared = above[p] & below[q]
        if value[p] > 0 > value[q] and shared.bit_count() >= len(p) - 2:
            meeting = _reduced(tuple(value[p] * b - value[q] * a for a, b in zip(p, q, strict=True)))
            context.spend(cost(Fraction(max(map(abs, meeting)))) * len(p))
            above[meeting] = below[meeting] = shared | tight
    return _corners(context, above, tight), _corners(context, below, tight)


def _corners(context: Context, points: dict[Point, int], tight: int) -> dict[Point, int]:
    """Return the points without those on the newest plane that are no corners: another one has all they have tight."""
    new = [t for t in points.values() if t & tight]
    context.spend(len(new) * (len(new) + len(points)) // 8)
    return {p: t for p, t in points.items() if not t & tight or sum(not t & ~other for other in new) == 1}


def _values(context: Context, line: Line, cell: _Cell) -> list[int]:
    """Return w times the line, its noise aside, at each point of the cell."""
    sizes = (max(map(abs, line.values()), default=0), max(max(map(abs, point)) for point in cell.points))
    context.spend(len(cell.points) * cost(*map(Fraction, sizes)))
    return [sum(line.get(i, 0) * x for i, x in enumerate(point)) for point in cell.points]


class _Scaled:
    """The neurons below one output with whole weights: u_j and r_j times ``scale[j]``, r_j times 2^SLOPE_BITS more."""

    def __init__(self, context: Context, k: int, output: Form) -> None:
        self.context, self.places = context, len(context.domain) + 1
        self.end = len(context.networks[k].neurons)
        context.spend(self.end // 8)
        forms = {self.end: output}
        for j in range(self.end, -1, -1):
            for atom in forms.get(j, {}):
                if len(atom) == 2 and atom[0] != "x":
                    forms[atom[1]] = context.neuron(k, atom[1])
        self.scale: dict[int, int] = {}
        self.base: dict[int, Line] = {}
        self.reads: dict[int, list[tuple[int, bool, int]]] = {}
        self.price: dict[int, int] = {}  # of arithmetic on the numbers of a neuron
        for j in sorted(forms):
            parts = {atom: weight / self._unit(atom) for atom, weight in forms[j].items()}
            self.scale[j] = 1
            for part in parts.values():
                self.scale[j] = lcm(self.scale[j], part.denominator)
                context.spend(4 * cost(Fraction(self.scale[j]), part))
            self.base[j], self.reads[j], self.price[j] = {}, [], 1
            for atom, part in parts.items():
                weight = int(part * self.scale[j])
                if atom == ONE or atom[0] == "x":
                    self.base[j][0 if len(atom) < 2 else 1 + atom[1]] = weight
                elif len(atom) == 2:
                    self.reads[j].append((atom[1], atom[0] == "r", weight))

    def _unit(self, atom: tuple[str, int] | tuple[str]) -> int:
        if len(atom) < 2 or atom[0] == "x":
            return 1
        return self.scale[atom[1]] << (SLOPE_BITS if atom[0] == "r" else 0)

    def lines(self, cell: _Cell, wanted: int | None) -> Line:
        """Return the line of u_wanted on the cell, or that of the output; what needs no noise becomes known."""
        if wanted == self.end or wanted in cell.known or wanted not in (None, *self.scale):
            raise Rejected(f"neuron {wanted} is not read by the output, or keeps its sign on a cell that it should cut")
        own: dict[int, tuple[Line, Line]] = {}
        self.context.spend(len(self.base) // 8)
        for j, base in self.base.items():
            if j in cell.known:
                continue
            line = dict(base)
            for i, gate, weight in self.reads[j]:
                source = (cell.known.get(i) or own[i])[gate]
                self.context.spend(1 + len(source) * (self.price[i] + cost(Fraction(weight))) // 8)
                for place, c in source.items():
                    line[place] = line.get(place, 0) + weight * c
            line = {place: c for place, c in line.items() if c}
            self.price[j] = cost(Fraction(max(map(abs, line.values()), default=0)))
            if j in (wanted, self.end):
                return line
            own[j] = line, self._gated(cell, j, line)
            if max(*line, *own[j][1], 0, 0) < self.places:
                cell.known[j] = own[j]
        raise Rejected("the output is not reached")

    def _gated(self, cell: _Cell, j: int, line: Line) -> Line:
        """Return the line of r_j on the cell."""
        values = _values(self.context, line, cell)
        radius = sum(abs(c) for place, c in line.items() if place >= self.places)
        if all(v >= radius * p[0] for p, v in zip(cell.points, values, strict=True)):
            return {place: c << SLOPE_BITS for place, c in line.items()}
        if all(v <= -radius * p[0] for p, v in zip(cell.points, values, strict=True)):
            return {}
        lo = min(v // p[0] for p, v in zip(cell.points, values, strict=True)) - radius
        hi = max(-(-v // p[0]) for p, v in zip(cell.points, values, strict=True)) + radius
        one = 1 << SLOPE_BITS
        slope = min(max(hi * one // (hi - lo), 0), one)
        middle = (max(-slope * lo, (one - slope) * hi, 0) + 1) // 2
        gated = {place: slope * c for place, c in line.items()}
        gated[0] = gated.get(0, 0) + middle
        gated[self.places + j] = middle
        return gated


class _Target:
    """The function on a cell: at each point it is one of a few quotients P / Q of polynomials, Q > 0 on the cell."""

    def __init__(self, context: Context, term: int) -> None:
        self.context, self.term = context, term
        self.order = reachable(
            (term,), context.nodes, lambda t: context.nodes[t].op not in ("input", "net", "gated", "subject")
        )
        self.everywhere = all(context.nodes[t].op in ("input", "const", "add", "mul") for t in self.order)
        self.found: list[Quotient] = []

    def quotients(self, cell: _Cell) -> list[Quotient]:
        """Return the quotients; where a sign decides which one it is and is unknown, all that it may be."""
        if self.everywhere and self.found:
            return self.found
        value: dict[int, list[Quotient]] = {}
        one = constant(Fraction(1))
        for t in self.order:
            node = self.context.nodes[t]
            if node.op == "input":
                value[t] = [(linear({("x", node.children[0]): Fraction(1)}), one)]
            elif node.op == "const" and node.value is not None:
                value[t] = [(constant(node.value), one)]
            elif node.op == "abs":
                value[t] = [
                    c for p, q in value[node.children[0]] for c in self._larger(cell, (p, q), (_minus(p), q), 1)
                ]
            elif node.op == "inv":
                value[t] = [self._inverse(cell, t, *quotient) for quotient in value[node.children[0]]]
            elif node.op in ("add", "mul", "max", "min"):
                value[t] = value[node.children[0]]
                for child in node.children[1:]:
                    pairs = product(value[t], value[child])
                    value[t] = [c for a, b in pairs for c in self._combined(cell, node.op, a, b)]
                    if len(value[t]) > MAX_CANDIDATES:
                        raise Declined(f"t{t} may be one of more than {MAX_CANDIDATES} quotients on one cell")
            else:
                raise Rejected(f"t{t} ({node.op}) is not built with rational operations, maxima and minima from inputs")
        self.found = value[self.term]
        return self.found

    def _combined(self, cell: _Cell, op: str, a: Quotient, b: Quotient) -> list[Quotient]:
        if op in ("max", "min"):
            return self._larger(cell, a, b, 1 if op == "max" else -1)
        spend = self.context.spend
        bottom = multiply(a[1], b[1], spend)
        if op == "mul":
            return [(multiply(a[0], b[0], spend), bottom)]
        top = dict(multiply(a[0], b[1], spend))
        accumulate(self.context, top, multiply(b[0], a[1], spend))
        return [(top, bottom)]

    def _larger(self, cell: _Cell, a: Quotient, b: Quotient, sign: int) -> list[Quotient]:
        """Return which of a and b is the larger on the cell (the smaller if ``sign`` is -1), or both."""
        gap = dict(multiply(a[0], b[1], self.context.spend))
        accumulate(self.context, gap, multiply(b[0], a[1], self.context.spend), Fraction(-1))
        if nonnegative(_minus(gap) if sign < 0 else gap, cell.points, self.context.spend):
            return [a]
        return [b] if nonnegative(gap if sign < 0 else _minus(gap), cell.points, self.context.spend) else [a, b]

    def _inverse(self, cell: _Cell, t: int, p: Polynomial, q: Polynomial) -> Quotient:
        if nonnegative(p, cell.points, self.context.spend, strictly=True):
            return q, p
        if nonnegative(_minus(p), cell.points, self.context.spend, strictly=True):
            return _minus(q), _minus(p)
        raise Rejected(f"t{t} may divide by zero on a cell")


def _minus(p: Polynomial) -> Polynomial:
    return {monomial: -c for monomial, c in p.items()}


def _near(context: Context, line: Line, scale: int, quotients: list[Quotient], bound: Fraction, cell: _Cell) -> bool:
    """Return whether |line / scale - P / Q| <= bound is seen to hold on the cell for all the quotients."""
    places = len(context.domain) + 1
    room = bound - Fraction(sum(abs(c) for place, c in line.items() if place >= places), scale)
    names: list[Key] = [ONE, *(("x", i) for i in range(places - 1))]
    affine = {name: Fraction(line.get(i, 0), scale) for i, name in enumerate(names)}
    context.spend(places * cost(Fraction(scale)))
    for p, q in quotients:
        for sign in (1, -1):
            wanted = {name: -sign * c for name, c in affine.items()}
            wanted[ONE] += room
            gap = multiply(linear({name: c for name, c in wanted.items() if c}), q, context.spend)
            accumulate(context, gap, p, Fraction(sign))
            if not nonnegative(gap, cell.points, context.spend):
                return False
    return True


ARGS = {"left": "term", "right": "term", "planes": "rationals", "cuts": "indices", "bound": "rational"}
RULES = {"regions": Rule("regions", regions, ARGS)}
