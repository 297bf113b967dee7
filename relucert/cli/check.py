"""``relucert check``: re-verify certificates, and verify the constructions that specifications ask for."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import RelucertError, UsageError
from ..report.printing import say
from ..report.records.build import CheckRow
from ..spec.problem import Problem
from .options import SPEC_SUFFIXES, Verbosity, verbosity
from .progress import stages

if TYPE_CHECKING:
    from ..pipeline import Verdict

CERTIFICATE_SUFFIXES = (".json", ".json.gz")
CODES = {"accepted": 0, "declined": 3, "rejected": 1}
WORST_FIRST = (70, 1, 2, 3, 0)


@click.command("check")
@verbosity
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--against", type=click.Path(path_type=Path), help="Require at least what this specification asks.")
@click.option("--only", metavar="FAMILY,...", help="Decline certificates that use other rule families.")
@click.option("--kernel", type=click.Choice(["coq"]), help="Ask this proof assistant about accepted certificates too.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "junit"]), default="text", help="Form of the result."
)
@click.pass_context
def command(
    ctx: click.Context, paths: tuple[Path, ...], against: Path | None, only: str | None, kernel: str | None, form: str
) -> int:
    """Check certificates (.json, .json.gz); build and check specifications (.yaml); search folders for both.

    Certificates are judged by the trusted checker alone.  With --against, each must also prove at least what the
    specification asks: the same target, its domain, its tolerance, its limits.
    """
    from ..spec.yaml import read_spec

    wanted = None if against is None else read_spec(against)
    families = _families(only)
    files = [file for path in paths for file in _found(path)]
    rows = []
    with stages("checking", ctx.obj) as progress:
        for file in files:
            progress(str(file))
            rows.append(_row(file, wanted, families, alone=len(files) == 1 and form == "text"))
    if form == "json":
        from ..report.json import check_json

        say(check_json(rows))
    elif form == "junit":
        from ..report.junit import check_junit

        say(check_junit(rows))
    elif not ctx.obj.quiet:
        from ..report.text import check_detail, check_rows, show

        details = len(rows) == 1 or (all(file.suffix not in SPEC_SUFFIXES for file in files) and len(rows) <= 4)
        for part in [check_detail(row) for row in rows] if details else [check_rows(rows)]:
            show(part)
    codes = {row.exit_code for row in rows}
    if kernel == "coq":
        codes |= {_kernel(file, ctx.obj) for file, row in zip(files, rows, strict=True) if row.exit_code == 0}
    return next(code for code in WORST_FIRST if code in codes)


def _kernel(file: Path, verbosity: Verbosity) -> int:
    """Ask Coq's kernel about a certificate, or about what a specification builds; return 0 if it accepts, else 1."""
    from .. import pipeline
    from ..coq.kernel import check_with_coq
    from ..spec.yaml import read_spec

    data = pipeline.build(read_spec(file)).certificate if file.suffix in SPEC_SUFFIXES else pipeline.read_file(file)
    result = check_with_coq(data)
    if not verbosity.quiet:
        say(f"{file}\n  Coq's kernel: " + ("accepted" if result.accepted else f"not accepted: {result.reason}"))
        if result.accepted:
            say(f"  theorem       {result.theorem}\n  axioms        {', '.join(result.axioms) or 'none'}")
        say(f"  seconds       {result.seconds:.1f}, after {result.library_seconds:.1f} for the library")
    return 0 if result.accepted else 1


def _families(only: str | None) -> frozenset[str] | None:
    if only is None:
        return None
    from .. import pipeline
    from ..errors import nearest

    names = frozenset(name.strip() for name in only.split(","))
    for name in sorted(names - pipeline.FAMILIES):
        raise UsageError(f"--only: unknown rule family {name!r}{nearest(name, sorted(pipeline.FAMILIES))}")
    return names


def _found(path: Path) -> list[Path]:
    """Return the path itself, or the specifications and certificates below a folder in order."""
    if not path.is_dir():
        return [path]
    suffixes = (*SPEC_SUFFIXES, *CERTIFICATE_SUFFIXES)
    found = sorted(file for file in path.rglob("*") if file.name.endswith(suffixes) and file.is_file())
    if not found:
        raise UsageError(f"{path}: no specification (.yaml) and no certificate (.json, .json.gz) in this folder")
    return found


def _row(file: Path, wanted: Problem | None, only: frozenset[str] | None, alone: bool) -> CheckRow:
    start = time.perf_counter()
    judge: Callable[[], CheckRow]
    if file.suffix in SPEC_SUFFIXES:
        judge = lambda: _specification(file, wanted, only)  # noqa: E731
    else:
        judge = lambda: _certificate(file, wanted, only)  # noqa: E731
    try:
        row = judge()
    except RelucertError as error:
        if alone:
            raise
        status = {2: "unusable", 1: "unreachable", 3: "declined"}.get(error.exit_code, "internal error")
        row = CheckRow(str(file), status, error.exit_code, str(error).removeprefix(f"{file}: "))
    return row._replace(seconds=time.perf_counter() - start)


def _specification(file: Path, wanted: Problem | None, only: frozenset[str] | None) -> CheckRow:
    from .. import pipeline
    from ..spec.yaml import read_spec

    problem = read_spec(file)
    outcome = pipeline.build(problem)
    verdict = outcome.verdict if only is None else pipeline.check_bytes(outcome.certificate, only)
    missed = pipeline.shortfalls(verdict, problem) if verdict.status == "accepted" else []
    if wanted is not None and not missed:
        missed = pipeline.shortfalls(verdict, wanted)
    return _judged(file, verdict, missed, "limit missed")


def _certificate(file: Path, wanted: Problem | None, only: frozenset[str] | None) -> CheckRow:
    from .. import pipeline

    try:
        verdict = pipeline.check_file(file, only)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror or error}") from None
    missed = [] if wanted is None or verdict.status != "accepted" else pipeline.shortfalls(verdict, wanted)
    return _judged(file, verdict, missed, "too weak")


def _judged(file: Path, verdict: Verdict, missed: list[str], shortfall: str) -> CheckRow:
    where = "" if verdict.step is None else f"at step {verdict.step}" + (f" ({verdict.rule})" if verdict.rule else "")
    detail = "; ".join(missed) if missed else f"{where}: {verdict.reason}" if verdict.reason else ""
    return CheckRow(
        str(file),
        shortfall if missed else verdict.status,
        1 if missed else CODES[verdict.status],
        detail,
        verdict.statement,
        verdict.error_bound,
        verdict.families,
        verdict.sha256,
        tuple((name, Fraction(value)) for name, value in verdict.resources.items()),
    )
