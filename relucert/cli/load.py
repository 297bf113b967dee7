"""Load an accepted certificate for a command that shows or uses one."""

from __future__ import annotations

from pathlib import Path

from .. import pipeline
from ..errors import DeclinedError, RejectedError, UsageError
from ..loaded import Loaded, load


def load_accepted(path: Path) -> Loaded:
    """Return the parts of a certificate that the checker accepts; refuse any other with its reason.

    Raises UsageError if the file cannot be read, RejectedError if it is rejected, DeclinedError if declined.
    """
    try:
        verdict = pipeline.check_file(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    if verdict.status != "accepted":
        where = (
            "" if verdict.step is None else f" at step {verdict.step}" + (f" ({verdict.rule})" if verdict.rule else "")
        )
        kind = DeclinedError if verdict.status == "declined" else RejectedError
        raise kind(f"{path}: {verdict.status}{where}: {verdict.reason}")
    return load(verdict)
