"""Family ``smooth``: smooth functions of one variable, by Taylor expansion with enclosed remainder on every cell."""

from fractions import Fraction
from itertools import pairwise

from ..kernel import Context, Rule, range_of
from ..model import ONE, Atom, Fact, Form, Near
from ..refusal import Declined, Rejected
from .jets import Arithmetic, Jet
from .polynomial import reachable
from .sweep import Place, Sweep, require_cover

MAX_ORDER = 64
CELL = 60  # units of work for a cell beside its jets
OPS = frozenset(["add", "mul", "inv", "exp", "log", "sin", "cos", "erf", "power"])


def smooth(
    context: Context,
    premises: tuple[Fact, ...],
    left: int,
    right: int,
    variable: int,
    knots: tuple[Fraction, ...],
    order: int,
) -> Near:
    """Claim: |left - right| <= the largest over all cells of a bound of its Taylor polynomial plus remainder.

    Hypotheses: a premise encloses the term ``variable``, and the increasing ``knots`` cover that enclosure; left and
    right are built with sums, products, reciprocals, exp, log, sin, cos, erf and powers from constants, the variable
    and, where the variable is an input or one neuron alone, outputs that depend on nothing else: of ReLU networks whose
    neurons keep their signs on every cell between two knots, and of gated networks.  On every cell each reciprocal is
    of a function without a zero, and logarithms and powers are of positive functions.
    Computation: on a cell with midpoint m and half-width h, interval jets (see ``jets``) at m of length ``order`` + 1,
    and over the whole cell of length ``order`` + 2, in integers at ``precision`` bits.  With D = left - right and
    c_0, c_1, ... its jet at m, the bound is that of c_0 + c_1 s + c_2 s^2 on [-1, 1], exact for the middles, plus
    the other |c_k| and the last entry of the jet over the cell.
    Proof.  Taylor with Lagrange's remainder: for x = m + h s with |s| <= 1 there is a y in the cell with
    D(x) = sum over k <= order of c_k s^k + D^(order+1)(y) h^(order+1) / (order+1)! s^(order+1), as D is smooth on the
    closed cell: neurons that keep their signs are linear there.  A neuron is gated by u sigma(beta u).
    Source: interval Taylor expansion (Moore 1966).
    """
    require_cover(knots, range_of(premises, variable))
    if not 1 <= order <= MAX_ORDER:
        raise Declined(f"the order must be from 1 to {MAX_ORDER}")
    functions = _Functions(context, variable, (left, right), knots)
    at_point, over_cell = (Arithmetic(context.precision, order + k, context.spend) for k in (1, 2))
    worst = 0
    for piece, (a, b) in enumerate(pairwise(knots)):
        functions.enter(piece)
        context.spend(CELL)
        middle, half = (a + b) / 2, (b - a) / 2
        point = functions.difference(at_point, left, right, middle, middle, half)
        cell = functions.difference(over_cell, left, right, a, b, half)
        worst = max(worst, _bound(point) + sum(abs(m) + r for m, r in _entries(cell)[order + 1 :]))
    return Near(left, right, Fraction(worst, 1 << context.precision))


def _entries(jet: Jet) -> list[tuple[int, int]]:
    return list(zip(jet.middle, jet.radius, strict=True))


def _bound(jet: Jet) -> int:
    """Return an upper bound of |sum of c_k s^k| over |s| <= 1."""
    c = [*jet.middle[:3], 0, 0][:3]
    values = [c[0] + c[1] + c[2], c[0] - c[1] + c[2]]
    if abs(c[1]) < 2 * abs(c[2]):  # the vertex at s = -c_1 / (2 c_2)
        drop = c[1] * c[1] // (4 * c[2])
        values += [c[0] - drop, c[0] - drop - 1]
    return max(map(abs, values)) + sum(jet.radius[:3]) + sum(abs(m) + r for m, r in _entries(jet)[3:])


