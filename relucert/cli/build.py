"""``relucert build``: a target and a tolerance in, a certificate and a report out."""

from __future__ import annotations

from pathlib import Path

import click

from ..report.output import say
from ..spec.problem import OBJECTIVES, PROOFS, ROUTES
from .options import packed, problem_of, verbosity, write_atomically
from .progress import stages

LIMIT_MISSED = 1


@click.command("build")
@verbosity
@click.argument("target", metavar="TARGET|EXPRESSION|SPEC.yaml")
@click.option("--eps", metavar="E", help="Tolerance, exact: 1e-3 means 1/1000.")
@click.option("--domain", multiple=True, metavar="'x=[-1,1]'", help="Interval of an input; may be repeated.")
@click.option("--arity", metavar="N", help="Number of inputs of min and max.")
@click.option("--args", multiple=True, metavar="lo=0,hi=1", help="Further parameters of the target.")
@click.option("--objective", type=click.Choice(OBJECTIVES), help="What to minimise.  [default: heads]")
@click.option("--dtype", metavar="FORMAT", help="Certify what machines return in float32, bfloat16, ...")
@click.option("--length", metavar="N|any", help="Number of data tokens, or any up to --up-to.  [default: 1]")
@click.option("--up-to", metavar="N", help="The longest sequence for --length any.")
@click.option("--mask", metavar="causal|full", help="What tokens see.  [default: causal]")
@click.option("--layout", metavar="tokenwise|one-per-token", help="What tokens carry.  [default: tokenwise]")
@click.option("--coordinates", metavar="own|shared", help="Where one input per token arrives.  [default: own]")
@click.option("--route", type=click.Choice(ROUTES), help="Recipe; auto takes the cheapest.  [default: relu]")
@click.option("--proof", type=click.Choice(PROOFS), help="How relu bounds folded squares.  [default: direct]")
@click.option("--alpha", metavar="1/2", help="Hoelder exponent for max-affine.  [default: the largest derived]")
@click.option("-o", "output", type=click.Path(path_type=Path), help="Write the certificate here (.json or .json.gz).")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the report.")
@click.pass_context
def command(
    ctx: click.Context,
    target: str,
    eps: str | None,
    domain: tuple[str, ...],
    arity: str | None,
    args: tuple[str, ...],
    objective: str | None,
    dtype: str | None,
    route: str | None,
    proof: str | None,
    alpha: str | None,
    length: str | None,
    up_to: str | None,
    mask: str | None,
    layout: str | None,
    coordinates: str | None,
    output: Path | None,
    form: str,
) -> int:
    """Build, certify and check a transformer for a named target, an expression, or what SPEC.yaml asks.

    `relucert list` shows the named targets; an expression is a text such as 'x*exp(-y)/(1+z^2)' with + - * / ^,
    parentheses, and abs, clip, cos, dot, erf, exp, gelu, log, max, median, min, norm1, norminf, piecewise, prod, relu,
    sigmoid, sin, softplus, sort, sqrt, tanh.
    Options override the specification.  The verdict is that of the independent checker on the bytes written.
    """
    tokens = {"length": length, "up_to": up_to, "mask": mask, "layout": layout, "coordinates": coordinates}
    problem = problem_of(target, eps, domain, arity, args, objective, tokens, route, proof, dtype, alpha)
    from .. import pipeline

    with stages("building", ctx.obj) as progress:
        outcome = pipeline.build(problem, progress)
    if output is not None:
        write_atomically(output, packed(outcome.certificate) if output.suffix == ".gz" else outcome.certificate)
        ctx.obj.log(f"wrote {output}")
    report = pipeline.report(outcome)
    if form == "json":
        from ..report.data import build_json

        say(build_json(report))
    elif not ctx.obj.quiet:
        from ..report.text import build_report, show

        show(build_report(report))
    return LIMIT_MISSED if report.missed_limits else 0
