import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

import relucert
from relucert.check.model import Certificate
from relucert.coq import kernel

Make = Callable[..., bytes]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled Coq library; skips with the install line where coqc is absent."""
    if shutil.which("coqc") is None:
        pytest.skip(kernel.INSTALL)
    folder = tmp_path_factory.mktemp("library")
    kernel.build_library(folder)
    return folder


@pytest.fixture(scope="session")
def make() -> Make:
    """Build certificate bytes for a named target, each only once."""
    known: dict[object, bytes] = {}

    def build(target: str, tolerance: str = "1/1000", **options: object) -> bytes:
        key = (target, tolerance, str(options))
        if key not in known:
            problem = relucert.make_problem(target, Fraction(tolerance), **options)  # type: ignore[arg-type]
            known[key] = relucert.build(problem).certificate
        return known[key]

    return build


@pytest.fixture(scope="session")
def decoded(make: Make) -> Callable[..., Certificate]:
    """Build and decode a certificate, so that a test can change it."""

    def build(*args: str, **options: object) -> Certificate:
        certificate = relucert.check(make(*args, **options)).certificate
        assert certificate is not None
        return certificate

    return build
