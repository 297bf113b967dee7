"""``relucert sweep``: one target over a grid of tolerances and sizes, and how its cost grows."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import InterruptedSweepError, UnreachableError, UsageError
from ..report.printing import say
from ..spec.problem import ROUTES, Problem
from .files import writable, write_atomically
from .grids import names, tolerances, whole_numbers
from .options import PICTURES, SPEC_SUFFIXES, Asked, Verbosity, asks, problem_of, verbosity
from .progress import counted
from .workers import workers

if TYPE_CHECKING:
    from ..report.records.sweep import SweepCell, SweepReport

MOST_CELLS = 10_000
SAVE_SECONDS = 0.5
FORMATS = ("text", "json", "csv")
WORST_FIRST = (70, 1, 2, 3, 0)
INTERNAL = 70


@click.command("sweep")
@verbosity
@click.argument("target", metavar="TARGET|EXPRESSION|SPEC.yaml")
@click.option("--eps", metavar="A..B", help="Tolerances: 1e-1..1e-12, a cell for each decade, or 1e-2,1/300.")
@click.option("--arity", metavar="A..B", help="Numbers of inputs of min and max: 2..64 by doubling, or 2,3,5.")
@click.option("--length", metavar="A..B|any", help="Numbers of data tokens: 1..1e6 by doubling, or 16,512, or any.")
@click.option("--up-to", metavar="A..B", help="The longest sequences for --length any, as --length goes.")
@click.option("--route", metavar="NAMES", help="Recipes: relu,native,auto.  [default: relu]")
@click.option("--dtype", metavar="NAMES", help="Machines: float32,bfloat16; real is none.  [default: real]")
@asks("mask", "layout", "coordinates", "domain", "args", "objective", "proof")
@click.option("-j", "--jobs", metavar="N", help="Cells to build at once.  [default: the number of processors]")
@click.option("--dask", metavar="tcp://HOST:PORT", help="Build on the workers of this Dask cluster instead.")
@click.option("-o", "output", type=click.Path(path_type=Path), help="Write the cells here (.csv or .json).")
@click.option("--plot", "picture", type=click.Path(path_type=Path), help="Draw the growth here (.svg or .png).")
@click.option("--state", type=click.Path(path_type=Path), help="Keep finished cells here.  [default: beside -o]")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="Form of the report.")
@click.pass_context
def command(
    ctx: click.Context,
    target: str,
    eps: str | None,
    arity: str | None,
    length: str | None,
    up_to: str | None,
    route: str | None,
    dtype: str | None,
    asked: Asked,
    jobs: str | None,
    dask: str | None,
    output: Path | None,
    picture: Path | None,
    state: Path | None,
    form: str,
) -> int:
    """Build and check a target over a grid of tolerances and sizes, and fit how its cost grows.

    Finished cells are kept in a state file until the whole grid is finished, so after an interrupt the same command
    goes on where it stopped.  The file of cells holds no times, so it is the same however it came about.
    """
    _suffixes(output, picture)
    grid = {"eps": eps, "arity": arity, "length": length, "up_to": up_to, "route": route, "dtype": dtype}
    slots, axes = _grid(target, grid, asked)
    problems = [slot for slot in slots if isinstance(slot, Problem)]
    from ..study.sweep import grid as study
    from ..study.sweep.state import decode

    place = state or _place(output, problems)
    kept = decode(_read(place), str(place)) if place.exists() else {}
    if kept:
        ctx.obj.log(f"{len(kept)} cells are kept in {place}")
    keeper = _Keeper(place, dict(kept))
    try:
        with closing(workers(jobs, dask)) as crew, counted(f"sweeping {target}", ctx.obj) as progress:
            built = iter(study.run(problems, crew, kept, keeper.keep, progress))
    except KeyboardInterrupt:
        left = f"; what is finished is kept in {place}, and the same command goes on from there" if keeper.cells else ""
        raise InterruptedSweepError(f"interrupted{left}") from None
    finally:
        keeper.save()
    cells = [next(built) if isinstance(slot, Problem) else slot for slot in slots]
    if all(cell.status != study.DIED for cell in cells):
        place.unlink(missing_ok=True)
    if not any(cell.resources for cell in cells):
        raise UnreachableError(f"every cell fails; {_reason(cells[0])}")
    report = study.report(problems[0], cells, axes)
    _write(output, report)
    _draw(picture, report)
    _show(report, form, ctx.obj)
    codes = {study.EXIT_CODES.get(cell.status, INTERNAL) for cell in cells}
    return next(code for code in WORST_FIRST if code in codes)


def _suffixes(output: Path | None, picture: Path | None) -> None:
    """Refuse, before anything is built, files that could not be written afterwards."""
    for option, path, known in (("-o", output, (".csv", ".json")), ("--plot", picture, PICTURES)):
        if path is not None:
            writable(option, path, known)
    if picture is not None:
        from ..export.extras import require

        require("matplotlib", "plot")


def _grid(
    target: str, grid: Mapping[str, str | None], asked: Asked
) -> tuple[list[Problem | SweepCell], tuple[str, ...]]:
    """Return for every cell its problem, or why there is none, and the axes with several values.

    Raises UsageError if no cell has a problem.
    """
    if grid["eps"] is None and Path(target).suffix not in SPEC_SUFFIXES:
        raise UsageError(f"{target} needs tolerances; try --eps 1e-1..1e-6")
    axes = _axes(grid)
    size = math.prod(len(values) for _, values in axes)
    if size > MOST_CELLS:
        raise UsageError(f"the grid has {size} cells; at most {MOST_CELLS}")
    any_length = {"length": "any"} if grid["length"] == "any" else {}
    slots: list[Problem | SweepCell] = []
    for place in itertools.product(*(values for _, values in axes)):
        given = {name: value for (name, _), value in zip(axes, place, strict=True) if value is not None}
        cell = {name: str(value) for name, value in given.items() if (name, value) != ("dtype", "real")}
        try:
            slots.append(problem_of(target, {**asked, **any_length, **cell}))
        except UsageError as error:
            slots.append(_unusable(given, str(error)))
    if not any(isinstance(slot, Problem) for slot in slots):
        (first, *_) = (slot for slot in slots if not isinstance(slot, Problem))
        raise UsageError(first.detail if len(slots) == 1 else f"every cell would fail; the first: {first.detail}")
    several = {"length" if name == "up_to" else name for name, values in axes if len(values) > 1}
    return slots, tuple(name for name in ("eps", "arity", "length", "route", "dtype") if name in several)


def _axes(grid: Mapping[str, str | None]) -> list[tuple[str, Sequence[Any]]]:
    """Return every axis by its option's name, the slowest first, with its values; one None where none are given."""
    from ..arithmetic.model import FORMATS as MACHINES

    if grid["length"] == "any" and grid["up_to"] is None:
        raise UsageError("the length any needs limits; try --up-to 1e3..1e9")
    if grid["length"] != "any" and grid["up_to"] is not None:
        raise UsageError("--up-to needs --length any")
    tokens = "up_to" if grid["length"] == "any" else "length"
    readers: dict[str, Callable[[str, str], Sequence[Any]]] = {
        "arity": whole_numbers,
        tokens: whole_numbers,
        "route": lambda option, text: names(option, text, ROUTES),
        "dtype": lambda option, text: names(option, text, ("real", *MACHINES)),
        "eps": tolerances,
    }
    axes: list[tuple[str, Sequence[Any]]] = []
    for name, read in readers.items():
        text = grid[name]
        axes.append((name, [None] if text is None else read("--" + name.replace("_", "-"), text)))
    return axes


