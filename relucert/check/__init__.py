"""The trusted checker: certificate bytes in, a verdict out.

Standard library only, nothing imported from outside this folder, no search and no repair.  What
to trust, in reading order: ``model`` (what a certificate says), ``attention`` (what the transformer
computes), ``number``, ``decode``, ``kernel``, ``statement``, and of ``rules/`` the families that a
verdict names.
"""

import sys
from types import ModuleType

from . import kernel, rules
from .kernel import Verdict

__all__ = ["Verdict", "check"]


def check(data: bytes, only: frozenset[str] | None = None) -> Verdict:
    """Return the verdict on certificate bytes; ``only`` limits the rule families that may be used."""
    return kernel.check(data, rules.RULES, only)


class _Callable(ModuleType):
    """Lets ``relucert.check(data)`` work although ``relucert.check`` is this folder."""

    def __call__(self, data: bytes, only: frozenset[str] | None = None) -> Verdict:
        return check(data, only)


sys.modules[__name__].__class__ = _Callable
