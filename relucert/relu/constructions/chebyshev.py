"""Smooth functions by a Chebyshev polynomial on the whole interval: deep and narrow, for high precision.

With t in [-1, 1] and T_(m+i) = 2 T_m T_i - T_(m-i), a sum of c_n T_n of degree below 2 m is q T_m + r with q and r of
degree below m; sums of degree below some k are linear in T_1 .. T_(k-1).  So n/k + k products and squares do, and those
of high degree are cheap, as their coefficients are small.  Source: Paterson and Stockmeyer 1973, in Chebyshev form.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mpmath.ctx_mp import MPContext

from ...derivation import prove
from ...derivation.judgement import In
from ..budget import allocate
from ..draft import Draft, Value
from ..fit import Function
from ..network import Form, constant
from .arcs import Core, Line
from .product import product, square

MOST_NODES = 1025
STEPS = (2, 3, 4, 6, 8, 12, 16)
LEAST_RANGE_PIECES = 16
SPARE_BITS = 12


@dataclass(frozen=True, slots=True)
class Sum:
    """offset + sum of weight times an earlier step."""

    parts: tuple[tuple[Fraction, int], ...]
    offset: Fraction


@dataclass(frozen=True, slots=True)
class Times:
    """The product of two earlier steps."""

    a: int
    b: int


Step = Sum | Times
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Chebyshev:
    """A program over t = ((w - lo) - (hi - w)) / (hi - lo), its step 0; ``degrees`` says which steps are a T_i.

    ``degree`` is that of the whole; ``chains`` has the gates of every product or square, by step.
    """

    lo: Fraction
    hi: Fraction
    steps: tuple[Step, ...]
    degrees: tuple[tuple[int, int], ...]
    degree: int
    chains: tuple[tuple[int, tuple[int, ...]], ...]

    @property
    def gates(self) -> int:
        """The number of gates."""
        return sum(sum(gates) for _, gates in self.chains)

    @property
    def layers(self) -> int:
        """The gates on the longest path."""
        depth, gates = [0], dict(self.chains)
        for k, step in enumerate(self.steps, 1):
            if isinstance(step, Sum):
                depth.append(max((depth[i] for _, i in step.parts), default=0))
            else:
                depth.append(max(depth[step.a], depth[step.b]) + max(gates[k], default=0))
        return depth[-1]

    def knots_on(self, span: tuple[Fraction, Fraction]) -> tuple[Fraction, ...]:
        """Return no knots: the core is one polynomial."""
        return ()


def coefficients(ctx: MPContext, f: Function, lo: Fraction, hi: Fraction, eps: Any) -> list[Any] | None:
    """Return Chebyshev coefficients of f on [lo, hi] whose tail is below ``eps``, or None if that takes too many."""
    middle, half = (ctx.mpf(v.numerator) / v.denominator for v in ((lo + hi) / 2, (hi - lo) / 2))
    n = 16
    while n < MOST_NODES:
        angles = [ctx.cospi(ctx.mpf(j) / (2 * n)) for j in range(4 * n)]
        values = [f(middle + half * angles[2 * k + 1]) for k in range(n)]
        sums = (ctx.fsum(v * angles[i * (2 * k + 1) % (4 * n)] for k, v in enumerate(values)) for i in range(n))
        found = [2 * total / n for total in sums]
        found[0] /= 2
        if max(abs(c) for c in found[-n // 4 :]) * n < eps / 16:
            tail = ctx.mpf(0)
            while len(found) > 1 and tail + abs(found[-1]) < eps:
                tail += abs(found.pop())
            return found
        n *= 2
    return None


def programs(coeffs: Sequence[Fraction]) -> Iterator[tuple[list[Step], dict[int, int]]]:
    """Yield programs that sum c_n T_n(t): for several numbers of baby steps, the steps and which of them are a T_i."""
    for k in STEPS:
        if k <= max(2, len(coeffs)):
            yield _program(coeffs, k)


def _program(coeffs: Sequence[Fraction], k: int) -> tuple[list[Step], dict[int, int]]:
    steps: list[Step] = []
    index = {1: 0}

    def add(step: Step) -> int:
        steps.append(step)
        return len(steps)

    def chebyshev(n: int) -> int:
        if n not in index:
            a, b = (n + 1) // 2, n // 2
            times = add(Times(chebyshev(a), chebyshev(b)))
            parts, offset = [(Fraction(2), times)], Fraction(0)
            if a == b:
                offset = Fraction(-1)
            else:
                parts.append((Fraction(-1), chebyshev(a - b)))
            index[n] = add(Sum(tuple(parts), offset))
        return index[n]

    def evaluate(c: list[Fraction]) -> tuple[list[tuple[Fraction, int]], Fraction]:
        while len(c) > 1 and not c[-1]:
            c = c[:-1]
        if len(c) <= k:
            return [(v, chebyshev(i)) for i, v in enumerate(c) if i and v], c[0]
        m = k
        while 2 * m < len(c):
            m *= 2
        q, r = [c[m], *(2 * v for v in c[m + 1 :])], c[:m]
        for i, v in enumerate(c[m + 1 :], 1):
            r[m - i] -= v
        parts, offset = evaluate(r)
        inner, constant_part = evaluate(q)
        giant = chebyshev(m)
        if not inner:
            return [*parts, (constant_part, giant)], offset
        factor = add(Sum(tuple(inner), constant_part))
        return [*parts, (Fraction(1), add(Times(factor, giant)))], offset

    parts, offset = evaluate(list(coeffs))
    add(Sum(tuple(parts), offset))
    return steps, {step: n for n, step in index.items() if step}


def planned(
    lo: Fraction, hi: Fraction, steps: list[Step], degrees: dict[int, int], degree: int, allowance: Fraction
) -> Chebyshev | None:
    """Return the program with the gates of its products chosen so that their errors fit the allowance."""
    inside = _intervals(steps, degrees)
    influence = [0.0] * (len(steps) + 1)
    influence[-1] = 1.0
    for k in range(len(steps), 0, -1):
        step = steps[k - 1]
        if isinstance(step, Sum):
            for weight, i in step.parts:
                influence[i] += influence[k] * abs(float(weight))
        else:
            for i, other in ((step.a, step.b), (step.b, step.a)):
                influence[i] += influence[k] * max(map(abs, inside[other]))
    weights: list[float] = []
    shapes: list[tuple[int, int]] = []
    for k, step in enumerate(steps, 1):
        if isinstance(step, Times):
            (a, b), (c, e) = inside[step.a], inside[step.b]
            count = 1 if step.a == step.b else 2
            shapes.append((k, count))
            weights += [influence[k] * (b - a) * (e - c) / 8 * 1.02] * count
    gates = allocate([Fraction(w) for w in weights], allowance)
    if gates is None:
        return None
    chains = []
    for k, count in shapes:
        chains.append((k, tuple(sorted(gates[:count], reverse=True))))
        del gates[:count]
    return Chebyshev(lo, hi, tuple(steps), tuple(degrees.items()), degree, tuple(chains))


def _intervals(steps: Sequence[Step], degrees: dict[int, int]) -> list[Interval]:
    result: list[Interval] = [(-1.0, 1.0)]
    for k, step in enumerate(steps, 1):
        if k in degrees:
            result.append((-1.0, 1.0))
        elif isinstance(step, Times):
            ends = [p * q for p in result[step.a] for q in result[step.b]]
            result.append((0.0 if step.a == step.b else min(ends), max(ends)))
        else:
            size = sum(abs(float(w)) * max(map(abs, result[i])) for w, i in step.parts)
            result.append((float(step.offset) - size, float(step.offset) + size))
    return result


def rounded(ctx: MPContext, coeffs: Sequence[Any], eps: Fraction) -> list[Fraction]:
    """Return the coefficients as short dyadic numbers, together within about eps / 2^12."""
    bits = max(0, eps.denominator.bit_length() - eps.numerator.bit_length())
    shift = bits + SPARE_BITS + math.ceil(math.log2(len(coeffs) + 1))
    return [Fraction(int(ctx.nint(ctx.ldexp(c, shift))), 1 << shift) for c in coeffs]


def chebyshev(
    draft: Draft, w: Form, plan: Chebyshev, inside: In, cells: Sequence[Fraction], span: tuple[Fraction, Fraction]
) -> Core:
    """Return the value of the polynomial at the form ``w``, which ranges over ``span``.

    That may be a little more than what was planned, as an approximated ``w`` has an error; the polynomial stays.
    """
    d = draft.derivation
    width = plan.hi - plan.lo
    scale, offset = 2 / width, -(plan.hi + plan.lo) / width
    largest = max(Fraction(1), *(abs(scale * end + offset) for end in span))
    shift = constant(math.ceil(largest))
    form = draft.named(scale * w + constant(offset) + shift) - shift  # a neuron that keeps its sign
    t = draft.output(form)
    near = prove.pieces(d, t, d.constant(Fraction(0)), inside, tuple(cells), largest)
    draft.ranges[t] = prove.range_near(d, near, draft.range(near.right))
    values = [Value(form, prove.polynomial(d, t, t))]
    lines: dict[int, Line] = {t: lambda v: scale * v + offset}
    degrees, chains = dict(plan.degrees), dict(plan.chains)
    for k, step in enumerate(plan.steps, 1):
        if isinstance(step, Sum):
            parts = [(weight, values[i]) for weight, i in step.parts]
            values.append(_summed(draft, parts, step.offset))
            if k in degrees and degrees[k] % 2:
                _bounded(draft, t, values[-1].target, degrees[k])
        elif step.a == step.b:
            values.append(square(draft, values[step.a], chains[k][0]))
        else:
            values.append(product(draft, values[step.a], values[step.b], (chains[k][0], chains[k][1])))
    return Core(values[-1], lines, ())


def _summed(draft: Draft, parts: Sequence[tuple[Fraction, Value]], offset: Fraction) -> Value:
    """Return offset + sum weight * value, proved part by part: ``affine`` would expand targets of high degree."""
    d = draft.derivation
    target = draft.combination([(weight, v.target) for weight, v in parts], offset)
    form = draft.sum(parts, offset)
    if len(parts) + bool(offset) < 2 or len(form.terms) < 2:
        return draft.affine(parts, offset, target)
    form = draft.named(form)
    outs = draft.combination([(weight, v.term) for weight, v in parts], offset)
    nears = []
    for weight, v in parts:
        if weight == 1:
            nears.append(v.near)
            continue
        c = d.constant(weight)
        left, right = d.term("mul", c, v.term), d.term("mul", c, v.target)
        factors = [(None, draft.range(c)), (v.near, draft.range(v.target))]
        nears.append(prove.product(d, left, right, factors, draft.bits))
    bound = sum((near.bound for near in nears), Fraction(0))
    near = d.claim_near("congruence", tuple(nears), outs, target, bound, left=outs, right=target)
    same = prove.affine(d, draft.output(form), outs, [], draft.bits)
    return Value(form, prove.total(d, same, near))


def _bounded(draft: Draft, t: int, term: int, degree: int) -> None:
    """Record the range of T_n(t), close to [-1, 1]: interval arithmetic of 2 T_a T_b - T_(a-b) gives [-3, 3]."""
    before, now = [Fraction(1)], [Fraction(0), Fraction(1)]
    for _ in range(degree - 1):
        following = [Fraction(0), *(2 * c for c in now)]
        for i, c in enumerate(before):
            following[i] -= c
        before, now = now, following
    zero = draft.derivation.constant(Fraction(0))
    near = prove.univariate(
        draft.derivation, term, zero, draft.ranges[t], now, max(LEAST_RANGE_PIECES, degree * degree)
    )
    draft.ranges[term] = prove.range_near(draft.derivation, near, draft.range(zero))
