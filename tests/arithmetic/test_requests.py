"""What can be asked of machines: specifications, their errors, and what is said where a tolerance cannot be reached."""

from __future__ import annotations

import copy
import json
from fractions import Fraction

import pytest

import relucert
from relucert.check import check
from relucert.errors import UnreachableError, UsageError
from relucert.spec.yaml import parse_spec

F = Fraction


def machine_of(text: str):
    return parse_spec(f"target: abs\neps: 1e-2\narithmetic: {text}\n".encode(), "a.yaml").arithmetic


def test_defaults_are_filled_in():
    full = {"dtype": "float32", "accumulate": "float32", "softmax": "stable", "exp_ulps": 32, "subnormals": "flush"}
    assert machine_of("{dtype: float32}").entries == full
    assert machine_of("{dtype: bfloat16}").entries == full | {"dtype": "bfloat16"}
    assert machine_of("{dtype: float16}").entries == full | {"dtype": "float16", "subnormals": "gradual"}
    assert machine_of("{dtype: float64}").entries == full | {"dtype": "float64", "accumulate": "float64"}
    assert machine_of("{dtype: float32, softmax: stable, exp_ulps: 2}").exp_ulps == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{dtype: float33}", "did you mean 'float32'"),
        ("{softmax: stable}", "needs a dtype"),
        ("{dtype: float32, accumulate: bfloat16}", "accumulate"),
        ("{dtype: float64, accumulate: float32}", "accumulate"),
        ("{dtype: float32, exp_ulps: 1/2}", "whole number"),
        ("{dtype: float32, exp_ulps: -1}", "whole number"),
        ("{dtype: float32, exp_ulps: 1e9}", "whole number"),
        ("{dtype: float32, exp_ulp: 2}", "did you mean 'exp_ulps'"),
        ("{dtype: float32, softmax: fast}", "softmax"),
        ("float32", "must be a mapping"),
    ],
)
def test_what_is_no_arithmetic_is_told_with_its_place(text: str, why: str):
    with pytest.raises(UsageError, match=r"a\.yaml:3:") as error:
        machine_of(text)
    assert why in str(error.value)


def test_the_text_of_a_problem_asks_for_the_same_machines_again():
    problem = relucert.make_problem("abs", F(1, 100), arithmetic={"dtype": "float16", "exp_ulps": 3})
    assert parse_spec(problem.text.encode(), "a.yaml") == problem


@pytest.mark.parametrize("sequence", [{"length": "2"}, {"layout": "one-per-token"}])
def test_sequences_are_declined_with_machines(sequence: dict[str, str]):
    with pytest.raises(UsageError, match="one data token"):
        relucert.make_problem("multiply", F(1, 10), sequence=sequence, arithmetic={"dtype": "float32"})


def test_a_tolerance_beyond_the_format_tells_what_is_reachable_and_that_is_true():
    with pytest.raises(UnreachableError, match="limited by rounding") as error:
        relucert.build(relucert.make_problem("square", F(1, 10**6), arithmetic={"dtype": "bfloat16"}))
    reachable = F(str(error.value).partition("--eps ")[2].partition(",")[0])
    problem = relucert.make_problem("square", reachable, arithmetic={"dtype": "bfloat16"})
    assert relucert.build(problem).verdict.error_bound <= reachable


def test_a_score_that_float16_cannot_hold_is_named():
    domain = {"x": (F(-50000), F(50000))}
    with pytest.raises(UnreachableError, match="may overflow float16"):
        relucert.build(relucert.make_problem("abs", F(1, 10), domain, arithmetic={"dtype": "float16"}))


def test_multiply_reaches_the_numbers_that_were_asked_for():
    coarse = relucert.build(relucert.make_problem("multiply", F(12, 10**4), arithmetic={"dtype": "float32"}))
    fine = relucert.build(relucert.make_problem("multiply", F(17, 10**7), arithmetic={"dtype": "float32"}))
    assert coarse.verdict.error_bound <= F(12, 10**4)
    assert fine.verdict.error_bound <= F(2, 10**6)


@pytest.fixture(scope="module")
def made():
    outcome = relucert.build(relucert.make_problem("multiply", F(1, 20), arithmetic={"dtype": "float32"}))
    return json.loads(outcome.certificate)


def verdict(data):
    return check(json.dumps(data, sort_keys=True, separators=(",", ":")).encode() + b"\n")


def test_refuses_every_value_and_output_weight_that_is_another_float(made):
    """Queries are left out: a score that is 1/1024 larger is as good."""
    where = next(k for k, step in enumerate(made["trace"]) if step["rule"] == "rounding")
    tried = 0
    for layer in made["subject"]["layers"]:
        for head in layer["heads"]:
            for part in ("w_v", "w_o"):
                for entry in head[part]:
                    old, entry[2] = entry[2], str(F(entry[2]) * F(1025, 1024))
                    found = verdict(made)
                    assert (found.status, found.step) == ("rejected", where)
                    entry[2], tried = old, tried + 1
    for name in ("embedding", "readout"):
        for entry in made["subject"][name]:
            old, entry[2] = entry[2], str(F(entry[2]) * F(1025, 1024))
            assert verdict(made).status == "rejected"
            entry[2], tried = old, tried + 1
    assert tried > 20
    assert verdict(made).status == "accepted"


@pytest.mark.parametrize(
    "change", [{"dtype": "bfloat16"}, {"dtype": "float16"}, {"exp_ulps": 1 << 19}, {"softmax": "plain"}]
)
def test_refuses_the_proof_for_machines_that_are_worse(made, change):
    data = copy.deepcopy(made)
    data["statement"]["semantics"] |= change
    if "dtype" in change:
        data["statement"]["semantics"]["accumulate"] = change["dtype"]
    assert verdict(data).status == "rejected"


def test_the_checker_takes_the_proof_for_machines_that_are_better(made):
    data = copy.deepcopy(made)
    data["statement"]["semantics"] |= {"exp_ulps": 1, "subnormals": "gradual"}
    assert verdict(data).status == "accepted"


def test_no_choice_of_spelled_neurons_makes_the_checker_accept_less(made):
    step = next(step for step in made["trace"] if step["rule"] == "rounding")
    data = copy.deepcopy(made)
    changed = next(step for step in data["trace"] if step["rule"] == "rounding")
    proved = []
    for spelled in ([], [0], [1], [0, 1], [0, 1, 2, 3], [99]):
        changed["args"]["spelled"] = spelled
        changed["conclusion"][3] = "0"
        proved.append(verdict(data).reason)
    assert all("does not entail" in reason for reason in proved)
    assert step["args"]["spelled"] == []
