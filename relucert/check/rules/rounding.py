"""Family ``rounding``: what a float machine returns for the transformer is near the ReLU network."""

from collections.abc import Callable
from fractions import Fraction
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from ..arithmetic import FORMATS
from ..attention import add_scaled
from ..kernel import Context, Rule
from ..model import ONE, Fact, Form, Head, In, Near
from ..number import ceil_to, cost, exp_enclosure, floor_to
from ..refusal import Rejected

KAPPA_BITS = 128
ROUNDINGS = 5, 12  # (1 + u)^4 <= 1 + 5 u and (1 + u)^10 <= 1 + 12 u for u <= 2^-8
PART_WORK = 60
DEPTH = 8  # how many gates are opened inside each other
ZERO = Fraction(0)
Interval = tuple[Fraction, Fraction]


class Cell(NamedTuple):
    """A number that the machine computes: in [lo, hi], and within ``error`` of ``form`` at the machine's atoms."""

    form: Form
    error: Fraction
    lo: Fraction
    hi: Fraction
    below: Fraction = ZERO  # bounds | max(-cell, 0) - max(-form, 0) |
    above: Fraction = ZERO  # bounds | max(cell, 0) - max(form, 0) |


def rounding(
    context: Context,
    premises: tuple[Fact, ...],
    machine: int,
    net: int,
    names: tuple[tuple[int, ...], ...],
    spelled: tuple[int, ...],
    kappa: Fraction,
    terms: int,
) -> Near:
    """Claim: |machine - net| <= error of the read-out + sum over named neurons j of |A_j| E_j + G_j D_j, or less.

    Hypotheses: the entries of all matrices are normal numbers of the format; no sum and no score can exceed its
    largest number; kappa exp(1 + kappa) >= 1, decided with ``terms`` Taylor terms.  ``names`` lists for every layer
    pairs (coordinate, neuron): each coordinate is henceforth called u_j, no neuron twice.  A gate head has d_head 1,
    its key reads a constant with a weight 2^k, its query and value read one coordinate that has just the name u_j,
    the value with weight 1 or -1, and the score has the sign of the value; no gate twice.  Premises are ranges of
    outputs of the network.
    Computation.  Every number that the machine computes is a ``Cell``.  The machine's u~_j is the coordinate when it
    is named, E_j the distance of that coordinate from the form of u_j in the network at the machine's atoms; there
    neurons without a name stand for their forms, and those named in the same layer too, at the price of their E.
    The machine's r~_j is what the gate head returns (less -u~_j, if its value is -u_j), and D_j bounds its distance
    from max(u~_j, 0).  Where j is ``spelled``, u~_j is the form itself, so that E_j = 0, and D_j has in it how much
    the coordinate's error moves the gate.  A_j and G_j come from the backward sweep of ``gate_error``; the bound of
    ``_Machine.moved`` is taken where that is less.
    Proof.  Sums: see ``_Machine.total``; gates: see ``_Machine.gate``.  A linear head has scores zero, so weights
    1 / (1 + 1) without rounding.  So u~_j = (form of u_j at the atoms) + e_j with |e_j| <= E_j and
    r~_j = max(u~_j, 0) + d_j with |d_j| <= D_j, and the output likewise.  Subtract the same equations of the exact
    network: r~_j - r_j = s_j (u~_j - u_j) + d_j with s_j in [0, 1] the mean slope of max(., 0), one number for all
    readers of j.  Eliminating neurons from the last, the output's error is the read-out's, plus
    sum_j a_j e_j + (sum_i d_ij a_i) d_j, where a_j = (1 - s_j) sum_i c_ij a_i + s_j sum_i (c_ij + d_ij) a_i is in A_j.
    Weights that were rounded need no step of their own: the difference of the two forms is part of E_j.
    Source: adjoint theorem with rounding errors as further perturbations; derived here.
    """
    (output,) = context.node(machine, "machine").children
    k, o = context.node(net, "net").children
    if not 0 < kappa < 1 or kappa * exp_enclosure(1 + kappa, terms, KAPPA_BITS)[0] < 1:
        raise Rejected("kappa exp(1 + kappa) >= 1 is not established")
    subject = context.subject
    if subject.anchors or subject.code is not None:
        raise Rejected("this rule knows no anchors and no position codes")
    if len(names) != len(subject.layers):
        raise Rejected("the layers named are not those of the transformer")
    run = _Machine(context, k, kappa, frozenset(spelled))
    run.represented()
    run.assume(premises)
    inputs = [Cell({("x", i): Fraction(1)}, ZERO, lo, hi) for i, (lo, hi) in enumerate(context.domain)]
    inputs.insert(0, Cell({ONE: Fraction(1)}, ZERO, Fraction(1), Fraction(1)))
    stream = run.product(subject.embedding, subject.d_model, inputs, 1)
    for depth, (pairs, layer) in enumerate(zip(names, subject.layers, strict=True)):
        run.name(depth, pairs, stream)
        written: list[list[tuple[Fraction, Cell]]] = [[] for _ in stream]
        for head in layer:
            returned = [run.gate(head, stream)] if head.w_q and head.w_k else run.linear(head, stream)
            for (row, column), weight in head.w_o.items():
                written[row].append((weight, returned[column]))
        stored = 2 * len({head.d_head for head in layer}) - 2
        for row, parts in enumerate(written):
            if parts:
                update = run.total(parts, stored)
                stream[row] = run.total([(Fraction(1), stream[row]), (Fraction(1), update)], 0)
    result = run.product(subject.readout, subject.outputs, stream, 0)[output]
    wanted, _ = run.expanded(context.networks[k].outputs[o], lambda j: j in run.named)
    return Near(machine, net, run.distance(wanted, result) + min(run.swept(o), run.moved(wanted)))


