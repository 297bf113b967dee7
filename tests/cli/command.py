"""Run the command as a user does, on real files: in this process, or in one of its own with its own environment."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import subprocess
import sys
from pathlib import Path

import relucert
from relucert.cli.main import _run

ROOT = Path(relucert.__file__).parents[1]
SPECS = ROOT / "specs"
Result = subprocess.CompletedProcess[str]


def environment(**extra: str) -> dict[str, str]:
    """The environment of a child process that imports this very package."""
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "FORCE_COLOR", "PYTHONIOENCODING")}
    return {**kept, "PYTHONPATH": str(ROOT), **extra}


def launch(*arguments: str | Path, cwd: Path | None = None, module: str = "relucert", **extra: str) -> Result:
    """Run ``python -m module arguments`` in a new process and return what it wrote."""
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=cwd,
        env=environment(**extra),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def run(*arguments: str | Path, cwd: Path | None = None) -> Result:
    """Run the command's one entry point in this process, which is quicker, and return what it wrote."""
    out, err = io.StringIO(), io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    words = list(map(str, arguments))
    try:
        with contextlib.chdir(cwd or Path.cwd()), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = _run(words)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


def assert_one_clear_line(result: Result, code: int, *parts: str) -> None:
    """The command failed with this code and one line on stderr that holds every part; no traceback, no output."""
    assert result.returncode == code, result.stderr
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1, result.stderr
    assert len(result.stderr) < 400
    assert "Traceback" not in result.stderr
    for part in parts:
        assert part in result.stderr, result.stderr
