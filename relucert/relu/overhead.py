"""What the translation into a transformer costs per gate, in closed form, for both layouts of the stream.

Every network, with G gates, longest path L, I inputs and O outputs, by counting what ``routes/relu/translate`` writes:

  wide    G heads, L layers, 1 + G + O coordinates; nonzero weights: 3 for each gate's query, key and value, one for
          each (gate, later gate or output) pair that is connected, one for each constant or input coefficient, one
          read-out for each output, and the constant one: at most 3 G + G (G-1)/2 + G O + (G+O)(1+I) + O + 1.
  sparse  one linear head more in a layer that moves pre-activations, so at most G + L heads; every coefficient of the
          network is copied once, and a moved pre-activation costs one value weight.

For a construction the pairs can be counted.  A folded square connects every gate with every later one: wide, m (m-1)/2
pairs; sparse, a gate feeds the next fold and the output, directly and as a moved pre-activation.  In a tree of maxima
over d = 2^h inputs a gate at height k reads the left spines below it, 2 (k-1) gates, so the pairs are
sum_k 2^(h-k) 2 (k-1) + h.  Chords feed the output alone.  Counts are those of a box in general position: where a
coefficient vanishes, as on [-1,1]^2, a few weights are saved.  Derived here; tests hold them against built networks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Function = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Overhead:
    """Counts of one construction along one whole number ``size``: gates, and of each layout heads and parameters.

    ``least`` is the first size at which the sparse formulas hold; ``summed`` gives the pairs of the wide layout as a
    sum (term, first, last), from which sympy derives the parameters again.
    """

    construction: str
    size: str
    meaning: str
    gates: Function
    heads: Mapping[str, Function]
    parameters: Mapping[str, Function]
    summed: Callable[[Any, Any], tuple[Any, Any, Any]]
    rest: Function
    least: int = 1


def _square_wide(m: Any) -> Any:
    return (m * m + 11 * m + 8) / 2


OVERHEADS: tuple[Overhead, ...] = (
    Overhead(
        "square",
        "m",
        "m folds",
        lambda m: m,
        {"wide": lambda m: m, "sparse": lambda m: 2 * m - 1},
        {"wide": _square_wide, "sparse": lambda m: 9 * m + 2},
        lambda k, m: (k - 1, 1, m),
        lambda m: 6 * m + 4,
    ),
    Overhead(
        "product",
        "m",
        "m folds in each of two chains",
        lambda m: 2 * m,
        {"wide": lambda m: 2 * m, "sparse": lambda m: 3 * m - 1},
        {"wide": lambda m: m * m + 13 * m + 5, "sparse": lambda m: 18 * m + 3},
        lambda k, m: (2 * (k - 1), 1, m),
        lambda m: 14 * m + 5,
    ),
    *(
        Overhead(
            name,
            "h",
            "a tree over d = 2^h inputs",
            lambda h: 2**h - 1,
            {"wide": lambda h: 2**h - 1, "sparse": lambda h: 2**h + h - 3},
            {"wide": lambda h: 7 * 2**h - h - 4, "sparse": lambda h: 15 * 2 ** (h - 1) - 7},
            lambda k, h: (2 ** (h - k) * 2 * (k - 1), 1, h),
            lambda h: 5 * (2**h - 1) + h + 3,
            2,
        )
        for name in ("max", "min")
    ),
    Overhead(
        "chords",
        "K",
        "K chords",
        lambda K: K - 1,
        {"wide": lambda K: K - 1, "sparse": lambda K: K - 1},
        {"wide": lambda K: 6 * K - 2, "sparse": lambda K: 6 * K - 2},
        lambda k, K: (1, 1, K - 1),
        lambda K: 5 * K - 1,
    ),
)


def overhead_of(construction: str) -> Overhead | None:
    """Return the closed forms of a construction's overhead."""
    return next((found for found in OVERHEADS if found.construction == construction), None)


def most_parameters(gates: Any, inputs: Any, outputs: Any) -> Any:
    """Return a bound on the nonzero weights of any network in the wide layout, for integers or symbols."""
    pairs = gates * (gates - 1) / 2
    return 3 * gates + pairs + gates * outputs + (gates + outputs) * (1 + inputs) + outputs + 1
