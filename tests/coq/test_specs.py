"""Every certificate of specs/ gets the same verdict from both checkers, or is declined by name; packed files too."""

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

import relucert
from relucert.coq import emit, kernel, packed
from relucert.errors import DeclinedError
from relucert.spec.yaml import read_spec

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.yaml"))
# Specifications whose certificates Coq declines, and the name that it gives.
DECLINED = {"max-over-tokens": "sequence", "sequence": "sequence|code", "exp": "'exp'", "norm": "'power'"}


@pytest.mark.slow
@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_both_checkers_give_one_verdict_on_a_specification(built, path):
    outcome = relucert.build(read_spec(path))
    assert outcome.verdict.status == "accepted"
    if path.stem in DECLINED:
        with pytest.raises(DeclinedError, match=DECLINED[path.stem]):
            emit.export(outcome.certificate)
    else:
        result = kernel.check_with_coq(outcome.certificate, built)
        assert result.accepted, result.reason


@pytest.mark.slow
def test_several_outputs_are_one_theorem(make, built):
    result = kernel.check_with_coq(make("x*y; max(x,y); x+y^2", "1/100"), built)
    assert result.accepted, result.reason
    assert result.theorem.count("Rabs (transformer T") == 3


@pytest.mark.slow
@pytest.mark.parametrize("change", ["x*y; x+y^2", "x+y^2; x*y"])
def test_outputs_in_another_order_are_refused(decoded, built, change):
    certificate = decoded("x*y; x+y^2", "1/10")
    if change != "x*y; x+y^2":
        stated = certificate.statement
        certificate = certificate._replace(statement=stated._replace(targets=stated.targets[::-1]))
    development = emit.development(certificate)
    assert kernel.judge(development.files, development, built).accepted == (change == "x*y; x+y^2")


@pytest.mark.slow
def test_packed_matrices_are_the_plain_ones(decoded, built, tmp_path):
    """Coq computes both readings of one transformer, and of rationals that are hard to write, to one value."""
    hard = [Fraction(0), Fraction(1), Fraction(-1), Fraction(1, 3), Fraction(-(2**200) + 1, 3**90), Fraction(2**63, 5)]
    text = "From Coq Require Import Reals List NArith QArith PrimInt63.\nFrom Relucert Require Import Check.\n"
    text += "Import ListNotations.\n"
    for k, case in enumerate([("multiply", "1/1000"), ("clip", "1/1000"), ("x*y; x+y^2", "1/10")]):
        subject = decoded(*case).subject
        readout = {(0, 127 + 2**j): q for j, q in enumerate(hard) if q}
        subject = subject._replace(readout={**subject.readout, **readout})
        plain, words = emit._transformer(subject), emit._packed_transformer(subject)
        text += f"Module A{k}.\n{plain}\nEnd A{k}.\nModule B{k}.\n{words}\nEnd B{k}.\n"
        text += f"Lemma same{k} : A{k}.T = B{k}.T. Proof. vm_compute. reflexivity. Qed.\n"
    (tmp_path / "Same.v").write_text(text)
    command = ["coqc", "-q", "-Q", str(built), "Relucert", "Same.v"]
    done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("target", ["x*y; x+y^2", "clip(x,-1/2,1/2)"])
def test_a_packed_file_is_accepted_and_a_changed_one_refused(make, decoded, built, monkeypatch, target):
    monkeypatch.setattr(packed, "MANY", 0)
    result = kernel.check_with_coq(make(target, "1/10"), built)
    assert result.accepted, result.reason
    assert "PrimInt63.int" in result.axioms
    certificate = decoded(target, "1/10")
    readout = {key: value * Fraction(999, 1000) for key, value in certificate.subject.readout.items()}
    changed = certificate._replace(subject=certificate.subject._replace(readout=readout))
    development = emit.development(changed)
    assert not kernel.judge(development.files, development, built).accepted
