"""What ``list`` shows."""

from __future__ import annotations

from typing import NamedTuple


class TargetEntry(NamedTuple):
    """A named target as ``relucert list`` shows it."""

    name: str
    summary: str
    inputs: str
    domain: str


class ConstructionEntry(NamedTuple):
    """A construction with its formulas; ``sensitivity`` times kappa / beta is its gate error."""

    name: str
    meaning: str
    resources: tuple[tuple[str, str], ...]
    error: str | None
    sensitivity: str | None


class Catalogue(NamedTuple):
    """Everything that ``relucert list`` shows."""

    targets: tuple[TargetEntry, ...]
    constructions: tuple[ConstructionEntry, ...]
