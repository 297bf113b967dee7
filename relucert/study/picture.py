"""f, N and T along a line or over a grid, for drawing beside the certified bound; what is sampled is an estimate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

from ..errors import DeclinedError, UsageError, nearest
from ..exact.number import exact_text
from ..export.extras import require
from ..loaded import Loaded
from ..relu.network import Network, evaluate_exactly
from ..relu.network import evaluate as evaluate_network
from ..report.studied import ErrorPicture
from ..target.expression import evaluate as evaluate_target
from ..transformer import evaluate as transformer
from .point import precision
from .samples import WORST_GATE_SCORE, crossings
from .sequence import random_rows

LINE_POINTS = 601
FEW_TOKENS = 3  # drawn where a certificate leaves the number open
MOST_TOKENS = 16
MOST_LINE_POINTS = 2400
GRID_SIDE = 101  # not a power of two plus one, which would meet every sawtooth at one phase
SCORES = (-6.0, -2.5, -WORST_GATE_SCORE, -0.5, 0.0, 0.5, WORST_GATE_SCORE, 2.5, 6.0)  # beta*u around a kink

Point = tuple[Fraction, ...]


def picture(
    loaded: Loaded, fixed: Mapping[str, Fraction], output: int, progress: Callable[[int, int], None]
) -> ErrorPicture:
    """Return the samples to draw: on a line if one input is left free, on a grid if two are.

    The line is sampled evenly and, more finely, around the kinks of the ReLU network.
    Of a sequence the last of a few data tokens is drawn, the others being held at random inputs.
    Raises UsageError if inputs are unknown, outside the domain, or more than two are left free, DeclinedError if
    the certificate speaks of machines, of extrema over tokens, or of too many tokens.
    """
    tokens = _tokens(loaded)
    if loaded.certificate.statement.arithmetic is not None:
        raise DeclinedError("a certificate about a machine's arithmetic is not drawn")
    if loaded.certificate.statement.norm != "sup":
        raise DeclinedError(f"a certificate in the norm {loaded.certificate.statement.norm} bounds no point to draw")
    free = _free(loaded, fixed, output)
    stated = loaded.certificate.statement
    box = {
        name: (fixed[name], fixed[name]) if name in fixed else interval
        for name, interval in zip(stated.inputs, stated.domain, strict=True)
    }
    if len(free) == 1:
        axes = [(free[0], _line(loaded, box, free[0]))]
    else:
        axes = [(name, _even(*box[name], GRID_SIDE)) for name in free]
    evaluate, digits = _evaluator(loaded, output, tokens)
    points = _points(stated.inputs, box, axes)
    rows = []
    for k, point in enumerate(points):
        rows.append(evaluate(point))
        progress(k + 1, len(points))
    errors = [abs(row[2] - row[0]) for row in rows]
    worst = max(range(len(rows)), key=errors.__getitem__)
    bound = loaded.verdict.error_bound
    if bound is None:
        raise ValueError("an accepted certificate has a bound")
    has_network = rows[0][1] is not None
    return ErrorPicture(
        statement=loaded.verdict.statement,
        axes=tuple((name, tuple(map(float, values))) for name, values in axes),
        fixed=tuple((name, lo) for name, (lo, _) in box.items() if name not in free),
        output=output,
        outputs=len(stated.targets),
        target=tuple(float(row[0]) for row in rows),
        network=tuple(float(row[1]) for row in rows) if has_network else (),
        transformer=tuple(float(row[2]) for row in rows),
        network_error=tuple(float(row[1] - row[0]) for row in rows) if has_network else (),
        error=tuple(float(row[2] - row[0]) for row in rows),
        observed=transformer.exact(errors[worst]),
        worst=tuple(zip(stated.inputs, points[worst], strict=True)),
        bound=bound,
        points=len(points),
        digits=digits,
        subject="T, the transformer" if loaded.attention is not None else "T, the network certified",
        tokens=tokens,
    )


def _tokens(loaded: Loaded) -> int:
    """Return how many data tokens are drawn: as few as show what another token does to the last one."""
    stated = loaded.certificate.statement
    if any(node.op in ("seen_max", "seen_min") for node in stated.nodes):
        raise DeclinedError("a certificate about an extremum over tokens is not drawn")
    count = max(stated.sequence.least, min(stated.sequence.most, FEW_TOKENS))
    if count > MOST_TOKENS:
        raise DeclinedError(f"a certificate about {count} tokens or more is not drawn; at most {MOST_TOKENS} are")
    return count


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


def _line(loaded: Loaded, box: Mapping[str, tuple[Fraction, Fraction]], name: str) -> list[Fraction]:
    """Return values of the free input: evenly spaced ones, and more around every kink that these reveal."""
    np = require("numpy", "plot")
    lo, hi = box[name]
    values = set(_even(lo, hi, LINE_POINTS))
    if loaded.network is not None and loaded.network.gated and loaded.attention is not None:
        start, end = (np.array([float(ends[k]) for ends in box.values()]) for k in (0, 1))
        beta = float(loaded.verdict.resources["inverse_temperature"])
        column = list(box).index(name)
        kinks, near = (
            np.unique(crossings(loaded.network, start, end, beta, levels)[:, column]) for levels in ((0.0,), SCORES)
        )
        between = [kinks[:-1] + np.diff(kinks) * part for part in (0.25, 0.5, 0.75)] if len(kinks) else []
        for chosen in (np.concatenate([kinks, *between]), near):
            room = MOST_LINE_POINTS - len(values)
            few = chosen if len(chosen) <= room else chosen[np.linspace(0, len(chosen) - 1, room).astype("int64")]
            values |= {x for x in map(Fraction, map(float, few)) if lo <= x <= hi}
    return sorted(values)


def _points(
    inputs: Sequence[str], box: Mapping[str, tuple[Fraction, Fraction]], axes: list[tuple[str, list[Fraction]]]
) -> list[Point]:
    """Return the points over the first axis, or over the second and then the first."""
    (name, values), *rest = axes
    other, others = rest[0] if rest else ("", [Fraction(0)])
    return [tuple(x if n == name else y if n == other else box[n][0] for n in inputs) for y in others for x in values]


def _evaluator(loaded: Loaded, output: int, tokens: int) -> tuple[Callable[[Point], tuple[Any, Any, Any]], int]:
    """Return a function that gives f, N and T at a point, N None without a network, all to so many digits."""
    digits, working = precision(loaded)
    context = transformer.context(working)
    stated = loaded.certificate.statement
    network, beta = loaded.network, _gated_temperature(loaded, output - 1)
    others = random_rows(loaded, tokens)[:-1] if stated.sequence.layout == "tokenwise" else []
    if network is not None:
        network = Network(network.inputs, network.neurons, (network.outputs[loaded.outputs[output - 1]],))

    @cache
    def real(q: Fraction) -> Any:
        return context.mpf(q.numerator) / q.denominator

    scale = None if beta is None else real(beta)

    def all_three(point: Point) -> tuple[Any, Any, Any]:
        f, n, t = real(evaluate_target(loaded.expression, point)[output - 1]), None, None
        if loaded.attention is None and network is not None:
            return f, None, real(evaluate_exactly(network, point)[0])
        if network is not None:
            x = [real(value) for value in point]
            (n,) = evaluate_network(network, x, context.one, lambda u: max(u, context.zero), real)
            if scale is not None:
                (t,) = evaluate_network(network, x, context.one, lambda u: u / (1 + context.exp(-scale * u)), real)
        if t is None:
            rows = _one_each(loaded, point) or [*others, list(point)]
            t = transformer.evaluate_sequence(loaded.transformer, rows, stated.sequence.mask, context)[-1][output - 1]
        return f, n, t

    return all_three, digits


def _one_each(loaded: Loaded, point: Point) -> list[list[Fraction]]:
    """Return the inputs of each data token where every token carries one; none in the other layout."""
    spread = loaded.certificate.statement.sequence.layout == "one-per-token"
    return transformer.one_per_token(point) if spread else []


def _gated_temperature(loaded: Loaded, output: int) -> Fraction | None:
    """Return beta if the proof has a step that T equals its network with gates u sigma(beta u), else None.

    That network costs far less to evaluate than the matrices, and has the same values.
    """
    certificate = loaded.certificate
    for step in certificate.trace:
        fact: Any = step.conclusion
        if hasattr(fact, "bound") and not fact.bound:
            left, right = (certificate.terms[t] for t in fact[:2])
            if (left.op, right.op) == ("subject", "gated") and left.children == (output,):
                beta: Fraction | None = certificate.networks[right.children[0]].inverse_temperature
                return beta
    return None
