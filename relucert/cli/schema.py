"""``relucert schema``: the JSON Schemas of the two file formats."""

from __future__ import annotations

from importlib import resources

import click

from .options import verbosity

FILES = {"spec": ("spec", "spec.schema.json"), "certificate": ("derivation", "certificate.schema.json")}


@click.command("schema")
@verbosity
@click.argument("which", type=click.Choice(list(FILES)))
def command(which: str) -> int:
    """Print the JSON Schema of a specification or of a certificate."""
    folder, name = FILES[which]
    click.echo(resources.files("relucert").joinpath(folder, name).read_text(encoding="utf-8"), nl=False)
    return 0
