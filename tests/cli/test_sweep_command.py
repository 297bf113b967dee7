"""``relucert sweep`` as a user runs it."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import pytest

import relucert
from relucert.cli.grids import tolerances, whole_numbers
from tests.cli.command import Result, assert_one_clear_line, environment, launch, run

DECADES = ("sweep", "multiply", "--eps", "1e-1..1e-12")


@pytest.fixture(scope="module")
def decades(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The product at twelve tolerances: the file and what was shown."""
    path = tmp_path_factory.mktemp("sweep") / "cells.csv"
    return path, launch(*DECADES, "-o", path)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="ascii", newline="") as file:
        return list(csv.DictReader(file))


def test_gates_of_the_product_grow_by_one_for_each_bit_within_two_percent(decades: tuple[Path, Result]) -> None:
    """The slope from the file, by normal equations written here."""
    rows = rows_of(decades[0])
    assert [row["eps"] for row in rows] == ["0.1", "0.01", "0.001", "0.0001", *(f"1e-{k}" for k in range(5, 13))]
    x = [math.log2(1 / float(row["eps"])) for row in rows]
    y = [int(row["gates"]) for row in rows]
    n = len(rows)
    slope = (n * sum(a * b for a, b in zip(x, y, strict=True)) - sum(x) * sum(y)) / (
        n * sum(a * a for a in x) - sum(x) ** 2
    )
    assert abs(slope - 1) <= 0.02
    shown = next(line for line in decades[1].stdout.splitlines() if line.lstrip().startswith("gates  "))
    assert float(shown.split()[1]) == pytest.approx(slope, rel=1e-3)


def test_every_cell_is_what_a_build_of_its_own_proves(decades: tuple[Path, Result]) -> None:
    for row in rows_of(decades[0])[:6]:
        outcome = relucert.build(relucert.make_problem("multiply", Fraction(row["eps"])))
        assert row["status"] == "accepted"
        assert row["sha256"] == outcome.verdict.sha256
        assert {name: int(row[name]) for name in ("gates", "heads", "layers", "parameters")} == {
            name: outcome.verdict.resources[name] for name in ("gates", "heads", "layers", "parameters")
        }
        bound = outcome.verdict.error_bound
        assert bound is not None
        assert bound <= Fraction(row["error_bound"]) <= bound * (1 + Fraction(1, 10**15))


def test_the_report_sets_growth_beside_published_rates_and_fits_in_80_columns(decades: tuple[Path, Result]) -> None:
    result = decades[1]
    assert result.returncode == 0
    assert result.stderr == ""
    assert max(map(len, result.stdout.splitlines())) <= 80
    for part in ("12 cells, all accepted", "least-squares fits, an estimate", "published", "at least",
                 "Schmidt-Hieber 2020", "Lemma F.6"):  # fmt: skip
        assert part in result.stdout
    assert list(decades[0].parent.iterdir()) == [decades[0]], "the state file is gone once all is finished"


