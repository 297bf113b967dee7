"""How far a float machine's result can be from the ReLU network: the bound that the checker's ``rounding`` recomputes.

Every number that the machine computes is within ``error`` of an affine form in (1, x, u~, r~) and in [lo, hi].  A local
rounding error is one more perturbation of the network, weighted by its adjoint like a gate's.  The proofs stand in the
checker's rule; this is the same mathematics written a second time, for finding the bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from ...arithmetic.model import Arithmetic
from ...relu.network import ONE, Form, Network, atom, constant
from ...transformer.model import Head, Matrix, Transformer

ROUNDINGS = 5, 12
DEPTH = 8
ZERO = Fraction(0)
Interval = tuple[Fraction, Fraction]
Names = tuple[tuple[int, ...], ...]  # for every layer: coordinate, neuron, coordinate, neuron, ...


class UnfitError(ArithmeticError):
    """The transformer cannot be run in this arithmetic; the text says what overflows."""


@dataclass(frozen=True, slots=True)
class Computed:
    """A number that the machine computes: in [lo, hi], and within ``error`` of ``form``."""

    form: Form
    error: Fraction
    lo: Fraction
    hi: Fraction
    below: Fraction = ZERO  # bounds the error of max(-value, 0)
    above: Fraction = ZERO  # bounds the error of max(value, 0)


@dataclass(frozen=True, slots=True)
class Share:
    """Part of a bound: what it comes from, and how much."""

    source: str
    bound: Fraction


class Machine:
    """Run a transformer symbolically; ``names`` says which coordinates hold which neuron's pre-activation."""

    def __init__(
        self,
        transformer: Transformer,
        network: Network,
        names: Names,
        spelled: Sequence[int],
        domain: Sequence[Interval],
        arithmetic: Arithmetic,
        kappa: Fraction,
        bits: int,
        ranges: Sequence[tuple[Form, Fraction, Fraction]] = (),
    ) -> None:
        self.network, self.domain, self.chosen, self.kappa, self.bits = network, domain, arithmetic, kappa, bits
        self.spelled = frozenset(spelled)
        self.format, self.fine = arithmetic.format, arithmetic.fine
        self.tiny = self.format.least_normal
        if arithmetic.subnormals == "gradual":
            self.tiny /= 2**self.format.precision
        self.inside: dict[int, Interval] = {}
        self.named: dict[int, Fraction] = {}
        self.gates: dict[int, Fraction] = {}
        self.ripples: dict[int, Fraction] = {}
        self.forms: dict[int, Form] = {}
        self.away: dict[int, Fraction] = {}
        self.layer: dict[int, int] = {}
        self.ranges: dict[tuple[object, ...], Interval] = {}
        for known, low, high in ranges:
            key, scale, offset = _key(known)
            ends = sorted(((low - offset) / scale, (high - offset) / scale))
            self.ranges[key] = (ends[0], ends[1])
        one = Fraction(1)
        inputs = [Computed(constant(1), ZERO, one, one)]
        inputs += [Computed(atom("x", k), ZERO, lo, hi) for k, (lo, hi) in enumerate(domain)]
        stream = self._product(transformer.embedding, inputs, 1)
        for depth, (pairs, layer) in enumerate(zip(names, transformer.layers, strict=True)):
            self._name(depth, pairs, stream)
            parts: list[list[tuple[Fraction, Computed]]] = [[] for _ in stream]
            for head in layer.heads:
                returned = (
                    [self._gate(head, stream)] if head.w_q.entries and head.w_k.entries else self._linear(head, stream)
                )
                for row, column, weight in head.w_o.entries:
                    parts[row].append((weight, returned[column]))
            stored = 2 * len({head.d_head for head in layer.heads}) - 2
            for row, written in enumerate(parts):
                if written:
                    update = self._total(written, stored)
                    stream[row] = self._total([(one, stream[row]), (one, update)], 0)
        self.outputs = self._product(transformer.readout, stream, 0)

    def shares(self, output: int, form: Form) -> list[Share]:
        """Return the parts of the bound on | machine's output - form of the network |; they add up to it."""
        wanted, _ = self._expanded(form, lambda j: j in self.named)
        read = Share("the read-out", self._distance(wanted, self.outputs[output]))
        found: list[Share] = []
        one = 1 << self.bits
        count = len(self.network.neurons)
        linear, both, gate = ([(0, 0)] * count for _ in range(3))

        def push(read: Form, lo: int, hi: int) -> None:
            for j, (c, d) in _weights(read).items():
                for table, weight in ((linear, c), (both, c + d), (gate, d)):
                    p, q = weight.numerator, weight.denominator
                    a, b = (p * lo, p * hi) if p > 0 else (p * hi, p * lo)
                    table[j] = (table[j][0] + a // q, table[j][1] - (-b // q))

        push(form, one, one)
        for j in range(count - 1, -1, -1):
            lo, hi = min(linear[j][0], both[j][0]), max(linear[j][1], both[j][1])
            moved = max(-gate[j][0], gate[j][1])
            found.append(Share(f"the pre-activation of neuron {j}", max(-lo, hi) * self.named.get(j, ZERO) / one))
            if moved:
                found.append(Share(f"the gate of neuron {j}", moved * self.gates[j] / one))
            if lo or hi:
                push(self.network.neurons[j], lo, hi)
        forward = self._moved(wanted)
        if forward < self._up(sum((share.bound for share in found), ZERO)):
            found = [Share("one path of gates", forward)]
        return [read, *(share for share in found if share.bound)]

    def _up(self, value: Fraction) -> Fraction:
        return Fraction(-((-value.numerator << self.bits) // value.denominator), 1 << self.bits)

    def _product(self, matrix: Matrix, numbers: Sequence[Computed], stored: int) -> list[Computed]:
        parts: list[list[tuple[Fraction, Computed]]] = [[] for _ in range(matrix.rows)]
        for row, column, weight in matrix.entries:
            parts[row].append((weight, numbers[column]))
        return [self._total(part, stored) for part in parts]

    def _total(self, parts: Sequence[tuple[Fraction, Computed]], stored: int) -> Computed:
        """Return the sum in any order, stored, with ``stored`` more roundings to the format on the way."""
        fine, coarse = self.fine.precision, self.format.precision
        form, error = Form({}), ZERO
        products: list[Interval] = []
        for weight, number in parts:
            form = form + weight * number.form
            lo, hi = sorted((weight * number.lo, weight * number.hi))
            lost, size = ZERO, max(-lo, hi)
            if not _is_power_of_two(weight):
                lost = half_ulp(size, fine)
                lo, hi = _rounded(lo, hi, lost, fine)
                if len(parts) == 1 and fine != coarse:
                    again = half_ulp(size + lost, coarse)
                    lo, hi = _rounded(lo, hi, again, coarse)
                    lost += again
            lo, hi, underflow = self._settled(lo, hi, min(number.lo, lo), max(number.hi, hi))
            error += abs(weight) * number.error + lost + underflow * (1 + abs(weight))
            products.append((lo, hi))
        n = len(parts)
        most = max(sum(max(hi, ZERO) for _, hi in products), sum(max(-lo, ZERO) for lo, _ in products), ZERO)
        unit = Fraction(n, 2**fine)
        if 4 * unit > 1:
            raise UnfitError(f"a sum of {n} terms is too long for {self.chosen.accumulate}")
        most += 4 * unit * most + n * self.tiny
        if 2 * most > self.format.largest:
            raise UnfitError(f"a sum may overflow {self.chosen.dtype}")
        inner, largest_first = ZERO, ZERO
        sizes = sorted((max(-lo, hi) for lo, hi in products), reverse=True)
        for i, size in enumerate(sizes[: n - 1]):
            largest_first += size
            if i:
                bound = min(most, largest_first * (1 + 2 * unit) + n * self.tiny)
                inner += half_ulp(bound, fine) + self.tiny
        pair = self._pair(form, error) if n == 2 else None
        if n > 1 and pair is None and fine != coarse:
            inner += stored * (half_ulp(most, coarse) + self.tiny)
        error += inner
        span = self._span(form)
        lo = max(sum((a for a, _ in products), -inner), span[0] - error)
        hi = min(sum((b for _, b in products), inner), span[1] + error)
        below = above = error
        if n > 1:
            losses = [self._nearest(size) for size in (max(-lo, hi), -lo, hi)]
            if pair is not None:
                losses = [min(loss, pair * (1 + stored)) for loss in losses]
            lo, hi = _rounded(lo, hi, losses[0], coarse)
            lo, hi, underflow = self._settled(lo, hi, lo, hi)
            error, below, above = (error + loss + underflow for loss in losses)
        return Computed(form, self._up(error), -self._up(-lo), self._up(hi), self._up(below), self._up(above))

    def _nearest(self, size: Fraction) -> Fraction:
        """Return how far storing any number of at most this size moves it, underflow aside."""
        lost = half_ulp(size, self.fine.precision)
        return lost if self.fine == self.format else lost + half_ulp(size + lost, self.format.precision)

    def _pair(self, form: Form, error: Fraction) -> Fraction | None:
        """Return how far c u + d r is from a float, where c and c + d are powers of two or zero; None otherwise."""
        weights = _weights(form)
        if len(weights) != 1 or any(kind not in "ur" for kind, _ in form.terms):
            return None
        ((j, (c, d)),) = weights.items()
        if j in self.spelled or j not in self.gates or any(w and not _is_power_of_two(w) for w in (c, c + d)):
            return None
        slack = min(abs(d) * self.gates[j], (abs(c) + abs(d)) * self.ripples[j]) + error + 4 * self.tiny
        return slack if self.fine == self.format else 3 * slack

    def _settled(
        self, lo: Fraction, hi: Fraction, least: Fraction, most: Fraction
    ) -> tuple[Fraction, Fraction, Fraction]:
        normal = self.format.least_normal
        if least >= normal or most <= -normal:
            return lo, hi, ZERO
        lo = ZERO if lo >= 0 else min(lo, -normal)
        return lo, (ZERO if hi <= 0 else max(hi, normal)), self.tiny

    def _span(self, form: Form, depth: int = DEPTH) -> Interval:
        """Return an enclosure of a form: F + d r is also the larger or smaller of F and F + d u."""
        lo, hi = self._hull(form)
        gates = _gates(form)
        if depth and len(gates) in (1, 2):
            rest, both, slack = self._opened(form, gates[-1])
            deeper = depth - 1 if len(_gates(rest)) < len(gates) else 0
            (a, b), (c, d) = self._span(rest, deeper), self._span(both, deeper)
            pick = max if form.terms["r", gates[-1]] > 0 else min
            lo, hi = max(lo, pick(a, c) - slack), min(hi, pick(b, d) + slack)
        return lo, hi

    def _opened(self, form: Form, j: int) -> tuple[Form, Form, Fraction]:
        """Return F and F + d u for a form F + d r_j, u_j spelled out, and what that costs."""
        c, d = _weights(form)[j]
        rest = Form({a: v for a, v in form.terms.items() if a not in (("r", j), ("u", j))}) + c * self.forms[j]
        slack = abs(d) * (self.gates[j] + self.named[j]) + abs(c) * self.named[j]
        return rest, rest + d * self.forms[j], slack

    def _moved(self, form: Form, depth: int = DEPTH) -> Fraction:
        """Return how far the form can be at the machine's atoms from what it is in the network."""

        def plain(of: Form) -> Fraction:
            parts = [
                max(abs(c), abs(c + d)) * self.away[j] + abs(d) * self.gates.get(j, ZERO)
                for j, (c, d) in _weights(of).items()
            ]
            return self._up(sum(map(self._up, parts), ZERO))

        least = plain(form)
        gates = _gates(form)
        if depth and len(gates) in (1, 2):
            rest, both, slack = self._opened(form, gates[-1])
            deeper = depth - 1 if len(_gates(rest)) < len(gates) else 0
            least = min(least, max(self._moved(rest, deeper), self._moved(both, deeper)) + slack)
        return least

    def _hull(self, form: Form) -> Interval:
        """Return an enclosure of a form, exact in each neuron's c u + d max(u, 0)."""
        lo = hi = ZERO
        for (kind, k), weight in form.terms.items():
            if kind in "1x":
                ends = [weight] if kind == "1" else [weight * end for end in self.domain[k]]
                lo, hi = lo - self._up(-min(ends)), hi + self._up(max(ends))
        for j, (c, d) in _weights(form).items():
            a, b = self.inside[j]
            ends = [c * u + d * max(u, ZERO) for u in (a, b)] + ([ZERO] if a < 0 < b else [])
            slack = abs(d) * self.gates[j] if d else ZERO
            lo, hi = lo - self._up(slack - min(ends)), hi + self._up(max(ends) + slack)
        return lo, hi

    def _name(self, layer: int, pairs: Sequence[int], stream: list[Computed]) -> None:
        for coordinate, j in zip(pairs[::2], pairs[1::2], strict=True):
            number = stream[coordinate]
            self.forms[j], _ = self._expanded(self.network.neurons[j], lambda i: i in self.named)
            earlier, price = self._expanded(self.forms[j], lambda i: self.layer.get(i, layer) < layer)
            error = self._distance(earlier, number) + price
            self.layer[j] = layer
            self.named[j], slack, below, above = error, ZERO, ZERO, ZERO
            if j in self.spelled:
                others = error - number.error
                self.named[j], slack, below, above = ZERO, error, number.below + others, number.above + others
            self.away[j] = self._moved(self.forms[j]) + self.named[j]
            lo, hi = number.lo, number.hi
            key, scale, offset = _key(self.network.neurons[j])
            if key in self.ranges:
                ends = sorted(scale * end + offset for end in self.ranges[key])
                reach = self.away[j] + slack
                lo, hi = max(lo, -self._up(-ends[0]) - reach), min(hi, self._up(ends[1]) + reach)
            self.inside[j] = (lo - slack, hi + slack)
            stream[coordinate] = Computed(atom("u", j), slack, lo, hi, below, above)

    def _distance(self, wanted: Form, number: Computed) -> Fraction:
        """Return a bound on | number - wanted |; neurons that are spelled stand for their forms."""
        rest, price = self._expanded(wanted - number.form, lambda j: j in self.named and j not in self.spelled)
        lo, hi = self._span(rest)
        return self._up(number.error + price + max(-lo, hi))

    def _expanded(self, form: Form, kept: Callable[[int], bool]) -> tuple[Form, Fraction]:
        """Return a form with u_j that are not ``kept`` replaced by their forms, and what that costs."""
        difference, error = form, ZERO
        while True:
            open_ = [j for kind, j in difference.terms if kind == "u" and not kept(j)]
            if not open_:
                break
            weight = difference.terms["u", max(open_)]
            error += abs(weight) * self.named.get(max(open_), ZERO)
            difference = difference + weight * (self.network.neurons[max(open_)] - atom("u", max(open_)))
        return difference, self._up(error)

    def _linear(self, head: Head, stream: Sequence[Computed]) -> list[Computed]:
        half = Fraction(1, 2)
        return [self._total([(half, value)], 0) for value in self._product(head.w_v, stream, 0)]

    def _gate(self, head: Head, stream: Sequence[Computed]) -> Computed:
        ((_, column, query),), ((_, _, key),), ((_, _, value),) = (m.entries for m in (head.w_q, head.w_k, head.w_v))
        number, beta = stream[column], query * key * value
        ((_, j),) = number.form.terms
        lo, hi = (number.lo, number.hi) if value > 0 else (-number.hi, -number.lo)
        size, u = max(-lo, hi), Fraction(1, 2**self.format.precision)
        theta = ROUNDINGS[self.fine != self.format] * u
        if 2 * beta * size > self.format.largest:
            raise UnfitError(f"a score may overflow {self.chosen.dtype}")
        least = beta if _is_power_of_two(query) else beta * (1 - u)
        ulps = Fraction(2 * self.chosen.exp_ulps, 2**self.fine.precision)
        ulps = (1 + ulps) * (1 + 4 * self.tiny * (1 + abs(key))) - 1
        if 2 * ulps > 1:
            raise UnfitError(f"exp within {self.chosen.exp_ulps} ulps of {self.chosen.accumulate} is too inaccurate")
        reach = min(size, Fraction(7, 10) * (self.fine.precision + 3) / least)
        if self.chosen.softmax == "plain":
            reach = size
            room = self.format.emax - 3 - ceil(size).bit_length()
            if beta * (1 + u) * max(hi, ZERO) > Fraction(69, 100) * room:
                raise UnfitError(f"exp of a score may overflow {self.chosen.dtype}, as softmax subtracts no maximum")
        slip = self.fine.least_normal + 3 * self.tiny
        error = self.kappa / least * (1 + ulps) / (1 - ulps) * (1 + theta)
        error += reach * (theta + slip) + 2 * size * slip + 4 * self.tiny * (1 + size)
        error = self._up(error)
        self.ripples[j] = Fraction(9, 8) * u * reach + 2 * size * slip
        self.gates[j] = error + (number.above if value > 0 else number.below)
        form = atom("r", j) if value > 0 else atom("r", j) - atom("u", j)
        return Computed(form, ZERO, max(lo, ZERO) - error, max(hi, ZERO) + error)


def half_ulp(size: Fraction, precision: int) -> Fraction:
    """Return how far rounding to nearest moves any number of at most this size, underflow aside."""
    if size <= 0:
        return ZERO
    power: Fraction = Fraction(2) ** (size.numerator.bit_length() - size.denominator.bit_length())
    if power > size:
        power /= 2
    below: Fraction = power / 2 ** (precision + 1)
    return max(below, min(2 * below, size - power))


def _rounded(lo: Fraction, hi: Fraction, error: Fraction, precision: int) -> Interval:
    """Return the interval of a rounded number; rounding is monotone, so a float that bounds stays a bound."""
    return (lo if _is_short(lo, precision) else lo - error), (hi if _is_short(hi, precision) else hi + error)


def _is_short(value: Fraction, precision: int) -> bool:
    n, q = abs(value.numerator), value.denominator
    return q & (q - 1) == 0 and (not n or (n // (n & -n)).bit_length() <= precision)


def _is_power_of_two(value: Fraction) -> bool:
    n, q = abs(value.numerator), value.denominator
    return n > 0 and n & (n - 1) == 0 and q & (q - 1) == 0


def _gates(form: Form) -> list[int]:
    return sorted(j for kind, j in form.terms if kind == "r")


def _weights(form: Form) -> dict[int, tuple[Fraction, Fraction]]:
    """Return for every neuron that the form reads its weights before and after the gate."""
    return {j: (form.terms.get(("u", j), ZERO), form.terms.get(("r", j), ZERO)) for j in form.neurons()}


def _key(form: Form) -> tuple[tuple[object, ...], Fraction, Fraction]:
    """Return what multiples of a form share, the multiple, and the constant."""
    atoms = sorted(a for a in form.terms if a != ONE)
    scale = form.terms[atoms[0]] if atoms else Fraction(1)
    return tuple((a, form.terms[a] / scale) for a in atoms), scale, form.terms.get(ONE, ZERO)
