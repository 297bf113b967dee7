"""What an accepted certificate gives to ``export``, which knows no certificates."""

from __future__ import annotations

from ..export.subject import Subject
from ..pipeline import Loaded


def subject_of(loaded: Loaded) -> Subject:
    """Return the transformer and its statement."""
    stated = loaded.certificate.statement
    return Subject(
        loaded.transformer,
        stated.inputs,
        stated.domain,
        loaded.expression,
        stated.tolerance,
        loaded.verdict.statement,
        loaded.verdict.sha256,
        None if stated.arithmetic is None else stated.arithmetic.dtype,
    )
