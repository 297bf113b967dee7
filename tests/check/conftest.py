"""Real certificates, built once through the public API."""

import json
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import pytest

import relucert

TENTH, HUNDREDTH, THOUSANDTH = Fraction(1, 10), Fraction(1, 100), Fraction(1, 1000)
POSITIVE = {"x": (Fraction(1, 4), Fraction(4))}
HALF = (Fraction(1, 2), Fraction(1, 2))

PROBLEMS: dict[str, dict[str, Any]] = {
    "multiply to a tenth": {"target": "multiply", "tolerance": TENTH},
    "multiply to a hundredth": {"target": "multiply", "tolerance": HUNDREDTH},
    "multiply to a thousandth": {"target": "multiply", "tolerance": THOUSANDTH},
    "multiply by a point": {"target": "multiply", "tolerance": TENTH, "domain": {"x": HALF, "y": (-1, 3)}},
    "square": {"target": "square", "tolerance": HUNDREDTH},
    "square of a point": {"target": "square", "tolerance": TENTH, "domain": {"x": HALF}},
    "max of three": {"target": "max", "tolerance": HUNDREDTH, "arity": 3},
    "max of seven": {"target": "max", "tolerance": HUNDREDTH, "arity": 7},
    "min": {"target": "min", "tolerance": HUNDREDTH},
    "abs": {"target": "abs", "tolerance": HUNDREDTH},
    "clip": {"target": "clip", "tolerance": HUNDREDTH},
    "reciprocal by chords": {"target": "reciprocal", "tolerance": TENTH, "domain": POSITIVE, "objective": "layers"},
    "reciprocal of negatives": {
        "target": "reciprocal", "tolerance": TENTH, "domain": {"x": (Fraction(-4), Fraction(-1, 4))},
    },
    "reciprocal by a zigzag": {"target": "reciprocal", "tolerance": THOUSANDTH, "domain": POSITIVE},
    "multiply on tokens": {
        "target": "multiply", "tolerance": TENTH, "sequence": {"length": "any", "up_to": "3", "mask": "full"},
    },
    "abs on many tokens": {"target": "abs", "tolerance": TENTH, "sequence": {"length": "any", "up_to": "16"}},
    "product of two tokens": {
        "target": "multiply", "tolerance": TENTH, "sequence": {"mask": "full", "layout": "one-per-token"},
    },
    "product from one coordinate": {
        "target": "multiply", "tolerance": TENTH, "sequence": {"layout": "one-per-token", "coordinates": "shared"},
    },
    "max of three tokens": {
        "target": "max", "tolerance": TENTH, "sequence": {"length": "3", "mask": "full", "layout": "one-per-token"},
    },
    "reciprocal of a point": {"target": "reciprocal", "tolerance": TENTH, "domain": {"x": HALF}},
}  # fmt: skip


def _problem(name: str) -> relucert.Problem:
    wanted = dict(PROBLEMS[name])
    if "domain" in wanted:
        wanted["domain"] = {k: (Fraction(lo), Fraction(hi)) for k, (lo, hi) in wanted["domain"].items()}
    return relucert.make_problem(**wanted)


@pytest.fixture(scope="session")
def built() -> Callable[[str], relucert.Outcome]:
    """Return the outcome of one of ``PROBLEMS``, built once."""
    return cache(lambda name: relucert.build(_problem(name)))


@pytest.fixture(scope="session")
def real(built: Callable[[str], relucert.Outcome]) -> Callable[[str], Any]:
    """Return the certificate of one of ``PROBLEMS`` as fresh JSON data."""
    return lambda name: json.loads(built(name).certificate)
