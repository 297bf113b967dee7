"""What ``run`` shows."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple


class PointResult(NamedTuple):
    """f and N exactly, T computed with ``working`` digits by plain softmax: an estimate, not a proof.

    Where the certificate is about a ReLU network, T is that network: exact, with ``working`` 0, and no other N.
    """

    point: tuple[tuple[str, Fraction], ...]
    digits: int
    working: int
    target: Fraction
    network: Fraction | None
    transformer: Fraction
    bound: Fraction
    arithmetic: str | None = None
    norm: str = "sup"


class RuntimeResult(NamedTuple):
    """A runtime beside the exact f and T.

    ``observed`` is the largest | machine - f | of the samples, exactly, found at ``worst`` in ``output``.
    ``certified`` is None where the certificate does not cover the arithmetic, and ``note`` says so; ``bound`` is the
    certified bound over the real numbers, None where the certificate speaks of machines.  ``rounding`` and
    ``t_error`` are the largest | machine - T | and | T - f | on ``t_samples`` of the samples, T to ``t_digits`` digits.
    """

    runtime: str
    version: str
    dtype: str
    kinds: tuple[tuple[str, int], ...]
    outside: tuple[str, ...]
    not_finite: int
    observed: Fraction | None
    certified: Fraction | None
    note: str
    bound: Fraction | None
    worst: tuple[tuple[str, Fraction], ...]
    output: int
    rounding: Fraction | None
    t_error: Fraction | None
    t_samples: int
    t_digits: int
