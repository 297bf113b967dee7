"""One layer of softmax heads over one data token as an expression, and the step that equates the two.

The stream of the data token is (1, inputs - centres, result); anchors have coordinates of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ...derivation.judgement import Derivation, Near


def affine(d: Derivation, weight: Fraction, term: int, offset: Fraction) -> int:
    """Return the term weight * term + offset, in the shortest form."""
    scaled = term if weight == 1 else d.term("mul", d.constant(weight), term)
    return scaled if not offset else d.term("add", scaled, d.constant(offset))


def total(d: Derivation, terms: Sequence[int]) -> int:
    """Return the sum of one or more terms."""
    return terms[0] if len(terms) == 1 else d.term("add", *terms)


def inverse_of_powers(d: Derivation, powers: Sequence[int]) -> int:
    """Return the term 1 / (1 + sum of powers), with the sink's power first."""
    return d.term("inv", d.term("add", d.constant(Fraction(1)), *powers))


def equate(d: Derivation, subject: int, term: int, powers: Sequence[Sequence[int]], inverses: Sequence[int]) -> Near:
    """Claim that the transformer is the term; ``powers`` and ``inverses`` name the parts of each head's softmax."""
    return d.claim_near(
        "softmax",
        (),
        subject,
        term,
        Fraction(0),
        subject=subject,
        term=term,
        powers=tuple(tuple(row) for row in powers),
        inverses=tuple(inverses),
    )
