"""The wheel holds everything that is needed outside the checkout."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.cli.command import ROOT, environment

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but what the wheel holds."""
    if not (ROOT / "pyproject.toml").is_file():
        pytest.skip("not run from a checkout")
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", str(folder), str(ROOT)],
        check=True,
        timeout=300,
    )
    (wheel,) = folder.glob("relucert-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=installed.parent,
        env=environment(PYTHONPATH=str(installed)),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_the_wheel_is_what_runs(installed: Path) -> None:
    code = "import relucert, sys; sys.stdout.write(relucert.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=installed.parent, env=environment(PYTHONPATH=str(installed)),
        capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    assert Path(found.stdout) == installed / "relucert" / "__init__.py"
    assert (installed / "relucert" / "py.typed").is_file()


@pytest.mark.parametrize("which", ["spec", "certificate"])
def test_schemas_ship(installed: Path, which: str) -> None:
    result = run(installed, "relucert", "schema", which)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["$schema"]


def test_build_and_check_work_outside_the_checkout(installed: Path) -> None:
    assert run(installed, "relucert", "build", "multiply", "--eps", "1e-3", "-o", "c.json").returncode == 0
    assert run(installed, "relucert", "check", "c.json").returncode == 0
    alone = run(installed, "relucert.check", "c.json")
    assert alone.returncode == 0
    assert "accepted" in alone.stdout
