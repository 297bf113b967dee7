"""What certify does not do, declined by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Certify = Callable[..., tuple[int, str, str]]
ABS = [([[1], [-1]], [0, 0]), ([[1, 1]], [0])]


@pytest.mark.parametrize("operation", ["exp", "sin", "log"])
def test_a_function_that_certify_does_not_know(net: Callable[..., Path], certify: Certify, operation: str) -> None:
    code, out, err = certify(net(ABS), "--target", f"{operation}(x+2)", "--eps", "1")
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert "certify knows targets made of + - * / abs max min" in err


def test_a_sequence(net: Callable[..., Path], certify: Certify, tmp_path: Path) -> None:
    spec = tmp_path / "s.yaml"
    spec.write_text("target: 'x*x'\neps: 1\nsequence: {length: 4, mask: causal, layout: tokenwise}\n")
    code, out, err = certify(net(ABS), "--target", spec)
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert "not of sequences" in err


def test_a_float_arithmetic(net: Callable[..., Path], certify: Certify, tmp_path: Path) -> None:
    spec = tmp_path / "s.yaml"
    spec.write_text("target: 'x*x'\neps: 1\narithmetic: {dtype: float32}\n")
    code, out, err = certify(net(ABS), "--target", spec)
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert "not of float arithmetic" in err


def test_a_target_without_a_tolerance_or_of_degree_beyond_64(net: Callable[..., Path], certify: Certify) -> None:
    assert certify(net(ABS), "--target", "x*x")[0] == 2
    code, _, err = certify(net(ABS), "--target", "x^33*x^33", "--eps", "1")
    assert code == 3
    assert "up to degree 64" in err