def _unusable(given: Mapping[str, Any], detail: str) -> SweepCell:
    from ..report.records.sweep import SweepCell

    length = given.get("up_to", given.get("length", 1))
    cell = SweepCell(given.get("eps", Fraction(0)), given.get("arity", 0), length, "unusable", detail)
    cell = cell._replace(shortest=1 if "up_to" in given else length)
    return cell._replace(**{name: given[name] for name in ("route", "dtype") if name in given})


def _place(output: Path | None, problems: list[Problem]) -> Path:
    """Return where finished cells are kept: beside the output, or in this folder under a name that the grid gives."""
    if output is not None:
        return output.with_name(f"{output.name}.state")
    import hashlib

    grid = "\n".join(problem.text for problem in problems)
    return Path(f".relucert-sweep-{hashlib.sha256(grid.encode()).hexdigest()[:12]}.state")


def _read(place: Path) -> bytes:
    try:
        return place.read_bytes()
    except OSError as error:
        raise UsageError(f"{place}: {error.strerror or error}") from None


class _Keeper:
    """Writes finished cells to the state file, at most twice a second while the sweep runs."""

    def __init__(self, place: Path, cells: Mapping[str, SweepCell]) -> None:
        self.place, self.cells = place, cells
        self._saved, self._when = len(cells), 0.0

    def keep(self, cells: Mapping[str, SweepCell]) -> None:
        self.cells = cells
        if time.monotonic() - self._when > SAVE_SECONDS:
            self.save()

    def save(self) -> None:
        if len(self.cells) > self._saved:
            from ..study.sweep.state import encode

            write_atomically(self.place, encode(self.cells))
            self._saved, self._when = len(self.cells), time.monotonic()


def _reason(cell: SweepCell) -> str:
    return f"the first is {cell.status}: {cell.detail}"


def _write(output: Path | None, report: SweepReport) -> None:
    if output is not None:
        from ..report.sweep import sweep_csv, sweep_json

        text = (sweep_json if output.suffix == ".json" else sweep_csv)(report)
        write_atomically(output, text.encode("ascii"))


def _draw(picture: Path | None, report: SweepReport) -> None:
    if picture is not None:
        from ..report.figure import growth_figure

        write_atomically(picture, growth_figure(report, picture.suffix[1:]))


def _show(report: SweepReport, form: str, verbosity: Verbosity) -> None:
    from ..report import sweep

    if form != "text":
        say((sweep.sweep_json if form == "json" else sweep.sweep_csv)(report).rstrip("\n"))
    elif not verbosity.quiet:
        from ..report.text import show

        show(sweep.sweep_text(report))
