"""``relucert build``: a target and a tolerance in, a certificate and a report out."""

from __future__ import annotations

from pathlib import Path

import click

from ..report.printing import say
from .files import packed, write_atomically
from .options import SEQUENCE, Asked, asks, problem_of, verbosity
from .progress import stages

LIMIT_MISSED = 1


@click.command("build")
@verbosity
@click.argument("target", metavar="TARGET|EXPRESSION|SPEC.yaml")
@asks("eps", "domain", "arity", "args", "objective", "dtype", *SEQUENCE, "route", "proof", "gate", "alpha", "norm")
@click.option("-o", "output", type=click.Path(path_type=Path), help="Write the certificate here (.json or .json.gz).")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the report.")
@click.pass_context
def command(
    ctx: click.Context,
    target: str,
    asked: Asked,
    output: Path | None,
    form: str,
) -> int:
    """Build, certify and check a transformer for a named target, an expression, or what SPEC.yaml asks.

    `relucert list` shows the named targets; an expression is a text such as 'x*exp(-y)/(1+z^2)' with + - * / ^,
    parentheses, and abs, clip, cos, dot, erf, exp, gelu, log, max, median, min, norm1, norminf, piecewise, prod, relu,
    sigmoid, sin, softplus, sort, sqrt, tanh.
    Options override the specification.  The verdict is that of the independent checker on the bytes written.
    """
    problem = problem_of(target, asked)
    from .. import pipeline
    from ..summary import summarise

    with stages("building", ctx.obj) as progress:
        outcome = pipeline.build(problem, progress)
    if output is not None:
        write_atomically(output, packed(outcome.certificate) if output.suffix == ".gz" else outcome.certificate)
        ctx.obj.log(f"wrote {output}")
    report = summarise(outcome)
    if form == "json":
        from ..report.json import build_json

        say(build_json(report))
    elif not ctx.obj.quiet:
        from ..report.text import build_report, show

        show(build_report(report))
    return LIMIT_MISSED if report.missed_limits else 0
