"""Finished cells as bytes, so that an interrupted sweep goes on where it stopped.

Cells are kept under the whole text of their problem, so a larger grid finds those of a smaller one.  Fractions are
kept exactly, so a resumed sweep ends in the same report as one that was never interrupted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ...errors import UsageError
from ...exact.number import write_rational
from ...report.records.sweep import SweepCell
from ...version import VERSION

FORMAT = "relucert-sweep/1"


def encode(cells: Mapping[str, SweepCell]) -> bytes:
    """Return the state that holds these cells."""
    data = {
        "format": FORMAT,
        "version": VERSION,
        "cells": {name: _plain(cell) for name, cell in cells.items()},
    }
    return (json.dumps(data, indent=0) + "\n").encode("ascii")


def decode(data: bytes, name: str) -> dict[str, SweepCell]:
    """Return the cells of a state file; none if another version of relucert made them.

    Raises UsageError for a file that is no state of a sweep.
    """
    try:
        state = json.loads(data)
        if state["format"] != FORMAT:
            raise ValueError(state["format"])
        if state["version"] != VERSION:
            return {}
        return {str(key): _cell(plain) for key, plain in state["cells"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError):
        raise UsageError(f"{name}: not the state of a sweep; delete it, or name another with --state") from None


def _plain(cell: SweepCell) -> dict[str, Any]:
    return cell._asdict() | {
        "tolerance": write_rational(cell.tolerance),
        "error_bound": None if cell.error_bound is None else write_rational(cell.error_bound),
        "budget": {row: write_rational(part) for row, part in cell.budget},
        "resources": {name: write_rational(value) for name, value in cell.resources},
    }


def _cell(plain: dict[str, Any]) -> SweepCell:
    bound = plain["error_bound"]
    return SweepCell(**plain)._replace(
        tolerance=Fraction(plain["tolerance"]),
        error_bound=None if bound is None else Fraction(bound),
        budget=tuple((row, Fraction(part)) for row, part in plain["budget"].items()),
        resources=tuple((name, Fraction(value)) for name, value in plain["resources"].items()),
    )
