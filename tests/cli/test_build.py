"""``relucert build`` through real files."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import pytest

import relucert
from tests.cli.command import SPECS, assert_one_clear_line, environment, launch, run


def test_text_report_names_statement_budget_resources_and_verdict() -> None:
    result = launch("build", "multiply", "--eps", "1e-3")
    assert result.returncode == 0
    assert result.stderr == ""
    for part in ("[-1, 1]", "| T(x, y) - x*y | <= 0.000999998", "approximation", "gates", "leak", "slack", "accepted",
                 "lower bound on ReLU gates", "Schmidt-Hieber", "m1 + m2", "sha256"):  # fmt: skip
        assert part in result.stdout


def test_json_report_is_alone_on_stdout_and_has_the_promised_keys(tmp_path: Path) -> None:
    result = launch("build", "multiply", "--eps", "1e-3", "--format", "json", "-o", tmp_path / "c.json", "-v")
    report = json.loads(result.stdout)
    assert result.stderr  # the log of -v went elsewhere
    assert set(report) >= {
        "verdict", "statement", "target", "domain", "tolerance", "error_bound", "error_budget", "resources", "steps",
    }  # fmt: skip
    assert report["verdict"] == "accepted"
    assert (report["target"], report["domain"]) == ("multiply", {"x": ["-1", "1"], "y": ["-1", "1"]})
    verdict = relucert.check((tmp_path / "c.json").read_bytes())
    assert verdict.sha256 == report["sha256"]
    assert Fraction(report["tolerance"]) == Fraction(1, 1000)
    assert verdict.error_bound <= Fraction(report["error_bound"]) <= verdict.error_bound * (1 + Fraction(1, 10**15))
    rows = [(row["row"], Fraction(row["bound"])) for row in report["error_budget"]]
    assert [name for name, _ in rows] == ["approximation and gates", "leak"]
    assert verdict.error_bound <= sum(bound for _, bound in rows) <= verdict.error_bound * (1 + Fraction(1, 10**15))
    assert report["steps"] == len(json.loads((tmp_path / "c.json").read_bytes())["trace"])
    for name, value in report["resources"].items():
        real = name in ("max_weight", "inverse_temperature")
        assert type(value) is (str if real else int), name
        assert Fraction(value) >= verdict.resources[name]
    assert report["resources"]["heads"] == 10


@pytest.mark.parametrize("name", ["c.json", "c.json.gz"])
def test_output_is_the_checked_certificate_plain_or_gzipped(tmp_path: Path, name: str) -> None:
    assert run("build", "square", "--eps", "1e-3", "-o", name, "-q", cwd=tmp_path).returncode == 0
    data = (tmp_path / name).read_bytes()
    if name.endswith(".gz"):
        assert data[4:8] == bytes(4)  # no time in the header
        data = gzip.decompress(data)
    assert relucert.check(data).status == "accepted"
    assert os.listdir(tmp_path) == [name]


def test_output_is_replaced_whole_and_with_ordinary_permissions(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text("old and longer than nothing")
    before = path.stat().st_ino
    assert run("build", "abs", "--eps", "1e-3", "-o", path, "-q").returncode == 0
    assert relucert.check(path.read_bytes()).status == "accepted"
    assert path.stat().st_ino != before  # another file, moved into place
    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.parametrize("place", ["missing/c.json", "folder", "file/c.json"])
def test_output_that_cannot_be_written_is_one_line_and_leaves_nothing(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    result = run("build", "abs", "--eps", "1e-3", "-o", tmp_path / place)
    assert_one_clear_line(result, 2, "cannot write", place)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["file", "folder"]


def test_output_through_a_link_or_into_a_pipe_replaces_neither(tmp_path: Path) -> None:
    link, pipe, certificate = tmp_path / "link.json", tmp_path / "pipe", tmp_path / "certificate.json"
    link.symlink_to(certificate)
    run("build", "abs", "--eps", "1/10", "-o", str(link))
    assert link.is_symlink()
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    run("build", "abs", "--eps", "1/10", "-o", str(pipe))
    assert pipe.is_fifo()
    assert reader.communicate()[0] == certificate.read_bytes()


def test_a_failed_build_leaves_the_old_output_alone(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text("old")
    result = run("build", "reciprocal", "--eps", "1e-3", "--domain", "x=[-1,1]", "-o", path)
    assert_one_clear_line(result, 2, "contains 0", "x=[1/4,4]")
    assert path.read_text() == "old"


def test_quiet_prints_nothing_and_still_judges(tmp_path: Path) -> None:
    result = run("-q", "build", "square", "--eps", "1e-3")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_verbose_logs_stages_on_stderr_only() -> None:
    plain, verbose = (run("build", "square", "--eps", "1e-3", *flag) for flag in ((), ("-v",)))
    assert verbose.stdout == plain.stdout
    assert "checking" in verbose.stderr
    assert plain.stderr == ""


@pytest.mark.parametrize("spec", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.name)
def test_every_specification_builds_within_its_limits(spec: Path) -> None:
    result = run("build", spec, "--format", "json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["missed_limits"] == []


def test_options_override_the_specification() -> None:
    result = run("build", SPECS / "multiply.yaml", "--eps", "1e-2", "--domain", "x=[0,1]", "--objective", "weight",
                 "--proof", "adjoint", "--format", "json")  # fmt: skip
    report = json.loads(result.stdout)
    assert Fraction(report["tolerance"]) == Fraction(1, 100)
    assert report["domain"]["x"] == ["0", "1"]
    assert result.returncode == 1  # weight takes more gates than the file's limits allow
    assert any("gates" in text for text in report["missed_limits"])


def test_an_interval_given_on_the_command_line_leaves_the_others_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("target: multiply\ndomain: {x: [-5, 5], y: [-1, 1]}\neps: 1e-1\n")
    result = run("build", "s.yaml", "--domain", "y=[0,1]", "--format", "json", cwd=tmp_path)
    assert json.loads(result.stdout)["domain"] == {"x": ["-5", "5"], "y": ["0", "1"]}


def test_a_missed_limit_is_exit_code_1_and_the_certificate_is_still_written(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("target: multiply\neps: 1e-3\nlimits: {heads: 9, layers: 5}\n")
    result = run("build", "s.yaml", "-o", "c.json", cwd=tmp_path)
    assert result.returncode == 1
    assert "limit missed: heads is 10, the limit is 9" in result.stdout
    assert relucert.check((tmp_path / "c.json").read_bytes()).status == "accepted"


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["multply", "--eps", "1e-3"], ["multply", "did you mean 'multiply'"]),
        (["multiply"], ["--eps 1e-3"]),
        (["multiply", "--eps", "0"], ["positive"]),
        (["multiply", "--eps", "-1e-3"], ["positive"]),
        (["multiply", "--eps", "yes"], ["--eps", "'yes'", "1e-3"]),
        (["multiply", "--eps", "010"], ["--eps", "leading zero"]),
        (["multiply", "--eps", "0x10"], ["--eps", "decimal"]),
        (["multiply", "--eps", "nan"], ["--eps", "'nan'"]),
        (["multiply", "--eps", "1e400"], ["--eps", "300"]),
        (["multiply", "--eps", "1e-101"], ["1e-100"]),
        (["multiply", "--eps", "1e-3", "--domain", "x=[1,-1]"], ["--domain", "reversed"]),
        (["multiply", "--eps", "1e-3", "--domain", "x=1"], ["--domain", "x=[-1,1]"]),
        (["multiply", "--eps", "1e-3", "--domain", "z=[0,1]"], ["'z'", "x, y"]),
        (["multiply", "--eps", "1e-3", "--domain", "x=[0,1]", "--domain", "x=[0,2]"], ["--domain", "twice"]),
        (["multiply", "--eps", "1e-3", "--arity", "3"], ["2 inputs", "not 3"]),
        (["max", "--eps", "1e-3", "--arity", "1"], ["from 2", "not 1"]),
        (["max", "--eps", "1e-3", "--arity", "1000000"], ["131072", "1000000"]),
        (["reciprocal", "--eps", "1e-3"], ["--domain 'x=[1/4,4]'"]),
        (["reciprocal", "--eps", "1e-3", "--domain", "x=[0,1]"], ["contains 0"]),
        (["reciprocal", "--eps", "1e-3", "--domain", "x=[-1,0]"], ["contains 0"]),
        (["clip", "--eps", "1e-3", "--args", "lo=2"], ["lo <= hi"]),
        (["clip", "--eps", "1e-3", "--args", "low=2"], ["'low'", "'lo'"]),
        (["abs", "--eps", "1e-3", "--args", "lo=2"], ["takes none"]),
        (["multiply", "--eps", "1e-3", "--objective", "head"], ["'heads'"]),
        (["missing.yaml"], ["missing.yaml", "No such file"]),
        (["(" * 10_000 + "x" + ")" * 10_000, "--eps", "1e-3"], ["column 102", "nested more than 100 deep"]),
        (["x" * 10_000, "--eps", "1e-3"], ["unknown target"]),
        (["", "--eps", "1e-3"], ["column 1", "found the end"]),
        (["-x*y", "--eps", "1e-3"], ["No such option '-x'", "goes in parentheses: '(-x)'"]),
        (["-" * 10_000 + "x", "--eps", "1e-3"], ["No such option '---", "...", "goes in parentheses"]),
        (["x*y", "--eps", "1e-3", "--domain", "x=0,1"], ["expected an interval such as x=[-1,1], not '0,1'"]),
    ],
    ids=lambda value: "_".join(value)[:60] if isinstance(value, list) else None,
)
def test_bad_requests_are_one_clear_line_and_exit_code_2(
    tmp_path: Path, arguments: list[str], parts: list[str]
) -> None:
    result = run("build", *arguments, "-o", tmp_path / "c.json", cwd=tmp_path)
    assert_one_clear_line(result, 2, *parts)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arity", ["010", "1_0"])
def test_arity_is_read_by_the_number_grammar(arity: str) -> None:
    assert run("build", "max", "--eps", "1e-1", "--arity", arity).returncode == 2


def test_an_unknown_target_without_a_tolerance_is_called_unknown() -> None:
    assert "did you mean 'multiply'" in run("build", "multply").stderr


def test_a_bad_option_is_not_blamed_on_the_file() -> None:
    assert "multiply.yaml:" not in run("build", SPECS / "multiply.yaml", "--eps", "-1").stderr


def test_an_interrupted_build_is_exit_code_130_and_writes_nothing(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "relucert",
            "build",
            "reciprocal",
            "--eps",
            "1e-100",
            "--domain",
            "x=[1/4,4]",
            "-o",
            "c.json",
            "-v",
        ],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    first = child.stderr.readline()  # the build has begun
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert "building" in first
    assert child.returncode == 130
    assert out == ""
    assert err.endswith("relucert: interrupted\n")
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
