"""Certificates in the norms L1 and L2: true errors integrated here from the file's own numbers, forgeries, refusals."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

import relucert
from relucert import pipeline
from relucert.certificate.write import canonical
from relucert.errors import UnreachableError, UsageError

HALF = "piecewise(x < 0: 1, else: 0)"
DISC = "piecewise(x^2+y^2 < 1/4: 1, else: 0)"
UNIT = (Fraction(0), Fraction(1))


def problem(target: str, eps: str, norm: str, **domain: tuple[Fraction, Fraction]) -> relucert.Problem:
    return relucert.make_problem(
        target=target, tolerance=Fraction(eps), domain=domain or None, route="max-affine", norm=norm
    )


def transformer(data: bytes) -> Callable[[list[float]], float]:
    """Return the one head of a certificate in floats, from its JSON alone."""
    subject = json.loads(data)["subject"]
    (head,) = subject["layers"][0]["heads"]

    def times(matrix: list[Any], rows: int, vector: list[float]) -> list[float]:
        result = [0.0] * rows
        for i, j, value in matrix:
            result[i] += float(Fraction(value)) * vector[j]
        return result

    width, size = subject["d_model"], head["d_head"]
    anchors = [times([[k, 0, v] for k, v in anchor], width, [1.0]) for anchor in subject["anchors"]]
    keys = [times(head["w_k"], size, a) for a in anchors]
    values = [times(head["w_v"], size, a) for a in anchors]

    def value(x: list[float]) -> float:
        own = times(subject["embedding"], width, [1.0, *x])
        query = times(head["w_q"], size, own)
        rows = [[0.0] * size, times(head["w_k"], size, own), *keys]
        scores = [sum(q * k for q, k in zip(query, key, strict=True)) for key in rows]
        top = max(scores)
        weights = [math.exp(s - top) for s in scores]
        mixed = [[0.0] * size, times(head["w_v"], size, own), *values]
        mean = [sum(w * v[k] for w, v in zip(weights, mixed, strict=True)) / sum(weights) for k in range(size)]
        after = [a + b for a, b in zip(own, times(head["w_o"], width, mean), strict=True)]
        return times(subject["readout"], subject["outputs"], after)[0]

    return value


@pytest.mark.parametrize("norm", ["L1", "L2"])
@pytest.mark.parametrize(
    ("target", "truth", "eps", "ends", "points"),
    [
        (HALF, lambda x: float(x < 0), "1/5", [(-1, 1)], 4000),
        ("piecewise(3*x >= 1: x, else: -x)", lambda x: x if 3 * x >= 1 else -x, "1/4", [(-1, 1)], 4000),
        ("piecewise(0 <= x < 1/2: exp(x), else: sin(x))", lambda x: math.exp(x) if 0 <= x < 0.5 else math.sin(x),
         "2/5", [(-1, 2)], 4000),
        ("abs(x)", abs, "1/5", [(-1, 1)], 1000),
        (DISC, lambda x, y: float(x * x + y * y < 0.25), "3/5", [(-1, 1), (-1, 1)], 60),
        ("piecewise(x < y: 2, else: 1)", lambda x, y: 2.0 if x < y else 1.0, "3/5", [(0, 1), (0, 1)], 60),
    ],
)  # fmt: skip
def test_the_true_norm_of_the_error_stays_below_the_bound(norm, target, truth, eps, ends, points) -> None:
    names = ["x", "y"][: len(ends)]
    box = {n: (Fraction(lo), Fraction(hi)) for n, (lo, hi) in zip(names, ends, strict=True)}
    outcome = relucert.build(problem(target, eps, norm, **box))
    assert outcome.verdict.status == "accepted"
    bound = float(outcome.verdict.error_bound)
    value, p = transformer(outcome.certificate), int(norm[1])
    grid = [[lo + (hi - lo) * (k + 0.5) / points for k in range(points)] for lo, hi in ends]
    places = [[x] for x in grid[0]] if len(ends) == 1 else [[x, y] for x in grid[0] for y in grid[1]]
    cell = math.prod((hi - lo) / points for lo, hi in ends)
    integral = sum(abs(value(x) - truth(*x)) ** p for x in places) * cell
    found = integral ** (1 / p)
    assert bound / 40 < found < bound
    assert bound <= float(Fraction(eps))


@pytest.mark.parametrize(
    ("norm", "claim"),
    [("L1", "integral of | T(x) - {} | <= "), ("L2", "( integral of | T(x) - {} |^2 )^(1/2) <= ")],
)
def test_the_statement_says_norm_and_measure(norm: str, claim: str) -> None:
    verdict = relucert.build(problem(HALF, "1/5", norm)).verdict
    assert verdict.statement.startswith(
        "over the box of real x in [-1, 1], with Lebesgue measure, not normalised:  "
        + claim.format("piecewise(x >= 0: 0, else: 1)")
    )


def test_a_border_between_cells_is_a_null_set() -> None:
    outcome = relucert.build(problem(HALF, "1/5", "L1"))
    assert outcome.verdict.resources["tokens"] == 8 + 2
    assert outcome.verdict.error_bound < Fraction(1, 100)  # 4 cells each side, none crossed: ln 2 / 64 of two of them


DATA = json.loads(relucert.build(problem(HALF, "1/5", "L2")).certificate)
CROSSED = json.loads(relucert.build(problem("piecewise(3*x >= 1: 1, else: 0)", "1/2", "L2")).certificate)


def changed(data: Any, *changes: tuple[tuple[Any, ...], Any]) -> bytes:
    data = copy.deepcopy(data)
    for path, value in changes:
        at = data
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value
    return canonical(data)


def target(k: int) -> list[tuple[tuple[Any, ...], Any]]:
    """Return the changes that name node k as the target; the subject is the term after it."""
    return [
        (("statement", "targets"), [k]),
        (("trace", 0, "args", "target"), k),
        (("trace", 0, "args", "subject"), k + 1),
        (("trace", 0, "conclusion"), ["mean", k + 1, k, "1/5"]),
    ]


WEAK = "does not entail"
RULE = ("trace", 0, "rule")
FORGED: dict[str, tuple[Any, list[Any], str, int]] = {
    "a smaller bound": (DATA, [(("trace", 0, "conclusion", 3), "1/20")], WEAK, 0),
    "a negative bound": (DATA, [(("trace", 0, "conclusion", 3), "-1")], WEAK, 0),
    "the bound as one in the sup norm": (DATA, [(("trace", 0, "conclusion", 0), "near")], WEAK, 0),
    "the sup norm": (DATA, [(("statement", "norm"), "sup")], "is the sup norm", 0),
    "the smaller bound of L1 for L2": (CROSSED, [(("trace", 0, "conclusion", 3), "1/5")], WEAK, 0),
    "the rule of the sup norm": (DATA, [(RULE, "grid_head")], "no Lipschitz constant is derived", 0),
    "a box of no volume": (DATA, [(("statement", "domain"), [["0", "0"]])], "without a width", 0),
    "a larger box": (DATA, [(("statement", "domain"), [["-1", "2"]])], "not that of its cell", 0),
    "an alpha of zero": (DATA, [(("trace", 0, "args", "alpha"), "0")], "alpha is outside", 0),
    "a sharpness too small": (DATA, [(("trace", 0, "args", "sharpness"), "1")], "at least 2", 0),
    "another sharpness": (DATA, [(("trace", 0, "args", "sharpness"), "64")], "not that of its cell", 0),
    "other counts": (DATA, [(("trace", 0, "args", "counts"), [7])], "one anchor is needed", 0),
    "a premise that is none": (DATA, [(RULE, "mean"), (("trace", 0, "args"), {})], "needs one premise", 0),
    "a condition that vanishes on half of the box": (
        DATA, [(("statement", "nodes"), [["input", 0], ["const", "0"], ["max", 0, 1], ["const", "0"], ["const", "1"],
               ["where", 2, 3, 4]]), *target(5)], WEAK, 0),
    "the other condition": (
        DATA, [(("statement", "nodes"), [["input", 0], ["const", "-1"], ["mul", 0, 1], ["const", "0"], ["const", "1"],
               ["where", 2, 3, 4]]), *target(5)], WEAK, 0),
    "another cut": (
        DATA, [(("statement", "nodes"), [["input", 0], ["const", "-1/2"], ["add", 0, 1], ["const", "0"],
               ["const", "1"], ["where", 2, 3, 4]]), *target(5)], WEAK, 0),
    "a branch that grows": (
        DATA, [(("statement", "nodes"), [["input", 0], ["const", "9"], ["mul", 0, 1], ["const", "0"], ["const", "1"],
               ["where", 0, 2, 4]]), *target(5)], WEAK, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_forgeries_are_rejected(name: str) -> None:
    data, changes, why, step = FORGED[name]
    verdict = pipeline.check_bytes(changed(data, *changes))
    declined = name == "the rule of the sup norm"
    rule = {"the rule of the sup norm": "grid_head", "a premise that is none": "mean"}.get(name, "grid_norm")
    assert (verdict.status, verdict.step, verdict.rule) == ("declined" if declined else "rejected", step, rule)
    assert why in verdict.reason


def test_a_bound_in_the_norm_does_not_conclude_a_statement_in_the_sup_norm_and_back() -> None:
    near = relucert.build(relucert.make_problem(target="abs", tolerance=Fraction(1, 2), route="max-affine"))
    data = json.loads(near.certificate)
    data["statement"]["norm"] = "L2"
    verdict = pipeline.check_bytes(canonical(data))
    assert (verdict.status, verdict.step) == ("rejected", "conclusion")
    assert "the last steps do not prove" in verdict.reason
    last = len(data["trace"]) - 1
    _, left, right, bound = data["trace"][last]["conclusion"]
    data["statement"]["tolerance"] = "1"
    for wanted, accepted in ((Fraction(bound) * 2, False), (Fraction(bound) * Fraction(14143, 10000), True)):
        claim = str(wanted / 2 if not accepted else wanted)
        data["trace"][last + 1 :] = [
            {"rule": "mean", "premises": [last], "args": {}, "conclusion": ["mean", left, right, claim]}
        ]
        verdict = pipeline.check_bytes(canonical(data))
        assert (verdict.status == "accepted") is accepted, verdict.reason
    assert verdict.statement.count("integral") == 1


@pytest.mark.parametrize("norm", ["L3", "l2", 2, None])
def test_other_norms_are_declined(norm: object) -> None:
    verdict = pipeline.check_bytes(changed(DATA, (("statement", "norm"), norm)))
    assert (verdict.status, verdict.step) == ("declined", "decode")


def test_sequences_in_these_norms_are_declined() -> None:
    verdict = pipeline.check_bytes(changed(DATA, (("statement", "sequence", "lengths"), ["1", "2"])))
    assert (verdict.status, verdict.step) == ("declined", "decode")
    with pytest.raises(UsageError, match="the norm L1 is for one data token"):
        relucert.make_problem(target="abs", tolerance=Fraction(1), norm="L1", sequence={"length": "4"})


def test_a_certificate_in_one_norm_does_not_meet_a_specification_in_another() -> None:
    outcome = relucert.build(problem("abs", "1/2", "L2"))
    for norm in ("sup", "L1"):
        asked = relucert.make_problem(target="abs", tolerance=Fraction(1, 2), norm=norm)
        assert pipeline.shortfalls(outcome.verdict, asked) == [f"the norm is L2, wanted {norm}"]


def test_jumps_are_refused_in_the_sup_norm_and_by_routes_that_know_it_alone() -> None:
    with pytest.raises(UsageError, match="jumps by 1 at x = 0"):
        relucert.make_problem(target=HALF, tolerance=Fraction(1))
    with pytest.raises(UsageError, match="unknown norm"):
        relucert.make_problem(target=HALF, tolerance=Fraction(1), norm="L3")
    for route in ("relu", "native", "anchors"):
        asked = relucert.make_problem(target=HALF, tolerance=Fraction(1), norm="L1", route=route)
        with pytest.raises(UnreachableError, match=f"the route {route} does not apply: it knows the sup norm only"):
            relucert.build(asked)
    with pytest.raises(UnreachableError, match="cells or more; at most 20,000"):
        relucert.build(problem(DISC, "1/100", "L2"))


def test_a_feed_forward_part_is_not_overlooked() -> None:
    width = DATA["subject"]["d_model"]
    part = {"width": 1, "w_in": [[0, 0, "1"]], "w_out": [[width - 1, 0, "1"]]}
    verdict = pipeline.check_bytes(changed(DATA, (("subject", "layers", 0, "feed_forward"), part)))
    assert (verdict.status, verdict.step) in (("rejected", 0), ("declined", 0))
