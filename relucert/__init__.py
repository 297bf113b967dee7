"""relucert: explicit transformers with error bounds that an independent checker has verified.

Nothing is imported here until it is asked for, so that ``python -m relucert.check`` loads the checker alone.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .check import Verdict, check
    from .pipeline import Outcome, build
    from .spec.problem import Problem, make_problem
    from .spec.yaml import read_spec

_HOMES = {
    "Outcome": "pipeline",
    "Problem": "spec.problem",
    "Verdict": "check",
    "build": "pipeline",
    "make_problem": "spec.problem",
    "read_spec": "spec.yaml",
}

__all__ = ["Outcome", "Problem", "Verdict", "build", "check", "make_problem", "read_spec"]


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    import importlib

    if name == "check":
        return importlib.import_module(".check", __name__)
    if name not in _HOMES:
        raise AttributeError(f"module 'relucert' has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
