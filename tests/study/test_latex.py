"""``relucert export --to latex``: it compiles, says what was proved, and its formulas are those of the certificate."""

from __future__ import annotations

import re
import shutil
import subprocess
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import relucert
from relucert import pipeline
from relucert.check import rules
from relucert.errors import DeclinedError
from relucert.exact.number import decimal_up
from relucert.pipeline import Loaded
from relucert.relu.network import evaluate_exactly
from relucert.report import latex, lemmas
from relucert.study import theorem
from tests import cases
from tests.cli.command import assert_one_clear_line, run

CASES = {
    "multiply": ("multiply", "1e-2", None),
    "adjoint": ("multiply", "1e-2", None),
    "square": ("square", "1e-3", {"x": ("-1/3", "2")}),
    "chords": ("reciprocal", "1e-1", {"x": ("1/4", "4")}),
    "zigzag": ("reciprocal", "1e-3", {"x": ("1/4", "4")}),
    "max5": ("max(a_long_name, x2, x3, x4, x5)", "1e-60", None),
    "abs": ("abs", "1e-3", None),
    "clip": ("clip", "1e-3", {"x": ("2", "3")}),
    "two": ("x*y; min(x, y)", "1e-1", None),
    "composed": ("x*y/(1+z^2)", "1e-1", None),
    "constant": ("multiply", "1e-3", {"x": ("1/2", "1/2"), "y": ("1/7", "1/7")}),
}


ROUTES: dict[str, dict[str, Any]] = {
    "product of waves": {"target": "multiply", "eps": "1e-3", "route": "native"},
    "two layers": {"target": "x*exp(y)", "eps": "1e-3", "route": "native"},
    "sigmoid": {"target": "1/(1+exp(x))", "eps": "1e-3", "route": "native"},
    "sines": {"target": "sin(x)", "eps": "1e-1"},
    "logarithm": {"target": "log(1+exp(x)) + erf(y) + cos(x)", "eps": "1e-1"},
    "anchors": {"target": "multiply", "eps": "1e-1", "route": "anchors"},
    "stated": {"target": "max(x, y)", "eps": "1", "route": "anchors", "proof": "stated"},
    "grid": {"target": "abs(x)", "eps": "1/2", "route": "max-affine"},
    "mean": {"target": "piecewise(x < 0: 1, else: 0)", "eps": "1/2", "route": "max-affine", "norm": "L1"},
    "partition": {"target": "abs(x)", "eps": "1", "route": "partition", "sequence": {"mask": "full"}},
    "mirror": {"target": "multiply", "eps": "1e-1", "sequence": {"mask": "explicit", "layout": "mirrored"}},
}
ONES = {"layout": "one-per-token"}
ROUTES |= {
    "every length": {
        "target": "square",
        "eps": "1e-1",
        "proof": "adjoint",
        "sequence": {"length": "any", "up_to": "9"},
    },
    "full mask": {"target": "multiply", "eps": "1e-1", "proof": "adjoint", "sequence": {"length": "8", "mask": "full"}},
    "gathered": {"target": "multiply", "eps": "1e-1", "proof": "adjoint", "sequence": {"length": "2", **ONES}},
    "shared": {"target": "multiply", "eps": "1e-1", "sequence": {"coordinates": "shared", **ONES}},
    "over tokens": {"target": "max", "eps": "1e-1", "sequence": {"length": "any", "up_to": "1000", **ONES}},
}
EVERY = (*CASES, *ROUTES)


