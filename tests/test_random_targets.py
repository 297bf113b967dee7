"""Random targets by every route: accepted by the checker and true, or refused with a documented error."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from random import Random
from typing import NamedTuple

import mpmath
import pytest

import relucert
from relucert.errors import DeclinedError, UnreachableError, UsageError
from tests import independent

DIGITS = 60
NOISE = mpmath.mpf(10) ** -40  # of evaluating with 60 digits: weights have fewer than 10
SECONDS = 120  # of the processor, for a build and its check; most take a few hundredths
MICROSECONDS = 500_000  # for evaluating one target, about; what would take ten times that at one point is not evaluated
FEW, MANY = range(3), range(3, 60)

# route, further arguments, tolerances
WAYS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "relu": ({}, ("1/10", "1/100", "1/1000")),
    "adjoint": ({"proof": "adjoint"}, ("1/10", "1/100")),
    "layers": ({"objective": "layers"}, ("1/10", "1/100")),
    "mirror": ({"gate": "mirror"}, ("1/10", "1/1000")),
    "native": ({"route": "native"}, ("1/10", "1/1000", "1/1000000")),
    "anchors": ({"route": "anchors"}, ("1", "1/4")),
    "max-affine": ({"route": "max-affine"}, ("2", "1")),
    "partition": ({"route": "partition"}, ("1", "1/2")),
}
BOXES = (("-1", "1"), ("-1/3", "2"), ("0", "1"), ("1/4", "3/2"), ("-2", "-1/2"))


class Target(NamedTuple):
    """An expression as text, and what it means at (x, y)."""

    text: str
    at: Callable[[mpmath.mpf, mpmath.mpf], mpmath.mpf]


def draw(rng: Random, depth: int, smooth: bool) -> Target:
    """Return a random expression in x and y that is defined everywhere, and perhaps smooth."""
    if depth == 0 or rng.random() < 0.1:
        number = rng.choice(["1", "2", "1/2", "3", "-1", "0.7", "5/4", "0"])
        value = Fraction(number)
        leaves = [Target("x", lambda x, y: x), Target("y", lambda x, y: y)]
        constant = Target(f"({number})", lambda x, y: mpmath.mpf(value.numerator) / value.denominator)
        return rng.choice([*leaves, *leaves, constant])
    a, b, c = (draw(rng, depth - 1, smooth) for _ in range(3))
    k = rng.choice([2, 3, 4])
    rough = [
        Target(f"abs({a.text})", lambda x, y: abs(a.at(x, y))),
        Target(f"relu({a.text})", lambda x, y: max(a.at(x, y), 0)),
        Target(f"clip({a.text}, -1/2, 1)", lambda x, y: min(max(a.at(x, y), mpmath.mpf(-1) / 2), 1)),
        Target(f"max({a.text}, {b.text})", lambda x, y: max(a.at(x, y), b.at(x, y))),
        Target(f"min({a.text}, {b.text})", lambda x, y: min(a.at(x, y), b.at(x, y))),
        Target(f"norm1({a.text}, {b.text})", lambda x, y: abs(a.at(x, y)) + abs(b.at(x, y))),
        Target(f"median({a.text}, {b.text}, {c.text})", lambda x, y: sorted(t.at(x, y) for t in (a, b, c))[1]),
        Target(f"piecewise(x < 0: {a.text}, else: {a.text} + x*({b.text}))",
               lambda x, y: a.at(x, y) + max(x, 0) * b.at(x, y)),
    ]  # fmt: skip
    functions = [
        Target(f"exp({a.text})", lambda x, y: mpmath.exp(a.at(x, y))),
        Target(f"sin({a.text})", lambda x, y: mpmath.sin(a.at(x, y))),
        Target(f"cos({a.text})", lambda x, y: mpmath.cos(a.at(x, y))),
        Target(f"tanh({a.text})", lambda x, y: mpmath.tanh(a.at(x, y))),
        Target(f"sigmoid({a.text})", lambda x, y: 1 / (1 + mpmath.exp(-a.at(x, y)))),
        Target(f"sqrt(1 + ({a.text})^2)", lambda x, y: mpmath.sqrt(1 + a.at(x, y) ** 2)),
        Target(f"log(1 + ({a.text})^2)", lambda x, y: mpmath.log(1 + a.at(x, y) ** 2)),
    ]
    arithmetic = [
        Target(f"({a.text})^{k}", lambda x, y: a.at(x, y) ** k),
        Target(f"({a.text} + {b.text})", lambda x, y: a.at(x, y) + b.at(x, y)),
        Target(f"({a.text} - {b.text})", lambda x, y: a.at(x, y) - b.at(x, y)),
        Target(f"({a.text})*({b.text})", lambda x, y: a.at(x, y) * b.at(x, y)),
        Target(f"({a.text})/(1 + ({b.text})^2)", lambda x, y: a.at(x, y) / (1 + b.at(x, y) ** 2)),
    ]
    return rng.choice(rng.choice([arithmetic, functions] if smooth else [arithmetic, functions, rough]))


def build(way: str, seed: int) -> tuple[list[Target], relucert.Problem, relucert.Outcome]:
    """Return the targets of a seed, built; raise what ``relucert`` does."""
    rng = Random(f"{way} {seed}")  # noqa: S311
    targets = [draw(rng, rng.choice([2, 2, 3]), way == "native") for _ in range(rng.choice([1, 1, 1, 2]))]
    arguments, tolerances = WAYS[way]
    text = "; ".join(f"({target.text})" for target in targets)  # x alone would be a name of a target
    lo, hi = map(Fraction, rng.choice(BOXES))
    box = dict.fromkeys(relucert.make_problem(text, Fraction(1)).inputs, (lo, hi))
    problem = relucert.make_problem(text, Fraction(rng.choice(tolerances)), box, **arguments)
    return targets, problem, relucert.build(problem)


def is_true(targets: list[Target], problem: relucert.Problem, outcome: relucert.Outcome, seed: int) -> bool:
    """Return whether the transformer could be evaluated, after asserting that it is as near as the certificate says."""
    bound, rng = outcome.verdict.error_bound, Random(seed)  # noqa: S311
    assert outcome.verdict.status == "accepted"
    assert bound is not None
    assert bound <= problem.tolerance
    points = [tuple(corner) for corner in product(*problem.domain)]
    for _ in range(8):
        points.append(tuple(lo + (hi - lo) * Fraction(rng.randint(0, 240), 240) for lo, hi in problem.domain))
    subject = json.loads(outcome.certificate)["subject"]
    tokens, heads = len(subject["anchors"]) + 2, sum(len(layer["heads"]) for layer in subject["layers"])
    each = 1 + 40 * heads * tokens**2 + len(outcome.certificate) * tokens // 4
    if each > 10 * MICROSECONDS:
        return False
    rng.shuffle(points)
    for point in points[: max(1, MICROSECONDS // each)]:
        (found,) = independent.sequence(outcome.certificate, [list(point)], DIGITS)
        with mpmath.workdps(DIGITS):
            numbers = [mpmath.mpf(v.numerator) / v.denominator for v in point]
            place = dict.fromkeys("xy", mpmath.mpf(0)) | dict(zip(problem.inputs, numbers, strict=True))
            for target, value in zip(targets, found, strict=True):
                error = abs(mpmath.mpf(str(value)) - target.at(place["x"], place["y"]))
                assert error <= mpmath.mpf(bound.numerator) / bound.denominator + NOISE, (target.text, point)
    return True


def check_one(way: str, seed: int) -> bool:
    """Return whether a target was built and evaluated; refusals have to be documented ones."""
    started = time.process_time()
    try:
        made = build(way, seed)
    except (UsageError, UnreachableError, DeclinedError):
        return False
    finally:
        assert time.process_time() - started < SECONDS, (way, seed)
    return is_true(*made, seed)


@pytest.mark.parametrize("way", WAYS)
def test_random_targets_are_built_and_true_or_refused(way):
    assert sum(check_one(way, seed) for seed in FEW) >= 1


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_many_random_targets_are_built_and_true_or_refused(way):
    assert sum(check_one(way, seed) for seed in MANY) >= len(MANY) // 3


ODD, POINT = ("-1/3", "2"), ("1/2", "1/2")
ONCE_REFUSED = [
    (Target("exp(x*y^2)", lambda x, y: mpmath.exp(x * y**2)), ODD),
    (Target("exp(x + 1/(1 + y^2))", lambda x, y: mpmath.exp(x + 1 / (1 + y**2))), ODD),
    (Target("sin(x)", lambda x, y: mpmath.sin(x)), POINT),
    (Target("cos(relu(-x)) + y", lambda x, y: mpmath.cos(max(-x, 0)) + y), POINT),
    (Target("sqrt(1 + min(x, 1/2))", lambda x, y: mpmath.sqrt(1 + min(x, mpmath.mpf(1) / 2))), POINT),
]


@pytest.mark.parametrize(("target", "ends"), ONCE_REFUSED, ids=lambda v: getattr(v, "text", ""))
def test_functions_at_the_ends_of_exact_ranges_and_at_points_are_built_and_true(target, ends):
    lo, hi = map(Fraction, ends)
    inputs = relucert.make_problem(target.text, Fraction(1)).inputs
    problem = relucert.make_problem(target.text, Fraction(1, 100), dict.fromkeys(inputs, (lo, hi)))
    assert is_true([target], problem, relucert.build(problem), 0)
