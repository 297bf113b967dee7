"""``relucert compare``: every route once, the best marked, a reason where there is no certificate."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

import relucert
from tests.cli.command import assert_one_clear_line, run


def test_compare_as_json_counts_certifies_and_names_the_best() -> None:
    result = run("compare", "multiply", "--eps", "1e-2", "--format", "json")
    assert result.returncode == 0, result.stderr
    data = json.loads(result.stdout)
    rows = {row["route"]: row for row in data["routes"]}
    assert list(rows) == ["relu", "relu mirror", "anchors", "anchors stated", "max-affine", "partition", "native"]
    assert rows["max-affine"]["reason"].startswith("it would take 40,401 cells")
    assert rows["anchors stated"]["observed_error"] is None  # on 6,227 tokens, which would take a minute
    for row in (rows[name] for name in ("relu", "relu mirror", "anchors", "native")):
        assert row["reason"] == ""
        assert float(row["observed_error"]) <= Fraction(row["error_bound"]) <= Fraction(1, 100)
        assert row["observed_points"] >= 25
    assert rows["relu"]["resources"]["heads"] == "7"
    assert rows["native"]["resources"]["heads"] == "1"
    assert 60 < int(rows["anchors"]["resources"]["tokens"]) < 100
    assert "arXiv 2504.15956" in data["published"]
    assert data["best"]["heads"] == ["native"]
    assert data["best"]["tokens"] == ["relu", "native"]
    hottest = [Fraction(rows[name]["resources"]["inverse_temperature"]) for name in ("relu", "relu mirror")]
    assert hottest[1] == hottest[0] / 2
    assert int(rows["anchors stated"]["resources"]["tokens"]) > 10 * int(rows["anchors"]["resources"]["tokens"])
    assert "5 ReLU gates" in data["lower_bound"]


def test_variants_are_the_networks_that_their_options_build() -> None:
    rows = {row["route"]: row for row in json.loads(
        run("compare", "abs", "--eps", "1e-1", "--format", "json").stdout)["routes"]}  # fmt: skip
    for row, options in (
        ("relu mirror", {"gate": "mirror"}),
        ("anchors stated", {"route": "anchors", "proof": "stated"}),
    ):
        problem = relucert.make_problem("abs", Fraction(1, 10), **options)  # type: ignore[arg-type]
        assert rows[row]["sha256"] == relucert.build(problem).verdict.sha256


@pytest.mark.parametrize("key", ["gate: mirror", "route: anchors\nproof: stated", "route: partition", ""])
def test_a_specification_is_compared_by_every_route_whatever_its_own(tmp_path: Path, key: str) -> None:
    path = tmp_path / "abs.yaml"
    path.write_text(f"target: abs\neps: 1e-1\n{key}\n")
    result = run("compare", path, "--format", "json")
    assert result.returncode == 0, result.stderr
    rows = json.loads(result.stdout)["routes"]
    assert {row["route"] for row in rows if not row["reason"]} == {
        "relu", "relu mirror", "anchors", "anchors stated", "max-affine", "partition"
    }  # fmt: skip


def test_in_another_norm_every_route_that_does_not_know_it_says_so() -> None:
    result = run("compare", "exp", "--eps", "1e-1", "--norm", "L1", "--format", "json")
    assert result.returncode == 0, result.stderr
    reasons = {row["route"]: row["reason"] for row in json.loads(result.stdout)["routes"]}
    assert reasons.pop("max-affine") == ""
    assert set(reasons.values()) == {"it knows the sup norm only, not L1; the route max-affine knows L1 and L2"}


def test_compare_as_text_marks_the_best_and_fits_80_columns() -> None:
    result = run("compare", "abs", "--eps", "1e-1")  # six rows succeed, more than fit side by side
    assert result.returncode == 0, result.stderr
    out = result.stdout
    heads = [line.split() for line in out.splitlines() if line.strip().startswith(("relu", "max-affine  "))]
    assert heads == [["relu", "relu", "mirror", "anchors", "anchors", "stated"], ["max-affine", "partition"]]
    assert max(map(len, out.splitlines())) <= 80
    assert "1*" in next(line for line in out.splitlines() if "heads" in line and "product" not in line)
    assert "an estimate" in out


def test_compare_keeps_the_row_of_a_route_that_does_not_apply() -> None:
    result = run("compare", "abs", "--eps", "1e-2", "--format", "csv")
    assert result.returncode == 0, result.stderr
    rows = {row["route"]: row for row in csv.DictReader(io.StringIO(result.stdout))}
    assert rows["native"]["reason"] == "the target is not smooth: it uses abs"
    assert rows["native"]["heads"] == ""
    assert Fraction(rows["relu"]["error_bound"]) <= Fraction(1, 100)


def test_a_route_that_would_be_too_large_keeps_its_row_with_the_predicted_size() -> None:
    """Cells of width h on [-1, 1]^2 leave about h: 2/h cells along each side; anchors go like 1/eps for every gate."""
    result = run("compare", "multiply", "--eps", "1e-6", "--format", "json")
    assert result.returncode == 0, result.stderr
    data = json.loads(result.stdout)
    rows = {row["route"]: row for row in data["routes"]}
    assert rows["relu"]["predicted"] == rows["native"]["predicted"] == {}
    cells = rows["max-affine"]["predicted"]
    assert cells["tokens"] == pytest.approx(4e12, rel=0.05)
    assert (cells["layers"], cells["heads"]) == (1, 1)
    anchors = rows["anchors"]["predicted"]
    assert anchors["tokens"] > 100_000
    assert anchors["gates"] >= 20
    assert f"{anchors['tokens'] - 2:,} anchors" in rows["anchors"]["reason"]
    table = io.StringIO(run("compare", "multiply", "--eps", "1e-6", "--format", "csv").stdout)
    (row,) = (row for row in csv.DictReader(table) if row["route"] == "max-affine")
    assert row["predicted"] == f"tokens={cells['tokens']} layers=1 heads=1"


def test_sequences_are_compared_and_routes_that_do_not_know_them_say_so() -> None:
    result = run("compare", "multiply", "--eps", "1e-2", "--length", "4", "--mask", "full", "--format", "json")
    assert result.returncode == 0, result.stderr
    rows = {row["route"]: row for row in json.loads(result.stdout)["routes"]}
    assert rows["relu"]["resources"]["tokens"] == "5"
    assert rows["relu"]["observed_error"] is None
    assert {rows[name]["reason"] for name in ("anchors", "max-affine", "native")} == {
        "it knows a single data token only"
    }


def test_the_pareto_front_is_what_no_route_beats() -> None:
    data = json.loads(run("compare", "multiply", "--eps", "1e-2", "--format", "json").stdout)
    rows = {row["route"]: row["resources"] for row in data["routes"] if not row["reason"]}
    for column, front in data["pareto"].items():
        places = {name: (Fraction(r["inverse_temperature"]), Fraction(r[column])) for name, r in rows.items()}
        for name, (x, y) in places.items():
            beaten = any(a <= x and b <= y and (a < x or b < y) for a, b in places.values())
            assert beaten is (name not in front)


def test_the_pareto_picture_is_the_same_bytes_every_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for name in ("a.svg", "b.svg", "c.png"):
        result = run("compare", "abs", "--eps", "1e-1", "--plot", tmp_path / name)
        assert result.returncode == 0, result.stderr
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("form", "marked"), [("markdown", "**1**"), ("latex", "\\textbf{1}")])
def test_compare_for_papers(form: str, marked: str) -> None:
    result = run("compare", "multiply", "--eps", "1e-2", "--format", form)
    assert result.returncode == 0, result.stderr
    out = result.stdout
    assert marked in out
    if form == "latex":
        assert "d\\_model" in out
        assert out.count("\\begin{tabular}") == out.count("\\end{tabular}") == 1


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs LaTeX")
def test_the_latex_table_compiles(tmp_path: Path) -> None:
    body = run("compare", "multiply", "--eps", "1e-2", "--format", "latex").stdout
    page = "\\documentclass{article}\\begin{document}\n" + body + "\n\\end{document}\n"
    (tmp_path / "table.tex").write_text(page)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


def test_bad_input_is_one_clear_line() -> None:
    assert_one_clear_line(run("compare", "multiply", "--eps", "x"), 2, "expected a number")
    assert_one_clear_line(run("compare", "multiply", "--eps", "1e-2", "--plot", "p.jpg"), 2, ".svg or .png")
    assert_one_clear_line(run("compare", "multiply", "--eps", "1e-2", "--plot", "no/p.svg"), 2, "no folder no")
