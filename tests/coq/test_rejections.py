"""The independent checker's table of rules, accepted and refused, put to the Coq library: one verdict on every case."""

import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from relucert.check import decode
from relucert.check.model import Certificate, Fact, In, Node, Step
from relucert.check.refusal import Declined, Rejected
from relucert.coq import emit
from relucert.coq.trace import Trace
from relucert.errors import DeclinedError, UsageError

sys.path.insert(0, str(Path(__file__).parent.parent / "check"))

from rule_cases import rule_cases
from whole_cases import translations

OF_NETWORKS = ("net", "gated")
LEAVES = ("input", "const", "subject")
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


def of_one_network(certificate: Certificate) -> Certificate:
    """The certificate with the one network that its steps are about; terms of others, which no step names, are zero."""
    named: set[int] = set()
    for step in certificate.trace:
        fact = step.conclusion
        named |= {fact.term} if isinstance(fact, In) else {fact.left, fact.right}
        for arg in step.args.values():
            listed = arg if isinstance(arg, (list, tuple)) else [arg]
            # Neurons and gates are numbers too: counting them as terms can only keep a case away from Coq.
            named |= {value for value in listed if isinstance(value, int) and 0 <= value < len(certificate.terms)}
    for t in range(len(certificate.terms) - 1, -1, -1):
        if t in named and certificate.terms[t].op not in (*LEAVES, *OF_NETWORKS):
            named |= set(certificate.terms[t].children)
    used = {certificate.terms[t].children[0] for t in named if certificate.terms[t].op in OF_NETWORKS}
    if len(used) > 1:
        return certificate
    k = min(used, default=0)
    terms = []
    for t, node in enumerate(certificate.terms):
        if node.op not in OF_NETWORKS:
            terms.append(node)
        else:
            here = node._replace(children=(0, node.children[1]))
            terms.append(here if t in named else Node("const", (), Fraction(0)))
    return certificate._replace(networks=(certificate.networks[k],), terms=tuple(terms))


def in_coq(data: bytes, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """The definitions of T, the proof data and what is given; or nothing where the case does not reach Coq."""
    try:
        certificate = of_one_network(without_closing(decode.certificate(data)))
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


# Verdicts that differ.  Coq accepts what is true: |a - a^2| <= 1/4, x = x and x = max(x, x) need no premise, a knot
# twice bounds the same pieces, and of lists with different lengths the exporter writes the shorter; it drops the names
# of what linear heads read, which keep forms short and prove nothing; the gate rules have their own kappa, and the
# bounds of those cases hold with it.  Coq refuses one thing that is true, for want of gated outputs in its polynomials.
MORE_THAN_THE_CHECKER = {
    "univariate: refuses less than the Bernstein bound",
    "lattice: refuses an argument for the maximum of itself",
    "lattice: refuses terms that are no maximum",
    "pieces: refuses a knot twice",
    "affine: refuses lists of different lengths",
    "affine: refuses too few weights",
    "translation: refuses the name of another neuron",
    "translation: refuses the name of no neuron",
    *(
        f"{rule}: refuses {name}"
        for rule in ("gate_error", "gate_error_forward")
        for name in ("a kappa below W(1/e)", "kappa zero", "a negative kappa", "kappa one", "no Taylor terms")
    ),
}
LESS_THAN_THE_CHECKER = {"polynomial: reads an output without gates in the gated network"}


@pytest.mark.slow
def test_coq_accepts_no_forged_step_of_the_checkers_table(built, tmp_path, monkeypatch):
    names, wanted, texts = [], [], []
    for case in rule_cases() + translations():
        # What is declined may be true: it is only too much work.
        text = None if case.status == "declined" else in_coq(case.data, monkeypatch)
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
    assert wanted.count(False) > 300
    pairs = list(zip(names, found, wanted, strict=True))
    assert {name for name, answer, want in pairs if answer and not want} == MORE_THAN_THE_CHECKER
    assert {name for name, answer, want in pairs if want and not answer} == LESS_THAN_THE_CHECKER
