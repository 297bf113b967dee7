"""``relucert check`` and ``python -m relucert.check`` through real files."""

from __future__ import annotations

import hashlib
import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.cli.command import SPECS, assert_one_clear_line, launch, run

WEAKER = "target: multiply\neps: 1e-2\ndomain: {x: [0, 1], y: [-1/2, 1]}\nlimits: {heads: 10, layers: 5, gates: 10}\n"


def test_an_accepted_certificate_is_described_from_the_checkers_data(product: Path) -> None:
    result = run("check", product)
    assert (result.returncode, result.stderr) == (0, "")
    flat = " ".join(result.stdout.split())
    for part in ("for all real x in [-1, 1], y in [-1, 1]: | T(x, y) - x*y | <= 0.001", "assumptions none",
                 "gates, sawtooth, terms", hashlib.sha256(product.read_bytes()).hexdigest(), "accepted"):  # fmt: skip
        assert part in flat


def test_the_checker_alone_says_the_same(product: Path, rejected: Path, declined: Path) -> None:
    alone = launch(product, module="relucert.check")
    assert alone.returncode == 0
    assert "for all real x in [-1, 1], y in [-1, 1]:  | T(x, y) - x*y | <= 0.001" in alone.stdout
    assert hashlib.sha256(product.read_bytes()).hexdigest() in alone.stdout
    assert launch(product, rejected, module="relucert.check").returncode == 1
    assert launch(product, declined, module="relucert.check").returncode == 3


def test_a_gzipped_certificate_has_the_hash_of_its_content(product: Path, packed: Path) -> None:
    rows = json.loads(run("check", product, packed, "--format", "json").stdout)
    assert [row["status"] for row in rows] == ["accepted", "accepted"]
    assert rows[0]["sha256"] == rows[1]["sha256"] == hashlib.sha256(product.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["product"], 0),
        (["declined"], 3),
        (["rejected"], 1),
        (["product", "declined"], 3),
        (["declined", "rejected"], 1),
        (["rejected", "declined", "product"], 1),
    ],
)
def test_the_worst_verdict_decides_the_exit_code(request: pytest.FixtureRequest, names: list[str], code: int) -> None:
    assert run("check", *(request.getfixturevalue(name) for name in names)).returncode == code


@pytest.mark.parametrize(
    ("spec", "code", "part"),
    [
        (WEAKER, 0, "accepted"),
        ("target: multiply\neps: 1e-3\n", 0, "accepted"),
        ("target: multiply\neps: 9e-4\n", 1, "the bound proved is 0.001"),
        ("target: multiply\neps: 1e-3\ndomain: {x: [-1, 2]}\n", 1, "x is covered on [-1, 1] only, wanted [-1, 2]"),
        ("target: multiply\neps: 1e-3\nlimits: {heads: 9}\n", 1, "heads is 10, the limit is 9"),
        ("target: multiply\neps: 1e-3\nlimits: {inverse_temperature: 120853.9}\n", 1, "inverse_temperature is 120854"),
        ("target: max\neps: 1\n", 1, "the target is not the wanted one"),
        ("target: square\neps: 1\n", 1, "inputs are x, y, wanted x"),
    ],
)
def test_against_requires_at_least_what_the_specification_asks(
    tmp_path: Path, product: Path, spec: str, code: int, part: str
) -> None:
    (tmp_path / "spec.yaml").write_text(spec)
    result = run("check", product, "--against", tmp_path / "spec.yaml")
    assert result.returncode == code
    assert part in " ".join(result.stdout.split())


def test_against_does_not_rescue_a_rejected_certificate(tmp_path: Path, rejected: Path) -> None:
    (tmp_path / "spec.yaml").write_text(WEAKER)
    assert run("check", rejected, "--against", tmp_path / "spec.yaml").returncode == 1


def test_only_declines_other_families(product: Path) -> None:
    assert run("check", product, "--only", "gates,sawtooth,terms").returncode == 0
    result = run("check", product, "--only", "gates,terms")
    assert result.returncode == 3
    assert "'sawtooth'" in result.stdout
    assert_one_clear_line(run("check", product, "--only", "gate"), 2, "'gate'", "did you mean 'gates'")


