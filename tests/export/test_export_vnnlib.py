from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relucert import pipeline
from relucert.errors import DeclinedError
from relucert.export import vnnlib
from relucert.export.dtype import FLOAT32
from relucert.export.enclosure import enclose
from relucert.export.piecewise import piecewise
from relucert.export.subject import Box
from relucert.loaded import Loaded, load
from relucert.study.export import subject_of
from relucert.target.expression import Expression, Node, evaluate

Load = Callable[[str], Loaded]
Tree = Any  # a token, or a list of trees


def parsed(text: str) -> list[Tree]:
    """Read the S-expressions of a property file, comments dropped."""
    lines = [line for line in text.splitlines() if not line.startswith(";")]
    stack: list[list[Tree]] = [[]]
    for word in " ".join(lines).replace("(", " ( ").replace(")", " ) ").split():
        if word == "(":
            stack.append([])
        elif word == ")":
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(word)
    assert len(stack) == 1
    return stack[0]


def value(tree: Tree, names: dict[str, Fraction]) -> Any:
    if isinstance(tree, str):
        return names[tree] if tree in names else Fraction(tree)
    operator, *arguments = tree
    values = [value(a, names) for a in arguments]
    if operator == "and":
        return all(values)
    if operator == "or":
        return any(values)
    if operator == "+":
        return sum(values, Fraction(0))
    if operator == "*":
        return values[0] * values[1]
    return values[0] <= values[1] if operator == "<=" else values[0] >= values[1]


def satisfied(tree: list[Tree], point: tuple[Fraction, ...], *outputs: Fraction) -> bool:
    names = {f"X_{k}": x for k, x in enumerate(point)} | {f"Y_{k}": y for k, y in enumerate(outputs)}
    return all(value(body, names) for keyword, body in (t for t in tree if t[0] == "assert") if keyword == "assert")


def queries(loaded: Loaded) -> list[list[Tree]]:
    content = vnnlib.export(subject_of(loaded), FLOAT32).content
    assert not isinstance(content, bytes)
    return [parsed(data.decode("ascii")) for name, data in content.items() if name.endswith(".vnnlib")]


@pytest.mark.parametrize("name", ["max5", "min", "abs", "clip", "reciprocal", "square", "coarse", "thirds", "two"])
def test_every_violation_of_the_statement_satisfies_some_query(loaded: Load, onnx: Any, name: str) -> None:
    found = loaded(name)
    stated, trees = found.certificate.statement, queries(found)
    chance = random.Random(5)  # noqa: S311
    grid = [[lo, (lo + hi) / 2, hi] for lo, hi in stated.domain]
    points = list(itertools.islice(itertools.product(*grid), 20))
    points += [
        tuple(lo + (hi - lo) * Fraction(chance.randrange(10**6), 10**6) for lo, hi in stated.domain) for _ in range(30)
    ]
    for point in points:
        values = evaluate(found.expression, point)
        for distance in (stated.tolerance, -stated.tolerance, 2 * stated.tolerance, Fraction(-3)):
            for k in range(len(values)):
                wrong = [f + distance * (i == k) for i, f in enumerate(values)]
                assert any(satisfied(tree, point, *wrong) for tree in trees)


@pytest.mark.parametrize("name", ["max5", "min", "abs", "clip"])
def test_an_exact_query_asks_for_nothing_but_violations(loaded: Load, onnx: Any, name: str) -> None:
    found = loaded(name)
    stated, trees = found.certificate.statement, queries(found)
    assert len(trees) == 1
    chance = random.Random(6)  # noqa: S311
    for _ in range(100):
        point = tuple(lo + (hi - lo) * Fraction(chance.randrange(1001), 1000) for lo, hi in stated.domain)
        f = evaluate(found.expression, point)[0]
        for distance in (Fraction(0), Fraction(99, 100), Fraction(-99, 100)):
            assert not satisfied(trees[0], point, f + distance * stated.tolerance)


