"""The independent checker's table of rules, accepted and refused, put to the Coq library: one verdict on every case."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from relucert.check import decode
from relucert.check.model import Certificate, Fact, Step
from relucert.check.refusal import Declined, Rejected
from relucert.coq import emit
from relucert.coq.trace import Trace
from relucert.errors import DeclinedError, UsageError

sys.path.insert(0, str(Path(__file__).parent.parent / "check"))

from rule_cases import rule_cases
from whole_cases import translations

HEADER = """From Coq Require Import Reals List NArith ZArith QArith.
From Relucert Require Import Sparse Folds Check.
Import ListNotations.
(* Like follow, but steps that the table takes for granted are not proved. *)
Fixpoint survives (C : context) (T : model) (m : memory) (given : list bool) (steps : list step) (k : positive)
    (facts : Table.t fact) : bool :=
  match given, steps with
  | g :: given', s :: steps' =>
      match recall facts (premises s) with
      | Some ps =>
          (g || match prove C T 100 m (by_rule s) ps with Some f => entails f (conclusion s) | None => false end) &&
          survives C T m given' steps' (Pos.succ k) (Table.add k (conclusion s) facts)
      | None => false
      end
  | _, _ => true
  end.
Definition verdict (T : model) (c : certificate) (given : list bool) : bool :=
  let C := context_of c in
  forms_ordered 1 (network c) && nodes_ordered 1 (terms c) &&
  survives C T (remember C (asked C (trace c))) given (trace c) 1 (Table.empty fact).
"""


class GivenTrace(Trace):
    """A trace in which the table's own rules are marked as given, and what an operation is split into as well."""

    def __init__(self, certificate: Certificate, *rest: object) -> None:
        self.given: list[bool] = []
        self.granted = False
        super().__init__(certificate, *rest)

    def _rule(self, step: Step) -> str:
        self.granted = step.rule.startswith("given")
        return "SumUp" if self.granted else super()._rule(step)

    def _emit(self, rule: str, premises: list[int], fact: Fact) -> int:
        self.given.append(self.granted)
        self.granted = False
        return super()._emit(rule, premises, fact)


def without_closing(certificate: Certificate) -> Certificate:
    """The certificate without the terms, network and steps that make a table's entry a whole file."""
    closing = 1 if certificate.trace[0].rule == "translation" else 3
    networks = certificate.networks[:-1] or certificate.networks
    return certificate._replace(networks=networks, terms=certificate.terms[:-2], trace=certificate.trace[:-closing])


def in_coq(data: bytes, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """The definitions of T, the proof data and what is given; or nothing where the case does not reach Coq."""
    try:
        certificate = without_closing(decode.certificate(data))
        traces: list[GivenTrace] = []

        def traced(*args: object) -> GivenTrace:
            traces.append(GivenTrace(*args))
            return traces[-1]

        monkeypatch.setattr(emit, "Trace", traced)
        body = emit.development(certificate).files[emit.FILE]
    except (Rejected, Declined, DeclinedError, UsageError, IndexError):
        return None
    given = "; ".join(str(flag).lower() for flag in traces[0].given)
    definitions = body[body.index("(* ---- The transformer:") : body.index("Theorem T_approximates")]
    return f"{definitions}\nDefinition given : list bool := [{given}].\n"


@pytest.mark.slow
def test_the_coq_library_and_the_independent_checker_agree_on_its_table(built, tmp_path, monkeypatch):
    names, wanted, texts = [], [], []
    for case in rule_cases() + translations():
        text = in_coq(case.data, monkeypatch)
        if text is not None:
            names.append(case.name)
            wanted.append(case.why is None)
            texts.append(text)
    modules = (f"Module M{k}.\n{t}Eval vm_compute in verdict T proof given.\nEnd M{k}.\n" for k, t in enumerate(texts))
    (tmp_path / "Table.v").write_text(HEADER + "".join(modules))
    command = ["coqc", "-q", "-Q", str(built), "Relucert", "Table.v"]
    done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = [answer == "true" for answer in re.findall(r"= (true|false)", done.stdout)]
    assert len(found) == len(names)
    assert wanted.count(False) > 100
    different = [name + f" {answer}" for name, answer, want in zip(names, found, wanted, strict=True) if answer != want]
    assert different == []
