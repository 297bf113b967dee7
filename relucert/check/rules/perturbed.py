"""A network whose neurons are perturbed: ranges, and how far its values move, for the family ``rounding``."""

from collections.abc import Callable
from fractions import Fraction
from heapq import heapify, heappop, heappush

from ..attention import add_scaled
from ..kernel import Context
from ..model import ONE, Fact, Form, In
from ..number import ceil_to, cost, floor_to
from ..refusal import Rejected
from .forms import weights

DEPTH = 8  # how many gates are opened inside each other
ZERO = Fraction(0)
Interval = tuple[Fraction, Fraction]


class Perturbed:
    """What is known of the perturbed u~_j = (form of u_j) + e_j and r~_j = max(u~_j, 0) + d_j that exist so far.

    Forms are at these *atoms*: 1, the inputs, u~_j and r~_j.  A neuron j has ``named[j]`` >= |e_j|, a range
    ``inside[j]`` of u~_j, ``forms[j]``, its form over other such neurons, and ``away[j]`` >= |u~_j - u_j|; if it has a
    gate, ``gates[j]`` >= |d_j|.  A neuron that has none of these stands for its form: e_j = 0.
    """

    def __init__(self, context: Context, network: int) -> None:
        self.context, self.network = context, context.networks[network]
        self.bits = context.precision
        self.one = 1 << self.bits
        self.work = 2 + cost(Fraction(1, self.one))
        self.inside: dict[int, Interval] = {}
        self.named: dict[int, Fraction] = {}
        self.gates: dict[int, Fraction] = {}
        self.forms: dict[int, Form] = {}
        self.away: dict[int, Fraction] = {}
        self.ranges: dict[tuple[object, ...], Interval] = {}
        self.dissolved: set[int] = set()

    def up(self, value: Fraction) -> Fraction:
        """Return ``value`` rounded up to the precision."""
        return Fraction(ceil_to(value, self.bits), 1 << self.bits)

    def hull(self, form: Form) -> Interval:
        """Return an enclosure of a form: each neuron's c u~ + d max(u~, 0) is extreme at the ends of u~ or at 0."""
        lo = hi = 0

        def add(ends: list[Fraction], slack: Fraction) -> None:
            nonlocal lo, hi
            lo += floor_to(min(ends) - slack, self.bits)
            hi += ceil_to(max(ends) + slack, self.bits)

        self.context.spend(sum(8 * (self.work + cost(weight)) for weight in form.values()))
        for atom, weight in form.items():
            if atom == ONE:
                add([weight], ZERO)
            elif len(atom) == 2 and atom[0] == "x":
                self.context.spend(cost(*self.context.domain[atom[1]]))
                add([weight * end for end in self.context.domain[atom[1]]], ZERO)
        for j, (c, d) in weights(form).items():
            if j not in self.inside or (d and j not in self.gates):
                raise Rejected(f"the machine does not compute neuron {j} before it is read")
            a, b = self.inside[j]
            ends = [c * u + d * max(u, ZERO) for u in (a, b)] + ([ZERO] if a < 0 < b else [])
            add(ends, abs(d) * self.gates[j] if d else ZERO)
        return Fraction(lo, self.one), Fraction(hi, self.one)

    def span(self, form: Form, depth: int = DEPTH) -> Interval:
        """Return an enclosure of a form at the machine's atoms.

        Proof.  For each neuron, see ``hull``.  Where the form reads gate j, it is F + d r~_j.  With u~_j = f + e,
        |e| <= E_j, it is within |d| (D_j + E_j) + |c| E_j of F + d max(f, 0), with c f in F, and that is the larger
        (d < 0: the smaller) of F and F + d f.
        """
        lo, hi = self.hull(form)
        gates = _gates(form)
        if depth and len(gates) in (1, 2):
            rest, both, slack = self.opened(form, gates[-1])
            deeper = depth - 1 if len(_gates(rest)) < len(gates) else 0
            (a, b), (c, d) = self.span(rest, deeper), self.span(both, deeper)
            pick = max if form["r", gates[-1]] > 0 else min
            lo, hi = max(lo, pick(a, c) - slack), min(hi, pick(b, d) + slack)
        return lo, hi

    def opened(self, form: Form, j: int) -> tuple[Form, Form, Fraction]:
        """Return F and F + d f for a form F + d r_j, with f the form of u_j, and what replacing u~_j by f costs."""
        if j not in self.gates:
            raise Rejected(f"the machine does not compute gate {j} before it is read")
        d, c = form["r", j], form.get(("u", j), ZERO)
        rest = {atom: value for atom, value in form.items() if atom not in (("r", j), ("u", j))}
        self.context.spend(sum(4 * cost(c, d, value) for value in self.forms[j].values()))
        add_scaled(rest, c, self.forms[j], self.context.spend)
        both = dict(rest)
        add_scaled(both, d, self.forms[j], self.context.spend)
        return rest, both, abs(d) * (self.gates[j] + self.named[j]) + abs(c) * self.named[j]

    def moved(self, form: Form, depth: int = DEPTH) -> Fraction:
        """Return a bound on how far the form at the machine's atoms is from the form in the exact network.

        Proof.  |c u~ + d r~ - c u - d r| <= |c + s d| |u~ - u| + |d| D for one s in [0, 1]; and with one gate, as in
        ``span``, F + d max(f, 0) is max(F, F + d f) or min(F, F + d f), which move by no more than their arguments.
        """

        def plain(of: Form) -> Fraction:
            self.context.spend(sum(8 * (self.work + cost(value)) for value in of.values()))
            parts = [
                max(abs(c), abs(c + d)) * self.away[j] + abs(d) * self.gates.get(j, ZERO)
                for j, (c, d) in weights(of).items()
            ]
            return self.up(sum(map(self.up, parts), ZERO))

        least = plain(form)
        gates = _gates(form)
        if depth and len(gates) in (1, 2):
            rest, both, slack = self.opened(form, gates[-1])
            deeper = depth - 1 if len(_gates(rest)) < len(gates) else 0
            least = min(least, max(self.moved(rest, deeper), self.moved(both, deeper)) + slack)
        return least

    def assume(self, premises: tuple[Fact, ...]) -> None:
        """Note the ranges of outputs of the network that premises give."""
        for fact in premises:
            if isinstance(fact, In):
                k, form = self.context.output(fact.term)
                if self.context.networks[k] is self.network:
                    key, scale, offset = self.key(form)
                    ends = sorted(((fact.lo - offset) / scale, (fact.hi - offset) / scale))
                    self.ranges[key] = (ends[0], ends[1])

    def known(self, form: Form) -> Interval | None:
        """Return the range of a form in the exact network, if a premise gives it."""
        key, scale, offset = self.key(form)
        if key not in self.ranges:
            return None
        lo, hi = sorted(scale * end + offset for end in self.ranges[key])
        return Fraction(floor_to(lo, self.bits), self.one), Fraction(ceil_to(hi, self.bits), self.one)

    def key(self, form: Form) -> tuple[tuple[object, ...], Fraction, Fraction]:
        """Return (what multiples of a form share, the multiple, the constant)."""
        self.context.spend(sum(2 * cost(value) for value in form.values()))
        atoms = sorted(atom for atom in form if atom != ONE)
        scale = form[atoms[0]] if atoms else Fraction(1)
        return tuple((atom, form[atom] / scale) for atom in atoms), scale, form.get(ONE, ZERO)

    def expanded(self, form: Form, kept: Callable[[int], bool]) -> tuple[Form, Fraction]:
        """Return a form with u_j that are not ``kept`` replaced by their forms, and what that costs."""
        difference, error = dict(form), ZERO
        pending = [-a[1] for a in difference if len(a) == 2 and a[0] == "u" and not kept(a[1])]
        heapify(pending)
        while pending:
            j = -heappop(pending)
            weight = difference.pop(("u", j), None)
            if weight is None:
                continue
            if j in self.named:
                error += abs(weight) * self.named[j]
            else:
                self.dissolved.add(j)
            self.context.spend(sum(4 * cost(weight, value) for value in self.network.neurons[j].values()))
            add_scaled(difference, weight, self.network.neurons[j], self.context.spend)
            for a in self.network.neurons[j]:
                if len(a) == 2 and a[0] == "u" and not kept(a[1]):
                    heappush(pending, -a[1])
        return difference, self.up(error)

    def swept(self, output: int) -> Fraction:
        """Return sum_j |A_j| E_j + G_j D_j for an output, from one backward sweep in integers rounded outward."""
        neurons, one = self.network.neurons, 1 << self.bits
        self.context.spend(len(neurons))
        linear, both, gate = ([(0, 0)] * len(neurons) for _ in range(3))

        def push(form: Form, lo: int, hi: int) -> None:
            self.context.spend(sum(4 * (self.work + cost(weight)) for weight in form.values()))
            for j, (c, d) in weights(form).items():
                for table, weight in ((linear, c), (both, c + d), (gate, d)):
                    p, q = weight.numerator, weight.denominator
                    a, b = (p * lo, p * hi) if p > 0 else (p * hi, p * lo)
                    table[j] = (table[j][0] + a // q, table[j][1] - (-b // q))

        push(self.network.outputs[output], one, one)
        total = ZERO
        for j in range(len(neurons) - 1, -1, -1):
            lo, hi = min(linear[j][0], both[j][0]), max(linear[j][1], both[j][1])
            moved = max(-gate[j][0], gate[j][1])
            if moved and j not in self.gates:
                raise Rejected(f"no head is the gate of neuron {j}")
            total += max(-lo, hi) * self.named.get(j, ZERO) + moved * self.gates.get(j, ZERO)
            if lo or hi:
                push(neurons[j], lo, hi)
        return self.up(total / one)


def _gates(form: Form) -> list[int]:
    """Return the neurons that the form reads after their gates."""
    return sorted(atom[1] for atom in form if len(atom) == 2 and atom[0] == "r")
