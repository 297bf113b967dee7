"""What an accepted certificate gives to ``export``, which knows no certificates."""

from __future__ import annotations

from ..errors import DeclinedError
from ..export.subject import Subject
from ..loaded import Loaded


def subject_of(loaded: Loaded) -> Subject:
    """Return the transformer and its statement; DeclinedError for tokens that exports do not know."""
    stated = loaded.certificate.statement
    if stated.sequence.most > 1:
        raise DeclinedError("exports know a single data token only, and this certificate speaks of sequences")
    if loaded.transformer.anchors or loaded.transformer.code is not None:
        raise DeclinedError("exports know no anchor tokens and no position codes")
    if stated.sequence.layout == "mirrored":
        raise DeclinedError("exports know no mirrored tokens")
    if not loaded.transformer.is_attention_only:
        raise DeclinedError("exports know no feed-forward parts")
    return Subject(
        loaded.transformer,
        stated.inputs,
        stated.domain,
        loaded.expression,
        stated.tolerance,
        loaded.verdict.statement,
        loaded.verdict.sha256,
        None if stated.arithmetic is None else stated.arithmetic.dtype,
        stated.norm,
    )