class _Machine:
    """The machine's numbers so far: what is known of every u~_j and r~_j that has been computed."""

    def __init__(self, context: Context, network: int, kappa: Fraction, spelled: frozenset[int]) -> None:
        chosen = context.arithmetic
        if chosen is None:
            raise Rejected("the statement names no arithmetic")
        self.context, self.chosen, self.kappa, self.spelled = context, chosen, kappa, spelled
        self.network = context.networks[network]
        self.bits = context.precision
        self.format, self.fine = FORMATS[chosen.dtype], FORMATS[chosen.accumulate]
        smallest = self.format.least_normal
        # what a result loses by underflow, or an operand by being replaced by zero
        self.tiny = smallest if chosen.subnormals == "flush" else smallest / (1 << self.format.precision)
        self.inside: dict[int, Interval] = {}  # u~_j
        self.named: dict[int, Fraction] = {}  # E_j
        self.gates: dict[int, Fraction] = {}  # D_j
        self.ripples: dict[int, Fraction] = {}  # see ``gate``
        self.forms: dict[int, Form] = {}  # of u_j, over named neurons
        self.away: dict[int, Fraction] = {}  # bounds |u~_j - u_j|
        self.sides: dict[int, Interval] = {}  # of a spelled neuron's coordinate: ``below`` and ``above``
        self.ranges: dict[tuple[object, ...], Interval] = {}
        self.dissolved: set[int] = set()
        self.layer: dict[int, int] = {}  # in which it was named
        self.one = 1 << self.bits
        self.work = 2 + cost(Fraction(1, 1 << self.bits))

    def represented(self) -> None:
        """Check that every weight is a normal number of the format."""
        subject = self.context.subject
        matrices = [subject.embedding, subject.readout]
        for layer in subject.layers:
            for head in layer:
                matrices += (head.w_q, head.w_k, head.w_v, head.w_o)
        for matrix in matrices:
            self.context.spend(4 * len(matrix))
            for place, value in matrix.items():
                if not self.format.holds(value):
                    raise Rejected(f"a weight at {place} is not a normal number of {self.chosen.dtype}")

    def up(self, value: Fraction) -> Fraction:
        """Return ``value`` rounded up to the precision."""
        return Fraction(ceil_to(value, self.bits), 1 << self.bits)

    def product(self, matrix: dict[tuple[int, int], Fraction], rows: int, cells: list[Cell], stored: int) -> list[Cell]:
        """Return ``matrix`` times the cells."""
        parts: list[list[tuple[Fraction, Cell]]] = [[] for _ in range(rows)]
        for (row, column), weight in matrix.items():
            parts[row].append((weight, cells[column]))
        return [self.total(part, stored) for part in parts]

    def total(self, parts: list[tuple[Fraction, Cell]], stored: int) -> Cell:
        """Return the stored sum of weight * cell in any order, with ``stored`` more roundings to the format inside.

        Proof.  A product with 2^k is exact but for underflow.  A tree of additions over n products has n - 1 nodes;
        ordered by leaves, the i-th has at most i + 1, as a node with l leaves comes after the l - 2 nodes below it.
        So its exact value is at most the sum of the i + 1 largest products, and at most that of all positive or all
        negative ones; (1 + u)^n <= 1 + 2 n u covers that its operands are rounded, as n u <= 1/4.  The last node, the
        sum itself, is also enclosed by the form.  Rounding to nearest is monotone, so a float that bounds the exact
        value bounds the rounded one.  A sum c u~_j + d r~_j with c and c + d powers of two or zero is within
        |d| D_j of a float, c u~_j or (c + d) u~_j, and rounding to nearest moves it no further than to that float;
        for the other bound see ``gate``.  ``below`` and ``above``: rounding keeps signs, so where the sum before its
        last rounding has the other sign, max(., 0) is 0 of it and of the result, and only earlier errors count.
        """
        form: Form = {}
        error = ZERO
        sizes: list[Fraction] = []
        lows, highs, above, below = ZERO, ZERO, ZERO, ZERO
        self.context.spend(PART_WORK * self.work)
        for weight, cell in parts:
            self.context.spend(PART_WORK * (self.work + cost(weight, cell.lo, cell.hi)))
            self.context.spend(sum(cost(weight, value) for value in cell.form.values()))
            add_scaled(form, weight, cell.form)
            lo, hi = sorted((weight * cell.lo, weight * cell.hi))
            size, lost = max(-lo, hi), ZERO
            if not _power_of_two(weight):
                lost = _half_ulp(size, self.fine.precision)
                lo, hi = self.widened(lo, hi, lost, self.fine.precision)
                if len(parts) == 1 and self.fine != self.format:
                    again = _half_ulp(size + lost, self.format.precision)
                    lo, hi, lost = *self.widened(lo, hi, again, self.format.precision), lost + again
            lo, hi, underflow = self.settled(lo, hi, min(cell.lo, lo), max(cell.hi, hi))
            error += abs(weight) * cell.error + lost + underflow * (1 + abs(weight))
            sizes.append(max(-lo, hi))
            lows, highs, above, below = lows + lo, highs + hi, above + max(hi, ZERO), below + max(-lo, ZERO)
        n, most = len(parts), max(above, below)
        unit = Fraction(n, 1 << self.fine.precision)
        if 4 * unit > 1:
            raise Rejected("a sum has too many terms for the format")
        most += 4 * unit * most + n * self.tiny
        if 2 * most > self.format.largest:
            raise Rejected(f"a sum may overflow {self.chosen.dtype}")
        inner, largest_first = ZERO, ZERO
        for i, size in enumerate(sorted(sizes, reverse=True)[: n - 1]):
            largest_first += size
            if i:
                bound = min(most, largest_first * (1 + 2 * unit) + n * self.tiny)
                inner += _half_ulp(bound, self.fine.precision) + self.tiny
        pair = self.pair(form, error) if n == 2 else None
        if n > 1 and pair is None and self.fine != self.format:
            inner += stored * (_half_ulp(most, self.format.precision) + self.tiny)
        error, lows, highs = error + inner, lows - inner, highs + inner
        span_lo, span_hi = self.span(form)
        lows, highs = max(lows, span_lo - error), min(highs, span_hi + error)
        below = above = error
        if n > 1:
            last, below, above = (
                error + min(self.nearest(size), pair * (1 + stored) if pair is not None else self.nearest(size))
                for size in (max(-lows, highs), -lows, highs)
            )
            lows, highs = self.widened(lows, highs, last - error, self.format.precision)
            lows, highs, underflow = self.settled(lows, highs, lows, highs)
            error, below, above = last + underflow, below + underflow, above + underflow
        lows, highs = Fraction(floor_to(lows, self.bits), self.one), Fraction(ceil_to(highs, self.bits), self.one)
        return Cell(form, self.up(error), lows, highs, self.up(below), self.up(above))

    def nearest(self, size: Fraction) -> Fraction:
        """Return how far storing any number of at most this size moves it, underflow aside."""
        lost = _half_ulp(size, self.fine.precision)
        return lost if self.fine == self.format else lost + _half_ulp(size + lost, self.format.precision)

    def pair(self, form: Form, error: Fraction) -> Fraction | None:
        """Return how far the sum's rounding moves it if it is c u~_j + d r~_j as in ``total``, else None."""
        weights = _weights(form)
        if len(weights) != 1 or any(atom[0] not in ("u", "r") for atom in form):
            return None
        ((j, (c, d)),) = weights.items()
        if j in self.spelled or j not in self.gates or any(w and not _power_of_two(w) for w in (c, c + d)):
            return None
        moved = min(abs(d) * self.gates[j], (abs(c) + abs(d)) * self.ripples[j])
        return (moved + error + 4 * self.tiny) * (1 if self.fine == self.format else 3)

    def settled(
        self, lo: Fraction, hi: Fraction, least: Fraction, most: Fraction
    ) -> tuple[Fraction, Fraction, Fraction]:
        """Return the interval after underflow, and what that loses if [least, most] has numbers that are not normal."""
        normal = self.format.least_normal
        if least >= normal or most <= -normal:
            return lo, hi, ZERO
        lo = min(lo, ZERO) if lo >= 0 else min(lo, -normal)
        return lo, (max(hi, ZERO) if hi <= 0 else max(hi, normal)), self.tiny

    def widened(self, lo: Fraction, hi: Fraction, error: Fraction, precision: int) -> tuple[Fraction, Fraction]:
        """Return the interval of a rounded number, given that of the exact one."""
        return (lo if _short(lo, precision) else lo - error), (hi if _short(hi, precision) else hi + error)

    def span(self, form: Form, depth: int = DEPTH) -> Interval:
        """Return an enclosure of a form at the machine's atoms.

        Proof.  c u~ + d max(u~, 0) takes its extremes at the ends of u~ or at 0.  If the form has few gates, F + d r~_j,
        then with u~_j = f + e, |e| <= E_j, it is within |d| (D_j + E_j) + |c| E_j of F + d max(f, 0), c f in F, and
        that is the larger (d < 0: the smaller) of F and F + d f.
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
        add_scaled(rest, c, self.forms[j])
        both = dict(rest)
        add_scaled(both, d, self.forms[j])
        return rest, both, abs(d) * (self.gates[j] + self.named[j]) + abs(c) * self.named[j]

    def moved(self, form: Form, depth: int = DEPTH) -> Fraction:
        """Return a bound on how far the form at the machine's atoms is from the form in the exact network.

        Proof.  |c u~ + d r~ - c u - d r| <= |c + s d| |u~ - u| + |d| D for one s in [0, 1]; and with one gate, as in
        ``span``, F + d max(f, 0) is max(F, F + d f) or min(F, F + d f), which move by no more than their arguments.
        """

        def plain(of: Form) -> Fraction:
            self.context.spend(sum(8 * (self.work + cost(value)) for value in of.values()))
            parts = [max(abs(c), abs(c + d)) * self.away[j] + abs(d) * self.gates.get(j, ZERO) for j, (c, d) in _weights(of).items()]
            return self.up(sum(map(self.up, parts), ZERO))

        least = plain(form)
        gates = _gates(form)
        if depth and len(gates) in (1, 2):
            rest, both, slack = self.opened(form, gates[-1])
            deeper = depth - 1 if len(_gates(rest)) < len(gates) else 0
            least = min(least, max(self.moved(rest, deeper), self.moved(both, deeper)) + slack)
        return least

    def hull(self, form: Form) -> Interval:
        """Return an enclosure of a form at the machine's atoms, exact in each neuron's c u~ + d max(u~, 0)."""
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
        for j, (c, d) in _weights(form).items():
            if j not in self.inside or (d and j not in self.gates):
                raise Rejected(f"the machine does not compute neuron {j} before it is read")
            a, b = self.inside[j]
            ends = [c * u + d * max(u, ZERO) for u in (a, b)] + ([ZERO] if a < 0 < b else [])
            add(ends, abs(d) * self.gates[j] if d else ZERO)
        return Fraction(lo, self.one), Fraction(hi, self.one)

    def name(self, layer: int, pairs: tuple[int, ...], stream: list[Cell]) -> None:
        """Call coordinates u_j from here on; ``pairs`` alternates coordinates and neurons."""
        if len(pairs) % 2:
            raise Rejected("a coordinate is named without a neuron")
        for coordinate, j in zip(pairs[::2], pairs[1::2], strict=True):
            if coordinate >= len(stream) or j >= len(self.network.neurons) or j in self.named or j in self.dissolved:
                raise Rejected(f"neuron {j} cannot be given a name here")
            cell = stream[coordinate]
            self.forms[j], _ = self.expanded(self.network.neurons[j], lambda i: i in self.named)
            earlier, price = self.expanded(self.forms[j], lambda i: self.layer.get(i, layer) < layer)
            error = self.distance(earlier, cell) + price
            self.layer[j] = layer
            slack = ZERO
            self.named[j] = error
            if j in self.spelled:
                others = error - cell.error
                self.named[j], slack, self.sides[j] = ZERO, error, (cell.below + others, cell.above + others)
            self.away[j] = self.moved(self.forms[j]) + self.named[j]
            lo, hi = cell.lo, cell.hi
            ends = self.known(self.network.neurons[j])
            if ends is not None:
                reach = self.away[j] + slack
                lo, hi = max(lo, ends[0] - reach), min(hi, ends[1] + reach)
            self.inside[j] = (lo - slack, hi + slack)
            stream[coordinate] = Cell({("u", j): Fraction(1)}, slack, lo, hi, slack, slack)

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

    def distance(self, wanted: Form, cell: Cell) -> Fraction:
        """Return a bound on |cell - wanted| at the machine's atoms; neurons that are spelled stand for their forms."""
        difference = dict(wanted)
        add_scaled(difference, Fraction(-1), cell.form)
        rest, price = self.expanded(difference, lambda j: j in self.named and j not in self.spelled)
        lo, hi = self.span(rest)
        return self.up(cell.error + price + max(-lo, hi))

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
            add_scaled(difference, weight, self.network.neurons[j])
            for a in self.network.neurons[j]:
                if len(a) == 2 and a[0] == "u" and not kept(a[1]):
                    heappush(pending, -a[1])
        return difference, self.up(error)

    def linear(self, head: Head, stream: list[Cell]) -> list[Cell]:
        """Return what a head with scores zero returns: half of its values, exactly."""
        self.context.spend(head.d_head)
        half = Fraction(1, 2)
        return [self.total([(half, v)], 0) for v in self.product(head.w_v, head.d_head, stream, 0)]

    def gate(self, head: Head, stream: list[Cell]) -> Cell:
        """Return what a gate head returns, and note D_j.

        Proof.  Let X = u~_j (or -u~_j) be the value, a float, t the size of the score, e the computed exp(-t), u the
        unit roundoff.  The score is beta X (1 + d), |d| <= u, or beta X if the query's weight is 2^k.  exp is off by
        a factor in [1 - E, 1 + E] and an amount of at most s; four roundings follow (the sum, its reciprocal, two
        products), or with two formats at most ten.  If X < 0 the
        head returns at most |X| e / (1 + e) in size, and |X| / (1 + exp(t)) <= kappa / (beta (1 - u)) as in
        ``gate_error``.  If X >= 0 it returns X / (1 + e) (1 + d), |d| <= ROUNDINGS u, where X - X / (1 + e) is bounded
        in the same way.  In a stable softmax, t >= T = 7/10 (p + 3) gives e < 2^-p, so that 1 + e rounds to 1 and X
        is returned unchanged; so X <= T / (beta (1 - u)) where there is any rounding.  Underflow adds
        multiples of ``tiny``.  A sum c u~_j + d r~_j is at most (|c| + |d|) X in size where X is not in those saturated
        ranges, and is there within (|c| + |d|) times T exp(-T) / (beta (1 - u)) + s |X| of c u~_j or (c + d) u~_j;
        so its rounding costs at most (|c| + |d|) ``ripples``.  Without the subtraction, exp(t) must not overflow, nor its reciprocal underflow.
        """
        if head.d_head != 1 or any(len(m) != 1 for m in (head.w_q, head.w_k, head.w_v)):
            raise Rejected("a gate head needs d_head 1 and one weight in each of query, key and value")
        ((_, asked), query), ((_, constant), key), ((_, column), value) = (
            next(iter(m.items())) for m in (head.w_q, head.w_k, head.w_v)
        )
        cell = stream[column]
        if len(cell.form) != 1 or asked != column:
            raise Rejected("the query and value of a gate head do not read one named coordinate")
        ((atom, one),) = cell.form.items()
        fresh = len(atom) == 2 and atom[0] == "u" and one == 1 and atom[1] not in self.gates
        if not fresh or (cell.error and atom[1] not in self.spelled):
            raise Rejected("a gate head reads no neuron's coordinate, or a second head is its gate")
        if stream[constant].form != {ONE: Fraction(1)} or stream[constant].error or not _power_of_two(key):
            raise Rejected("the key of a gate head does not read the constant one with a weight 2^k")
        beta, j = query * key * value, atom[1]
        if abs(value) != 1 or beta <= 0:
            raise Rejected("the value of a gate head is not +-u with a score of the same sign")
        lo, hi = (cell.lo, cell.hi) if value > 0 else (-cell.hi, -cell.lo)
        size, u = max(-lo, hi), Fraction(1, 1 << self.format.precision)
        theta = ROUNDINGS[self.fine != self.format] * u
        if 2 * beta * size > self.format.largest or abs(query) * size * 2 > self.format.largest:
            raise Rejected(f"a score may overflow {self.chosen.dtype}")
        least = beta if _power_of_two(query) else beta * (1 - u)
        ulps = Fraction(2 * self.chosen.exp_ulps, 1 << self.fine.precision)
        ulps = (1 + ulps) * (1 + 4 * self.tiny * (1 + abs(key))) - 1
        if 2 * ulps > 1:
            raise Rejected("exp is too inaccurate in this format")
        reach = min(size, Fraction(7, 10) * (self.fine.precision + 3) / least)
        if self.chosen.softmax == "plain":
            reach = size
            if beta * (1 + u) * max(hi, ZERO) > Fraction(69, 100) * (self.format.emax - 3):
                raise Rejected(f"exp of a score may overflow {self.chosen.dtype}")
        slip = self.fine.least_normal + 3 * self.tiny
        error = self.kappa / least * (1 + ulps) / (1 - ulps) * (1 + theta)
        error += reach * (theta + slip) + 2 * size * slip + 4 * self.tiny * (1 + size)
        error = self.up(error)
        self.ripples[j] = 2 * (u * reach + size * slip)
        self.gates[j] = error + (self.sides[j][value > 0] if j in self.spelled else ZERO)
        form: Form = {("r", j): Fraction(1)} if value > 0 else {("r", j): Fraction(1), ("u", j): Fraction(-1)}
        return Cell(form, ZERO, max(lo, ZERO) - error, max(hi, ZERO) + error)

    def swept(self, output: int) -> Fraction:
        """Return sum_j |A_j| E_j + G_j D_j for an output, from one backward sweep in integers rounded outward."""
        neurons, one = self.network.neurons, 1 << self.bits
        linear, both, gate = ([(0, 0)] * len(neurons) for _ in range(3))

        def push(form: Form, lo: int, hi: int) -> None:
            self.context.spend(sum(4 * (self.work + cost(weight)) for weight in form.values()))
            for j, (c, d) in _weights(form).items():
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


