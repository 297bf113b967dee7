"""What ``relucert certify`` says of networks whose error is known from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import relucert.check
from relucert import pipeline
from relucert.cli.main import _run
from relucert.spec.problem import make_problem
from tests.foreign.nets import Layer, product_layers, write_onnx

ABS = [([[1], [-1]], [0, 0]), ([[1, 1]], [0])]
MAX = [([[1, -1], [0, 1], [0, -1]], [0, 0, 0]), ([[1, 1, -1]], [0])]
Certify = Callable[..., tuple[int, str, str]]


def by_hand(layers: list[Layer], x: list[Fraction]) -> list[Fraction]:
    """The network's value in exact rationals, layer by layer, from the weights that the file was written with."""
    for k, (weights, biases) in enumerate(layers):
        u = [sum((w * v for w, v in zip(row, x, strict=True)), b) for row, b in zip(weights, biases, strict=True)]
        x = u if k == len(layers) - 1 else [max(v, Fraction(0)) for v in u]
    return x


@pytest.fixture
def product(onnx: Any, tmp_path: Path) -> Path:
    return write_onnx(tmp_path / "product.onnx", product_layers())


@pytest.mark.parametrize("eps", ["1e-3", "1/1024"])
def test_the_product_network_of_depth_6_is_proved(product: Path, certify: Certify, tmp_path: Path, eps: str) -> None:
    """Its error is exactly 2^-10: that bound is proved, and nothing below it."""
    out = tmp_path / "c.json"
    code, text, _ = certify(product, "--target", "x*y", "--eps", eps, "-o", out)
    assert code == 0
    assert "proved: the certificate is accepted by the independent checker" in text
    verdict = relucert.check.check(out.read_bytes())
    assert verdict.status == "accepted"
    assert verdict.error_bound == Fraction(eps)
    assert "where T is a feed-forward ReLU network" in verdict.statement
    assert (verdict.resources["parameters"], verdict.resources["gates"]) == (76, 28)
    assert verdict.families == ("regions",)
    assert len(out.read_bytes()) < 6000


def test_the_product_network_is_refuted_just_below_its_error(product: Path, certify: Certify) -> None:
    code, text, _ = certify(product, "--target", "x*y", "--eps", "9765/10000000", "--format", "json")
    found = json.loads(text)
    point = [Fraction(found["counterexample"]["point"][n]) for n in "xy"]
    assert (code, found["verdict"]) == (1, "refuted")
    assert abs(by_hand(product_layers(), point)[0] - point[0] * point[1]) > Fraction(9765, 10**7)


@pytest.mark.parametrize("place", [(0, 0, 0), (2, 3, 1), (3, 5, 5), (5, 0, 0), (5, 0, 4)])
def test_one_wrong_weight_is_refuted_with_a_counterexample_to_replay(
    onnx: Any, tmp_path: Path, certify: Certify, place: tuple[int, int, int]
) -> None:
    layers = product_layers()
    layer, row, column = place
    layers[layer][0][row][column] += Fraction(1, 100)
    rounded = [([[Fraction(float32(onnx, w)) for w in r] for r in weights], b) for weights, b in layers]
    path = write_onnx(tmp_path / "wrong.onnx", layers)
    code, text, _ = certify(path, "--target", "x*y", "--eps", "1e-3", "--format", "json")
    found = json.loads(text)
    assert (code, found["verdict"]) == (1, "refuted")
    point = [Fraction(found["counterexample"]["point"][n]) for n in "xy"]
    value = by_hand(rounded, point)[0]
    assert [Fraction(v) for v in found["counterexample"]["network"]] == [value, value]
    assert Fraction(found["counterexample"]["target"]) == point[0] * point[1]
    assert abs(value - point[0] * point[1]) > Fraction(1, 1000)


def float32(onnx: Any, value: Fraction) -> float:
    import numpy as np

    return float(np.float32(float(value)))


