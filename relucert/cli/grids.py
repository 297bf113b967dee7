"""Reading the values of a sweep's axes: ``1e-1..1e-12`` by decades, ``2..64`` by doubling, or lists with commas."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction

from ..errors import UsageError
from .options import named, number, whole_number

MOST_VALUES = 1000


def tolerances(option: str, text: str) -> list[Fraction]:
    """Return the tolerances that a text such as ``1e-1..1e-12`` or ``1e-2,1/300`` names, each once.

    A range goes from its first to its last value by factors of ten; both ends are cells.
    """
    result: list[Fraction] = []
    for part in text.split(","):
        first, dots, last = part.partition("..")
        start = number(option, first)
        stop = number(option, last) if dots else start
        if start <= 0 or stop <= 0:
            raise UsageError(f"{option}: tolerances must be positive, not {part.strip()}")
        result += _steps(start, stop, Fraction(10))
        _few_enough(option, result)
    return list(dict.fromkeys(result))


def whole_numbers(option: str, text: str) -> list[int]:
    """Return the whole numbers that a text such as ``2..64`` or ``2,3,5`` names, each once.

    A range goes from its first to its last value by doubling; both ends are cells.
    """
    result: list[Fraction] = []
    for part in text.split(","):
        first, dots, last = part.partition("..")
        ends = [whole_number(option, end.strip()) or 1 for end in ([first, last] if dots else [first])]
        result += _steps(Fraction(ends[0]), Fraction(ends[-1]), Fraction(2))
        _few_enough(option, result)
    return [int(value) for value in dict.fromkeys(result)]


def names(option: str, text: str, known: Collection[str]) -> list[str]:
    """Return the names that a text such as ``relu,native`` lists, each once."""
    return list(dict.fromkeys(named(option, part.strip(), known) for part in text.split(",")))


def _steps(start: Fraction, stop: Fraction, factor: Fraction) -> list[Fraction]:
    """Return start, then multiples of it by the factor towards stop, then stop."""
    step = factor if stop > start else 1 / factor
    result = [start]
    while (result[-1] * step < stop) if stop > start else (result[-1] * step > stop):
        result.append(result[-1] * step)
    return result if stop == start else [*result, stop]


def _few_enough(option: str, values: list[Fraction]) -> None:
    if len(values) > MOST_VALUES:
        raise UsageError(f"{option}: at most {MOST_VALUES} values, not {len(values)}")
