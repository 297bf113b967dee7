"""Sequences on the command line: building, running, comparing with specifications, and what declines them."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from tests import independent
from tests.cli.command import assert_one_clear_line, run


def certificate(folder: Path, name: str, *arguments: str) -> Path:
    path = folder / f"{name}.json"
    result = run("build", *arguments, "-o", path, "-q")
    assert (result.returncode, result.stderr) == (0, "")
    return path


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sequences")


@pytest.fixture(scope="session")
def products(folder: Path) -> Path:
    """The product at any length up to a thousand, under a full mask."""
    sequence = ("--length", "any", "--up-to", "1e3", "--mask", "full")
    return certificate(folder, "products", "multiply", "--eps", "1e-2", *sequence)


@pytest.fixture(scope="session")
def largest(folder: Path) -> Path:
    sequence = ("--length", "any", "--up-to", "1e9", "--layout", "one-per-token")
    return certificate(folder, "largest", "max", "--eps", "1e-2", *sequence)


def test_the_report_states_length_mask_and_layout_and_a_leak() -> None:
    result = run("build", "multiply", "--eps", "1e-3", "--length", "1000000", "--mask", "full")
    text = " ".join(result.stdout.split())
    assert "for 1000000 data tokens under a full mask, each with real x in [-1, 1], y in [-1, 1] of its own" in text
    assert "at every data token: | T - x*y | <= " in text
    assert "binary position code of 20 columns" in text
    assert "tokens 1000001" in text and "code_size 20" in text and "code_max 1" in text
    (leak,) = [line.split()[1] for line in result.stdout.splitlines() if line.split()[:1] == ["leak"]]
    assert 0 < float(leak) < 1e-15


def test_one_input_on_each_token_is_stated_so() -> None:
    result = run("build", "multiply", "--eps", "1e-2", "--layout", "one-per-token")
    text = " ".join(result.stdout.split())
    assert "for 2 data tokens under a causal mask, carrying in order one each of all real x in [-1, 1]" in text
    assert "at the last data token: | T - x*y | <= " in text


def test_run_takes_a_list_for_each_input(products: Path) -> None:
    result = run("run", products, "x=1/3,-1,0.5", "y=1,-1,0", "--format", "json")
    tokens = json.loads(result.stdout)["tokens"]
    assert [token["point"]["x"] for token in tokens] == ["1/3", "-1", "0.5"]
    rows = [[Fraction(1, 3), Fraction(1)], [Fraction(-1), Fraction(-1)], [Fraction(1, 2), Fraction(0)]]
    brute = independent.sequence(products.read_bytes(), rows, 50)
    for token, (value,) in zip(tokens, brute, strict=True):
        assert abs(Fraction(token["T"]) - Fraction(value)) < Fraction(1, 10**20)
        assert Fraction(token["observed"]) <= Fraction(token["certified"])


def test_run_takes_a_number_of_random_tokens(products: Path, largest: Path) -> None:
    for path in (products, largest):
        first, second = (run("run", path, "--tokens", "9") for _ in range(2))
        assert first.returncode == 0 and first.stdout == second.stdout
        assert "9 data tokens" in first.stdout and "certified at every data token" in first.stdout
        assert max(map(len, first.stdout.splitlines())) <= 80


def test_run_shows_running_maxima(largest: Path) -> None:
    tokens = json.loads(run("run", largest, "x=-1/2,1/4,0", "--format", "json").stdout)["tokens"]
    assert [Fraction(token["f"]) for token in tokens] == [Fraction(-1, 2), Fraction(1, 4), Fraction(1, 4)]


def test_run_reads_the_last_token_where_each_carries_one_input(folder: Path) -> None:
    path = certificate(folder, "pair", "multiply", "--eps", "1e-2", "--layout", "one-per-token")
    point = json.loads(run("run", path, "x=1/3", "y=-1/2", "--format", "json").stdout)
    assert Fraction(point["f"]) == pytest.approx(Fraction(-1, 6), abs=1e-25)
    assert Fraction(point["observed"]) <= Fraction(1, 100)
    rows = [[Fraction(1, 3), Fraction(0)], [Fraction(0), Fraction(-1, 2)]]
    brute = independent.sequence(path.read_bytes(), rows, 50)[-1][0]
    assert abs(Fraction(point["T"]) - Fraction(brute)) < Fraction(1, 10**20)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["x=1,2", "y=0,0"], "x=2 is outside [-1, 1]"),
        (["x=1,0", "y=0"], "different numbers of tokens: 1, 2"),
        (["x=1,0"], "the input y is missing"),
        (["x=1", "z=1"], "no input 'z'"),
        (["--tokens", "1001"], "speaks of 1 to 1000 data tokens, not of 1001"),
        (["--tokens", "0"], "expected a positive whole number"),
        (["--tokens", "5", "x=1"], "--tokens chooses its own inputs"),
        (["--tokens", "5", "--runtime", "numpy"], "leave out the point"),
        ([], "the input x is missing"),
    ],
)
def test_run_refuses(products: Path, arguments: list[str], said: str) -> None:
    assert_one_clear_line(run("run", products, *arguments), 2, said)


def test_a_single_token_takes_no_number_of_tokens(product: Path) -> None:
    assert_one_clear_line(run("run", product, "--tokens", "3"), 2, "for certificates about sequences")


@pytest.mark.parametrize(
    ("sequence", "missing"),
    [
        ("{length: 128, mask: full}", None),
        ("{length: any, up_to: 1000, mask: full}", None),
        ("{length: 1, mask: full}", None),
        ("{length: any, up_to: 1001, mask: full}", "lengths are 1 to 1000, wanted 1 to 1001"),
        ("{length: 1001, mask: full}", "lengths are 1 to 1000, wanted 1001 to 1001"),
        ("{length: 128}", "mask and layout are full, tokenwise, wanted causal, tokenwise"),
        ("{layout: one-per-token, mask: full}", "wanted full, one-per-token"),
    ],
)
def test_a_certificate_is_compared_with_the_sequence_wanted(
    tmp_path: Path, products: Path, sequence: str, missing: str | None
) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(f"target: multiply\neps: 1e-2\nsequence: {sequence}\n")
    result = run("check", products, "--against", spec)
    assert result.returncode == (0 if missing is None else 1)
    assert missing is None or missing in " ".join(result.stdout.split())


def test_a_length_overrides_the_limit_of_a_specification(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text("target: abs\neps: 1e-2\nsequence: {length: any, up_to: 1e6, mask: full}\n")
    result = run("build", spec, "--length", "3")
    assert "for 3 data tokens under a full mask" in " ".join(result.stdout.split())


def test_what_knows_a_single_token_only_declines_by_name(tmp_path: Path, products: Path, largest: Path) -> None:
    for path in (products, largest):
        for form in ("npz", "coq"):
            said = "a single data token" if form == "npz" else "one token and the sink"
            result = run("export", path, "--to", form, "-o", tmp_path / "out")
            assert_one_clear_line(result, 3, said)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--length", "0"], "expected a whole number from 1"),
        (["--length", "2.5"], "expected a whole number from 1"),
        (["--length", "lots"], "expected a whole number from 1"),
        (["--length", "any"], "--up-to 1e9"),
        (["--up-to", "9"], "--length any"),
        (["--mask", "none"], "unknown mask 'none'"),
        (["--layout", "tokenwize"], "did you mean 'tokenwise'?"),
        (["--layout", "one-per-token", "--length", "3"], "one token for each of the 2 inputs"),
    ],
)
def test_bad_options_are_one_clear_line(options: list[str], said: str) -> None:
    assert_one_clear_line(run("build", "multiply", "--eps", "1e-2", *options), 2, said)


def test_explain_names_the_leak_and_the_token_rules(products: Path, largest: Path) -> None:
    assert "by tokens:" in run("explain", products).stdout
    text = run("explain", largest).stdout
    assert "by token_extremum:" in text and "seen_max" in text