def _power_of_two(value: Fraction) -> bool:
    n, q = abs(value.numerator), value.denominator
    return n > 0 and n & (n - 1) == 0 and q & (q - 1) == 0


def _short(value: Fraction, precision: int) -> bool:
    """Return whether ``precision`` bits write the number, whatever its exponent."""
    n, q = abs(value.numerator), value.denominator
    return q & (q - 1) == 0 and (not n or (n // (n & -n)).bit_length() <= precision)


def _half_ulp(size: Fraction, precision: int) -> Fraction:
    """Return how far rounding to nearest moves any number of at most this size, underflow aside.

    Numbers below 2^e are moved by at most 2^(e - 1 - precision); those from 2^e to the size by at most twice that, and
    by no more than to 2^e itself.
    """
    if size <= 0:
        return ZERO
    e = size.numerator.bit_length() - size.denominator.bit_length()
    power = Fraction(2) ** e
    if power > size:
        power /= 2
    below = power / (1 << (precision + 1))
    return max(below, min(2 * below, size - power))


def _gates(form: Form) -> list[int]:
    """Return the neurons that the form reads after their gates."""
    return sorted(atom[1] for atom in form if len(atom) == 2 and atom[0] == "r")


def _weights(form: Form) -> dict[int, tuple[Fraction, Fraction]]:
    """Return for every neuron that the form reads its weights (c, d) before and after the gate."""
    weights: dict[int, tuple[Fraction, Fraction]] = {}
    for atom, value in form.items():
        if len(atom) == 2 and atom[0] != "x":
            c, d = weights.get(atom[1], (ZERO, ZERO))
            weights[atom[1]] = (c + value, d) if atom[0] == "u" else (c, d + value)
    return weights


RULES = {
    "rounding": Rule(
        "rounding",
        rounding,
        {"machine": "term", "net": "term", "names": "table", "spelled": "indices", "kappa": "rational", "terms": "index"},
    )
}
