"""Printing on standard output in the face of a reader that leaves early, as in ``| head``."""

from __future__ import annotations

import os
import sys

import click


def say(text: str) -> None:
    """Print ``text`` and a newline; once the reader has left, go on in silence, so that the exit code still counts."""
    try:
        click.echo(text)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
