"""Closed forms of each construction's cost and error in its parameters.

Each form is a text for the report and a Python function that works on integers and on sympy symbols alike: a build
evaluates it without sympy, ``relucert list`` derives and simplifies it with sympy, and a test holds text and function
against each other and against the counts of built networks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

Function = Callable[..., Any]
EXACT: tuple[str, Function] = ("", lambda *parameters: 0)


class ClosedForms(NamedTuple):
    """Formulas of one construction; ``parameters`` are the names that the formulas take, in order."""

    construction: str
    parameters: tuple[str, ...]
    meaning: str
    resources: Mapping[str, tuple[str, Function]]
    error: tuple[str, Function] | None = None  # (what it is relative to, function), empty text where exact
    sensitivity: Function | None = None


def _chain(m: Any) -> Any:
    """Return sum_k G_k of one folded square: 2 sum_(k=1..m) (2 4^-k - 2^(-k-m)), summed."""
    half = _half_to(m)
    return 4 * (1 - half * half) / 3 - 2 * half * (1 - half)


def _half_to(m: Any) -> Any:
    return Fraction(1, 2**m) if isinstance(m, int) else 2 ** (-m)


def _maximum(a: Any, b: Any) -> Any:
    if isinstance(a, int) and isinstance(b, int):
        return max(a, b)
    import sympy

    return sympy.Max(a, b)


def _ceil_log2(d: Any) -> Any:
    if isinstance(d, int):
        return (d - 1).bit_length()
    import sympy

    return sympy.ceiling(sympy.log(d, 2))


def _one_layer(pieces: Any) -> Any:
    if isinstance(pieces, int):
        return min(1, pieces - 1)
    import sympy

    return sympy.Min(1, pieces - 1)


def _counts(gates: str, count: Function, layers: tuple[str, Function], width: tuple[str, Function]) -> dict[str, Any]:
    return {"gates": (gates, count), "heads": (gates, count), "layers": layers, "d_model": width}


FORMS: tuple[ClosedForms, ...] = (
    ClosedForms(
        "square",
        ("m",),
        "one folded square of m gates",
        _counts("m", lambda m: m, ("m", lambda m: m), ("m + 2", lambda m: m + 2)),
        ("width^2", lambda m: _half_to(2 * m + 3)),
        _chain,
    ),
    ClosedForms(
        "product",
        ("m1", "m2"),
        "two folded squares of m1 and m2 gates",
        _counts(
            "m1 + m2",
            lambda m1, m2: m1 + m2,
            ("Max(m1, m2)", _maximum),
            ("m1 + m2 + 2", lambda m1, m2: m1 + m2 + 2),
        ),
        ("hx*hy", lambda m1, m2: _half_to(2 * m1 + 1) + _half_to(2 * m2 + 1)),
        lambda m1, m2: 4 * (_chain(m1) + _chain(m2)),
    ),
    *(
        ClosedForms(
            name,
            ("d",),
            "a balanced tree over d inputs, exact but for the gates",
            _counts(
                "d - 1",
                lambda d: d - 1,
                ("ceiling(log(d)/log(2))", _ceil_log2),
                ("d + 1", lambda d: d + 1),
            ),
            EXACT,
            _ceil_log2,
        )
        for name in ("max", "min")
    ),
    ClosedForms(
        "abs",
        (),
        "one gate, exact but for it",
        _counts("1", lambda: 1, ("1", lambda: 1), ("3", lambda: 3)),
        EXACT,
        lambda: 2,
    ),
    ClosedForms(
        "clip",
        (),
        "two gates, exact but for them",
        _counts("2", lambda: 2, ("2", lambda: 2), ("4", lambda: 4)),
        EXACT,
        lambda: 2,
    ),
    *(
        ClosedForms(
            name,
            ("n",),
            "over up to n data tokens in one softmax head; inverse_temperature = W(n/e) / eps",
            {
                "tokens": ("n + 1", lambda n: n + 1),
                "layers": ("1", lambda n: 1),
                "heads": ("1", lambda n: 1),
                "gates": ("0", lambda n: 0),
                "d_model": ("3", lambda n: 3),
                "d_head": ("1", lambda n: 1),
            },
        )
        for name in ("seen_max", "seen_min")
    ),
    ClosedForms(
        "chords",
        ("K",),
        "K chords in one layer",
        _counts("K - 1", lambda K: K - 1, ("Min(1, K - 1)", _one_layer), ("K + 1", lambda K: K + 1)),
        ("(1/sqrt(a) - 1/sqrt(b))^2", lambda K: 1 / (2 * K**2)),
    ),
    ClosedForms(
        "zigzag",
        ("K", "m"),
        "K chords on geometric knots, and folded squares of m gates in all",
        {"gates": ("K + m - 1", lambda K, m: K - 1 + m)},
    ),
    ClosedForms(
        "arcs",
        ("K", "folds", "m"),
        "a function of one variable: K chords, bent by folded squares of m gates in all",
        {"gates": ("K + folds + m - 1", lambda K, folds, m: K + folds + m - 1)},
    ),
    ClosedForms(
        "chebyshev",
        ("folds", "m"),
        "a function of one variable: a polynomial of degree n from folded squares of m gates in all",
        {"gates": ("folds + m", lambda folds, m: folds + m)},
    ),
)


def closed_forms(construction: str) -> ClosedForms | None:
    """Return the closed forms of a construction."""
    return next((form for form in FORMS if form.construction == construction), None)