CASES: dict[str, tuple[Any, str, tuple[str, ...], str, int]] = {
    "|x| is |x|": (ABS, "abs(x)", (), "1e-9", 0),
    "|x| is x^2 within 1/4": (ABS, "x*x", (), "0.25", 0),
    "|x| is not x^2 within 0.2499": (ABS, "x*x", (), "0.2499", 1),
    "|x| is not x": (ABS, "x+0", (), "1.999", 1),
    "|x| is x on the right": (ABS, "x+0", ("x=[0,1]",), "1e-9", 0),
    "|x| against 1/x": (ABS, "1/x", ("x=[1/2,2]",), "1.5", 0),
    "|x| not against 1/x": (ABS, "1/x", ("x=[1/2,2]",), "1.4999", 1),
    "|x| at a point": (ABS, "x*x", ("x=[1/2,1/2]",), "1/4", 0),
    "|x| not at a point": (ABS, "x*x", ("x=[1/2,1/2]",), "0.2499", 1),
    "max is max": (MAX, "max(x, y)", (), "1e-9", 0),
    "max is min on the diagonal only": (MAX, "min(x, y)", (), "1.99", 1),
    "max is within 2 of min": (MAX, "min(x, y)", (), "2", 0),
    "max of x and y against a quotient": (MAX, "x/(2+y)", (), "1.3334", 0),
    "max of x and y not against a quotient": (MAX, "x/(2+y)", (), "1.333", 1),
    "max on a segment": (MAX, "x+y+1", ("x=[-1,-1]",), "1e-9", 0),
    "max against a cubic": (MAX, "x*x*y", (), "1.1", 1),
    "max within 2 of a cubic": (MAX, "x*x*y", (), "2", 0),
}


@pytest.mark.parametrize("name", CASES)
def test_the_verdict_that(net: Callable[..., Path], certify: Certify, tmp_path: Path, name: str) -> None:
    layers, target, domain, eps, wanted = CASES[name]
    boxes = [word for box in domain for word in ("--domain", box)]
    out = tmp_path / "c.json"
    code, text, _ = certify(net(layers), "--target", target, *boxes, "--eps", eps, "-o", out)
    assert code == wanted, text
    assert out.exists() == (wanted == 0)
    if not wanted:
        assert relucert.check.check(out.read_bytes()).status == "accepted"


@pytest.mark.parametrize(("dtype", "gemm"), [("float32", False), ("float64", True)])
def test_matmul_and_add_say_the_same_as_gemm(
    net: Callable[..., Path], certify: Certify, dtype: str, gemm: bool
) -> None:
    path = net(MAX, dtype=dtype, gemm=gemm)
    assert certify(path, "--target", "max(x, y)", "--eps", "1e-9")[0] == 0


def test_three_inputs_are_split_with_relaxed_gates(net: Callable[..., Path], certify: Certify) -> None:
    """max(x, y, z) by two gates against itself, and |x| + |y| + |z| against a target that needs halving."""
    layers = [([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], [0] * 6), ([[1] * 6], [0])]
    path = net(layers)
    assert certify(path, "--target", "abs(x)+abs(y)+abs(z)", "--eps", "1e-9")[0] == 0
    assert certify(path, "--target", "x*x+y*y+z*z", "--eps", "0.76")[0] == 0
    assert certify(path, "--target", "x*x+y*y+z*z", "--eps", "0.74")[0] == 1


def test_several_outputs_are_proved_together_or_refuted(net: Callable[..., Path], certify: Certify) -> None:
    layers = [([[1, -1], [0, 1], [0, -1]], [0, 0, 0]), ([[1, 1, -1], [0, 1, -1]], [0, 0])]
    path = net(layers)
    assert certify(path, "--target", "max(x, y); y", "--eps", "1e-9")[0] == 0
    code, text, _ = certify(path, "--target", "max(x, y); x", "--eps", "1e-9", "--format", "json")
    assert (code, json.loads(text)["counterexample"]["output"]) == (1, 1)


