from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests import cases
from tests.cases import Case


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of the product at 1e-3, each gate bounded by itself."""
    path = tmp_path_factory.mktemp("certificates") / "product.json"
    path.write_bytes(cases.outcome(Case("multiply", "1e-3", proof="adjoint")).certificate)
    return path


@pytest.fixture(scope="session")
def rejected(product: Path) -> Path:
    """The same with one weight changed."""
    path = product.with_name("rejected.json")
    data = product.read_bytes()
    changed = data.replace(b'"120854"', b'"120853"')
    assert changed != data
    path.write_bytes(changed)
    return path


@pytest.fixture(scope="session")
def declined(product: Path) -> Path:
    """The same in a format that the checker does not know."""
    path = product.with_name("declined.json")
    path.write_bytes(product.read_bytes().replace(b'"relucert/3"', b'"relucert/9"'))
    return path


@pytest.fixture(scope="session")
def packed(product: Path) -> Path:
    """The same, gzipped."""
    path = product.with_name("product.json.gz")
    path.write_bytes(gzip.compress(product.read_bytes(), mtime=0))
    return path
