"""Libraries that only some users need: imported when asked for, and named with the command that installs them."""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import DeclinedError


def require(module: str, extra: str) -> Any:
    """Return an optional module; DeclinedError with the install line where it is absent."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != module.partition(".")[0]:
            raise  # the library is there, and something that it needs is not: its own message says more
        raise DeclinedError(f"{module.partition('.')[0]} is not installed; pip install 'relucert[{extra}]'") from None