def test_boxes_and_looseness_are_told(loaded: Load, onnx: Any) -> None:
    export = vnnlib.export(subject_of(loaded("reciprocal")), FLOAT32)
    boxes = sum(name.endswith(".vnnlib") for name in export.content)  # type: ignore[misc]
    assert f"boxes: {boxes}; looseness: 0.0004" in export.notes[0]
    listed = export.content["instances.csv"].decode().splitlines()  # type: ignore[index, call-overload]
    assert len(listed) == boxes
    assert all(line.startswith("network.onnx,property_") for line in listed)


def test_a_tolerance_that_boxes_cannot_resolve_is_declined(
    loaded: Load, onnx: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vnnlib, "MOST_BOXES", 8)
    with pytest.raises(DeclinedError, match="8 boxes still leave a looseness of"):
        vnnlib.export(subject_of(loaded("multiply")), FLOAT32)


def test_a_norm_over_the_box_is_declined_as_points_may_be_wrong_by_more(bytes_of: Callable[[str], bytes]) -> None:
    data = json.loads(bytes_of("multiply"))
    last, volume = len(data["trace"]) - 1, Fraction(1)
    for lo, hi in data["statement"]["domain"]:
        volume *= Fraction(hi) - Fraction(lo)
    _, left, right, bound = data["trace"][last]["conclusion"]
    data["statement"] |= {"norm": "L1", "tolerance": str(Fraction(data["statement"]["tolerance"]) * volume)}
    claim = ["mean", left, right, str(Fraction(bound) * volume)]
    data["trace"].append({"rule": "mean", "premises": [last], "args": {}, "conclusion": claim})
    text = json.dumps(data, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    loaded = load(pipeline.check_bytes(text))
    with pytest.raises(DeclinedError, match="of points, this certificate of the norm L1"):
        vnnlib.export(subject_of(loaded), FLOAT32)


rationals = st.fractions(-3, 3, max_denominator=12)


@st.composite
def expressions(draw: st.DrawFn, operations: tuple[str, ...]) -> Expression:
    nodes = [Node("input", (0,)), Node("input", (1,)), Node("const", (), draw(rationals))]
    for _ in range(draw(st.integers(1, 5))):
        op = draw(st.sampled_from(operations))
        size = 1 if op in ("abs", "inv") else draw(st.integers(2, 3))
        nodes.append(Node(op, tuple(draw(st.integers(0, len(nodes) - 1)) for _ in range(size))))
    return Expression(tuple(nodes), (len(nodes) - 1,))


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    ends = [sorted((draw(rationals), draw(rationals))) for _ in range(2)]
    return tuple((lo, hi) for lo, hi in ends)


@given(expressions(("add", "mul", "max", "min", "abs", "inv")), boxes(), st.lists(st.tuples(*[st.fractions(0, 1)] * 2)))
def test_an_enclosure_holds_every_value(expression: Expression, box: Box, shares: list[tuple[Fraction, ...]]) -> None:
    try:
        centre, linear = enclose(expression, expression.roots[0], box)
    except DeclinedError:
        return
    for share in [*shares, (Fraction(0), Fraction(0)), (Fraction(1), Fraction(1)), (Fraction(1), Fraction(0))]:
        point = [lo + s * (hi - lo) for s, (lo, hi) in zip(share, box, strict=True)]
        plane = sum(a * (x - c) for a, x, c in zip(linear.slope, point, centre, strict=True))
        assert plane + linear.lo <= evaluate(expression, point)[0] <= plane + linear.hi


@given(expressions(("add", "mul", "max", "min", "abs")), st.tuples(rationals, rationals), rationals)
def test_a_piecewise_linear_function_is_its_clauses(
    expression: Expression, point: tuple[Fraction, Fraction], s: Fraction
) -> None:
    found = piecewise(expression, expression.roots[0], 2)
    if found is None:
        return

    def at(form: Any) -> Fraction:
        return form.constant + sum((a * x for a, x in zip(form.slope, point, strict=True)), Fraction(0))

    f = evaluate(expression, point)[0]
    for t in (s, f):
        assert any(all(t >= at(a) for a in clause) for clause in found.above) == (t >= f)
        assert any(all(t <= at(a) for a in clause) for clause in found.below) == (t <= f)
