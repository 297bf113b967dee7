"""``relucert explain``: the proof trace as a tree that a mathematician can follow."""

from __future__ import annotations

from pathlib import Path

import click

from .load import load_accepted
from .options import verbosity, whole_number


@click.command("explain")
@verbosity
@click.argument("certificate", type=click.Path(path_type=Path))
@click.option("--depth", metavar="N", help="Show this many levels of the tree.  [default: all]")
def command(certificate: Path, depth: str | None) -> int:
    """Show how the statement follows: each step's rule, premises, numbers and conclusion, and the error budget."""
    levels = whole_number("--depth", depth)
    loaded = load_accepted(certificate)
    from ..report.explain import explanation
    from ..report.text import show
    from ..study.explain import explain

    show(explanation(explain(loaded), levels))
    return 0
