"""Imports point one way; the contracts stand in pyproject.toml."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import ROOT, environment

PACKAGE = ROOT / "relucert"


def test_import_contracts_hold() -> None:
    command = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert command is not None, "import-linter is part of the test extra"
    result = subprocess.run(
        [command, "--no-cache"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "check").rglob("*.py")), ids=lambda p: p.relative_to(PACKAGE).as_posix()
)
def test_the_checker_imports_the_standard_library_and_its_own_folder_only(path: Path) -> None:
    depth = len(path.relative_to(PACKAGE / "check").parts)  # how many dots still stay inside the folder
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert all(alias.name.partition(".")[0] in sys.stdlib_module_names for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            assert node.level <= depth
        elif isinstance(node, ast.ImportFrom):
            assert str(node.module).partition(".")[0] in sys.stdlib_module_names


def test_the_package_imports_nothing_by_itself() -> None:
    code = "import sys, relucert; print([m for m in sys.modules if m.startswith('relucert.')])"
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, encoding="utf-8", timeout=60, check=True
    )
    assert result.stdout == "[]\n"
