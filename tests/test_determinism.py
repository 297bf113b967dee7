"""The same request gives the same bytes, whatever the process, the folder or the hash seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import cases
from tests.cases import Case
from tests.cli.command import SPECS, launch

REQUESTS = (
    (Case("multiply", "1e-3"), ["multiply", "--eps", "1e-3"]),
    (Case("reciprocal", "1e-3", (cases.QUARTER,)), ["reciprocal", "--eps", "1e-3", "--domain", "x=[0.25,4]"]),
    (Case("max", "1e-3", arity=7), ["max", "--eps", "0.001", "--arity", "7"]),
)


@pytest.mark.parametrize(("case", "request_"), [pytest.param(*row, id=row[0].id) for row in REQUESTS])
def test_hash_seed_and_folder_do_not_change_the_bytes(tmp_path: Path, case: Case, request_: list[str]) -> None:
    written = []
    for seed, folder in (("1", "a"), ("4242", "another/folder")):
        (tmp_path / folder).mkdir(parents=True)
        result = launch("build", *request_, "-o", "c.json", "-q", cwd=tmp_path / folder, PYTHONHASHSEED=seed)
        assert result.returncode == 0, result.stderr
        written.append((tmp_path / folder / "c.json").read_bytes())
    assert written[0] == written[1] == cases.outcome(case).certificate
    assert str(tmp_path).encode() not in written[0]


def test_gzipped_bytes_are_the_same_too(tmp_path: Path) -> None:
    for name in ("a.json.gz", "b.json.gz"):
        assert launch("build", SPECS / "abs.yaml", "-o", tmp_path / name, "-q").returncode == 0
    assert (tmp_path / "a.json.gz").read_bytes() == (tmp_path / "b.json.gz").read_bytes()


def test_reports_are_the_same_but_for_nothing() -> None:
    first, second = (launch("build", "square", "--eps", "1e-6", PYTHONHASHSEED=seed).stdout for seed in ("3", "77"))
    assert first == second