@cache
def loaded(name: str) -> Loaded:
    if name in ROUTES:
        asked = dict(ROUTES[name])
        problem = relucert.make_problem(tolerance=Fraction(asked.pop("eps")), **asked)
        return pipeline.load(relucert.build(problem).verdict)
    target, eps, domain = CASES[name]
    box = {n: (Fraction(lo), Fraction(hi)) for n, (lo, hi) in (domain or {}).items()}
    proof = "adjoint" if name == "adjoint" else "direct"
    return pipeline.load(relucert.build(relucert.make_problem(target, Fraction(eps), box or None, proof=proof)).verdict)


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY)
def test_it_compiles_with_a_stock_latex(name: str, tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed; on Debian apt-get install texlive-latex-base")
    (tmp_path / "p.tex").write_text(latex.theorem_latex(theorem.theorem(loaded(name))), encoding="ascii")
    for _ in range(2):
        result = subprocess.run(
            ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "p.tex"],
            cwd=tmp_path,
            capture_output=True,
            encoding="latin-1",
            timeout=120,
            check=False,
        )
        assert result.returncode == 0, result.stdout[-2000:]
    assert "undefined" not in result.stdout
    assert "multiply defined" not in result.stdout
    assert (tmp_path / "p.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("name", EVERY)
def test_every_step_is_there_with_its_lemma_and_its_premises(name: str) -> None:
    found = loaded(name)
    text = latex.theorem_latex(theorem.theorem(found))
    labels = re.findall(r"\\label\{([^}]*)\}", text)
    assert len(labels) == len(set(labels))
    assert set(re.findall(r"\\ref\{([^}]*)\}", text)) <= set(labels)
    items = " ".join(text.split()).split(r"\item\label")[1:]
    assert len(items) == len(found.certificate.trace)
    for k, (item, step) in enumerate(zip(items, found.certificate.trace, strict=True)):
        assert item.startswith(f"{{step:{k}}}")
        assert rf"\ref{{lem:{step.rule.replace('_', '-')}}}" in item
        assert all(rf"\ref{{step:{premise}}}" in item for premise in step.premises)
        assert rf"\label{{lem:{step.rule.replace('_', '-')}}}" in text


def test_the_theorem_states_the_bound_its_parts_and_its_cost() -> None:
    found = loaded("adjoint")
    text = " ".join(latex.theorem_latex(theorem.theorem(found)).split())
    bound = found.verdict.error_bound
    assert bound is not None
    assert rf"\left| T(x, y) - x \cdot y \right| \le {decimal_up(bound, 15)}" in text
    for name in ("layers", "heads", "gates"):
        assert str(found.verdict.resources[name]) in text
    assert found.verdict.sha256 in text
    assert r"\beta = 10953" in text


def value_of(tex: str, atoms: dict[str, Fraction]) -> Fraction:
    """Evaluate an affine form as it is printed."""
    total = Fraction(0)
    for sign, body in re.findall(r"([+-]?) ?([^ +-][^+-]*(?:10\^\{-?\d+\}[^+-]*)?)", tex):
        size, value = Fraction(1), Fraction(1)
        plain = body.strip().replace(r"\,", " ")
        ratio = re.search(r"\\tfrac\{(\d+)\}\{(\d+)\}", plain)
        if ratio:
            size, plain = Fraction(int(ratio[1]), int(ratio[2])), plain.replace(ratio[0], "")
        for word in plain.split():
            value *= atoms[word] if word in atoms else Fraction(word)
        total += (-1 if sign == "-" else 1) * size * value
    return total


@pytest.mark.parametrize("name", ["multiply", "adjoint", "square", "zigzag", "chords", "two"])
def test_the_printed_network_has_the_values_of_the_certificates(name: str) -> None:
    """Every formula read back from the TeX and evaluated, at random points of the box."""
    found = loaded(name)
    written = theorem.theorem(found)
    stated = found.certificate.statement
    assert found.network is not None
    for point in cases.scattered(stated.domain, 3, name):
        atoms = dict(zip(stated.inputs, point, strict=True))
        for j, text in enumerate(written.neurons):
            head, _, form = text.partition(" = ")
            assert head == f"u_{{{j}}}"
            u = value_of(form, atoms)
            atoms[head], atoms[f"r_{{{j}}}"] = u, max(u, Fraction(0))
        outputs = [value_of(text.partition(" = ")[2], atoms) for text in written.outputs]
        assert outputs == evaluate_exactly(found.network, point)


def test_every_rule_of_these_routes_has_a_lemma_with_a_proof() -> None:
    used = {step.rule for name in EVERY for step in loaded(name).certificate.trace}
    assert used <= set(lemmas.LEMMAS) <= set(rules.RULES)
    assert all(all(part.strip() for part in lemma) for lemma in lemmas.LEMMAS.values())
    assert {"sawtooth", "sawtooth_gated", "gate_error", "gate_error_forward", "pieces", "translation"} <= used


def test_a_rule_without_a_lemma_is_declined_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(lemmas.LEMMAS, "sawtooth")
    with pytest.raises(DeclinedError, match="the rule 'sawtooth' has no lemma in LaTeX yet"):
        theorem.theorem(loaded("adjoint"))


def test_a_proof_that_nobody_can_read_is_declined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(theorem, "MOST_STEPS", 5)
    with pytest.raises(DeclinedError, match="too many to read"):
        theorem.theorem(loaded("multiply"))


def test_the_command_writes_it_whole_and_refuses_what_was_not_accepted(tmp_path: Path) -> None:
    data = relucert.build(relucert.make_problem("multiply", Fraction(1, 100), proof="adjoint")).certificate
    (tmp_path / "c.json").write_bytes(data)
    result = run("export", tmp_path / "c.json", "--to", "latex", "-o", tmp_path / "t.tex")
    assert result.returncode == 0, result.stderr
    text = (tmp_path / "t.tex").read_text(encoding="ascii")
    assert text.startswith(r"\documentclass{article}")
    assert max(map(len, text.splitlines())) <= 120
    (tmp_path / "c.json").write_bytes(data.replace(b'"10953"', b'"10952"'))
    result = run("export", tmp_path / "c.json", "--to", "latex", "-o", tmp_path / "u.tex")
    assert_one_clear_line(result, 1, "rejected at step")
    assert not (tmp_path / "u.tex").exists()


@pytest.mark.parametrize(
    ("name", "tex"),
    [("x", "x"), ("x12", "x_{12}"), ("rate", r"\mathrm{rate}"), ("a_b2", r"\mathrm{a\_b}_{2}"), ("_", r"\mathrm{\_}")],
)  # fmt: skip
def test_names_are_safe_in_mathematics(name: str, tex: str) -> None:
    assert theorem.identifier(name) == tex
