"""``relucert certify``: prove or refute that a network from elsewhere approximates a target."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import DeclinedError, UsageError
from ..report.printing import say
from .files import packed, write_atomically
from .options import Asked, Verbosity, asks, number, problem_of, verbosity

if TYPE_CHECKING:
    from ..foreign.search import Progress
    from ..study.certify import Certification

CODES = {"proved": 0, "refuted": 1, "undecided": 3}


@click.command("certify")
@verbosity
@click.argument("network", metavar="NET.onnx", type=click.Path(path_type=Path))
@click.option("--target", required=True, metavar="TARGET|EXPRESSION|SPEC.yaml", help="What it should compute.")
@asks("eps", "domain", "arity", "args")
@click.option("-o", "output", type=click.Path(path_type=Path), help="Write the certificate here (.json or .json.gz).")
@click.option("--timeout", metavar="SECONDS", help="Stop the search then, undecided, and keep the partial work.")
@click.option("--resume", is_flag=True, help="Go on with the partial work that a timeout or an interrupt left.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the result.")
@click.pass_context
def command(
    ctx: click.Context,
    network: Path,
    target: str,
    asked: Asked,
    output: Path | None,
    timeout: str | None,
    resume: bool,
    form: str,
) -> int:
    """Prove | NET - f | <= eps on the whole domain, or refute it with an exact counterexample.

    NET.onnx is a feed-forward ReLU network (Gemm, MatMul, Add, Relu and the like) or a transformer that relucert
    exported.  Its inputs are those of the target in their order.  Partial work is kept in NET.onnx.partial.json, or
    beside the certificate that -o names.  Exit: 0 proved, 1 refuted, 3 undecided.
    """
    problem = problem_of(target, asked)
    if problem.norm != "sup":
        raise DeclinedError(f"networks from elsewhere are certified in the sup norm only, not in {problem.norm}")
    seconds = None if timeout is None else float(number("--timeout", timeout))
    if seconds is not None and seconds <= 0:
        raise UsageError(f"--timeout: expected a positive number of seconds, not {timeout}")
    base = output or network
    partial = base.with_name(base.name + ".partial.json")
    from ..study.certify import Certification

    task = Certification(network, problem)
    if resume:
        try:
            task.resume(partial.read_bytes())
        except OSError as error:
            raise UsageError(f"--resume: {partial}: {error.strerror or error}") from None
    try:
        with _bar(ctx.obj) as show:
            report, certificate = task.run(seconds, show)
    except KeyboardInterrupt:
        _keep(partial, task)
        raise
    if not report.finished:
        _keep(partial, task)
    elif resume:
        partial.unlink(missing_ok=True)
    if certificate is not None and output is not None:
        write_atomically(output, packed(certificate) if output.suffix == ".gz" else certificate)
        ctx.obj.log(f"wrote {output}")
    if form == "json":
        from ..report.certify import certify_json

        say(certify_json(report))
    elif not ctx.obj.quiet:
        from ..report.certify import certify_text
        from ..report.text import show as print_report

        print_report(certify_text(report))
    return CODES[report.verdict]


def _keep(partial: Path, task: Certification) -> None:
    write_atomically(partial, task.partial())
    click.echo(f"relucert: kept the partial work in {partial}; --resume goes on with it", err=True)


@contextmanager
def _bar(verbosity: Verbosity) -> Iterator[Callable[[Progress], None]]:
    """Give a function that shows how far the search is: a bar on a terminal, log lines with -v otherwise."""

    def words(found: Progress) -> str:
        return f"{found.proved} cells proved, {found.open} open"

    if verbosity.quiet or not sys.stderr.isatty():
        yield lambda found: verbosity.log(f"{words(found)}, {found.share:.1%} of the tree")
        return
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    from ..report.text import console

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Bar(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("certifying", total=1.0)
        yield lambda found: bar.update(task, description=words(found), completed=found.share)
