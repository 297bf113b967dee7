"""Write hashes.py anew after a change of the library: ``python -m relucert.coq.hash_library``."""

from __future__ import annotations

import hashlib
from pathlib import Path

from .emit import library

HEADER = '"""The sha256 sum of every file of the Coq library; `python -m relucert.coq.hash_library` writes this."""\n\n'


def text() -> str:
    """Return what hashes.py has to say about the library as it is."""
    rows = (f'    "{name}": "{hashlib.sha256(body.encode()).hexdigest()}",\n' for name, body in library().items())
    return f"{HEADER}SHA256 = {{\n{''.join(rows)}}}\n"


if __name__ == "__main__":
    Path(__file__).with_name("hashes.py").write_text(text(), "ascii")
