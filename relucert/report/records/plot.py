"""What ``plot`` shows."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple


class ErrorPicture(NamedTuple):
    """f, N and T on a line or a grid through the domain, sampled: an estimate; ``bound`` is certified.

    ``axes`` are the free inputs with their values, one or two of them; the others are ``fixed``.  The arrays run over
    the first axis, or over the second and then the first.  ``network`` is empty where the certificate has none.  T is
    what ``subject`` says, at a ``place`` among the data tokens, empty if there is one; the others are held.  In another
    ``norm`` than sup the bound is one of no point.
    """

    statement: str
    axes: tuple[tuple[str, tuple[float, ...]], ...]
    fixed: tuple[tuple[str, Fraction], ...]
    output: int
    outputs: int
    target: tuple[float, ...]
    network: tuple[float, ...]
    transformer: tuple[float, ...]
    network_error: tuple[float, ...]
    error: tuple[float, ...]
    observed: Fraction
    worst: tuple[tuple[str, Fraction], ...]
    bound: Fraction
    points: int
    digits: int
    subject: str
    place: str
    norm: str
