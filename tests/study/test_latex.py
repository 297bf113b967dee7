"""``relucert export --to latex``: it compiles, says what was proved, and its formulas are those of the certificate."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from decimal import Decimal, localcontext
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
from relucert.loaded import Loaded, load
from relucert.relu.network import evaluate_exactly
from relucert.report import latex, lemmas
from relucert.study.latex import theorem
from relucert.study.latex.tex import identifier
from relucert.transformer.evaluate import context, evaluate_sequence
from tests import cases
from tests.cli.command import assert_one_clear_line, run
from tests.feedforward import ABS

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
FLOAT32 = {"arithmetic": {"dtype": "float32"}}
ROUTES |= {
    "gate in float32": {"target": "relu(x)", "eps": "1e-2", **FLOAT32},
    "product in float32": {"target": "multiply", "eps": "1e-2", **FLOAT32},
    "reversed gates": {"target": "reciprocal", "eps": "1e-1", "domain": {"x": (Fraction(1), Fraction(4))}, **FLOAT32},
    "two in bfloat16": {"target": "x*x; abs(x)", "eps": "1e-1", "arithmetic": {"dtype": "bfloat16"}},
    "plain float16": {"target": "abs", "eps": "1/4", "arithmetic": {"dtype": "float16", "softmax": "plain"}},
}
SLOW: dict[str, dict[str, Any]] = {"analytic": {"target": "exp(x)", "eps": "1e-40"}}
EVERY = (*CASES, *ROUTES, "network")


@cache
def loaded(name: str) -> Loaded:
    if name == "network":
        return load(pipeline.check_bytes(json.dumps(ABS).encode()))
    if name in ROUTES | SLOW:
        asked = dict((ROUTES | SLOW)[name])
        problem = relucert.make_problem(tolerance=Fraction(asked.pop("eps")), **asked)
        return load(relucert.build(problem).verdict)
    target, eps, domain = CASES[name]
    box = {n: (Fraction(lo), Fraction(hi)) for n, (lo, hi) in (domain or {}).items()}
    proof = "adjoint" if name == "adjoint" else "direct"
    return load(relucert.build(relucert.make_problem(target, Fraction(eps), box or None, proof=proof)).verdict)


@pytest.mark.slow
@pytest.mark.parametrize("name", (*EVERY, *SLOW))
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


def ratio(text: str) -> str:
    value = Fraction(text)
    return rf"\tfrac{{{value.numerator}}}{{{value.denominator}}}"


def names(text: str) -> str:
    """Return printed formulas with the names of rows as single words."""
    text = re.sub(r"([\d.]+) \\cdot 10\^\{(-?\d+)\}", lambda found: ratio(f"{found[1]}e{found[2]}"), text)
    plain = re.sub(r"\\bar\{\\mathbf v\}_\{(\d+)\}", r"b\1", text)
    return re.sub(r"\\mathbf ([qkvh])_\{(\d+)\}", r"\1\2", plain)


def formulas(text: str) -> list[tuple[str, str]]:
    """Return the printed equations (name, form)."""
    return [(a, b) for a, _, b in (part.partition(" = ") for part in re.findall(r"\$([^$]*)\$", names(text))) if b]


def added(text: str) -> list[tuple[str, str]]:
    """Return (coordinate, form) for what is added to coordinates."""
    return [(b, a) for a, b in re.findall(r"\$([^$]*)\$ to \$([^$]*)\$", names(text))]


def rounded(value: Fraction) -> Fraction:
    return Fraction(round(value * 10**50), 10**50)


Token = dict[str, Fraction]


def layer_by_print(heads: list[str], tokens: list[Token], seen: list[list[int]]) -> list[Token]:
    after = [dict(token) for token in tokens]
    for text in heads:
        definitions, writes = text.split("; it adds ")
        rows = [{name: value_of(form, token) for name, form in formulas(definitions)} for token in tokens]
        for t, visible in enumerate(seen):
            scores = [sum(rows[t].get(f"q{i}", 0) * rows[s].get(f"k{i}", 0) for i in range(1, 9)) for s in visible]
            powers = [power(rounded(Fraction(score))) for score in scores]
            average = {
                f"b{i}": sum((p * rows[s].get(f"v{i}", 0) for p, s in zip(powers, visible, strict=True)), Fraction(0))
                / sum(powers)
                for i in range(1, 9)
            }
            for coordinate, form in added("adds " + writes):
                after[t][coordinate] = rounded(after[t][coordinate] + value_of(form, average))
    return after


def power(score: Fraction) -> Fraction:
    with localcontext() as ctx:
        ctx.prec = 80
        return Fraction((Decimal(score.numerator) / Decimal(score.denominator)).exp())


def run_as_printed(found: Loaded, rows: list[tuple[Fraction, ...]]) -> list[Fraction]:
    """Return the first output at every data token, computed from the printed weights alone."""
    written, stated = theorem.theorem(found), found.certificate.statement
    start, *rest = written.weights
    width = int(re.findall(r"d = (\d+)", start)[0])
    zero = {rf"\xi_{{{i + 1}}}": Fraction(0) for i in range(width)}
    anchors = [zero | {name: value_of(v, {}) for name, v in formulas(t)} for t in rest if t.startswith("Anchor")]
    tokens = [zero, *anchors]
    for t, row in enumerate(rows):
        atoms = dict(zip(map(identifier, stated.inputs), row, strict=True))
        code = [Fraction(1 if t >> k & 1 else -1) for k in range(8)]
        if r"$\gamma_1 = t - 1$ and $\gamma_2 = (t - 1)^2$" in written.tokens:
            code = [Fraction(t), Fraction(t * t)]
        atoms |= {rf"\gamma_{{{k + 1}}}": value for k, value in enumerate(code)}
        tokens.append(zero | {name: value_of(v, atoms) for name, v in formulas(start)[1:]})
    data = list(range(1 + len(anchors), len(tokens)))
    seen = [list(range(t + 1)) for t in range(len(tokens))]
    if stated.sequence.mask == "full":
        seen = [[0], *([list(range(len(tokens)))] * (len(tokens) - 1))]
    if stated.sequence.layout == "mirrored":
        tokens.append({name: -value for name, value in tokens[-1].items()})
        seen = [[0], [1, 2], [1, 2]]
    depth = 1
    while layer := [text for text in rest if text.startswith(f"Layer ${depth}$")]:
        tokens = layer_by_print([text for text in layer if "head" in text], tokens, seen)
        for text in (text for text in layer if "then:" in text):
            definitions, writes = text.split(", adding ")
            for token in tokens:
                inner = re.findall(r"\$(h\d+) = \\max\((.*?), 0\)\$", names(definitions))
                units = {name: max(value_of(form, token), Fraction(0)) for name, form in inner}
                change = [(coordinate, value_of(form, units)) for coordinate, form in added(writes)]
                for coordinate, value in change:
                    token[coordinate] += value
        depth += 1
    return [value_of(formulas(rest[-1])[0][1], tokens[t]) for t in data]


PRINTED = ["two layers", "anchors", "grid", "mean", "partition", "mirror", "every length", "full mask", "gathered"]
PRINTED += ["gate in float32", "product in float32", "reversed gates"]


@pytest.mark.parametrize("name", PRINTED)
def test_the_printed_weights_compute_what_the_transformer_does(name: str) -> None:
    found = loaded(name)
    stated, ctx = found.certificate.statement, context(60)
    _, most, mask, layout = stated.sequence
    rows = list(cases.scattered(stated.domain, min(most, 3), name))
    if layout == "one-per-token":
        rows = [tuple(x if i == t else Fraction(0) for i, x in enumerate(rows[0])) for t in range(most)]
    wanted = evaluate_sequence(found.transformer, rows, mask, ctx)
    shown = run_as_printed(found, rows)
    assert len(shown) == len(rows) <= len(wanted)
    for value, (truth, *_) in zip(shown, wanted, strict=False):
        assert abs(ctx.mpf(value.numerator) / value.denominator - truth) < ctx.mpf(10) ** -25


def test_a_feed_forward_network_is_a_subject_too() -> None:
    text = " ".join(latex.theorem_latex(theorem.theorem(loaded("network"))).split())
    assert "There is a feed-forward ReLU network $T$" in text
    assert "transformer" not in text.partition(r"\begin{document}")[2]
    assert r"on 2 cells, cut by the signs of $u_{0}$" in text


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


def test_a_transformer_with_too_many_weights_is_declined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(theorem, "MOST_WEIGHTS", 5)
    with pytest.raises(DeclinedError, match="16 weights are too many to read; at most 5"):
        theorem.theorem(loaded("grid"))


@pytest.mark.parametrize(
    ("name", "words", "others"),
    [
        (
            "product in float32",
            ["nearest to the exact result, of \\texttt{float32}.", "may be replaced by zero", "within $32$ units"],
            ["where a matrix product", "gradual"],
        ),
        ("two in bfloat16", ["or of \\texttt{float32} where a matrix product", "$24$ bits those of"], ["gradual"]),
        ("plain float16", ["Underflow is gradual", "-14 \\le e \\le 15"], ["is subtracted first", "replaced by zero"]),
    ],
)
def test_the_clauses_of_the_arithmetic_are_hypotheses(name: str, words: list[str], others: list[str]) -> None:
    text = " ".join(latex.theorem_latex(theorem.theorem(loaded(name))).split())
    clauses, _, claim = text.partition(r"\paragraph{The machine.}")[2].partition(r"\begin{theorem}")
    assert all(word in clauses for word in words)
    assert not any(word in clauses for word in others)
    assert "computed as (M1) to (M4) say" in claim
    assert r"\left| \hat T" in claim
    assert claim.index("the machine's rounding") < claim.index(r"\end{theorem}")
    assert "exact rational weights" not in text


def test_the_lemma_about_a_gate_gives_the_distance_that_is_certified() -> None:
    """D as the LaTeX states it, for max(x, 0) on [-1, 1], where all else is sums of two numbers, one of them 0."""
    found = loaded("gate in float32")
    (step,) = (step for step in found.certificate.trace if step.rule == "rounding")
    beta, kappa = Fraction(found.verdict.resources["inverse_temperature"]), Fraction(step.args["kappa"])
    assert beta.denominator == 1
    assert beta.numerator & (beta.numerator - 1) == 0, "so that beta' is beta"
    p, least, ulps = 24, Fraction(1, 2**126), 32
    spread = (1 + Fraction(2 * ulps, 2**p)) * (1 + 4 * least * 2) - 1
    slip, theta = 4 * least, Fraction(5, 2**p)
    reach = min(Fraction(1), Fraction(7, 10) * (p + 3) / beta)
    d = kappa / beta * (1 + spread) / (1 - spread) * (1 + theta) + reach * (theta + slip) + 2 * slip + 8 * least
    certified = Fraction(step.conclusion.bound)
    assert d <= certified <= d + 4 * Fraction(1, 2**p) * reach + Fraction(1, 10**12)


def test_spelled_neurons_and_the_names_of_coordinates_are_printed() -> None:
    (step,) = (step for step in theorem.theorem(loaded("reversed gates")).steps if step.rule == "rounding")
    (raw,) = (step for step in loaded("reversed gates").certificate.trace if step.rule == "rounding")
    assert raw.args["spelled"]
    assert all(rf"u_{{{j}}}" in step.reason.partition(";")[2] for j in raw.args["spelled"])
    called = re.findall(r"\$\\xi_\{(\d+)\}\$ is called \$u_\{(\d+)\}\$", step.reason)
    assert [int(n) - (k % 2 == 0) for k, n in enumerate(n for pair in called for n in pair)] == [
        n for layer in raw.args["names"] for n in layer
    ]


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
    assert identifier(name) == tex
