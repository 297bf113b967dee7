"""Run the command as a user does: a process of its own, in any folder, with any environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import relucert

ROOT = Path(relucert.__file__).parents[1]
SPECS = ROOT / "specs"


def environment(**extra: str) -> dict[str, str]:
    """The environment of a child process that imports this very package."""
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "FORCE_COLOR", "PYTHONIOENCODING")}
    return {**kept, "PYTHONPATH": str(ROOT), **extra}


def run(
    *arguments: str | Path, cwd: Path | None = None, module: str = "relucert", **extra: str
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m module arguments`` and return what it wrote."""
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=cwd,
        env=environment(**extra),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def assert_one_clear_line(result: subprocess.CompletedProcess[str], code: int, *parts: str) -> None:
    """The command failed with this code and one line on stderr that holds every part; no traceback, no output."""
    assert result.returncode == code, result.stderr
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1, result.stderr
    assert len(result.stderr) < 400
    assert "Traceback" not in result.stderr
    for part in parts:
        assert part in result.stderr, result.stderr
