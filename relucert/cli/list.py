"""``relucert list``: the targets, and the constructions with their closed forms."""

from __future__ import annotations

import click

from ..report.printing import say
from .options import verbosity


@click.command("list")
@verbosity
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the list.")
def command(form: str) -> int:
    """Show the targets, and each construction's resources and error in closed form, derived with sympy."""
    from ..study.catalogue import catalogue

    entries = catalogue()
    if form == "json":
        from ..report.json import catalogue_json

        say(catalogue_json(entries))
    else:
        from ..report.text import catalogue_text, show

        show(catalogue_text(entries))
    return 0
