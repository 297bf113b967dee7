"""``relucert audit``: the referee's three questions, answered for a target from what is built and proved."""

from __future__ import annotations

import itertools
from contextlib import closing
from pathlib import Path

import click

from ..errors import UsageError
from ..report.printing import say
from ..spec.problem import Problem
from .grids import tolerances, whole_numbers
from .options import SPEC_SUFFIXES, Asked, asks, problem_of, verbosity
from .progress import counted
from .workers import workers

EPS = "1e-1..1e-6"
SIZES = "2..16"
SIZED = ("max", "min")
CONTRADICTED = 1


@click.command("audit")
@verbosity
@click.argument("target", metavar="TARGET|EXPRESSION|SPEC.yaml")
@click.option("--eps", metavar="A..B", help=f"Tolerances of the family.  [default: {EPS}]")
@click.option("--arity", metavar="A..B", help=f"Numbers of inputs of min and max.  [default: {SIZES}]")
@asks("domain", "args", "objective")
@click.option("-j", "--jobs", metavar="N", help="Networks to build at once.  [default: the number of processors]")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the report.")
@click.pass_context
def command(
    ctx: click.Context,
    target: str,
    eps: str | None,
    arity: str | None,
    asked: Asked,
    jobs: str | None,
    form: str,
) -> int:
    """Answer three questions for a family of networks, with verdict, evidence and hidden costs.

    (1) Is the overhead per ReLU gate a constant?  (2) Is the error independent of the sequence length?  (3) Does the
    head count of min and max grow with precision or dimension?  Then three claims of others are tested the same way.
    Closed forms are proved by sympy and confirmed on networks that are built and checked for the purpose.
    """
    problems = _family(target, eps, arity, asked)
    from ..study.audit.findings import audit

    with closing(workers(jobs)) as crew, counted(f"auditing {target}", ctx.obj) as progress:
        report = audit(problems, crew, progress)
    if form == "json":
        from ..report.audit import audit_json

        say(audit_json(report))
    elif not ctx.obj.quiet:
        from ..report.audit import audit_text
        from ..report.text import show

        show(audit_text(report))
    return CONTRADICTED if report.contradicted else 0


def _family(target: str, eps: str | None, arity: str | None, asked: Asked) -> list[Problem]:
    spec = Path(target).suffix in SPEC_SUFFIXES
    values = tolerances("--eps", eps or EPS)
    if arity is None and target in SIZED and not asked["domain"] and not spec:
        arity = SIZES
    sizes = [None] if arity is None else whole_numbers("--arity", arity)
    if len(values) * len(sizes) > 200:
        raise UsageError(f"an audit of {len(values) * len(sizes)} networks; at most 200")
    return [
        problem_of(target, {**asked, "eps": str(e), "arity": None if d is None else str(d)})
        for d, e in itertools.product(sizes, values)
    ]
