"""The search: it stops when told, keeps what it has, goes on from there, and an interrupt loses nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import relucert.check
from relucert.foreign.search import Progress
from relucert.spec.problem import make_problem
from relucert.study.certify import Certification
from tests.foreign.nets import product_layers, write_onnx

ROOT = Path(relucert.__file__).parents[1]
Certify = Callable[..., tuple[int, str, str]]


@pytest.fixture
def product(onnx: Any, tmp_path: Path) -> Path:
    return write_onnx(tmp_path / "product.onnx", product_layers())


def stopped_at(cells: int) -> Callable[[Progress], None]:
    def report(found: Progress) -> None:
        if found.proved >= cells:
            raise KeyboardInterrupt

    return report


def test_an_interrupted_search_goes_on_where_it_stopped(onnx: Any, tmp_path: Path) -> None:
    """Each part adds cells to the same tree, and the whole tree has as many as one search without interrupts finds."""
    path = write_onnx(tmp_path / "product.onnx", product_layers(3))
    problem = make_problem("x*y", Fraction(1, 250))
    whole, _ = Certification(path, problem).run(None, lambda found: None)
    assert whole.verdict == "proved"
    saved, sizes = None, []
    for cells in (5, 40, 90):
        task = Certification(path, problem)
        if saved is not None:
            task.resume(saved)
        with pytest.raises(KeyboardInterrupt):
            task.run(None, stopped_at(cells))
        saved = task.partial()
        sizes.append(json.loads(saved)["trees"][0]["cuts"].split().count("l0"))
    assert 5 <= sizes[0] < sizes[1] < sizes[2] < whole.cells[0][0]
    task = Certification(path, problem)
    task.resume(saved or b"")
    assert task.searches[0].proved == sizes[2]
    report, data = task.run(None, lambda found: None)
    assert report.verdict == "proved"
    assert relucert.check.check(data or b"").status == "accepted"
    assert report.cells == whole.cells


def test_a_timeout_is_undecided_with_the_best_bound_and_resume_finishes(
    product: Path, certify: Certify, tmp_path: Path
) -> None:
    out = tmp_path / "c.json"
    words = [product, "--target", "x*y", "--eps", "1e-3", "-o", out]
    code, text, err = certify(*words, "--timeout", "1e-6", "--format", "json")
    found = json.loads(text)
    assert (code, found["verdict"], found["finished"]) == (3, "undecided", False)
    assert Fraction(1, 1024) < Fraction(found["best_bound"])
    assert Fraction(found["largest_error_met"]["error"]) <= Fraction(1, 1024)
    kept = tmp_path / "c.json.partial.json"
    assert f"kept the partial work in {kept}" in err
    assert not out.exists()
    code, text, _ = certify(*words, "--resume")
    assert code == 0, text
    assert out.exists()
    assert not kept.exists()


def test_partial_work_of_something_else_or_damaged_is_refused(product: Path, certify: Certify, tmp_path: Path) -> None:
    words = [product, "--target", "x*y"]
    code, _, err = certify(*words, "--eps", "1e-3", "--resume")
    assert code == 2
    assert "No such file" in err
    assert certify(*words, "--eps", "1e-3", "--timeout", "1e-6")[0] == 3
    kept = product.with_name(product.name + ".partial.json")
    code, _, err = certify(*words, "--eps", "2e-3", "--resume")
    assert code == 2
    assert "of another network, target, domain or tolerance" in err
    good = json.loads(kept.read_bytes())
    for change in ({"trees": []}, {"trees": [{}]}, {"format": "else"}):
        kept.write_text(json.dumps({**good, **change}))
        assert certify(*words, "--eps", "1e-3", "--resume")[0] == 2
    for cuts in ("", "q0", "n0 o0", "o0 o0", "p0 o0 o0", "n99 o0 o0", "l"):
        kept.write_text(json.dumps({**good, "trees": [{**good["trees"][0], "cuts": cuts}]}))
        code, _, err = certify(*words, "--eps", "1e-3", "--resume")
        assert (code, err.count("\n")) == (2, 1), cuts
        assert "damaged" in err
    kept.write_bytes(b"\xff")
    assert certify(*words, "--eps", "1e-3", "--resume")[0] == 2


def test_leaves_of_partial_work_are_not_trusted(product: Path, certify: Certify) -> None:
    """A tree that calls the whole box proved reaches the checker, which refuses it: a defect, never a verdict."""
    words = [product, "--target", "x*y", "--eps", "1e-3"]
    assert certify(*words, "--timeout", "1e-6")[0] == 3
    kept = product.with_name(product.name + ".partial.json")
    good = json.loads(kept.read_bytes())
    kept.write_text(json.dumps({**good, "trees": [{**good["trees"][0], "cuts": "l0", "planes": []}]}))
    code, out, err = certify(*words, "--resume")
    assert (code, out) == (70, "")
    assert "the checker rejected" in err


def test_an_interrupt_keeps_the_partial_work(onnx: Any, tmp_path: Path) -> None:
    """A real process and a real signal."""
    path = write_onnx(tmp_path / "deep.onnx", product_layers(7))
    words = ["certify", str(path), "--target", "x*y", "--eps", "1/65536", "-v"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "relucert", *words], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment,
        text=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if "cells proved" in line and not line.startswith("relucert: 0 cells proved, 1 open"):
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(timeout=60) == 130
    assert "--resume goes on with it" in rest
    assert "interrupted" in rest
    saved = json.loads((tmp_path / "deep.onnx.partial.json").read_bytes())
    assert saved["trees"][0]["cuts"].count("n") > 10


@pytest.mark.parametrize("value", ["0", "-1", "soon"])
def test_a_timeout_that_is_none(product: Path, certify: Certify, value: str) -> None:
    code, out, err = certify(product, "--target", "x*y", "--eps", "1e-3", "--timeout", value)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "--timeout" in err
