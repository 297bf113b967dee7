"""Specifications: the number grammar, the round trip, bad files, and the schemas."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import hypothesis
import jsonschema
import pytest
import yaml
from hypothesis import strategies as st

import relucert
from relucert.errors import UsageError
from relucert.exact.number import parse_number
from relucert.spec.problem import LIMITS, OBJECTIVES
from relucert.spec.yaml import parse_spec
from tests import cases
from tests.cli.command import SPECS, assert_one_clear_line, run

ROOT = Path(relucert.__file__).parent
deterministic = hypothesis.settings(derandomize=True, deadline=None, database=None)

short = st.one_of(
    st.integers(-(10**6), 10**6).map(Fraction),
    st.fractions(-(10**3), 10**3, max_denominator=10**6),
    st.builds(lambda p, e: Fraction(p) * Fraction(10) ** e, st.integers(-999, 999), st.integers(-40, 40)),
)


@st.composite
def problems(draw: st.DrawFn) -> relucert.Problem:
    target = draw(st.sampled_from(["multiply", "square", "reciprocal", "min", "max", "abs", "clip"]))
    arity = {"multiply": 2, "min": 0, "max": 0}.get(target, 1) or draw(st.integers(2, 7))
    names = {1: ("x",), 2: ("x", "y")}.get(arity) or tuple(f"x{k + 1}" for k in range(arity))
    domain = {}
    for name in names:
        lo, hi = sorted((draw(short), draw(short)))
        if target == "reciprocal" and lo <= 0 <= hi:
            lo, hi = 1 + abs(lo), 2 + abs(lo) + hi
        domain[name] = (lo, hi)
    args = dict(zip(("lo", "hi"), sorted((draw(short), draw(short))), strict=True)) if target == "clip" else None
    limits = draw(st.dictionaries(st.sampled_from(LIMITS), short.map(abs), max_size=3))
    tolerance = draw(short.map(abs).filter(bool))
    sequence = draw(st.one_of(st.none(), sequences(len(domain))))
    return relucert.make_problem(
        target, tolerance, domain, None, args, draw(st.sampled_from(OBJECTIVES)), limits, sequence
    )  # fmt: skip


@st.composite
def sequences(draw: st.DrawFn, inputs: int) -> dict[str, str | None]:
    """What a specification may ask of the tokens: any length, one length, or one input on each."""
    mask = {"mask": draw(st.sampled_from(["causal", "full"]))}
    length = str(draw(st.integers(1, 10**18)))
    return draw(
        st.sampled_from(
            [
                mask | {"length": "any", "up_to": length, "layout": "tokenwise"},
                mask | {"length": length},
                mask | {"layout": "one-per-token"},
                mask | {"layout": "one-per-token", "coordinates": "shared"},
                mask | {"layout": "one-per-token", "length": str(inputs)},
            ]
        )
    )


@deterministic
@hypothesis.given(problems())
def test_text_of_a_problem_reads_back_as_the_same_problem(problem: relucert.Problem) -> None:
    assert parse_spec(problem.text.encode(), "spec.yaml") == problem


@deterministic
@hypothesis.given(problems())
def test_text_of_a_problem_fits_the_schema(problem: relucert.Problem) -> None:
    schema = json.loads((ROOT / "spec" / "spec.schema.json").read_text())
    jsonschema.validate(yaml.load(problem.text, yaml.BaseLoader), schema)  # noqa: S506


@pytest.mark.parametrize("end", ["0.0001e-300", "0." + "7" * 380])
def test_text_of_extreme_numbers_reads_back(end: str) -> None:
    problem = relucert.make_problem("square", Fraction(1), {"x": (Fraction(0), parse_number(end))})
    assert parse_spec(problem.text.encode(), "spec.yaml") == problem


@deterministic
@hypothesis.given(st.integers(-(10**30), 10**30), st.integers(0, 40), st.integers(-300, 300))
def test_decimals_are_read_exactly(digits: int, places: int, exponent: int) -> None:
    whole, part = divmod(abs(digits), 10**places)
    text = f"{'-' if digits < 0 else ''}{whole}{'.' + str(part).zfill(places) if places else ''}e{exponent}"
    assert parse_number(text) == Fraction(digits) / 10**places * Fraction(10) ** exponent


@deterministic
@hypothesis.given(st.integers(), st.integers(1))
def test_ratios_are_read_exactly(p: int, q: int) -> None:
    assert parse_number(f"{p}/{q}") == Fraction(p, q)


@deterministic
@hypothesis.given(st.text(alphabet="0123456789+-./eE_xnaif ", max_size=9))
def test_a_text_is_read_exactly_or_refused(text: str) -> None:
    try:
        value = parse_number(text)
    except ValueError as error:
        assert "a number such as" in str(error)
    else:
        assert value == Fraction(text.strip(" "))
        assert "_" not in text
        assert not text.strip(" ").lstrip("+-").startswith(tuple(f"0{d}" for d in range(10)))


@pytest.mark.parametrize(
    "text",
    ["", " ", "yes", "010", "-01", "0x10", "0b1", "nan", "inf", "-inf", "1e400", "1e-301", ".5", "5.", "1_000", "1/0",
     "1/02", "1/-2", "1//2", "1.5/2", "1e", "1e1.5", "--1", "+-1", "1 2", "1,5", "\u0661", "1\n", "1" * 1001, "1e0301",
     "1e00001", "\t1"],
)  # fmt: skip
def test_what_is_outside_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a number such as"):
        parse_number(text)


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.name)
def test_shipped_specifications_fit_the_schema(path: Path) -> None:
    schema = json.loads((ROOT / "spec" / "spec.schema.json").read_text())
    jsonschema.validate(yaml.load(path.read_text(), yaml.BaseLoader), schema)  # noqa: S506


def test_example_of_the_readme_is_a_specification() -> None:
    text = (SPECS / "README.md").read_text().split("```yaml\n")[1].split("```")[0]
    problem = parse_spec(text.encode(), "README.md")
    assert (problem.target, problem.tolerance) == ("multiply", Fraction(1, 1000))
    assert dict(problem.limits) == {"heads": 15, "layers": 5}


@pytest.mark.parametrize("case", cases.parameters(cases.FEW))
def test_real_certificates_fit_the_schema(case: cases.Case) -> None:
    schema = json.loads((ROOT / "certificate" / "certificate.schema.json").read_text())
    jsonschema.validate(json.loads(cases.outcome(case).certificate), schema)


def test_schema_of_certificates_knows_every_field_it_lists() -> None:
    """Removing any required field of a real certificate is noticed."""
    schema = json.loads((ROOT / "certificate" / "certificate.schema.json").read_text())
    data = json.loads(cases.outcome(cases.FEW[0]).certificate)
    for key in data:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({k: v for k, v in data.items() if k != key}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**data, "extra": 1}, schema)


HEAD = "target: multiply\n"
BAD = {
    "unknown target": ("target: multply\neps: 1e-3\n", "1:9", "did you mean 'multiply'"),
    "unknown key": (HEAD + "esp: 1e-3\n", "2:1", "did you mean 'eps'"),
    "duplicate key": (HEAD + "eps: 1e-3\neps: 1e-4\n", "3:1", "'eps' occurs twice"),
    "duplicate input": (HEAD + "eps: 1\ndomain: {x: [0, 1], x: [0, 2]}\n", "3:21", "'x' occurs twice"),
    "eps zero": (HEAD + "eps: 0\n", "2:6", "positive"),
    "eps negative": (HEAD + "eps: -1e-3\n", "2:6", "positive"),
    "eps too small": (HEAD + "eps: 1e-200\n", "2:6", "1e-100"),
    "eps is a word": (HEAD + "eps: yes\n", "2:6", "'yes'"),
    "leading zero": (HEAD + "eps: 010\n", "2:6", "leading zero"),
    "hexadecimal": (HEAD + "eps: 0x10\n", "2:6", "decimal"),
    "nan": (HEAD + "eps: nan\n", "2:6", "'nan'"),
    "yaml nan": (HEAD + "eps: .nan\n", "2:6", "'.nan'"),
    "1e400": (HEAD + "eps: 1e400\n", "2:6", "300"),
    "sexagesimal": (HEAD + "eps: 1:30\n", "2:6", "'1:30'"),
    "eps is a list": (HEAD + "eps: [1]\n", "2:6", "one word or number"),
    "eps is empty": (HEAD + "eps:\n", "2:5", "expected a number"),
    "reversed domain": (HEAD + "eps: 1\ndomain: {x: [1, -1]}\n", "3:13", "reversed"),
    "domain of one end": (HEAD + "eps: 1\ndomain: {x: [1]}\n", "3:13", "[-1, 1]"),
    "domain is a number": (HEAD + "eps: 1\ndomain: 3\n", "3:9", "mapping"),
    "number in a domain": (HEAD + "eps: 1\ndomain: {x: [0, 1e400]}\n", "3:17", "300"),
    "unknown input": (HEAD + "eps: 1\ndomain: {z: [0, 1]}\n", "3:9", "'z'"),
    "reciprocal across 0": ("target: reciprocal\neps: 1\ndomain: {x: [-1, 1]}\n", "3:9", "contains 0"),
    "reciprocal without": ("target: reciprocal\neps: 1\n", "1:9", "x=[1/4,4]"),
    "arity mismatch": (HEAD + "eps: 1\narity: 3\n", "3:8", "2 inputs, not 3"),
    "arity a fraction": ("target: max\neps: 1\narity: 5/2\n", "3:8", "whole number"),
    "unknown objective": (HEAD + "eps: 1\nobjective: head\n", "3:12", "did you mean 'heads'"),
    "unknown limit": (HEAD + "eps: 1\nlimits: {head: 3}\n", "3:9", "did you mean 'heads'"),
    "negative limit": (HEAD + "eps: 1\nlimits: {heads: -3}\n", "3:9", "negative"),
    "unknown argument": ("target: clip\neps: 1\nargs: {low: 0}\n", "3:7", "did you mean 'lo'"),
    "clip reversed": ("target: clip\neps: 1\nargs: {lo: 1, hi: 0}\n", "3:7", "lo <= hi"),
    "missing eps": (HEAD, "1:1", "'eps' is missing"),
    "missing target": ("eps: 1\n", "1:1", "'target' is missing"),
    "a list": ("- target\n", "1:1", "mapping"),
    "not YAML": (HEAD + "eps: [1\n", "3:1", "not YAML"),
    "a tab": (HEAD + "\teps: 1\n", "2:1", "not YAML"),
    "two documents": (HEAD + "eps: 1\n---\n" + HEAD, "3:1", "not YAML"),
}


@pytest.mark.parametrize("how", sorted(BAD))
def test_bad_specifications_are_refused_with_file_line_and_column(how: str) -> None:
    text, place, part = BAD[how]
    with pytest.raises(UsageError) as caught:
        parse_spec(text.encode(), "folder/spec.yaml")
    message = str(caught.value)
    assert message.startswith(f"folder/spec.yaml:{place}: ")
    assert part in message
    assert "\n" not in message


WHOLE_FILE = {
    "empty": (b"", "empty"),
    "not UTF-8": (b"target: \xff\n", "UTF-8"),
    "binary": (bytes(range(256)), "UTF-8"),
    "control characters": (b"target: \x00\x01\n", "not YAML"),
    "deep": (b"[" * 100_000, "nested too deeply"),
}


@pytest.mark.parametrize("how", sorted(WHOLE_FILE))
def test_files_that_are_no_specification_are_one_line(tmp_path: Path, how: str) -> None:
    data, part = WHOLE_FILE[how]
    (tmp_path / "s.yaml").write_bytes(data)
    assert_one_clear_line(run("build", "s.yaml", "-o", "c.json", cwd=tmp_path), 2, "s.yaml", part)
    assert [p.name for p in tmp_path.iterdir()] == ["s.yaml"]


def test_a_bad_specification_is_one_line_of_the_command(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(HEAD + "eps: 010\n")
    assert_one_clear_line(run("build", "s.yaml", cwd=tmp_path), 2, "s.yaml:2:6:", "leading zero")


def test_a_huge_specification_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_bytes(b"#" * (1 << 21))
    assert_one_clear_line(run("build", "s.yaml", cwd=tmp_path), 2, "larger than")


def test_aliases_cannot_blow_up(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{k}: &a{k} [*a{k - 1}, *a{k - 1}]" for k in range(1, 60)]
    (tmp_path / "s.yaml").write_text("\n".join(lines) + "\n")
    assert_one_clear_line(run("build", "s.yaml", cwd=tmp_path), 2, "s.yaml:1:1:", "unknown key")
