"""One table of problems that many tests share: every target, on boxes of every kind, at several tolerances."""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import pytest

import relucert
from relucert.exact.number import parse_number

Point = tuple[Fraction, ...]


@dataclass(frozen=True)
class Case:
    """A problem as a user writes it; an empty domain asks for the default one."""

    target: str
    eps: str
    domain: tuple[tuple[str, str], ...] = ()
    objective: str = "heads"
    arity: int | None = None
    args: tuple[tuple[str, str], ...] = ()
    proof: str = "direct"

    @property
    def id(self) -> str:
        """A name for pytest's output."""
        box = "x".join(f"[{lo},{hi}]" for lo, hi in self.domain)
        return "-".join(
            str(p)
            for p in (
                self.target,
                self.arity,
                box,
                *(f"{k}={v}" for k, v in self.args),
                self.eps,
                self.objective,
                self.proof,
            )
            if p != "direct" and p
        )

    @property
    def tolerance(self) -> Fraction:
        """The tolerance, exactly."""
        return Fraction(self.eps)

    @property
    def problem(self) -> relucert.Problem:
        """The problem, made by the public API."""
        names = {1: ("x",), 2: ("x", "y")}.get(len(self.domain)) or tuple(f"x{k + 1}" for k in range(len(self.domain)))
        return relucert.make_problem(
            self.target,
            parse_number(self.eps),
            {n: (parse_number(lo), parse_number(hi)) for n, (lo, hi) in zip(names, self.domain, strict=True)} or None,
            self.arity,
            {name: parse_number(value) for name, value in self.args} or None,
            self.objective,
            proof=self.proof,
        )

    def truth(self, point: Point) -> Fraction:
        """The target's exact value, written here once more and not taken from the package."""
        if self.target == "multiply":
            return point[0] * point[1]
        if self.target == "square":
            return point[0] ** 2
        if self.target == "reciprocal":
            return 1 / point[0]
        if self.target == "clip":
            args = {"lo": Fraction(0), "hi": Fraction(1), **{k: Fraction(v) for k, v in self.args}}
            return args["lo"] if point[0] < args["lo"] else args["hi"] if point[0] > args["hi"] else point[0]
        if self.target == "abs":
            return point[0] if point[0] > 0 else -point[0]
        ordered = sorted(point)
        return ordered[-1] if self.target == "max" else ordered[0]


@functools.cache
def outcome(case: Case) -> relucert.Outcome:
    """The built, checked case; each is built once in a test run."""
    return relucert.build(case.problem)


QUARTER, NEGATIVE = ("1/4", "4"), ("-4", "-1/4")
BOXES: dict[str, tuple[tuple[tuple[str, str], ...], ...]] = {
    "multiply": (
        (),
        (("1/3", "7/2"), ("-5", "2/7")),
        (("2/3", "2/3"), ("-1", "1")),
        (("-1", "1"), ("-3", "-3")),
        (("1/7", "1/7"), ("5", "5")),
        (("0", "1e-9"), ("-1e-9", "1e-9")),
        (("-1000", "1e4"), ("0", "1e6")),
    ),
    "square": (
        (),
        (("-1", "1"),),
        (("-3", "7/3"),),
        (("5/3", "5/3"),),
        (("1e-12", "2e-12"),),
        (("1000", "1001"),),
        (("-1e9", "1"),),
    ),
    "reciprocal": (
        (QUARTER,),
        (NEGATIVE,),
        (("1/3", "22/7"),),
        (("-7/3", "-7/3"),),
        (("1e-3", "2e-3"),),
        (("1000", "1e6"),),
    ),
    "abs": ((), (("-2", "1/3"),), (("0", "0"),), (("1", "2"),), (("-1e-9", "1e-9"),), (("-1e30", "1e20"),)),
    "clip": ((), (("-5", "1/2"),), (("1/2", "1/2"),), (("2", "3"),), (("-1e-9", "1e-9"),), (("-1e30", "1e20"),)),
    "max": ((), (("-1", "2"), ("1/3", "7")), (("0", "0"), ("-1", "1")), (("1", "1"), ("1", "1"))),
    "min": ((), (("-1", "2"), ("1/3", "7")), (("0", "0"), ("-1", "1")), (("-1e20", "1e20"), ("-1e-20", "1e-20"))),
}
TOLERANCES = ("1e-1", "1e-3", "1e-6")


