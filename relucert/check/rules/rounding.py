"""Family ``rounding``: what a float machine returns for the transformer is near the ReLU network."""

from fractions import Fraction
from math import ceil

from ..attention import add_scaled
from ..kernel import Context, Rule
from ..model import ONE, Fact, Form, Head, Near
from ..number import ceil_to, cost, exp_enclosure, floor_to
from ..refusal import Rejected
from .floats import Cell, Floats, half_ulp, power_of_two, widened
from .forms import EXP_BITS, weights
from .perturbed import Perturbed

ROUNDINGS = 5, 12  # (1 + u)^4 <= 1 + 5 u and (1 + u)^10 <= 1 + 12 u for u <= 2^-8
PART_WORK = 60
ZERO = Fraction(0)


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
    ``Perturbed.moved`` is taken where that is less.
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
    if not 0 < kappa < 1 or kappa * exp_enclosure(1 + kappa, terms, EXP_BITS)[0] < 1:
        raise Rejected("kappa exp(1 + kappa) >= 1 is not established")
    context.spend(terms)
    subject = context.subject
    if subject.anchors or subject.code is not None:
        raise Rejected("this rule knows no anchors and no position codes")
    if len(names) != len(subject.layers):
        raise Rejected("the layers named are not those of the transformer")
    run = _Machine(context, k, kappa, frozenset(spelled))
    run.represented()
    run.net.assume(premises)
    inputs = [Cell({("x", i): Fraction(1)}, ZERO, lo, hi) for i, (lo, hi) in enumerate(context.domain)]
    inputs.insert(0, Cell({ONE: Fraction(1)}, ZERO, Fraction(1), Fraction(1)))
    stream = run.product(subject.embedding, subject.d_model, inputs, 1)
    for depth, (pairs, layer) in enumerate(zip(names, subject.layers, strict=True)):
        context.spend(len(stream))
        run.name(depth, pairs, stream)
        written: list[list[tuple[Fraction, Cell]]] = [[] for _ in stream]
        for head in layer.heads:
            returned = [run.gate(head, stream)] if head.w_q and head.w_k else run.linear(head, stream)
            for (row, column), weight in head.w_o.items():
                written[row].append((weight, returned[column]))
        stored = 2 * len({head.d_head for head in layer.heads}) - 2
        for row, parts in enumerate(written):
            if parts:
                update = run.total(parts, stored)
                stream[row] = run.total([(Fraction(1), stream[row]), (Fraction(1), update)], 0)
    result = run.product(subject.readout, subject.outputs, stream, 0)[output]
    wanted, _ = run.net.expanded(context.networks[k].outputs[o], lambda j: j in run.net.named)
    return Near(machine, net, run.distance(wanted, result) + min(run.net.swept(o), run.net.moved(wanted)))