@pytest.mark.parametrize(("eps", "wanted"), [("1e-3", 0), ("1.1e-3", 0), ("9e-4", 1), ("9.99e-4", 3)])
def test_a_transformer_that_relucert_exported_is_certified_again(
    onnx: Any, tmp_path: Path, certify: Certify, eps: str, wanted: int
) -> None:
    """Between the ReLU network's error 2^-10 and 1e-3 neither a proof nor a counterexample is to be had."""
    built, path, out = tmp_path / "m.json", tmp_path / "m.onnx", tmp_path / "again.json"
    built.write_bytes(pipeline.build(make_problem("multiply", Fraction(1, 1000), proof="adjoint")).certificate)
    assert _run(["export", str(built), "--to", "onnx", "-o", str(path), "-q"]) == 0
    code, text, _ = certify(path, "--target", "x*y", "--eps", eps, "-o", out, "--format", "json")
    found = json.loads(text)
    assert code == wanted, text
    if wanted == 0:
        verdict = relucert.check.check(out.read_bytes())
        assert (verdict.status, verdict.families) == ("accepted", ("gates", "regions", "terms"))
        assert {k: verdict.resources[k] for k in ("heads", "layers", "gates")} == {
            "heads": 10,
            "layers": 5,
            "gates": 10,
        }
        assert "feed-forward" not in verdict.statement
    if wanted == 1:
        lo, hi = map(Fraction, found["counterexample"]["network"])
        assert lo < hi < lo + Fraction(1, 10**20)
        assert Fraction(found["counterexample"]["error_at_least"]) > Fraction(9, 10**4)
    if wanted == 3:
        assert found["finished"]
        assert Fraction(9999, 10**7) < Fraction(found["best_bound"]) < Fraction(101, 10**5)


@pytest.mark.parametrize("target", ["max(a, b, c)", "1/x", "clip(x, -1/3, 1/3)", "x*y; max(x, y)"])
def test_exported_transformers_of_other_shapes_come_back(
    onnx: Any, tmp_path: Path, certify: Certify, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from relucert.routes.relu import translate

    box = {"x": (Fraction(1, 4), Fraction(4))} if target == "1/x" else None
    words = ["--domain", "x=[1/4,4]"] if box else []
    for layout in (translate.MOST_WIDE_WEIGHTS, 0):  # the wide one, and the sparse one with linear heads
        monkeypatch.setattr(translate, "MOST_WIDE_WEIGHTS", layout)
        built, path = tmp_path / "m.json", tmp_path / "m.onnx"
        built.write_bytes(pipeline.build(make_problem(target, Fraction(1, 100), box, proof="adjoint")).certificate)
        assert _run(["export", str(built), "--to", "onnx", "-o", str(path), "--dtype", "float64", "-q"]) == 0
        code, text, _ = certify(path, "--target", target, *words, "--eps", "0.0101")
        assert code == 0, text


def test_show_commands_work_on_a_certificate_about_a_network_or_decline_it_by_name(
    net: Callable[..., Path], certify: Certify, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "c.json"
    assert certify(net(ABS), "--target", "x*x", "--eps", "0.25", "-o", out)[0] == 0
    assert _run(["check", str(out)]) == 0
    assert "feed-forward" in capsys.readouterr().out
    assert _run(["check", str(out), str(out)]) == 0
    assert _run(["explain", str(out)]) == 0
    assert "by regions: |left - right| <= bound." in capsys.readouterr().out
    assert _run(["run", str(out), "x=0.3"]) == 0
    shown = capsys.readouterr().out
    assert "0.21" in shown
    assert "estimate" not in shown
    assert _run(["run", str(out), "x=0.3", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["N"], found["T"], found["observed"]) == (None, "0.3", "0.21")
    for words in (["run", str(out), "--runtime", "numpy"], ["export", str(out), "--to", "npz", "-o", "z"],
                  ["export", str(out), "--to", "coq", "-o", str(tmp_path / "coq")]):  # fmt: skip
        assert _run(words) == 3
        assert "feedforward" in capsys.readouterr().err.lower().replace("-", "")
    spec = tmp_path / "s.yaml"
    spec.write_text("target: 'x*x'\neps: 0.25\n")
    assert _run(["check", str(out), "--against", str(spec)]) == 1
    assert "no transformer" in capsys.readouterr().out