def _table() -> Iterator[Case]:
    for target, boxes in BOXES.items():
        for eps, box in itertools.product(TOLERANCES, boxes):
            yield Case(target, eps, box)
    for target, objective, eps in itertools.product(("multiply", "square"), ("layers", "weight"), TOLERANCES):
        yield Case(target, eps, (), objective)
    yield Case("multiply", "1e-3", (("1/3", "7/2"), ("-5", "2/7")), "weight")
    yield Case("multiply", "2/3")
    yield Case("multiply", "7/1000", (("-1", "1"), ("0", "1/3")), "layers")
    for target, objective in itertools.product(("abs", "clip", "max", "min"), ("layers", "weight")):
        yield Case(target, "1e-3", (), objective)
    for box, eps in itertools.product(((QUARTER,), (NEGATIVE,)), ("1e-1", "1e-3")):
        yield Case("reciprocal", eps, box, "layers")
    yield Case("reciprocal", "1e-1", (QUARTER,), "weight")
    for target, arity in itertools.product(("max", "min"), range(3, 8)):
        yield Case(target, "1e-3", (), arity=arity)
    yield Case("max", "1e-6", (("-1", "1"), ("0", "5/2"), ("-3", "-1/3"), ("2", "2")))
    yield Case("min", "1e-2", (("-1", "1"), ("0", "5/2"), ("-3", "-1/3")))
    yield Case("clip", "1e-3", (), args=(("lo", "-1/2"), ("hi", "0.75")))
    yield Case("clip", "1e-3", (("-9", "9"),), args=(("lo", "-3"), ("hi", "-2")))
    for target, eps in itertools.product(("multiply", "square", "abs", "clip"), ("1e-20", "1e-60")):
        yield Case(target, eps)
    yield Case("max", "1e-60", arity=5)
    yield Case("min", "1e-20", arity=4)
    yield Case("reciprocal", "1e-9", (QUARTER,))


CASES = tuple(dict.fromkeys(_table()))
SLOW_CASES = (
    Case("reciprocal", "1e-20", (QUARTER,)),
    Case("reciprocal", "1e-20", (NEGATIVE,)),
    Case("reciprocal", "1e-60", (QUARTER,)),
    Case("multiply", "1e-60", (("1/3", "7/2"), ("-5", "2/7"))),
    Case("multiply", "1e-60", (), "weight"),
    Case("reciprocal", "1e-3", (QUARTER,), "weight"),
    Case("reciprocal", "1e-6", (QUARTER,), "weight"),
    Case("square", "1e-3", (("-1e60", "1e60"),)),
    Case("max", "1e-3", arity=64),
    Case("max", "1e-3", arity=1000),
)
FEW = (
    Case("multiply", "1e-3"),
    Case("multiply", "1e-6", (("1/3", "7/2"), ("-5", "2/7"))),
    Case("square", "1e-3"),
    Case("reciprocal", "1e-3", (QUARTER,)),
    Case("reciprocal", "1e-3", (NEGATIVE,), "layers"),
    Case("min", "1e-3", arity=5),
    Case("max", "1e-60", arity=5),
    Case("abs", "1e-3", (("-2", "1/3"),)),
    Case("clip", "1e-3", (), args=(("lo", "-1/2"), ("hi", "0.75"))),
)


def parameters(cases: tuple[Case, ...], *marks: pytest.MarkDecorator) -> list[object]:
    """The cases as pytest parameters with readable names."""
    return [pytest.param(case, id=case.id, marks=marks) for case in cases]


def corners(box: tuple[tuple[Fraction, Fraction], ...]) -> list[Point]:
    """All corners of a box, or 32 of them."""
    return list(itertools.islice(itertools.product(*(sorted(set(side)) for side in box)), 32))


def grid(box: tuple[tuple[Fraction, Fraction], ...], most: int) -> list[Point]:
    """A regular grid of about ``most`` points, ends included."""
    each = max(2, int(most ** (1 / len(box))))
    sides = [[lo + (hi - lo) * k / (each - 1) for k in range(each)] if lo < hi else [lo] for lo, hi in box]
    return list(itertools.islice(itertools.product(*sides), 4 * most))


def scattered(box: tuple[tuple[Fraction, Fraction], ...], count: int, seed: str) -> list[Point]:
    """Random rational points, the same in every run; denominators of several sizes, some points near a side."""
    rng = random.Random(seed)  # noqa: S311
    points = []
    for _ in range(count):
        point = []
        for lo, hi in box:
            q = rng.choice((7, 1000, 2**40, 10**30))
            t = Fraction(rng.randint(0, q), q)
            if rng.random() < 0.15:
                t = t / 10**9
            point.append(lo + (hi - lo) * t)
        points.append(tuple(point))
    return points
