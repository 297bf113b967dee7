"""``relucert schema``: the JSON Schemas of the two file formats."""

from __future__ import annotations

from importlib import resources

import click

from ..report.printing import say
from .options import verbosity

FILES = {"spec": ("spec", "spec.schema.json"), "certificate": ("certificate", "certificate.schema.json")}


@click.command("schema")
@verbosity
@click.argument("which", type=click.Choice(list(FILES)))
def command(which: str) -> int:
    """Print the JSON Schema of a specification or of a certificate."""
    folder, name = FILES[which]
    say(resources.files("relucert").joinpath(folder, name).read_text(encoding="utf-8").rstrip("\n"))
    return 0
