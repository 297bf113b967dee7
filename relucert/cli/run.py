"""``relucert run``: evaluate the target, the ReLU network and the transformer of a certificate at a point."""

from __future__ import annotations

from pathlib import Path

import click

from ..report.output import say
from .load import load_accepted
from .options import assignments, number, verbosity


@click.command("run")
@verbosity
@click.argument("certificate", type=click.Path(path_type=Path))
@click.argument("point", nargs=-1, metavar="x=0.3 y=-7/10")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the result.")
def command(certificate: Path, point: tuple[str, ...], form: str) -> int:
    """Evaluate f, N and T at a point, with the actual error beside the certified bound."""
    loaded = load_accepted(certificate)
    values = {name: number(name, text) for name, text in assignments("the point", point).items()}
    from ..study.point import evaluate_at

    result = evaluate_at(loaded, values)
    if form == "json":
        from ..report.data import point_json

        say(point_json(result))
    else:
        from ..report.text import point_text, show

        show(point_text(result))
    return 0