class _Functions:
    """Jets of terms on one cell after another."""

    def __init__(self, context: Context, variable: int, roots: tuple[int, int], knots: tuple[Fraction, ...]) -> None:
        self.context, self.variable = context, variable
        self.order = reachable(roots, context.nodes, lambda t: t != variable and context.nodes[t].op in OPS)
        self.atom = _atom(context, variable)
        outputs: dict[str, dict[int, dict[int, Form]]] = {"net": {}, "gated": {}}
        for t in self.order:
            node = context.nodes[t]
            if t != variable and node.op in outputs:
                k, o = node.children
                self._check_network(node.op, k)
                outputs[node.op].setdefault(k, {})[t] = context.networks[k].outputs[o]
        self.sweeps = [Sweep(context, k, self.atom, forms, knots) for k, forms in outputs["net"].items()]
        self.tops = [(sweep, place) for sweep in self.sweeps for place in sweep.lines if place[0] == "t"]
        self.gated = outputs["gated"]

    def _check_network(self, op: str, network: int) -> None:
        node = self.context.nodes[self.variable]
        same = (node.op, node.children[:1]) == (op, (network,))
        if self.atom == ONE or (self.atom[0] == "u" and not same):
            raise Rejected("an output of a network that is not known to depend on the variable alone")

    def enter(self, piece: int) -> None:
        """Go to the cell with this number; cells are visited in order."""
        for sweep in self.sweeps:
            sweep.enter(piece)

    def difference(self, a: Arithmetic, left: int, right: int, lo: Fraction, hi: Fraction, half: Fraction) -> Jet:
        """Return the jet of left - right over [lo, hi], scaled by ``half``."""
        x = a.line(lo, hi, half)
        jets: dict[int, Jet] = {}
        for sweep, place in self.tops:
            line = sweep.lines[place]
            ends = (line[0] + line[1] * lo, line[0] + line[1] * hi)
            jets[place[1]] = a.line(min(ends), max(ends), line[1] * half)
        for network, forms in self.gated.items():
            jets |= self._gated(a, network, forms, x)
        for t in self.order:
            if t not in jets:
                jets[t] = x if t == self.variable else self._jet(a, t, jets, x)
        return a.add(jets[left], a.scaled(jets[right], Fraction(-1)))

    def _jet(self, a: Arithmetic, t: int, jets: dict[int, Jet], x: Jet) -> Jet:
        node = self.context.nodes[t]
        if node.op == "const" and node.value is not None:
            return a.line(node.value, node.value, Fraction(0))
        if node.op == "input" and self.atom == ("x", node.children[0]):
            return x
        if node.op not in OPS:
            raise Rejected(f"t{t} ({node.op}) is not a smooth function of the variable")
        return a.applied(node.op, node.value, [jets[child] for child in node.children])

    def _gated(self, a: Arithmetic, network: int, forms: dict[int, Form], x: Jet) -> dict[int, Jet]:
        """Return the jets of outputs of a gated network: neurons in order, each u from the u and r before it."""
        beta = self.context.networks[network].inverse_temperature
        if beta is None:
            raise Rejected("a gated network needs an inverse temperature")
        known: dict[Atom, Jet] = {ONE: a.line(Fraction(1), Fraction(1), Fraction(0)), self.atom: x}
        wanted = _wanted(self.context, network, forms, self.atom)
        result: dict[int, Jet] = {}
        for place, form in wanted.items():
            jet = a.value(0, 0)
            for atom, weight in form.items():
                if atom not in known:
                    raise Rejected("a neuron depends on more than the variable")
                jet = a.add(jet, a.scaled(known[atom], weight))
            if place[0] == "t":
                result[place[1]] = jet
            elif ("u", place[1]) != self.atom:
                known["u", place[1]] = jet
            if place[0] == "u":
                u = known["u", place[1]]
                known["r", place[1]] = a.mul(u, a.sigma(a.scaled(u, beta)))
        return result


def _atom(context: Context, variable: int) -> Atom:
    """Return the atom that the variable is, an input x or one neuron u of a network; ONE if it is neither."""
    node = context.nodes[variable]
    if node.op == "input":
        return ("x", node.children[0])
    if node.op in ("net", "gated"):
        k, o = node.children
        form = context.networks[k].outputs[o]
        atom = next(iter(form), ONE)
        if len(form) == 1 and form[atom] == 1 and atom[0] in ("x", "u"):
            return atom
    return ONE


def _wanted(context: Context, network: int, forms: dict[int, Form], variable: Atom) -> dict[Place, Form]:
    """Return the forms of the neurons that outputs need, in their order, then of the outputs; none of the variable."""
    needed = {atom[1] for form in forms.values() for atom in form if len(atom) == 2 and atom[0] != "x"}
    context.spend(len(context.networks[network].neurons) // 8)
    chosen: dict[Place, Form] = {}
    for j in range(len(context.networks[network].neurons) - 1, -1, -1):
        if j in needed:
            chosen["u", j] = context.neuron(network, j) if ("u", j) != variable else {}
            needed |= {atom[1] for atom in chosen["u", j] if len(atom) == 2 and atom[0] != "x"}
    return dict(reversed(chosen.items())) | {("t", t): form for t, form in forms.items()}


ARGS = {"left": "term", "right": "term", "variable": "term", "knots": "rationals", "order": "index"}
RULES = {"smooth": Rule("smooth", smooth, ARGS)}
