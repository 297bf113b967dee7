"""Coq's checker and the independent checker give one verdict on certificates with one number changed."""

import json
import random
import re
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

import relucert
from relucert.check.model import Certificate
from relucert.coq import emit
from relucert.errors import UsageError

MUTANTS = 60
# Coq has its own kappa, and no shapes of matrices beside their entries.
ELSEWHERE = ("info", "precision", "format", "rule", "kind", "kappa", "outputs", "d_model")
FOURTHS = {"x": (Fraction(1, 4), Fraction(4))}
HEADER = (
    "From Coq Require Import Reals List NArith QArith.\nFrom Relucert Require Import Check.\nImport ListNotations.\n"
)


def numbers(node: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Paths of all rationals and indices below the statement, the subject, the lemmas and the trace."""
    if isinstance(node, dict):
        items = [(k, v) for k, v in node.items() if k not in ELSEWHERE or (k == "outputs" and isinstance(v, list))]
    elif isinstance(node, list):
        items = list(enumerate(node))
    else:
        is_number = isinstance(node, int) or (isinstance(node, str) and re.fullmatch(r"-?\d+(/\d+)?", node))
        return [path] if is_number else []
    return [found for key, value in items for found in numbers(value, (*path, key))]


def mutant(document: object, path: tuple[object, ...], rng: random.Random) -> bytes:
    copy = json.loads(json.dumps(document))
    holder = copy
    for key in path[:-1]:
        holder = holder[key]
    old = holder[path[-1]]
    if isinstance(old, int):
        holder[path[-1]] = max(0, old + rng.choice([-1, 1]))
    else:
        value = Fraction(old)
        new = rng.choice([value + Fraction(1, 1000), -value, value * Fraction(999, 1000), value * 2, value / 2 + 1])
        holder[path[-1]] = str(new)
    return json.dumps(copy).encode()


def data_in_coq(certificate: Certificate) -> str | None:
    """The definitions of T and of the proof data, or nothing where the exporter already refuses."""
    try:
        body = emit.development(certificate).files[emit.FILE]
    except UsageError:
        return None
    return body[body.index("Open Scope positive_scope") : body.index("Theorem T_approximates")]


def verdicts_by_coq(data: list[str], built: Path, folder: Path) -> list[bool]:
    """What ``accepts`` computes to, for each."""
    modules = (f"Module M{k}.\n{d}\nEval vm_compute in accepts T proof.\nEnd M{k}.\n" for k, d in enumerate(data))
    (folder / "Mutants.v").write_text(HEADER + "".join(modules))
    command = ["coqc", "-q", "-Q", str(built), "Relucert", "Mutants.v"]
    done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [found == "true" for found in re.findall(r"= (true|false)", done.stdout)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "case",
    [
        ("multiply", "1/10", {}),
        ("square", "1/100", {"domain": {"x": (Fraction(-1), Fraction(2))}}),
        ("max", "1/10", {"arity": 4}),
        ("clip", "1/10", {}),
        ("abs", "1/10", {}),
        ("reciprocal", "1/10", {"domain": FOURTHS, "objective": "layers"}),
        ("reciprocal", "1/1000", {"domain": FOURTHS}),
    ],
    ids=lambda case: f"{case[0]}-{case[1]}",
)
def test_both_checkers_agree_on_certificates_with_one_number_changed(built, tmp_path, make, case):
    target, tolerance, options = case
    rng = random.Random(target + tolerance)  # noqa: S311
    document = json.loads(make(target, tolerance, **options))
    places = numbers(document)
    wanted, data, changed = [], [], []
    for _ in range(MUTANTS):
        path = rng.choice(places)
        verdict = relucert.check(mutant(document, path, rng))
        text = None if verdict.certificate is None else data_in_coq(verdict.certificate)
        if text is not None:
            wanted.append(verdict.status == "accepted")
            data.append(text)
            changed.append(path)
    assert not all(wanted)
    found = verdicts_by_coq(data, built, tmp_path)
    assert list(zip(changed, found, strict=True)) == list(zip(changed, wanted, strict=True))
