"""``relucert compare``: one problem by every route, certified, checked, and set side by side."""

from __future__ import annotations

from pathlib import Path

import click

from ..report.printing import say
from .files import writable, write_atomically
from .options import PICTURES, SEQUENCE, Asked, asks, problem_of, verbosity
from .progress import stages

FORMATS = ("text", "json", "csv", "markdown", "latex")


@click.command("compare")
@verbosity
@click.argument("target", metavar="TARGET|EXPRESSION|SPEC.yaml")
@asks("eps", "domain", "arity", "args", "objective", "norm", *SEQUENCE)
@click.option("--plot", "picture", type=click.Path(path_type=Path), help="Draw the Pareto front (.svg or .png).")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="Form of the table.")
@click.pass_context
def command(
    ctx: click.Context,
    target: str,
    asked: Asked,
    picture: Path | None,
    form: str,
) -> int:
    """Build TARGET by every route and compare what each costs and certifies; the best of each row is marked.

    ``relu mirror`` has the gates of --gate mirror, ``anchors stated`` is certified as --proof stated does.  A route
    that does not apply, or would be too large, is named with its reason and its predicted size.  The observed error is
    an estimate on a grid.  --plot needs matplotlib: pip install 'relucert[plot]'.
    """
    if picture is not None:
        writable("--plot", picture, PICTURES)
        from ..export.extras import require

        require("matplotlib", "plot")
    problem = problem_of(target, asked)
    from ..report import compare as formats
    from ..study.compare import compare

    with stages("comparing", ctx.obj) as progress:
        comparison = compare(problem, progress)
    if picture is not None:
        from ..report.figure import pareto_figure

        write_atomically(picture, pareto_figure(comparison, picture.suffix[1:]))
    if form == "text":
        from ..report.text import show

        show(formats.text(comparison))
    else:
        write = {"json": formats.data, "csv": formats.csv, "markdown": formats.markdown, "latex": formats.latex}[form]
        say(write(comparison))
    return 0
