"""f, N and T along a line or over a grid, for drawing beside the certified bound; what is sampled is an estimate."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from ...errors import DeclinedError, UsageError, nearest
from ...exact.number import exact_text
from ...export.dtype import DTYPES, Dtype
from ...export.extras import require
from ...loaded import Loaded
from ...report.records.plot import ErrorPicture
from ...target.ranges import Interval
from ...transformer.evaluate import exact
from ..run.samples import WORST_GATE_SCORE, crossings, represented
from .curves import Point, curves

LINE_POINTS = 601
MOST_LINE_POINTS = 2400
GRID_SIDE = 101  # not a power of two plus one, which would meet every sawtooth at one phase
SCORES = (-6.0, -2.5, -WORST_GATE_SCORE, -0.5, 0.0, 0.5, WORST_GATE_SCORE, 2.5, 6.0)  # beta*u around a kink

Axis = tuple[str, list[Fraction]]


def picture(
    loaded: Loaded, fixed: Mapping[str, Fraction], output: int, progress: Callable[[int, int], None]
) -> ErrorPicture:
    """Return the samples to draw: on a line if one input is left free, on a grid if two are.

    The line is sampled evenly and, more finely, around the kinks of the ReLU network or of an extremum over tokens.
    Raises UsageError if inputs are unknown, outside the domain, or more than two are left free, DeclinedError for
    tokens that are too many to draw.
    """
    free = _free(loaded, fixed, output)
    drawn = curves(loaded, output)
    stated = loaded.certificate.statement
    domain = dict(zip(stated.inputs, stated.domain, strict=True))
    box = domain | {name: (value, value) for name, value in fixed.items()}
    if len(free) == 1:
        axes = [(free[0], _line(loaded, box, free[0], drawn.others))]
    else:
        axes = [(name, _even(*box[name], _side(drawn.tokens))) for name in free]
    if stated.arithmetic is not None:
        box, axes = _floats(DTYPES[stated.arithmetic.dtype], domain, box, axes)
    points = _points(stated.inputs, box, axes)
    rows = []
    for k, point in enumerate(points):
        rows.append((drawn.f(point), drawn.n(point) if drawn.n else None, drawn.t(point)))
        progress(k + 1, len(points))
    errors = [abs(row[2] - row[0]) for row in rows]
    worst = max(range(len(rows)), key=errors.__getitem__)
    bound = loaded.verdict.error_bound
    if bound is None:
        raise ValueError("an accepted certificate has a bound")
    return ErrorPicture(
        statement=loaded.verdict.statement,
        axes=tuple((name, tuple(map(float, values))) for name, values in axes),
        fixed=tuple((name, lo) for name, (lo, _) in box.items() if name not in free),
        output=output,
        outputs=len(stated.targets),
        target=tuple(float(row[0]) for row in rows),
        network=tuple(float(n) for _, n, _ in rows if n is not None),
        transformer=tuple(float(row[2]) for row in rows),
        network_error=tuple(float(n - f) for f, n, _ in rows if n is not None),
        error=tuple(float(row[2] - row[0]) for row in rows),
        observed=exact(errors[worst]),
        worst=tuple(zip(stated.inputs, points[worst], strict=True)),
        bound=bound,
        points=len(points),
        digits=drawn.digits,
        subject=drawn.subject,
        place=drawn.place,
        norm=stated.norm,
    )


def _free(loaded: Loaded, fixed: Mapping[str, Fraction], output: int) -> list[str]:
    stated = loaded.certificate.statement
    for name, value in fixed.items():
        if name not in stated.inputs:
            raise UsageError(f"--slice: no input {name!r}{nearest(name, stated.inputs)}")
        lo, hi = stated.domain[stated.inputs.index(name)]
        if not lo <= value <= hi:
            raise UsageError(
                f"--slice: {name}={exact_text(value)} is outside [{exact_text(lo)}, {exact_text(hi)}], "
                "where nothing is certified"
            )
    if not 1 <= output <= len(stated.targets):
        raise UsageError(f"--output: the certificate has outputs 1 to {len(stated.targets)}, not {output}")
    free = [name for name, (lo, hi) in zip(stated.inputs, stated.domain, strict=True) if name not in fixed and lo < hi]
    if not free:
        raise UsageError("nothing to draw: every input is fixed; leave one or two out of --slice")
    if len(free) > 2:
        middle = " ".join(
            f"--slice {name}={exact_text((lo + hi) / 2)}"
            for name, (lo, hi) in zip(stated.inputs, stated.domain, strict=True)
            if name in free[2:4]
        )
        more = " and so on" if len(free) > 4 else ""
        raise UsageError(f"{len(free)} inputs vary and a picture shows two; fix all but one or two: {middle}{more}")
    return free


def _even(lo: Fraction, hi: Fraction, count: int) -> list[Fraction]:
    return [lo + (hi - lo) * k / (count - 1) for k in range(count)]


def _side(tokens: int) -> int:
    """Return how many samples a side of the grid has: all tokens together cost what the one of a full grid does."""
    return GRID_SIDE if tokens == 1 else math.isqrt(GRID_SIDE**2 // tokens) // 2 * 2  # even, for the same reason


def _line(
    loaded: Loaded, box: Mapping[str, Interval], name: str, others: Sequence[Sequence[Fraction]]
) -> list[Fraction]:
    """Return values of the free input: evenly spaced ones, and more around every kink that these reveal.

    A kink is where a gate turns or, of an extremum over tokens, where the input is that of another token.
    """
    np = require("numpy", "plot")
    lo, hi = box[name]
    values = set(_even(lo, hi, LINE_POINTS))
    column, beta = list(box).index(name), loaded.verdict.resources.get("inverse_temperature", 0)
    if beta:
        values |= {row[column] + Fraction(score) / beta for row in others for score in SCORES}
    if loaded.network is not None and loaded.network.gated and loaded.attention is not None:
        start, end = (np.array([float(ends[k]) for ends in box.values()]) for k in (0, 1))
        kinks, near = (
            np.unique(crossings(loaded.network, start, end, float(beta), levels)[:, column])
            for levels in ((0.0,), SCORES)
        )
        between = [kinks[:-1] + np.diff(kinks) * part for part in (0.25, 0.5, 0.75)] if len(kinks) else []
        for chosen in (np.concatenate([kinks, *between]), near):
            room = MOST_LINE_POINTS - len(values)
            few = chosen if len(chosen) <= room else chosen[np.linspace(0, len(chosen) - 1, room).astype("int64")]
            values |= set(map(Fraction, map(float, few)))
    return sorted(x for x in values if lo <= x <= hi)


def _floats(
    dtype: Dtype, domain: Mapping[str, Interval], box: Mapping[str, Interval], axes: Sequence[Axis]
) -> tuple[dict[str, Interval], list[Axis]]:
    """Return box and axes with the nearest numbers of a machine's format, of which alone its certificate speaks.

    Raises DeclinedError where an interval of the domain holds none.
    """
    np = require("numpy", "plot")

    def floats(name: str, values: Sequence[Fraction]) -> list[Fraction]:
        found, outside = represented(np.array([[float(x)] for x in values]), [domain[name]], dtype)
        if outside:
            raise DeclinedError(f"the interval of {name} holds no {dtype.name}")
        return sorted({Fraction(float(x)) for x in found[:, 0]})

    fixed = {name: floats(name, [lo])[0] for name, (lo, _) in box.items()}
    return {name: (x, x) for name, x in fixed.items()}, [(name, floats(name, values)) for name, values in axes]


def _points(inputs: Sequence[str], box: Mapping[str, Interval], axes: Sequence[Axis]) -> list[Point]:
    """Return the points over the first axis, or over the second and then the first."""
    (name, values), *rest = axes
    other, others = rest[0] if rest else ("", [Fraction(0)])
    return [tuple(x if n == name else y if n == other else box[n][0] for n in inputs) for y in others for x in values]