@pytest.mark.skipif(sys.platform == "win32", reason="interrupts a group of processes")
@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_a_sweep_that_was_interrupted_and_resumed_writes_the_same_bytes(
    tmp_path: Path, suffix: str, decades: tuple[Path, Result]
) -> None:
    command = [*DECADES, "-j", "1", "-q", "-o", f"cells.{suffix}"]
    child = subprocess.Popen(
        [sys.executable, "-m", "relucert", *command],
        cwd=tmp_path,
        env=environment(),
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    place = tmp_path / f"cells.{suffix}.state"
    limit = time.monotonic() + 60
    while not place.exists() and time.monotonic() < limit:
        time.sleep(0.01)
    os.killpg(child.pid, signal.SIGINT)  # as the keyboard does: to the workers too
    _, complaint = child.communicate(timeout=60)
    if child.returncode == 130:  # else it was finished before the signal came
        assert b"the same command goes on from there" in complaint
        assert complaint.count(b"\n") == 1
        kept = json.loads(place.read_bytes())["cells"]
        assert 1 <= len(kept) < 12
        assert not (tmp_path / f"cells.{suffix}").exists()
        log = launch(*command[:-3], "-v", "-o", f"cells.{suffix}", cwd=tmp_path).stderr
        assert f"relucert: {len(kept)} cells are kept" in log
        assert f"relucert: {len(kept)} of 12 finished" in log
        assert "relucert: 0 of 12" not in log
    else:
        assert child.returncode == 0
    assert not place.exists()
    if suffix == "csv":
        assert (tmp_path / "cells.csv").read_bytes() == decades[0].read_bytes()
    else:
        assert (tmp_path / "cells.json").read_text() == launch(*DECADES, "--format", "json", "-j", "2").stdout


def test_a_larger_grid_uses_the_cells_of_a_smaller_one_that_was_stopped(tmp_path: Path) -> None:
    from relucert.study.sweep import grid, state

    problem = relucert.make_problem("multiply", Fraction(1, 10))
    marked = grid.build_cell(problem)._replace(construction="kept from before")
    (tmp_path / "s").write_bytes(state.encode({grid.identity(problem): marked}))
    result = run("sweep", "multiply", "--eps", "1e-1,1e-2", "--state", tmp_path / "s", "--format", "json")
    assert [cell["construction"] for cell in json.loads(result.stdout)["cells"]] == [
        "kept from before", "product m1=4 m2=3"
    ]  # fmt: skip


def test_without_an_output_the_state_has_a_name_of_its_grid_and_goes_when_finished(tmp_path: Path) -> None:
    assert run("sweep", "multiply", "--eps", "1e-1,1e-2", "-q", cwd=tmp_path).returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_sizes_are_swept_too(tmp_path: Path) -> None:
    result = run("sweep", "max", "--eps", "1e-1..1e-3", "--arity", "2..16", "--format", "json")
    data = json.loads(result.stdout)
    assert [(cell["arity"], cell["gates"]) for cell in data["cells"][::3]] == [(2, 1), (4, 3), (8, 7), (16, 15)]
    fits = {(found["axis"], row["quantity"]): row for found in data["growth"] for row in found["fits"]}
    assert fits["arity", "gates"]["fit"] == "d - 1"
    assert fits["arity", "layers"]["fit"] == "log2 d"
    assert fits["eps", "gates"]["fit"] == "15"
    assert fits["eps", "inverse_temperature"]["fit"].endswith("(1/eps)^1")


def test_lengths_are_swept_and_only_the_position_code_grows() -> None:
    result = run("sweep", "multiply", "--eps", "1e-2", "--length", "2,512,1e6", "--mask", "full", "--format", "json")
    cells = json.loads(result.stdout)["cells"]
    assert [cell["length"] for cell in cells] == [2, 512, 10**6]
    assert len({cell["gates"] for cell in cells}) == 1
    bounds = [Fraction(cell["error_bound"]) for cell in cells]
    assert max(bounds) - min(bounds) <= Fraction(1, 10**12)
    assert all(0 < Fraction(cell["leak"]) < Fraction(1, 10**10) for cell in cells)
    assert [cell["code_size"] for cell in cells][-1] == 20
    over = run("sweep", "max", "--eps", "1e-2", "--layout", "one-per-token", "--length", "2,1e6", "--format", "json")
    assert [cell["heads"] for cell in json.loads(over.stdout)["cells"]] == [1, 1]


@pytest.mark.parametrize(
    ("target", "more"),
    [("multiply", []), ("multiply", ["--proof", "adjoint"]), ("multiply", ["--length", "16"]), ("max", []),
     ("multiply", ["--route", "native"]), ("max", ["--layout", "one-per-token", "--length", "9"])],
)  # fmt: skip
def test_the_parts_of_the_bound_stand_beside_it(target: str, more: list[str]) -> None:
    (cell,) = json.loads(run("sweep", target, "--eps", "1e-2", *more, "--format", "json").stdout)["cells"]
    names = ("approximation", "approximation_and_gates", "gates_error", "leak", "rounding")
    parts = [Fraction(cell[name]) for name in names if cell[name] is not None]
    assert len(parts) >= 2
    assert float(sum(parts)) == pytest.approx(float(Fraction(cell["error_bound"])), rel=1e-12)


def test_routes_are_swept_and_the_bound_on_relu_gates_is_not_held_against_softmax() -> None:
    result = run("sweep", "multiply", "--eps", "1e-2,1e-3", "--route", "native", "--format", "json")
    cells = json.loads(result.stdout)["cells"]
    assert [(cell["heads"], cell["gates"], cell["lower_bound"]) for cell in cells] == [(1, 0, None)] * 2


def test_routes_and_machines_are_axes_whose_values_have_names(tmp_path: Path) -> None:
    """Real numbers and float32 on the route relu; the native route has no machine, and its cells keep their rows."""
    arguments = ["multiply", "--eps", "1e-1..1e-3", "--route", "relu,native", "--dtype", "real,float32"]
    result = run("sweep", *arguments, "--format", "json")
    assert result.returncode == 2
    data = json.loads(result.stdout)
    assert data["axes"] == ["eps", "route", "dtype"]
    statuses = {(cell["route"], cell["dtype"], cell["status"]) for cell in data["cells"]}
    usable = {("relu", "real", "accepted"), ("relu", "float32", "accepted"), ("native", "real", "accepted")}
    assert statuses == usable | {("native", "float32", "unusable")}
    rounding = {cell["dtype"]: cell["rounding"] for cell in data["cells"] if cell["route"] == "relu"}
    assert rounding["real"] is None
    assert Fraction(rounding["float32"]) > 0
    held = [found["held"] for found in data["growth"]]
    assert {"route": "relu", "dtype": "float32"} in held
    assert all(found["axis"] == "eps" for found in data["growth"])
    shown = run("sweep", *arguments).stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert "Growth from eps 0.1 to 0.001, route relu, dtype real" in shown


def test_upper_limits_of_any_length_are_an_axis() -> None:
    result = run("sweep", "multiply", "--eps", "1e-2", "--length", "any", "--up-to", "1e3,1e6,1e9", "--format", "json")
    assert result.returncode == 0, result.stderr
    data = json.loads(result.stdout)
    assert [(cell["least_length"], cell["length"]) for cell in data["cells"]] == [(1, 10**k) for k in (3, 6, 9)]
    assert [cell["code_size"] for cell in data["cells"]] == [10, 20, 30]
    assert data["axes"] == ["length"]


def test_cells_that_make_no_sense_keep_their_row_and_the_others_are_built() -> None:
    result = run("sweep", "multiply", "--eps", "1e-1", "--arity", "2,3", "--format", "csv")
    assert result.returncode == 2
    _, good, bad = result.stdout.splitlines()
    assert ",accepted," in good
    assert ",unusable,," in bad
    assert "multiply takes 2 inputs, not 3" in run("sweep", "multiply", "--eps", "1e-1", "--arity", "2,3").stdout


def test_a_specification_is_swept(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("target: x*x\ndomain: {x: [0, 1]}\neps: 1e-2\nlimits: {heads: 2}\n")
    result = run("sweep", tmp_path / "s.yaml", "--eps", "1e-1..1e-3", "--format", "csv")
    statuses = [row["status"] for row in csv.DictReader(io.StringIO(result.stdout))]
    assert statuses == ["accepted", "accepted", "limit missed"]
    assert result.returncode == 1
    assert run("sweep", tmp_path / "s.yaml", "--format", "csv").stdout.count("\n") == 2


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["multipy", "--eps", "1e-1..1e-3"], ["every cell would fail", "did you mean 'multiply'"]),
        (["multiply", "--eps", "1e-1", "--arity", "3,4"], ["every cell would fail", "takes 2 inputs, not 3"]),
        (["reciprocal", "--eps", "1e-1..1e-3"], ["every cell would fail", "--domain 'x=[1/4,4]'"]),
        (["1/x", "--eps", "1e-1..1e-3"], ["every cell would fail", "contains 0"]),
        (["multiply", "--eps", "1e-101..1e-110"], ["every cell would fail", "at least 1e-100"]),
        (["multiply"], ["needs tolerances", "--eps 1e-1..1e-6"]),
        (["multiply", "--eps", "1e-1..0"], ["must be positive"]),
        (["multiply", "--eps", "1e-1..x"], ["'x'"]),
        (["multiply", "--eps", "1e-1.."], ["expected a number"]),
        (["multiply", "--eps", "1e300..1e-300,1e299..1e-299"], ["at most 1000 values"]),
        (["multiply", "--eps", "1e300..1e-300", "--arity", "2..1e300"], ["at most 10000"]),
        (["max", "--eps", "1e-1..1e-100", "--arity", ",".join(map(str, range(2, 200)))], ["at most 10000"]),
        (["max", "--eps", "1e-1", "--arity", "1.5"], ["--arity", "whole number"]),
        (["multiply", "--eps", "1e-1", "--length", "0,2"], ["--length", "positive whole number"]),
        (["multiply", "--eps", "1e-1", "--length", "2", "--mask", "ful"], ["did you mean 'full'"]),
        (["multiply", "--eps", "1e-1", "-j", "0"], ["--jobs", "positive whole number"]),
        (["multiply", "--eps", "1e-1", "-o", "cells.txt"], ["-o", ".csv or .json"]),
        (["multiply", "--eps", "1e-1", "-o", "missing/cells.csv"], ["no folder missing"]),
        (["multiply", "--eps", "1e-1", "--plot", "growth.jpg"], ["--plot", ".svg or .png"]),
        (["multiply", "--eps", "1e-1", "--objective", "head"], ["'head'", "'heads'"]),
        (["multiply", "--eps", "1e-1", "--route", "relu,natve"], ["--route", "did you mean 'native'"]),
        (["multiply", "--eps", "1e-1", "--dtype", "float31"], ["--dtype", "did you mean 'float32'"]),
        (["multiply", "--eps", "1e-1", "--length", "any"], ["--up-to 1e3..1e9"]),
        (["multiply", "--eps", "1e-1", "--up-to", "1e3"], ["--up-to needs --length any"]),
        (["multiply", "--eps", "1e-1", "--dtype", "float32", "--route", "native"], ["float arithmetic", "route relu"]),
        (["multiply", "--eps", "1e-1,1e-2", "--dtype", "float32", "--route", "native"], ["every cell would fail"]),
    ],
)
def test_bad_grids_are_refused_in_one_line(tmp_path: Path, arguments: list[str], parts: list[str]) -> None:
    assert_one_clear_line(run("sweep", *arguments, cwd=tmp_path), 2, *parts)
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_whose_every_cell_is_unreachable_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from relucert.study.sweep import grid

    def refused(problem, *more):  # type: ignore[no-untyped-def]
        return [grid.SweepCell(p.tolerance, 2, 1, "unreachable", "no construction reaches 0.1") for p in problem]

    monkeypatch.setattr(grid, "run", refused)
    result = run("sweep", "multiply", "--eps", "1e-1,1e-2", cwd=tmp_path)
    assert_one_clear_line(result, 1, "every cell fails", "no construction reaches 0.1")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_state_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    result = run("sweep", "multiply", "--eps", "1e-1", "--state", tmp_path / "notes")
    assert_one_clear_line(result, 2, "not the state of a sweep")
    assert (tmp_path / "notes").read_text() == "mine"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1e-1..1e-3", ["1/10", "1/100", "1/1000"]),
        ("1e-3..1e-1", ["1/1000", "1/100", "1/10"]),
        ("1/2..1/30", ["1/2", "1/20", "1/30"]),
        ("1e-2,1/300,1e-2", ["1/100", "1/300"]),
        ("1e-1..1e-2,1e-5", ["1/10", "1/100", "1/100000"]),
    ],
)
def test_tolerances_go_by_decades_with_both_ends(text: str, values: list[str]) -> None:
    assert tolerances("--eps", text) == [Fraction(value) for value in values]


@pytest.mark.parametrize(
    ("text", "values"), [("2..16", [2, 4, 8, 16]), ("3..10", [3, 6, 10]), ("5,2,5", [5, 2]), ("8..2", [8, 4, 2])]
)
def test_whole_numbers_go_by_doubling_with_both_ends(text: str, values: list[int]) -> None:
    assert whole_numbers("--arity", text) == values