class _Machine:
    """The machine's numbers so far, and the perturbed network that they make."""

    def __init__(self, context: Context, network: int, kappa: Fraction, spelled: frozenset[int]) -> None:
        if context.arithmetic is None:
            raise Rejected("the statement names no arithmetic")
        self.context, self.chosen, self.kappa, self.spelled = context, context.arithmetic, kappa, spelled
        self.floats = Floats(self.chosen)
        self.net = Perturbed(context, network)
        self.ripples: dict[int, Fraction] = {}  # see ``gate``
        self.layer: dict[int, int] = {}  # in which a neuron was named

    def represented(self) -> None:
        """Check that every weight is a normal number of the format."""
        subject = self.context.subject
        matrices = [subject.embedding, subject.readout]
        for layer in subject.layers:
            for head in layer.heads:
                matrices += (head.w_q, head.w_k, head.w_v, head.w_o)
        for matrix in matrices:
            self.context.spend(4 * len(matrix))
            for place, value in matrix.items():
                if not self.floats.format.holds(value):
                    raise Rejected(f"a weight at {place} is not a normal number of {self.chosen.dtype}")

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
        |d| D_j of a float, c u~_j or (c + d) u~_j, and rounding to nearest moves it no further than to that float; any
        products stored before must be exact; for the other bound see ``gate``.  ``below`` and ``above``: rounding keeps
        signs, so where the sum before its last rounding has the other sign, max(., 0) is 0 of it and of the result,
        and only earlier errors count.
        """
        form: Form = {}
        error = ZERO
        sizes: list[Fraction] = []
        lows, highs, above, below = ZERO, ZERO, ZERO, ZERO
        self.context.spend(PART_WORK * self.net.work)
        for weight, cell in parts:
            self.context.spend(PART_WORK * (self.net.work + cost(weight, cell.lo, cell.hi)))
            self.context.spend(sum(cost(weight, value) for value in cell.form.values()))
            add_scaled(form, weight, cell.form, self.context.spend)
            lo, hi = sorted((weight * cell.lo, weight * cell.hi))
            size, lost = max(-lo, hi), ZERO
            if not power_of_two(weight):
                lost = half_ulp(size, self.floats.fine.precision)
                lo, hi = widened(lo, hi, lost, self.floats.fine.precision)
                if len(parts) == 1 and self.floats.mixed:
                    again = half_ulp(size + lost, self.floats.format.precision)
                    lo, hi, lost = *widened(lo, hi, again, self.floats.format.precision), lost + again
            lo, hi, underflow = self.floats.settled(lo, hi, min(cell.lo, lo), max(cell.hi, hi))
            error += abs(weight) * cell.error + lost + underflow * (1 + abs(weight))
            sizes.append(max(-lo, hi))
            lows, highs, above, below = lows + lo, highs + hi, above + max(hi, ZERO), below + max(-lo, ZERO)
        n, most = len(parts), max(above, below)
        unit = Fraction(n, 1 << self.floats.fine.precision)
        if 4 * unit > 1:
            raise Rejected("a sum has too many terms for the format")
        most += 4 * unit * most + n * self.floats.tiny
        if 2 * most > self.floats.format.largest:
            raise Rejected(f"a sum may overflow {self.chosen.dtype}")
        inner, largest_first = ZERO, ZERO
        for i, size in enumerate(sorted(sizes, reverse=True)[: n - 1]):
            largest_first += size
            if i:
                bound = min(most, largest_first * (1 + 2 * unit) + n * self.floats.tiny)
                inner += half_ulp(bound, self.floats.fine.precision) + self.floats.tiny
        exact = not (stored and self.floats.mixed) or all(power_of_two(weight) for weight, _ in parts)
        pair = self.pair(form, error) if n == 2 and exact else None
        if n > 1 and pair is None and self.floats.mixed:
            inner += stored * (half_ulp(most, self.floats.format.precision) + self.floats.tiny)
        error, lows, highs = error + inner, lows - inner, highs + inner
        span_lo, span_hi = self.net.span(form)
        lows, highs = max(lows, span_lo - error), min(highs, span_hi + error)
        below = above = error
        if n > 1:
            last, below, above = (
                error + min(self.floats.nearest(size), pair if pair is not None else self.floats.nearest(size))
                for size in (max(-lows, highs), -lows, highs)
            )
            lows, highs = widened(lows, highs, last - error, self.floats.format.precision)
            lows, highs, underflow = self.floats.settled(lows, highs, lows, highs)
            error, below, above = last + underflow, below + underflow, above + underflow
        lows, highs = (
            Fraction(floor_to(lows, self.net.bits), self.net.one),
            Fraction(ceil_to(highs, self.net.bits), self.net.one),
        )
        return Cell(form, self.net.up(error), lows, highs, self.net.up(below), self.net.up(above))

    def pair(self, form: Form, error: Fraction) -> Fraction | None:
        """Return how far the sum's rounding moves it if it is c u~_j + d r~_j as in ``total``, else None."""
        read = weights(form)
        if len(read) != 1 or any(atom[0] not in ("u", "r") for atom in form):
            return None
        ((j, (c, d)),) = read.items()
        if j in self.spelled or j not in self.net.gates or any(w and not power_of_two(w) for w in (c, c + d)):
            return None
        moved = min(abs(d) * self.net.gates[j], (abs(c) + abs(d)) * self.ripples[j])
        return (moved + error + 4 * self.floats.tiny) * (1 if not self.floats.mixed else 3)

    def name(self, layer: int, pairs: tuple[int, ...], stream: list[Cell]) -> None:
        """Call coordinates u_j from here on; ``pairs`` alternates coordinates and neurons."""
        if len(pairs) % 2:
            raise Rejected("a coordinate is named without a neuron")
        for coordinate, j in zip(pairs[::2], pairs[1::2], strict=True):
            if (
                coordinate >= len(stream)
                or j >= len(self.net.network.neurons)
                or j in self.net.named
                or j in self.net.dissolved
            ):
                raise Rejected(f"neuron {j} cannot be given a name here")
            cell = stream[coordinate]
            self.net.forms[j], _ = self.net.expanded(self.net.network.neurons[j], lambda i: i in self.net.named)
            earlier, price = self.net.expanded(self.net.forms[j], lambda i: self.layer.get(i, layer) < layer)
            error = self.distance(earlier, cell) + price
            self.layer[j] = layer
            slack = below = above = ZERO
            self.net.named[j] = error
            if j in self.spelled:
                others = error - cell.error
                self.net.named[j], slack, below, above = ZERO, error, cell.below + others, cell.above + others
            self.net.away[j] = self.net.moved(self.net.forms[j]) + self.net.named[j]
            lo, hi = cell.lo, cell.hi
            ends = self.net.known(self.net.network.neurons[j])
            if ends is not None:
                reach = self.net.away[j] + slack
                lo, hi = max(lo, ends[0] - reach), min(hi, ends[1] + reach)
            self.net.inside[j] = (lo - slack, hi + slack)
            stream[coordinate] = Cell({("u", j): Fraction(1)}, slack, lo, hi, below, above)

    def distance(self, wanted: Form, cell: Cell) -> Fraction:
        """Return a bound on |cell - wanted| at the machine's atoms; neurons that are spelled stand for their forms."""
        difference = dict(wanted)
        add_scaled(difference, Fraction(-1), cell.form, self.context.spend)
        rest, price = self.net.expanded(difference, lambda j: j in self.net.named and j not in self.spelled)
        lo, hi = self.net.span(rest)
        return self.net.up(cell.error + price + max(-lo, hi))

    def linear(self, head: Head, stream: list[Cell]) -> list[Cell]:
        """Return what a head with scores zero returns: half of its values, exactly.

        Its query or key is zero, and the other one must not overflow, as infinity times zero is not a number.
        """
        self.context.spend(head.d_head)
        for matrix in (head.w_q, head.w_k):
            if matrix:
                self.product(matrix, head.d_head, stream, 0)
        half = Fraction(1, 2)
        return [self.total([(half, v)], 0) for v in self.product(head.w_v, head.d_head, stream, 0)]

    def gate(self, head: Head, stream: list[Cell]) -> Cell:
        """Return what a gate head returns, and note D_j.

        Proof.  Let X = u~_j (or -u~_j) be the value, a float, t the size of the score, e the computed exp(-t), u the
        unit roundoff.  The score is beta X (1 + d), |d| <= u, or beta X if the query's weight is 2^k.  exp is off by
        a factor in [1 - E, 1 + E] and an amount of at most s; four roundings follow (the sum, its reciprocal, two
        products), or with two formats at most ten.  If X < 0 the head returns at most |X| e / (1 + e) in size, and
        |X| / (1 + exp(t)) <= kappa / (beta (1 - u)) as in ``gate_error``.  If X >= 0 it returns X / (1 + e) (1 + d),
        |d| <= ROUNDINGS u, where X - X / (1 + e) is bounded in the same way.  In a stable softmax,
        t >= T = 7/10 (p + 3) gives e < 2^-p, so that 1 + e rounds to 1 and X is returned unchanged; so
        X <= T / (beta (1 - u)) where there is any rounding.  Underflow adds multiples of ``tiny``.  Where no maximum is
        subtracted, exp(t) and exp(t) X must not overflow, nor 1 / (1 + exp(t)) underflow.
        Ripples: where t < T, or without a saturated range, c u~_j + d r~_j is at most (|c| + |d|) |X| (1 + d) in size.
        Elsewhere it is (c + d) u~_j, or within |d| |X| e of c u~_j, and |X| e <= T exp(-T) / (beta (1 - u)) + s |X|.
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
        j = atom[1] if len(atom) == 2 and atom[0] == "u" and one == 1 else None
        if j is None or j in self.net.gates or (cell.error and j not in self.spelled):
            raise Rejected("a gate head reads no neuron's coordinate, or a second head is its gate")
        if stream[constant].form != {ONE: Fraction(1)} or stream[constant].error or not power_of_two(key):
            raise Rejected("the key of a gate head does not read the constant one with a weight 2^k")
        beta = query * key * value
        if abs(value) != 1 or beta <= 0:
            raise Rejected("the value of a gate head is not +-u with a score of the same sign")
        lo, hi = (cell.lo, cell.hi) if value > 0 else (-cell.hi, -cell.lo)
        size, u = max(-lo, hi), Fraction(1, 1 << self.floats.format.precision)
        theta = ROUNDINGS[self.floats.mixed] * u
        if 2 * beta * size > self.floats.format.largest or abs(query) * size * 2 > self.floats.format.largest:
            raise Rejected(f"a score may overflow {self.chosen.dtype}")
        least = beta if power_of_two(query) else beta * (1 - u)
        ulps = Fraction(2 * self.chosen.exp_ulps, 1 << self.floats.fine.precision)
        ulps = (1 + ulps) * (1 + 4 * self.floats.tiny * (1 + abs(key))) - 1
        if 2 * ulps > 1:
            raise Rejected("exp is too inaccurate in this format")
        reach = min(size, Fraction(7, 10) * (self.floats.fine.precision + 3) / least)
        if self.chosen.softmax == "plain":
            reach = size
            room = self.floats.format.emax - 3 - ceil(size).bit_length()  # also for exp(t) X
            if beta * (1 + u) * max(hi, ZERO) > Fraction(69, 100) * room:
                raise Rejected(f"exp of a score may overflow {self.chosen.dtype}")
        slip = self.floats.fine.least_normal + 3 * self.floats.tiny
        error = self.kappa / least * (1 + ulps) / (1 - ulps) * (1 + theta)
        error += reach * (theta + slip) + 2 * size * slip + 4 * self.floats.tiny * (1 + size)
        error = self.net.up(error)
        self.ripples[j] = Fraction(9, 8) * u * reach + 2 * size * slip
        self.net.gates[j] = error + (cell.above if value > 0 else cell.below)
        form: Form = {("r", j): Fraction(1)} if value > 0 else {("r", j): Fraction(1), ("u", j): Fraction(-1)}
        return Cell(form, ZERO, max(lo, ZERO) - error, max(hi, ZERO) + error)


RULES = {
    "rounding": Rule(
        "rounding",
        rounding,
        {
            "machine": "term",
            "net": "term",
            "names": "table",
            "spelled": "indices",
            "kappa": "rational",
            "terms": "index",
        },
    )
}