def test_a_folder_is_searched_and_each_file_has_its_row(
    tmp_path: Path, product: Path, packed: Path, rejected: Path
) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for source, place in ((product, "a.json"), (packed, "deep/b.json.gz"), (rejected, "deep/er/c.json")):
        shutil.copy(source, tmp_path / place)
    (tmp_path / "deep" / "d.yaml").write_text("target: square\neps: 1e-2\nlimits: {gates: 1}\n")
    (tmp_path / "e.yml").write_text("target: square\neps: 1e-3\nlimits: {gates: 3}\n")
    (tmp_path / "notes.txt").write_text("not looked at")
    result = run("check", tmp_path, "--format", "json")
    rows = {Path(row["path"]).relative_to(tmp_path).as_posix(): row["status"] for row in json.loads(result.stdout)}
    assert rows == {
        "a.json": "accepted", "deep/b.json.gz": "accepted", "deep/d.yaml": "limit missed",
        "deep/er/c.json": "rejected", "e.yml": "limit missed",
    }  # fmt: skip
    assert result.returncode == 1


def test_the_shipped_specifications_all_hold() -> None:
    result = run("check", SPECS)
    assert result.returncode == 0
    assert len([line for line in result.stdout.splitlines() if "accepted" in line]) == len(list(SPECS.glob("*.yaml")))


def test_junit_counts_failures_errors_and_skips(tmp_path: Path, product: Path, rejected: Path, declined: Path) -> None:
    result = run("check", product, rejected, declined, tmp_path / "missing.json", "--format", "junit")
    suite = ET.fromstring(result.stdout).find("testsuite")  # noqa: S314
    assert suite is not None
    outcomes = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}
    assert list(outcomes.values()) == [[], ["failure"], ["skipped"], ["error"]]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped"), suite.get("errors")) == (
        "4",
        "1",
        "1",
        "1",
    )
    (failure,) = suite.iter("failure")
    assert "at step" in str(failure.get("message"))


def test_a_folder_without_specifications_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    assert_one_clear_line(run("check", tmp_path), 2, str(tmp_path), ".yaml", ".json.gz")


def damaged(data: bytes) -> dict[str, tuple[bytes, int]]:
    digits = b"9" * 10_000
    return {
        "empty": (b"", 1),
        "truncated": (data[: len(data) // 2], 1),
        "binary": (bytes(range(256)) * 4, 1),
        "not an object": (b"[]\n", 1),
        "another version": (data.replace(b"relucert/3", b"relucert/2"), 3),
        "unknown field": (data.replace(b'{"format"', b'{"extra":1,"format"'), 1),
        "duplicate key": (data.replace(b'"format"', b'"format":"relucert/3","format"'), 1),
        "10,000 digits": (data.replace(b'"1/1000"', b'"1/' + digits + b'"'), 1),
        "10,000-digit integer": (data.replace(b'"precision":', b'"precision":' + digits), 1),
        "deep": (b"[" * 100_000 + b"]" * 100_000, 1),
        "deep in info": (data.replace(b'"info":{', b'"info":' + b'{"a":' * 100_000 + b"{" + b"}" * 100_000), 1),
        "a float": (data.replace(b'"precision":', b'"precision":0.5,"x":'), 1),
        "NaN": (data.replace(b'"precision":', b'"precision":NaN,"x":'), 1),
    }


@pytest.mark.parametrize("how", sorted(damaged(b"")))
def test_damaged_certificates_are_judged_and_never_crash(tmp_path: Path, product: Path, how: str) -> None:
    data, code = damaged(product.read_bytes())[how]
    (tmp_path / "bad.json").write_bytes(data)
    allowed = {1, 3} if "10,000" in how else {code}  # too long a number may be malformed or beyond a limit
    for result in (run("check", tmp_path / "bad.json"), launch(tmp_path / "bad.json", module="relucert.check")):
        assert result.returncode in allowed, result.stdout
        assert "at step decode" in result.stdout
        assert "Traceback" not in result.stdout + result.stderr
        assert len(result.stdout) < 2000
    for command in (["explain"], ["run"]):
        result = run(*command, tmp_path / "bad.json")
        assert result.returncode in allowed
        assert result.stdout == ""
        assert result.stderr.count("\n") == 1


def test_a_gzip_file_cut_short_is_rejected(tmp_path: Path, packed: Path) -> None:
    (tmp_path / "cut.json.gz").write_bytes(packed.read_bytes()[:-40])
    assert run("check", tmp_path / "cut.json.gz").returncode == 1
    (tmp_path / "no.json.gz").write_bytes(b"plain")
    assert run("check", tmp_path / "no.json.gz").returncode == 1


def test_a_missing_certificate_is_exit_code_2_everywhere(tmp_path: Path) -> None:
    for command in ("check", "explain", "run"):
        result = run(command, tmp_path / "missing.json")
        assert result.returncode == 2
        assert "No such file" in " ".join((result.stdout + result.stderr).split())
    assert launch(tmp_path / "missing.json", module="relucert.check").returncode == 2
