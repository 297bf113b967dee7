"""``relucert compare``: one problem by every route, certified, checked, and set side by side."""

from __future__ import annotations

import click

from ..report.output import say
from .options import SEQUENCE, Asked, asks, problem_of, verbosity
from .progress import stages

FORMATS = ("text", "json", "csv", "markdown", "latex")


@click.command("compare")
@verbosity
@click.argument("target", metavar="TARGET|EXPRESSION|SPEC.yaml")
@asks("eps", "domain", "arity", "args", "objective", *SEQUENCE)
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="Form of the table.")
@click.pass_context
def command(
    ctx: click.Context,
    target: str,
    asked: Asked,
    form: str,
) -> int:
    """Build TARGET by every route and compare what each costs and certifies; the best of each column is marked.

    A route that does not apply is named with its reason.  The observed error is an estimate on a grid.
    """
    problem = problem_of(target, asked)
    from ..report import compare as formats
    from ..study.compare import compare

    with stages("comparing", ctx.obj) as progress:
        comparison = compare(problem, progress)
    if form == "text":
        from ..report.text import show

        show(formats.text(comparison))
    else:
        write = {"json": formats.data, "csv": formats.csv, "markdown": formats.markdown, "latex": formats.latex}[form]
        say(write(comparison))
    return 0
