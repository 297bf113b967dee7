"""Running grids: order, what is kept, interrupts, workers that die; and the state file."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from fractions import Fraction

import pytest

import relucert
from relucert.errors import UsageError
from relucert.report.records.sweep import SweepCell
from relucert.spec.problem import make_problem
from relucert.study.sweep import grid, state
from relucert.study.workers import Processes
from relucert.version import VERSION
from tests.study.jobs import DEADLY, crash, deadly, problems, quick


def test_cells_come_back_in_the_order_of_the_grid() -> None:
    asked = problems()
    found = grid.run(asked, Processes(2), work=quick)
    assert [cell.tolerance for cell in found] == [problem.tolerance for problem in asked]
    assert {cell.detail for cell in found} == {"done"}


def test_a_cell_holds_what_a_build_of_its_own_gives() -> None:
    (problem,) = problems(1)
    found, verdict = grid.build_cell(problem), relucert.build(problem).verdict
    assert found.status == "accepted"
    assert found.sha256 == verdict.sha256
    assert dict(found.resources) == verdict.resources
    assert found.error_bound == verdict.error_bound
    assert found.lower_bound == 2
    assert found.construction == "product m1=2 m2=2"
    assert found.seconds > 0


def test_a_problem_without_a_solution_is_a_cell_with_a_reason() -> None:
    limited = make_problem("multiply", Fraction(1, 10), limits={"heads": Fraction(1)})
    assert grid.build_cell(limited).status == "limit missed"
    assert grid.build_cell(limited).detail == "heads is 4, the limit is 1"


def test_a_crash_is_told_and_not_taken_for_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    from relucert import pipeline

    monkeypatch.setattr(pipeline, "build", crash)
    found = grid.build_cell(problems(1)[0])
    assert found.status == "internal error"
    assert found.detail.startswith("AssertionError")
    assert grid.EXIT_CODES.get(found.status, 70) == 70


def test_finished_cells_are_not_run_again() -> None:
    asked = problems()
    kept = {grid.identity(p): quick(p)._replace(detail="earlier") for p in asked[:4]}
    seen: list[tuple[int, int]] = []

    def see(finished: int, total: int) -> None:
        seen.append((finished, total))

    found = grid.run(asked, Processes(1), kept, progress=see, work=quick)
    assert [cell.detail for cell in found] == ["earlier"] * 4 + ["done"] * 2
    assert seen == [(4, 6), (5, 6), (6, 6)]


def test_cells_of_other_problems_are_not_mistaken_for_these() -> None:
    kept = {grid.identity(p): quick(p)._replace(detail="wrong") for p in problems(3)}
    others = [make_problem("multiply", Fraction(1, 10), objective="weight"), make_problem("square", Fraction(1, 10))]
    box = {"x": (Fraction(0), Fraction(1))}
    others.append(make_problem("multiply", Fraction(1, 10), box))
    assert {cell.detail for cell in grid.run(others, Processes(1), kept, work=quick)} == {"done"}


@pytest.mark.skipif(sys.platform == "win32", reason="kills a process by a signal")
def test_a_worker_that_dies_costs_its_own_cell_only() -> None:
    found = grid.run(problems(), Processes(2), work=deadly)
    assert {cell.tolerance for cell in found if cell.status == grid.DIED} == {DEADLY}
    assert [cell.detail for cell in found if cell.status != grid.DIED] == ["done"] * 5


def test_a_cell_whose_worker_died_is_tried_again_when_resumed() -> None:
    asked = problems(3)
    kept = {grid.identity(p): quick(p)._replace(status=grid.DIED) for p in asked}
    assert {cell.status for cell in grid.run(asked, Processes(1), kept, work=quick)} == {"accepted"}


def test_what_is_finished_is_kept_when_the_sweep_is_interrupted() -> None:
    saved: dict[str, SweepCell] = {}

    def keep(cells: Mapping[str, SweepCell]) -> None:
        saved.update(cells)

    def stop(finished: int, total: int) -> None:
        if finished == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grid.run(problems(), Processes(1), keep=keep, progress=stop, work=quick)
    assert len(saved) == 3


def test_workers_that_are_lost_are_told_and_what_is_finished_is_kept() -> None:
    class Gone(Processes):
        def open(self, workers: int) -> Executor:
            return Lost()

    class Lost(Executor):
        count = 0

        def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
            self.count += 1
            future: Future[SweepCell] = Future()
            if self.count < 3:
                future.set_result(fn(*args))
            else:
                future.cancel()
                future.set_running_or_notify_cancel()  # as a cluster's client does
            return future

    saved: dict[str, SweepCell] = {}
    with pytest.raises(UsageError, match="the workers are lost"):
        grid.run(problems(), Gone(1), keep=saved.update, work=quick)
    assert len(saved) == 2


def test_a_state_gives_back_every_cell_exactly() -> None:
    asked = [*problems(2), make_problem("max", Fraction(1, 7), arity=3)]
    cells = {grid.identity(p): grid.build_cell(p) for p in asked}
    cells["x"] = SweepCell(Fraction(1, 3), 5, 128, "unreachable", "no construction; \u03b2 too large")
    assert state.decode(state.encode(cells), "s") == cells


def test_the_state_of_another_version_is_not_used() -> None:
    data = state.encode({grid.identity(p): quick(p) for p in problems(2)})
    assert len(state.decode(data, "s")) == 2
    assert state.decode(data.replace(VERSION.encode(), b"0.0.0-other"), "s") == {}


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"null", b'{"format": "relucert/1"}', b"\xff",
     b'{"format": "relucert-sweep/1", "version": "%s", "cells": {"a": {"error_bound": null}}}' % VERSION.encode(),
     b'{"format": "relucert-sweep/1", "version": "%s", "cells": []}' % VERSION.encode()],
)  # fmt: skip
def test_what_is_no_state_is_refused_and_not_overwritten(data: bytes) -> None:
    with pytest.raises(UsageError, match="s: not the state of a sweep"):
        state.decode(data, "s")
