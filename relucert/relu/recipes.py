"""Choose how to build a function of one variable within an allowance: reduction, core, and the gates of every chain.

Floats plan; what is built is certified.  Fits and curvatures are kept, as one build asks for the same ones often.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

from mpmath.ctx_mp import MPContext

from ..exact.number import log2
from . import rooted
from .budget import allocate
from .constructions import arcs, chebyshev
from .constructions.arcs import Arcs
from .constructions.chebyshev import Chebyshev
from .constructions.elementary import Recipe
from .constructions.root import Root
from .fit import FIXED_BITS, ROUNDS, Curvature, Fit, Function, curvature, fitted, spaced
from .reduction import Interval, Reduction, reductions
from .univariate import Univariate

PROBE = 12
POINT = Fraction(1, 2**20)
MOST_PIECES = 200
MANY = 60
FEW_ROUNDS = 4
CURVATURE_BITS = 192
CHORD_SHARE = 0.97
BOWS = (2, 8)
INFLECTED = Fraction(1, 10**4)
MOST_CHORDS = 4000
CONVERGENCE = {0: 2, 1: 4, 2: 5}
ARC_SHARE = 0.6
PATIENCE = 3
SHARE = Fraction(9, 20)
NEGLIGIBLE = Fraction(1, 1000)  # of an allowance
FINER = 1.02
ATTEMPTS = 6
KNOT_BITS = 12
WORKING_BITS = 96
DEEP = Fraction(1, 10**5)  # below this, polynomials are tried
ORDERS = (1, 2)  # of arcs
SHALLOWEST = Fraction(1, 10**14)  # below this, floats no longer fit

Shape = tuple[str, int, tuple[int, ...]]  # kind and doublings of the reduction, orders of arcs
ROOT: Shape = ("root", 0, ())


@lru_cache(maxsize=256)
def recipe(
    function: Univariate, inside: Interval, allowance: Fraction, shallow: bool = False, like: Shape | None = None
) -> Recipe | Root | None:
    """Return the way to build the function on an interval within the allowance that has fewest gates, or None.

    ``shallow`` asks for chords in fewest layers, where not too many do.  Only what has the shape ``like`` is
    tried, if given: what is best for one allowance is hardly worse for another near it, and most of the time is saved.
    """
    if inside[0] == inside[1]:  # a point is the end of an interval, where one chord does
        inside = inside[0], inside[0] + POINT
    root = None
    if not shallow and like in (None, ROOT):
        root = rooted.plan(function, inside, allowance, _reduced)
    if root is not None and like == ROOT:
        return root
    found = _reduced(function, inside, allowance, shallow, like, MOST_CHORDS if root is None else root.gates)
    return found if root is None or (found is not None and found.gates < root.gates) else root


@lru_cache(maxsize=256)
def _reduced(
    function: Univariate,
    inside: Interval,
    allowance: Fraction,
    shallow: bool = False,
    like: Shape | None = None,
    limit: int = MOST_CHORDS,
    polynomials: bool = False,
) -> Recipe | None:
    """Return the way with fewest gates, fewer than ``limit``, to build the function by reductions.

    ``polynomials`` are tried for small allowances, or where nothing else does: large values need them at any.
    """
    cut = _cut(function, inside, allowance)
    least, upward, inside = cut or (None, True, inside)
    if cut is not None:
        allowance = allowance * 3 / 4

    def key(made: Recipe) -> tuple[int, int]:
        return (made.layers, made.gates) if shallow else (made.gates, made.layers)

    eps = Fraction(1, 2 ** max(0, allowance.denominator.bit_length() - allowance.numerator.bit_length()))
    best: Recipe | None = None
    since = 0
    for reduction in reductions(context(eps), function, inside, eps):
        if like is not None and (reduction.kind, reduction.doublings) != like[:2]:
            continue
        most, since = limit if best is None or shallow else best.gates, since + 1
        if since > PATIENCE:
            break
        try:
            # polynomials need some room between an interval and a singularity
            deep = cut is None and not shallow and (polynomials or eps < DEEP)
            orders = ORDERS if like is None else like[2]
            for used, core, squares in _cores(function, reduction, inside, allowance, eps, most, shallow, deep, orders):
                found = Recipe(function, used, core, squares, _goal(reduction, inside, core, allowance), least, upward)
                if best is None or key(found) < key(best):
                    best, since = found, 0
        except (ArithmeticError, ValueError):  # beyond floats, or undefined somewhere on the way
            continue
    if best is None and (shallow or like is not None):
        return _reduced(function, inside, allowance, shallow and like is not None, limit=limit)
    if best is None and cut is None and not polynomials and eps >= DEEP:
        return _reduced(function, inside, allowance, limit=limit, polynomials=True)
    return best


def shape(made: Recipe | Root) -> Shape:
    """Return what recipes for other allowances may have in common with this one."""
    if isinstance(made, Root):
        return ROOT
    orders = (made.core.order,) if isinstance(made.core, Arcs) and made.core.order else ()
    return made.reduction.kind, made.reduction.doublings, orders


def chord_count(function: Univariate, inside: Interval, allowance: Fraction) -> float:
    """Return about how many chords would do, 0 where that cannot be said."""
    try:
        bent = _bent(function, Reduction("plain"), inside)
    except (ArithmeticError, ValueError):
        return 0
    return bent.roots() / 4 * math.exp2(-log2(allowance) / 2)


def _goal(reduction: Reduction, inside: Interval, core: Arcs | Chebyshev, allowance: Fraction) -> Fraction:
    """Return how large an error of the core was planned with, carried through the doublings."""
    if isinstance(core, Chebyshev):
        return allowance * SHARE
    error = Fraction(core.fit.error * reduction.amplification(inside)) * Fraction(102, 100)
    return max(error, allowance * NEGLIGIBLE)  # log(exp(x)) is straight, and need not be proved to be


def context(eps: Fraction) -> MPContext:
    """Return a context with digits enough to see errors far below ``eps``."""
    ctx = MPContext()
    ctx.prec = WORKING_BITS + 2 * max(0, eps.denominator.bit_length() - eps.numerator.bit_length())
    return ctx


def _cut(function: Univariate, inside: Interval, allowance: Fraction) -> tuple[Fraction, bool, Interval] | None:
    """Return where to cut off the variable so that the argument of a root stays positive, and what is left.

    Its power moves by at most delta^p for p < 1, p size^(p-1) delta for p > 1, where a v + b < delta becomes delta.
    """
    from .univariate import affine

    root = function.expression.nodes[function.root]
    if root.op != "power" or root.value is None or root.value <= 0:
        return None
    line = affine(function.expression, root.children[0], function.variable)
    if line is None or not line[0]:
        return None
    a, b = line
    p, size = float(root.value), max(abs(a * end + b) for end in inside)
    steepness = 1 if p < 1 else max(Fraction(1), 2 * size) ** math.ceil(p) * math.ceil(p)
    delta = Fraction(1, 2 ** math.ceil((4 - log2(allowance / steepness)) / min(p, 1)))
    if min(a * end + b for end in inside) > delta:
        return None
    place = (delta - b) / a
    return place, a > 0, ((place, inside[1]) if a > 0 else (inside[0], place))


def _cores(
    function: Univariate,
    reduction: Reduction,
    inside: Interval,
    allowance: Fraction,
    eps: Fraction,
    most: int,
    shallow: bool,
    deep: bool,
    orders: tuple[int, ...],
) -> Iterator[tuple[Reduction, Arcs | Chebyshev, tuple[int, ...]]]:
    """Yield what can be built with one reduction and at most ``most`` gates."""
    span = reduction.span(inside)
    larger, squares = reduction.amplification(inside), reduction.squares(inside)
    alone = allocate([Fraction(w) for w in squares], allowance)
    if span[0] == span[1] or alone is None or sum(alone) + len(reduction.centres) >= most:
        return
    room = most - sum(alone) - len(reduction.centres)
    if eps > SHALLOWEST:
        bent = _bent(function, reduction, span)
        bowed = [reduction]
        if not bent.one_signed and not reduction.doublings:
            bowed = [] if eps < INFLECTED else bowed  # arcs converge slowly across an inflection
            bowed += [_bowed(reduction, span, bent, factor) for factor in BOWS]
        for each in () if shallow else bowed:
            for order in orders:
                fit = _arcs(function, each, span, order, float(allowance) * ARC_SHARE / larger, min(room, MOST_PIECES))
                for core, chains in _chained(fit, each, inside, float(allowance), larger) if fit is not None else ():
                    room = min(room, core.gates + sum(chains))
                    yield each, core, chains
        if not reduction.doublings:
            chord = _arcs(function, reduction, span, 0, float(allowance) * CHORD_SHARE, room)
            if chord is not None:
                yield reduction, Arcs(chord.straightened(), ()), ()
    if deep:
        for polynomial, chains in _polynomial(function, reduction, span, squares, allowance, larger):
            yield reduction, polynomial, chains


def _bowed(reduction: Reduction, span: Interval, bent: Curvature, factor: int) -> Reduction:
    """Return the reduction with g bowed by ``factor`` times what takes away every inflection."""
    bow = Fraction(2) ** math.ceil(math.log2(bent.largest * factor / 2))
    middle = (span[0] + span[1]) / 2
    return replace(reduction, bow=bow, middle=middle)


def _chained(
    fit: Fit, reduction: Reduction, inside: Interval, allowance: float, larger: float
) -> Iterator[tuple[Arcs, tuple[int, ...]]]:
    squares = reduction.squares(inside)
    weights = [w * larger for w in arcs.weights(fit)]
    left = allowance * 0.98 - fit.error * larger * 1.05
    counts = allocate([Fraction(w) for w in weights + squares], Fraction(left)) if left > 0 else None
    if counts is not None:
        chains = counts[: len(weights)]
        for k in range(1, len(chains), 2):
            chains[k : k + 2] = sorted(chains[k : k + 2], reverse=True)
        yield Arcs(fit, tuple(chains)), tuple(counts[len(weights) :])


def _core_function(ctx: MPContext, function: Univariate, reduction: Reduction) -> Function:
    return reduction.core(ctx, function)


@lru_cache(maxsize=256)
def _bent(function: Univariate, reduction: Reduction, span: Interval) -> Curvature:
    ctx = MPContext()
    ctx.prec = CURVATURE_BITS
    return curvature(ctx, _core_function(ctx, function, reduction), *span)


@lru_cache(maxsize=512)
def _fitted(function: Univariate, reduction: Reduction, span: Interval, pieces: int, order: int, eps: float) -> Fit:
    ctx = MPContext()
    ctx.prec = FIXED_BITS + 24
    f = _core_function(ctx, function, reduction)
    bent = _bent(function, reduction, span)
    bits = KNOT_BITS + (max(0, math.ceil(-math.log2(eps))) // 2 if order else 0)
    rounds = ROUNDS if pieces < MANY else FEW_ROUNDS
    return fitted(ctx, f, spaced(ctx, f, bent, *span, pieces, order, bits), order, eps, rounds)


def _arcs(
    function: Univariate, reduction: Reduction, span: Interval, order: int, target: float, most: int
) -> Fit | None:
    """Return the fit of fewest pieces with an error of at most ``target``, found by its rate of convergence."""
    eps = 2.0 ** math.floor(math.log2(target))
    pieces = PROBE
    if not order:  # chords: pieces^2 = (integral of |f''|^(1/2))^2 / (16 error), once centred
        bent = _bent(function, reduction, span)
        pieces = max(1, math.ceil(bent.roots() / 4 / math.sqrt(target)))
    best: Fit | None = None
    tried: set[int] = set()
    while pieces <= most and pieces not in tried and len(tried) < ATTEMPTS:
        tried.add(pieces)
        fit = _fitted(function, reduction, span, pieces, order, eps)
        if fit.error <= target and (best is None or len(fit.knots) < len(best.knots)):
            best = fit
        wanted = pieces * (max(fit.error, 1e-300) / target) ** (1 / CONVERGENCE[order])
        pieces = max(1, math.ceil(wanted * (FINER if wanted > pieces else 1)))
        if best is not None and pieces >= len(best.knots) - 1:
            break
    return best


def _polynomial(
    function: Univariate, reduction: Reduction, span: Interval, squares: list[float], allowance: Fraction, larger: float
) -> Iterator[tuple[Chebyshev, tuple[int, ...]]]:
    target = allowance * SHARE / Fraction(larger)
    coeffs = _coefficients(function, reduction, span, Fraction(1, 2 ** math.ceil(-log2(target))))
    if coeffs is None:
        return
    room = allowance * SHARE * len(squares) / (len(squares) + 4)
    counts = allocate([Fraction(w) for w in squares], room) if squares else []
    used = sum((Fraction(w) / 4**m for w, m in zip(squares, counts or [], strict=False)), Fraction(0))
    if counts is None:
        return
    left = (allowance * Fraction(97, 100) - used) / Fraction(larger) - target
    made = [
        chebyshev.planned(*span, steps, degrees, len(coeffs) - 1, left) for steps, degrees in chebyshev.programs(coeffs)
    ]
    best = min((core for core in made if core is not None), key=lambda core: core.gates, default=None)
    if best is not None:
        yield best, tuple(counts)


@lru_cache(maxsize=256)
def _coefficients(
    function: Univariate, reduction: Reduction, span: Interval, eps: Fraction
) -> tuple[Fraction, ...] | None:
    ctx = context(eps)
    ctx.prec += 64
    f = _core_function(ctx, function, reduction)
    found = chebyshev.coefficients(ctx, f, *span, ctx.mpf(eps.numerator) / eps.denominator)
    return None if found is None else tuple(chebyshev.rounded(ctx, found, eps))
