"""A machine in exact rationals that does at every choice what it likes: whatever the arithmetic model admits.

Sums take their terms in a random or a hostile order, products are fused or not, ties and small numbers go either way,
exp is off by as much as it may be.  Written from the clauses of ``relucert.check.arithmetic``, not from the proof.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from relucert.check.arithmetic import Arithmetic
from relucert.check.model import Attention, Head, Matrix
from relucert.check.rules.floats import FORMATS, Format

HOSTILE = 0.5


@dataclass
class Simulated:
    """One evaluation after another, each with choices of its own."""

    chosen: Arithmetic
    random: Random

    @property
    def coarse(self) -> Format:
        return FORMATS[self.chosen.dtype]

    @property
    def fine(self) -> Format:
        return FORMATS[self.chosen.accumulate]

    def run(self, subject: Attention, point: list[Fraction]) -> list[Fraction]:
        """Return the outputs; AssertionError if a number overflows."""
        start = [Fraction(1), *point]
        stream = [self.dot(row, start, late=0) for row in rows(subject.embedding, subject.d_model)]
        for layer in subject.layers:
            groups: dict[int, list[Head]] = {}
            for head in layer.heads:
                groups.setdefault(head.d_head, []).append(head)
            updates = [self.group(heads, stream) for heads in groups.values()]
            total = updates[0]
            for update in updates[1:]:
                total = [self.stored(a + b) for a, b in zip(total, update, strict=True)]
            stream = [self.stored(self.read(a) + self.read(b)) for a, b in zip(stream, total, strict=True)]
        return [self.dot(row, stream) for row in rows(subject.readout, subject.outputs)]

    def group(self, heads: list[Head], stream: list[Fraction]) -> list[Fraction]:
        """Return what heads of one d_head write: one matrix product over all that they return."""
        written: list[dict[int, Fraction]] = [{} for _ in stream]
        mixed: list[Fraction] = []
        for head in heads:
            for (row, column), weight in head.w_o.items():
                written[row][len(mixed) + column] = weight
            mixed += self.head(head, stream)
        return [self.dot(row, mixed) for row in written]

    def head(self, head: Head, stream: list[Fraction]) -> list[Fraction]:
        query, key, value = (
            [self.dot(row, stream) for row in rows(m, head.d_head)] for m in (head.w_q, head.w_k, head.w_v)
        )
        score = self.dot(dict(enumerate(query)), key, stored=self.coin())
        top = max(score, Fraction(0)) if self.chosen.softmax == "stable" else Fraction(0)
        own, sink = (self.maybe(self.exp(self.rounded(s - top, self.fine))) for s in (score, Fraction(0)))
        mass = self.maybe(self.rounded(own + sink, self.fine))
        way = self.random.randrange(4)
        if way == 0:
            shares = self.maybe(self.rounded(own / mass, self.fine))
            return [self.stored(self.rounded(shares * self.read(v), self.fine)) for v in value]
        inverse = self.maybe(self.rounded(1 / mass, self.fine))
        if way == 1:
            shares = self.maybe(self.rounded(own * inverse, self.fine))
            return [self.stored(self.rounded(shares * self.read(v), self.fine)) for v in value]
        products = [self.maybe(self.rounded(own * self.read(v), self.fine)) for v in value]
        if way == 2:
            return [self.stored(self.rounded(p / mass, self.fine)) for p in products]
        return [self.stored(self.rounded(p * inverse, self.fine)) for p in products]

    def exp(self, z: Fraction) -> Fraction:
        """Return a value that the model admits for exp(z), usually an extreme one."""
        if not z:
            return Fraction(1)
        exact = Fraction(math.exp(float(z))) if z > -700 else Fraction(0)
        if exact < self.fine.least_normal:
            return self.random.choice([Fraction(0), exact, self.fine.least_normal])
        ulp = Fraction(2) ** (exponent(exact) - self.fine.precision + 1)
        most = Fraction(self.chosen.exp_ulps) * ulp * (1 - Fraction(1, 2**30))
        units = self.random.choice([-1, -1, 1, 1, Fraction(self.random.randint(-8, 8), 8)])
        return max(self.nearest(exact + units * most, self.fine), Fraction(0))

    def dot(self, row: dict[int, Fraction], values: list[Fraction], late: int = -1, stored: bool = True) -> Fraction:
        """Return the sum of weight * value in some order; the term ``late`` may come last, after storing the others."""
        terms = [(weight, self.read(values[k])) for k, weight in row.items() if weight and k != late]
        result = self.summed(terms)
        if late in row:
            if self.coin() or not terms:
                return self.stored(self.summed([*terms, (row[late], values[late])]))
            last = self.stored(self.rounded(row[late] * values[late], self.fine))
            return self.stored(self.rounded(self.stored(result) + last, self.fine))
        return self.stored(result) if stored else result

    def summed(self, terms: list[tuple[Fraction, Fraction]]) -> Fraction:
        open_ = list(terms)
        if self.random.random() < HOSTILE:
            open_.sort(key=lambda term: self.random.choice((1, 1, 1, -1)) * term[0] * term[1])
        else:
            self.random.shuffle(open_)
        chain = self.coin()
        parts: list[tuple[Fraction, Fraction] | Fraction] = list(open_)
        while len(parts) > 1:
            i, j = (0, 1) if chain else sorted(self.random.sample(range(len(parts)), 2))
            a, b = parts[i], parts[j]
            del parts[j]
            left = self.value(a)
            right = b[0] * b[1] if isinstance(b, tuple) and self.coin() else self.value(b)  # fused or not
            parts[i] = self.rounded(left + right, self.fine)
        return self.value(parts[0]) if parts else Fraction(0)

    def value(self, part: tuple[Fraction, Fraction] | Fraction) -> Fraction:
        return part if isinstance(part, Fraction) else self.rounded(part[0] * part[1], self.fine)

    def maybe(self, value: Fraction) -> Fraction:
        """Return the number as it is or stored."""
        return self.stored(value) if self.coin() else value

    def stored(self, value: Fraction) -> Fraction:
        return self.rounded(value, self.coarse)

    def read(self, value: Fraction) -> Fraction:
        """Return an operand, which may be flushed."""
        flushed = self.chosen.subnormals == "flush" and abs(value) < self.coarse.least_normal and self.coin()
        return Fraction(0) if flushed else value

    def rounded(self, value: Fraction, form: Format) -> Fraction:
        return self.read(self.nearest(value, form))

    def nearest(self, value: Fraction, form: Format) -> Fraction:
        """Return a number nearest to the value, with gradual underflow; either one at a tie."""
        if not value:
            return value
        unit = Fraction(2) ** (max(exponent(value), 1 - form.emax) - form.precision + 1)
        units, rest = divmod(value, unit)
        up = rest * 2 > unit or (rest * 2 == unit and self.coin())
        result = (units + up) * unit
        assert abs(result) <= form.largest, "a number overflows"
        return result

    def coin(self) -> bool:
        return self.random.random() < 0.5


def exponent(value: Fraction) -> int:
    """Return e with 2^e <= |value| < 2^(e+1)."""
    e = abs(value).numerator.bit_length() - value.denominator.bit_length()
    return e if abs(value) >= Fraction(2) ** e else e - 1


def rows(matrix: Matrix, height: int) -> list[dict[int, Fraction]]:
    """Return the nonzero entries of every row by column."""
    result: list[dict[int, Fraction]] = [{} for _ in range(height)]
    for (row, column), weight in matrix.items():
        result[row][column] = weight
    return result
