"""The audit: closed forms against built networks, witnesses against brute force, and claims that would be false."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import signal
import subprocess
import sys
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
import sympy

import relucert
from relucert.exact.enclosure import Enclosure
from relucert.relu.overhead import OVERHEADS, overhead_of
from relucert.spec.sequence import Sequence as Tokens
from relucert.study.audit import findings, length
from relucert.study.audit.built import Asked, Built, construct, together
from relucert.study.audit.heads import head_counts
from relucert.study.audit.overhead import constant_overhead, derived, mismatches, per_gate_limit
from relucert.study.audit.witness import error_in_gates, extremum_point, gated_value
from tests import independent
from tests.cli.command import assert_one_clear_line, environment, run
from tests.study import jobs

GENERAL = {"x": ("-1/3", "2"), "y": ("1/7", "3")}


@cache
def built(target: str, eps: str, layout: str = "wide", arity: int | None = None, general: bool = False) -> Built:
    names = {"multiply": "xy", "square": "x", "reciprocal": "y"}.get(target, "") if general else ""
    box = {n: (Fraction(GENERAL[n][0]), Fraction(GENERAL[n][1])) for n in names}
    if target == "reciprocal":
        box = {"x": (Fraction(1, 4), Fraction(4))}
    return alone(Asked(relucert.make_problem(target, Fraction(eps), box or None, arity), layout))


def alone(asked: Asked) -> Built:
    (found,) = construct([asked])
    assert found is not None
    return found


@pytest.mark.parametrize("layout", ["wide", "sparse"])
@pytest.mark.parametrize("eps", ["1e-1", "1e-2", "1e-3", "1e-5", "1e-9"])
def test_closed_forms_of_the_square_are_what_is_built(layout: str, eps: str) -> None:
    found, form = built("square", eps, layout, general=True), overhead_of("square")
    assert form is not None
    m = int(found.count("gates"))
    assert found.count("parameters") == form.parameters[layout](Fraction(m))
    assert found.count("heads") == form.heads[layout](m)


@pytest.mark.parametrize("layout", ["wide", "sparse"])
@pytest.mark.parametrize("m", [2, 3, 4, 5, 9])
def test_closed_forms_of_the_product_are_what_is_built(layout: str, m: int) -> None:
    form = overhead_of("product")
    assert form is not None
    half = Fraction(7, 6) * Fraction(10, 7)
    found = built("multiply", str(half * Fraction(101, 100) / 4**m), layout, general=True)
    assert found.parameters == (("m1", m), ("m2", m))
    assert found.count("parameters") == form.parameters[layout](m)
    assert found.count("heads") == form.heads[layout](m)


@pytest.mark.parametrize("layout", ["wide", "sparse"])
@pytest.mark.parametrize("target", ["max", "min"])
@pytest.mark.parametrize("h", [2, 3, 4, 5])
def test_closed_forms_of_trees_are_what_is_built(target: str, layout: str, h: int) -> None:
    found, form = built(target, "1e-2", layout, 2**h), overhead_of(target)
    assert form is not None
    assert found.count("parameters") == form.parameters[layout](Fraction(h))
    assert found.count("heads") == form.heads[layout](h)


@pytest.mark.parametrize("layout", ["wide", "sparse"])
@pytest.mark.parametrize("eps", ["1e-1", "1e-2"])
def test_closed_forms_of_chords_are_what_is_built(layout: str, eps: str) -> None:
    found, form = built("reciprocal", eps, layout), overhead_of("chords")
    assert form is not None
    (pieces,) = (value for _, value in found.parameters)
    assert found.count("parameters") == form.parameters[layout](pieces)


@pytest.mark.parametrize("form", OVERHEADS, ids=lambda form: form.construction)
def test_sympy_sums_the_connected_pairs_to_the_closed_form(form: Any) -> None:
    assert derived(form)
    other = dataclasses.replace(form, parameters={**form.parameters, "wide": lambda m: form.parameters["wide"](m) + 1})
    assert not derived(other)


def test_limits_per_gate() -> None:
    limits = {f.construction: tuple(per_gate_limit(f, layout) for layout in ("wide", "sparse")) for f in OVERHEADS}
    assert limits == {
        "square": (sympy.oo, 9),
        "product": (sympy.oo, 9),
        "max": (7, sympy.Rational(15, 2)),
        "min": (7, sympy.Rational(15, 2)),
        "chords": (6, 6),
    }


@pytest.mark.parametrize("target", ["multiply", "x/(2+y)", "x*exp(-y)", "abs"])
def test_networks_that_share_a_choice_are_those_that_a_build_makes(target: str) -> None:
    """Byte for byte, whatever came before in the group: its layouts, its proofs, its lengths."""
    family = findings.Family.of([relucert.make_problem(target, Fraction(1, 100))])
    asked = [*family.layouts, *family.adjoint, *family.lengths]
    groups = together([*asked, *asked])
    assert [len(group) for group in groups] == ([2, 1, 14] if target == "multiply" else [3, 14])
    for group in groups:
        made = construct(group)
        for each, found in zip(group, made, strict=True):
            assert found is not None
            if each.layout == "wide" and each in (*family.layouts, family.lengths[0], family.lengths[-1]):
                assert found.sha256 == relucert.build(each.problem).verdict.sha256


def test_a_target_without_gates_is_audited() -> None:
    flat = [built("x+2*y", "1e-1"), built("x+2*y", "1e-1", "sparse")]
    assert [(b.gate_error, b.coefficient) for b in flat] == [(0, 0)] * 2
    result = run("audit", "sin", "--eps", "1e-1,1e-2")  # at 1e-1 it is a line
    assert result.returncode == 0, result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="interrupts a group of processes")
def test_an_audit_that_is_interrupted_says_so_and_leaves_no_process() -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "relucert", "audit", "x*exp(-y)", "-v"],
        env=environment(),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stderr is not None
    while b" of 86 finished" not in child.stderr.readline():
        assert child.poll() is None
    os.killpg(child.pid, signal.SIGINT)  # as the keyboard does: to the workers too
    out, complaint = child.communicate(timeout=60)  # which waits for all that hold the pipe
    assert (child.returncode, out) == (130, b"")
    assert complaint.splitlines()[-1] == b"relucert: interrupted"
    assert b"Traceback" not in complaint


@pytest.mark.skipif(sys.platform == "win32", reason="kills a process by a signal")
@pytest.mark.usefixtures("few_extrema")
def test_an_audit_whose_worker_dies_is_declined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "construct", jobs.die)
    told = ("the process that built abs within 0.1 died; out of memory?",)
    assert_one_clear_line(run("audit", "abs", "--eps", "1e-1"), 3, *told)


def changed(found: Built, **resources: int) -> Built:
    """The same network with other counts, as a wrong translation would have."""
    counts = {name: Fraction(value) for name, value in resources.items()}
    return dataclasses.replace(found, resources={**found.resources, **counts})


@pytest.mark.parametrize(
    ("layout", "name", "by"),
    [("wide", "heads", 1), ("wide", "layers", 1), ("wide", "d_model", 1), ("wide", "tokens", 1),
     ("wide", "parameters", 1), ("sparse", "parameters", 1), ("sparse", "heads", 1), ("sparse", "layers", -1)],
)  # fmt: skip
def test_a_network_that_costs_more_than_proved_contradicts_the_finding(layout: str, name: str, by: int) -> None:
    good = built("square", "1e-3", layout)
    assert mismatches(good) == []
    bad = changed(good, **{name: int(good.count(name)) + by})
    assert mismatches(bad)
    finding, wrong = constant_overhead([good, bad])
    assert wrong
    assert finding.verdict == "contradicted by a built network"
    assert any("NOT" in item.text for item in finding.evidence)


@pytest.mark.parametrize(("name", "by"), [("heads", 1), ("layers", 1), ("inverse_temperature", 1)])
def test_a_maximum_that_costs_more_contradicts_the_finding(name: str, by: int) -> None:
    good = built("max", "1e-3", "wide", 4)
    assert head_counts([good], [good])[1] is False
    bad = changed(good, **{name: int(good.count(name)) + by})
    finding, wrong = head_counts([good, bad], [good])
    assert wrong
    assert finding.verdict == "contradicted by a built network"


def test_the_heads_of_the_target_itself_are_those_of_one_number_of_inputs() -> None:
    family = [built("max", eps, "wide", d) for d in (2, 4) for eps in ("1e-1", "1e-2", "1e-3")]
    finding, _ = head_counts(family, family)
    (own,) = (item.text for item in finding.evidence if "itself" in item.text)
    assert own == "the heads of max itself, 2 inputs: 1 at eps 0.1, 1 at 0.001; fitted 0.000 per log2(1/eps)"


@cache
def at_length(least: int, most: int, mask: str = "causal") -> Built:
    problem = relucert.make_problem("multiply", Fraction(1, 100))
    return alone(Asked(dataclasses.replace(problem, sequence=Tokens(least, most, mask))))


def all_lengths() -> list[Built]:
    grid = [at_length(n, n, mask) for mask in length.MASKS for n in length.LENGTHS]
    return [*grid, *(at_length(1, length.LENGTHS[-1], mask) for mask in length.MASKS)]


def test_the_error_does_not_depend_on_the_length() -> None:
    lengths = all_lengths()
    finding, wrong = length.independence([built("multiply", "1e-2")], lengths)
    assert not wrong
    assert finding.verdict.startswith("yes")
    bounds = [b.bound for b in lengths]
    assert max(bounds) - min(bounds) <= Fraction(1, 10**12)
    assert {b.problem.sequence.most for b in lengths} == set(length.LENGTHS)
    assert all(b.share("leak") > 0 for b in lengths)


def test_a_bound_that_grows_with_the_length_contradicts_the_finding() -> None:
    *others, last = all_lengths()
    bad = dataclasses.replace(last, bound=last.bound + Fraction(1, 10**11))
    finding, wrong = length.independence([built("multiply", "1e-2")], [*others, bad])
    assert wrong
    assert finding.verdict == "contradicted by a built network"


def test_nothing_is_claimed_for_lengths_that_are_not_built() -> None:
    finding, wrong = length.independence([built("multiply", "1e-2")], all_lengths()[1:])
    assert not wrong
    assert finding.verdict == "for n = 1 only"


def test_extrema_over_tokens_are_one_head_with_the_weight_that_lambert_gives() -> None:
    import mpmath

    for name in ("max", "min"):
        for n in (2, 512, 10**6):
            found = alone(Asked(findings._over_tokens(name, n)))
            assert (found.count("heads"), found.count("layers")) == (1, 1)
            wanted = mpmath.lambertw(mpmath.mpf(n) / mpmath.e) * 1000
            assert float(found.count("inverse_temperature")) == pytest.approx(float(wanted), rel=1e-4)
            bad = changed(found, inverse_temperature=int(found.count("inverse_temperature")) * 2)
            assert head_counts([built("max", "1e-3", "wide", 4)], [], [bad])[1]


def test_enclosures_of_the_gated_network_hold_the_transformers_value() -> None:
    """Against the independent softmax evaluation, gates far on either side of their kink included."""
    rng = random.Random(3)  # noqa: S311
    for target, eps, arity in (("multiply", "1e-3", None), ("max", "1e-12", 5), ("reciprocal", "1e-2", None)):
        found = built(target, eps, "wide", arity)
        data = relucert.build(found.problem).certificate
        assert found.network is not None
        for _ in range(6):
            point = tuple(lo + (hi - lo) * Fraction(rng.randrange(1001), 1000) for lo, hi in found.problem.domain)
            t = Fraction(independent.transform(data, point, 120))
            value: Enclosure = gated_value(found.network, found.output, found.count("inverse_temperature"), point)
            slack = Fraction(1, 10**60)
            assert value.lower - slack <= t <= value.upper + slack
            assert value.upper - value.lower < Fraction(1, 10**60)


@pytest.mark.parametrize("target", ["max", "min"])
@pytest.mark.parametrize("h", [1, 2, 3, 4])
def test_the_bound_of_a_tree_is_attained_so_no_smaller_factor_is_true(target: str, h: int) -> None:
    found = built(target, "1e-3", "wide", 2**h)
    point = extremum_point(found)
    seen = error_in_gates(found, point)
    assert h * (1 - Fraction(1, 10**9)) < seen <= found.coefficient
    assert all(lo <= x <= hi for x, (lo, hi) in zip(point, found.problem.domain, strict=True))
    t = Fraction(independent.transform(relucert.build(found.problem).certificate, point, 80))
    truth = max(point) if target == "max" else min(point)
    assert abs(t - truth) / found.gate_error == pytest.approx(float(seen), rel=1e-12)


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    result = run("audit", "multiply", "--eps", "1e-1..1e-3", "--format", "json")
    assert result.returncode == 0, result.stderr
    data: dict[str, Any] = json.loads(result.stdout)
    return data


def test_every_question_has_verdict_evidence_and_hidden_costs(shown: dict[str, Any]) -> None:
    assert len(shown["findings"]) == 6
    for finding in shown["findings"]:
        assert finding["verdict"]
        assert finding["answer"]
        assert finding["evidence"]
        assert finding["hidden_costs"]
        assert {item["kind"] for item in finding["evidence"]} <= {
            "proved", "certified", "confirmed", "witnessed", "estimate"
        }  # fmt: skip
    costs = {name for finding in shown["findings"] for name in finding["hidden_costs"]}
    assert {"tokens", "weight size", "position code", "bits"} <= costs


def test_verdicts_and_numbers_are_those_measured(shown: dict[str, Any]) -> None:
    overhead, lengths, counts, per_gate, extremum, error = shown["findings"]
    assert overhead["verdict"] == "heads and layers: yes; parameters: yes in the sparse layout"
    assert overhead["numbers"]["parameters_per_gate_limit_product_sparse"] == "9"
    assert overhead["numbers"]["parameters_per_gate_limit_product_wide"] == "oo"
    assert counts["verdict"] == "precision: no; dimension: d - 1 on one token, 1 head over tokens"
    assert lengths["verdict"] == "yes, for every n up to a limit that is stated"
    assert float(lengths["numbers"]["bound_spread"]) <= 1e-12
    assert int(lengths["numbers"]["largest_n"]) == 10**9
    assert lengths["numbers"]["code_size"] == "30"
    assert per_gate["verdict"] == "sharpened"
    assert per_gate["numbers"]["heads_per_gate"] == "1"
    assert extremum["verdict"] == "sharpened"
    assert error["verdict"] == "refuted as a constant for every target"
    assert any("proved directly" in item["text"] for item in error["evidence"])
    assert 3 < float(error["numbers"]["witnessed_coefficient"]) <= 4
    problems = [relucert.make_problem("multiply", Fraction(1, 10**k), proof="adjoint") for k in (1, 2, 3)]
    found = [alone(Asked(problem)).coefficient for problem in problems]
    assert max(found) <= Fraction(error["numbers"]["proved_coefficient"]) <= max(found) * (1 + Fraction(1, 10**6))


@pytest.fixture
def few_extrema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "SIZES", (2, 4))
    monkeypatch.setattr(findings, "PRECISIONS", (Fraction(1, 10), Fraction(1, 1000)))
    monkeypatch.setattr(length, "LENGTHS", (2, 10**9))


@pytest.mark.usefixtures("few_extrema")
def test_a_target_without_closed_forms_gets_the_general_answer_only() -> None:
    result = run("audit", "y/(2+x)", "--eps", "1e-1", "--format", "json")
    overhead = json.loads(result.stdout)["findings"][0]
    assert overhead["verdict"] == "heads and layers: yes; parameters: a constant per ReLU weight"
    assert not [name for name in overhead["numbers"] if "limit" in name]
    mixed = run("audit", "reciprocal", "--domain", "x=[1/4,4]", "--eps", "1e-1,1e-3", "--format", "json")
    assert "per ReLU weight" in json.loads(mixed.stdout)["findings"][0]["verdict"]


def test_the_text_fits_in_80_columns() -> None:
    result = run("audit", "max", "--eps", "1e-2", "--arity", "2,4")
    assert result.returncode == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    for part in ("verdict: sharpened", "Hidden costs", "witnessed", "proved", "all accepted by the checker"):
        assert part in result.stdout


@pytest.mark.usefixtures("few_extrema")
def test_a_contradiction_is_an_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    right = findings.build_all

    def wrong(*arguments: Any) -> dict[Asked, Built | None]:
        found = right(*arguments)
        return {asked: b and changed(b, heads=int(b.count("heads")) + 1) for asked, b in found.items()}

    monkeypatch.setattr(findings, "build_all", wrong)
    result = run("audit", "abs", "--eps", "1e-1")
    assert result.returncode == 1
    assert "contradicted by a built network" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["multipy"], ["did you mean 'multiply'"]),
        (["reciprocal"], ["--domain 'x=[1/4,4]'"]),
        (["multiply", "--arity", "2..8"], ["takes 2 inputs, not 4"]),
        (["multiply", "--eps", "1e-1..1e-100", "--arity", "2,3,4"], ["at most 200"]),
        (["multiply", "--eps", "none"], ["expected a number"]),
    ],
)
def test_bad_families_are_refused_in_one_line(arguments: list[str], parts: list[str]) -> None:
    assert_one_clear_line(run("audit", *arguments), 2, *parts)
