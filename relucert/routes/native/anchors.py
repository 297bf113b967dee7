"""A smooth function of one input by a single head over p anchors, plus what the residual stream gives for free.

The head returns sum_k e_k v_k / (2 + sum_k e_k) with e_k = exp(t_k x + b_k): the sink and the data token itself have
score 0 and value 0.  The read-out adds alpha + beta x.  Keys are fixed first, in one of two families:
equispaced   t_k from -tau to tau over the half-width of the domain, centred: for functions smooth well beyond it;
geometric    t_k in geometric progression, decaying, and one anchor with t = 0 and a large b, which keeps the
             denominator nearly constant, so that the head is a sum of exponentials: for functions like 1/x that are
             singular near an end of the domain.
Then v, alpha and beta interpolate the target at Chebyshev nodes, and are rounded; only what the checker proves of the
rounded head counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ...certificate.write import Proved
from ...derivation import prove
from ...derivation.smooth import smooth
from ...errors import UnreachableError
from ...exact.elementary import CellError
from ...exact.number import decimal_up, round_down
from ...relu.draft import Draft
from ...spec.problem import Problem
from ...target.expression import Expression
from ...transformer.model import Head, Layer, Matrix, Transformer, Vector
from . import head

COUNTS = (2, 4, 8, 12, 16, 24)  # the first that suits is then made smaller one by one
SPREADS = (Fraction(1, 2), Fraction(1), Fraction(2), Fraction(4))
SLOWEST = Fraction(3, 5)  # decay over the far end of the domain
FASTEST = (4, 6, 8, 12)  # decay over the near end
CONSTANT_SCORES = (8, 10)
MOST_RATIO = 10**9  # of the ends of a domain, for the geometric family
FITTED = 0.85  # of the tolerance, for the fit; the rest for rounding and the size of cells
SAMPLES = 48
LEAST_ORDER, MOST_ORDER = 10, 40
LEAST_BITS = 96
SMOOTH = frozenset(["input", "const", "add", "mul", "inv", "exp", "log", "sin", "cos", "erf", "power"])


@dataclass(frozen=True, slots=True)
class Keys:
    """Scores t x + b of the anchors."""

    scores: tuple[tuple[Fraction, Fraction], ...]
    geometric: bool

    @property
    def has_constant(self) -> bool:
        """Whether some score is constant, so that the constant function is among those of the head already."""
        return any(not t for t, _ in self.scores)


@dataclass(frozen=True, slots=True)
class Fit:
    """Keys with the values of the anchors and what the read-out adds, alpha + beta x."""

    keys: Keys
    values: tuple[Fraction, ...]
    alpha: Fraction
    beta: Fraction


def families(lo: Fraction, hi: Fraction, count: int) -> Iterator[Keys]:
    """Yield the keys to try for ``count`` anchors on [lo, hi]."""
    middle, half = (lo + hi) / 2, (hi - lo) / 2
    for spread in SPREADS:
        slopes = [spread / half * (Fraction(2 * k, count - 1) - 1 if count > 1 else 1) for k in range(count)]
        yield Keys(tuple((t, -t * middle) for t in slopes), False)
    if lo <= 0 <= hi or count < 3 or max(abs(lo), abs(hi)) > MOST_RATIO * min(abs(lo), abs(hi)):
        return
    sign = -1 if lo > 0 else 1
    near, far = sorted((abs(lo), abs(hi)))
    for fastest in FASTEST:
        ratio = (fastest / near) / (SLOWEST / far)
        rates = [SLOWEST / far * Fraction(float(ratio) ** (k / (count - 2))) for k in range(count - 1)]
        decays = [(sign * _short(rate), _short(rate) * near) for rate in rates]
        for constant in CONSTANT_SCORES:
            yield Keys((*decays, (Fraction(0), Fraction(constant))), True)


def _short(value: Fraction) -> Fraction:
    return round_down(value, 3)


def fit(problem: Problem) -> Fit:
    """Return the fit with the fewest anchors whose estimated error suits, of these the one with the smallest values.

    Raises UnreachableError with the best error estimated.
    """
    from mpmath import mp

    with mp.workdps(40 + 2 * math.ceil(-math.log10(min(1.0, float(problem.tolerance))))):
        function = _evaluator(problem.expression, mp)
        best: Any = mp.inf
        for position, count in enumerate(COUNTS):
            found, error = _fit(problem, function, count, mp)
            best = min(best, error)
            if found is None:
                continue
            before = COUNTS[position - 1] if position else 0
            for fewer in range(count - 1, before, -1):
                smaller, _ = _fit(problem, function, fewer, mp, found.keys.geometric)
                if smaller is None:
                    break
                found = smaller
            return found
        reached = "nothing useful" if mp.isinf(best) else f"about {float(best):.2g}"
        raise UnreachableError(
            f"one head of at most {COUNTS[-1]} anchors reaches {reached} for {problem.target} here (an estimate), "
            f"not {decimal_up(problem.tolerance)}"
        )


def _fit(
    problem: Problem, function: Callable[[Any], Any], count: int, mp: Any, geometric: bool | None = None
) -> tuple[Fit | None, Any]:
    """Return the fit of ``count`` anchors with the smallest values, None where none suits, and the best error.

    ``geometric`` leaves only one family to try.
    """
    ((lo, hi),) = problem.domain
    suits = mp.mpf(FITTED) * _number(problem.tolerance, mp)
    best, least, chosen = mp.inf, mp.inf, None
    for keys in families(lo, hi, count):
        if geometric not in (None, keys.geometric):
            continue
        try:
            error, coefficients = _solve(function, keys, lo, hi, max(best, suits), mp)
        except ZeroDivisionError:
            continue
        best, size = min(best, error), max(map(abs, coefficients))
        if error <= suits and size < least:
            least, chosen = size, _rounded(keys, coefficients, problem.tolerance, max(abs(lo), abs(hi)), mp)
    return chosen, best


def _evaluator(expression: Expression, mp: Any) -> Callable[[Any], Any]:
    """Return the target as a function on mpmath numbers."""

    def value(x: Any) -> Any:
        values: list[Any] = []
        for node in expression.nodes:
            parts = [values[c] for c in node.children] if node.op != "input" else []
            if node.op == "input":
                values.append(x)
            elif node.op == "power" and node.value is not None:
                values.append(parts[0] ** _number(node.value, mp))
            elif node.value is not None:
                values.append(_number(node.value, mp))
            elif node.op in ("add", "mul"):
                values.append(mp.fsum(parts) if node.op == "add" else mp.fprod(parts))
            else:
                values.append(1 / parts[0] if node.op == "inv" else getattr(mp, node.op)(parts[0]))
        return values[expression.roots[0]]

    return value


def _number(value: Fraction, mp: Any) -> Any:
    return mp.mpf(value.numerator) / value.denominator


def _functions(scores: list[tuple[Any, Any]], constant: bool, x: Any, mp: Any) -> list[Any]:
    """Return the functions that the head and the read-out combine, at a point: e_k / s, x, and 1 where it is new."""
    powers = [mp.exp(t * x + b) for t, b in scores]
    share = 1 / (2 + mp.fsum(powers))
    return [*(e * share for e in powers), x, *([] if constant else [mp.one])]


def _linear_solution(rows: list[list[Any]], right: list[Any]) -> list[Any]:
    """Return the solution of a square system by elimination with pivots; ZeroDivisionError if it is singular."""
    size = len(rows)
    table = [[*row, value] for row, value in zip(rows, right, strict=True)]
    for k in range(size):
        pivot = max(range(k, size), key=lambda i: abs(table[i][k]))
        table[k], table[pivot] = table[pivot], table[k]
        head_row = table[k]
        inverse = 1 / head_row[k]
        for i in range(k + 1, size):
            row = table[i]
            factor = row[k] * inverse
            for j in range(k + 1, size + 1):
                row[j] -= factor * head_row[j]
    solution: list[Any] = [0] * size
    for k in range(size - 1, -1, -1):
        rest = sum((table[k][j] * solution[j] for j in range(k + 1, size)), 0)
        solution[k] = (table[k][size] - rest) / table[k][k]
    return solution


def _solve(
    function: Callable[[Any], Any], keys: Keys, lo: Fraction, hi: Fraction, enough: Any, mp: Any
) -> tuple[Any, list[Any]]:
    """Return the coefficients that interpolate at Chebyshev nodes, and about the largest error, or one above enough."""
    size = len(keys.scores) + 2 - keys.has_constant
    points = list(_chebyshev(lo, hi, size, keys.has_constant, mp))
    scores, constant = [(_number(t, mp), _number(b, mp)) for t, b in keys.scores], keys.has_constant
    rows = [_functions(scores, constant, x, mp) for x in points]
    coefficients = _linear_solution(rows, [function(x) for x in points])
    error = mp.mpf(0)
    for x in (*_chebyshev(lo, hi, SAMPLES, keys.has_constant, mp), _number(lo, mp), _number(hi, mp)):
        parts = zip(coefficients, _functions(scores, constant, x, mp), strict=True)
        error = max(error, abs(mp.fsum(c * f for c, f in parts) - function(x)))
        if error > enough:
            break
    return error, coefficients


def _chebyshev(lo: Fraction, hi: Fraction, size: int, logarithmic: bool, mp: Any) -> Iterator[Any]:
    """Yield Chebyshev nodes of [lo, hi], or of its logarithm where that is asked and 0 is outside."""
    a, b = _number(lo, mp), _number(hi, mp)
    for k in range(size):
        s = mp.cos(mp.pi * (2 * k + 1) / (2 * size))
        if logarithmic and a * b > 0:
            yield mp.sign(a) * mp.sqrt(a * b) * (b / a) ** (s / 2)
        else:
            yield (a + b) / 2 + (b - a) / 2 * s


def _rounded(keys: Keys, coefficients: list[Any], tolerance: Fraction, size: Fraction, mp: Any) -> Fit:
    """Return the fit with coefficients rounded to dyadics, which moves it by a 16th of the tolerance at most."""
    room = tolerance / (16 * len(coefficients) * max(Fraction(1), size))
    bits = max(0, room.denominator.bit_length() - room.numerator.bit_length() + 1)
    exact = [Fraction(int(mp.nint(c * 2**bits)), 2**bits) for c in coefficients]
    count = len(keys.scores)
    return Fit(keys, tuple(exact[:count]), exact[count + 1] if len(exact) > count + 1 else Fraction(0), exact[count])


def build(problem: Problem) -> tuple[Proved, tuple[tuple[str, int], ...]]:
    """Return the head and the proof; UnreachableError where no fit is fine enough or certifies."""
    found = fit(problem)
    draft = Draft(problem.expression, problem.domain, LEAST_BITS)
    d = draft.derivation
    target = problem.expression.roots[0]
    (x,) = (t for t, node in enumerate(problem.expression.nodes) if node.op == "input")
    for node in problem.expression.nodes:
        if node.op in ("inv", "log", "power"):
            draft.range(node.children[0])
    powers, parts = [], []
    for (t, b), value in zip(found.keys.scores, found.values, strict=True):
        score = head.affine(d, t, x, b) if t else d.constant(b)
        powers.append(d.term("exp", score))
        parts.append(d.term("mul", d.constant(value), powers[-1]))
    itself = d.constant(Fraction(1))
    inverse = head.inverse_of_powers(d, [*powers, itself])
    terms = [d.term("mul", head.total(d, parts), inverse)]
    if found.beta:
        terms.append(head.affine(d, found.beta, x, Fraction(0)))
    if found.alpha:
        terms.append(d.constant(found.alpha))
    final = head.total(d, terms)
    bits = _bits(problem, found)
    try:
        near = smooth(d, final, target, draft.range(x), bits, order=_order(problem))
    except CellError as error:
        raise UnreachableError(f"{problem.target} is not smooth enough on this domain for one head: {error}") from None
    subject = d.term("subject", 0)
    prove.total(d, head.equate(d, subject, final, [[*powers, itself]], [inverse]), near)
    if near.bound > problem.tolerance:
        raise UnreachableError(
            f"one head of {len(powers)} anchors certifies {decimal_up(near.bound)} here, "
            f"not {decimal_up(problem.tolerance)}"
        )
    return Proved(_transformer(found), (), tuple(d.nodes), tuple(d.steps), bits), (("p", len(powers)),)


def _bits(problem: Problem, found: Fit) -> int:
    """Return a precision at which the largest value times a rounding is far below the tolerance."""
    size = max(map(abs, found.values)) / problem.tolerance
    return LEAST_BITS + max(0, size.numerator.bit_length() - size.denominator.bit_length())


def _order(problem: Problem) -> int:
    """Return an order of expansion that keeps cells few: about the number of digits asked."""
    return min(MOST_ORDER, max(LEAST_ORDER, math.ceil(-math.log10(min(1.0, float(problem.tolerance))))))


def _transformer(found: Fit) -> Transformer:
    """Return the transformer on the stream (1, x, result and value, t, b); the last only where some b is not 0."""
    shifted = any(b for _, b in found.keys.scores)
    width, d_head = 4 + shifted, 1 + shifted
    anchors: list[Vector] = []
    for (t, b), value in zip(found.keys.scores, found.values, strict=True):
        entries = ((2, value), (3, t), (4, b))
        anchors.append(tuple((row, entry) for row, entry in entries if entry))
    one = Fraction(1)
    query, key = {(0, 1): one}, {(0, 3): one}
    if shifted:
        query[1, 0], key[1, 4] = one, one
    heads = Head(
        w_q=Matrix.of(d_head, width, query),
        w_k=Matrix.of(d_head, width, key),
        w_v=Matrix.of(d_head, width, {(0, 2): one}),
        w_o=Matrix.of(width, d_head, {(2, 0): one}),
    )
    return Transformer(
        Matrix.of(width, 2, {(0, 0): one, (1, 1): one}),
        (Layer((heads,)),),
        Matrix.of(1, width, {(0, 0): found.alpha, (0, 1): found.beta, (0, 2): one}),
        tuple(anchors),
    )
