"""From certificate bytes to the texts of a Coq development whose theorem is the certificate's statement.

    Certificate.v   the statement over R, the literal matrices, the proof data, three lines of proof
    *.v             the fixed library, the same for every certificate

Only the text up to ``PROOF`` decides what is proved: imports, the statement and the matrices.  The rest is data that
Coq checks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from importlib import resources
from pathlib import Path

from ..check import check
from ..check.model import Attention, Certificate, Node, Sequence
from ..check.statement import below
from ..errors import DeclinedError, UsageError
from . import packed
from .terms import COVERED, binary_terms, node_text
from .text import closed, form, integer, matrix, rational, real, sequence
from .trace import Trace

FILE = "Certificate.v"
PROJECT = "_CoqProject"
PROOF = "(* ---- The proof: data that Coq checks. ---- *)\n"
LONGEST_TARGET = 20_000  # nodes of the target written out as a tree
DEEPEST_TARGET = 200
OPERATIONS = ("input", "const", "add", "mul", "max", "min", "inv", "abs")
# What the library knows of a certificate's parts; anything else must be empty.
CERTIFICATE = frozenset({"statement", "subject", "networks", "terms", "precision", "trace"})
STATEMENT = frozenset({"inputs", "domain", "nodes", "targets", "tolerance", "sequence"})
SUBJECT = frozenset({"d_model", "embedding", "layers", "readout", "outputs"})
_PLAIN_NAME = re.compile(r"[a-z][0-9]*")


@dataclass(frozen=True, slots=True)
class Development:
    """The files of a Coq development by name; ``statement`` is the part of Certificate.v that says what is proved."""

    files: dict[str, str]
    statement: str

    def write(self, folder: Path) -> None:
        """Write all files into a folder, where coqc compiles them in the order of _CoqProject."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in self.files.items():
            (folder / name).write_text(text, "ascii")


def library() -> dict[str, str]:
    """Return the fixed library: file names and texts, in the order in which they are compiled."""
    folder = resources.files(__package__) / "library"
    project = (folder / PROJECT).read_text("ascii")
    names = [line for line in project.splitlines() if line.endswith(".v")]
    return {name: (folder / name).read_text("ascii") for name in names}


def export(certificate: bytes) -> Development:
    """Return the development for a certificate that the independent checker accepts.

    Raises UsageError if it does not, and DeclinedError, by name, for whatever the Coq library does not cover.
    """
    verdict = check(certificate)
    if verdict.status == "declined":
        raise DeclinedError(f"the certificate is declined at step {verdict.step}: {verdict.reason}")
    if verdict.status != "accepted" or verdict.certificate is None:
        raise UsageError(f"the certificate is rejected at step {verdict.step}: {verdict.reason}")
    return development(verdict.certificate)


def development(certificate: Certificate) -> Development:
    """Return the development for decoded data, whether or not it is right: that is for Coq to find out."""
    subject = _covered(certificate)
    statement = _statement(certificate, subject)
    text = statement + PROOF + _proof(certificate, subject)
    own = f"-Q . Relucert\n{''.join(f'{name}{chr(10)}' for name in library())}{FILE}\n"
    return Development({**library(), FILE: text, PROJECT: own}, statement)


def _covered(certificate: Certificate) -> Attention:
    """Return the transformer; raise DeclinedError with the name of whatever the library does not know.

    Later parts of the format are included.
    """
    stated, subject = certificate.statement, certificate.subject
    if not isinstance(subject, Attention):
        raise DeclinedError(f"the Coq library does not cover the subject {type(subject).__name__!r}")
    if stated.sequence != Sequence(1, 1, "causal", "tokenwise"):
        raise DeclinedError("the Coq library does not cover this sequence: one token and the sink, causal mask, only")
    for part, known in ((certificate, CERTIFICATE), (stated, STATEMENT), (subject, SUBJECT)):
        for name in part._fields:
            if name not in known and getattr(part, name):
                raise DeclinedError(f"the Coq library does not cover the field {name!r}")
    if not subject.is_attention_only:
        raise DeclinedError("the Coq library does not cover the field 'feed_forward'")
    for node in certificate.terms:
        if node.op not in COVERED:
            raise DeclinedError(f"the Coq library does not cover the operation {node.op!r}")
    if len(certificate.networks) != 1:
        raise DeclinedError("the Coq library checks certificates with one network only")
    return subject


def _names(certificate: Certificate) -> list[str]:
    """Return the input names if no Coq word can be among them, and x1, x2, ... otherwise."""
    names = certificate.statement.inputs
    if all(_PLAIN_NAME.fullmatch(name) for name in names):
        return list(names)
    return [f"x{k + 1}" for k in range(len(names))]


def _statement(certificate: Certificate, subject: Attention) -> str:
    """Return imports, the statement and the matrices; what is proved depends on this text alone."""
    stated, names = certificate.statement, _names(certificate)
    given = " ->\n".join(
        f"    {real(lo)} <= {name} <= {real(hi)}" for name, (lo, hi) in zip(names, stated.domain, strict=True)
    )
    formulas = (closed(_formula(certificate.terms, target, names)) for target in stated.targets)
    claims = " /\\\n".join(
        f"    Rabs (transformer T [{'; '.join(names)}] {k} - {formula}) <= {real(stated.tolerance)}"
        for k, formula in enumerate(formulas)
    )
    large = packed.weights(subject) > packed.MANY
    transformer = _packed_transformer(subject) if large else _transformer(subject)
    return f"""From Coq Require Import Reals List NArith QArith{" PrimInt63" if large else ""}.
From Relucert Require Import Check.
Import ListNotations.
Open Scope R_scope.

(* ---- What is proved, of the attention-only transformer T below (Transformer.v says what it computes). ---- *)
Definition approximates (T : model) : Prop :=
  forall {" ".join(names)} : R,
{given} ->
{claims}.

{transformer}
"""


def _transformer(subject: Attention) -> str:
    layers = []
    for layer in subject.layers:
        heads = []
        for head in layer.heads:
            parts = [matrix(m, 7) for m in (head.w_q, head.w_k, head.w_v, head.w_o)]
            heads.append(f"Head {head.d_head}\n      " + "\n      ".join(parts))
        layers.append("[" + ";\n    ".join(heads) + "]")
    return f"""(* ---- The transformer: w row column weight, all other entries zero. ---- *)
Open Scope positive_scope.
Definition T : model := Model
  {matrix(subject.embedding, 3)}
  [{(";" + chr(10) + "   ").join(layers)}]
  {matrix(subject.readout, 3)}.
"""


def _packed_transformer(subject: Attention) -> str:
    words = packed.Words("t")
    whole = words.expression(packed.model(subject))
    return f"""(* ---- The transformer: its matrices in primitive integers, which Packed.v reads. ---- *)
{"".join(words.definitions)}Definition T : model := model_in
{whole}.
Open Scope positive_scope.
"""


def _proof(certificate: Certificate, subject: Attention) -> str:
    stated, names = certificate.statement, _names(certificate)
    network, terms = certificate.networks[0], binary_terms(certificate)
    box = sequence((f"interval {rational(lo)} {rational(hi)}" for lo, hi in stated.domain), 14)
    words = packed.Words("p") if packed.weights(subject) > packed.MANY else None
    if words is None:
        neurons = "[\n    " + ";\n    ".join(form(neuron, 5) for neuron in network.neurons) + "]"
    else:
        neurons = f"network_in {words.expression(packed.many(packed.form, network.neurons))}"
    targets = ";\n    ".join(_expression(certificate.terms, target) for target in stated.targets)
    nodes = ";\n    ".join(node_text(certificate, node, words) for node in terms.nodes)
    steps = ";\n    ".join(Trace(certificate, terms, words).lines)
    definitions = "" if words is None else "".join(words.definitions)
    beta = network.inverse_temperature or Fraction(0)
    intervals = " ".join(f"in_{name}" for name in names)
    return f"""{definitions}Definition proof : certificate := {{|
  domain := {box};
  targets := [{targets}];
  tolerance := {rational(stated.tolerance)};
  network := {neurons};
  beta := {rational(beta)};
  unit := {integer(1 << certificate.precision)};
  terms := [
    {nodes}];
  trace := [
    {steps}] |}}.

Theorem T_approximates : approximates T.
Proof.
  intros {" ".join(names)} {intervals}. apply (accepted_is_true T proof) with (xs := [{"; ".join(names)}]).
  - vm_cast_no_check (eq_refl true).
  - repeat (apply Forall2_cons; [assumption|]); apply Forall2_nil.
Qed.
"""


def _formula(nodes: tuple[Node, ...], root: int, names: list[str]) -> str:
    """Return the target in ordinary notation over R."""
    for t in below(nodes, (root,)):
        if nodes[t].op not in OPERATIONS:
            raise DeclinedError(f"the Coq library does not know the operation {nodes[t].op!r}")

    def text(t: int) -> str:
        node = nodes[t]
        if node.op == "input":
            return names[node.children[0]]
        if node.op == "const" and node.value is not None:
            return closed(real(node.value))
        parts = [closed(text(c)) for c in node.children]
        if node.op in ("add", "mul"):
            return {"add": " + ", "mul": " * "}[node.op].join(parts)
        if node.op in ("max", "min"):
            name = "Rmax" if node.op == "max" else "Rmin"
            return reduce(lambda left, right: f"{name} {closed(left)} {right}", parts[1:], text(node.children[0]))
        return f"Rabs {parts[0]}" if node.op == "abs" else f"/ {parts[0]}"

    _small(nodes, root)
    return text(root)


def _expression(nodes: tuple[Node, ...], root: int) -> str:
    """Return the same target as the library's ``expression``."""

    def text(t: int) -> str:
        node = nodes[t]
        if node.op == "input":
            return f"(EInput {node.children[0] + 1})"
        if node.op == "const" and node.value is not None:
            return f"(EConst {rational(node.value)})"
        name = {"add": "EAdd", "mul": "EMul", "max": "EMax", "min": "EMin", "inv": "EInv", "abs": "EAbs"}[node.op]
        result = text(node.children[0])
        if len(node.children) == 1:
            return f"({name} {result})"
        for child in node.children[1:]:
            result = f"({name} {result} {text(child)})"
        return result

    return text(root)


def _small(nodes: tuple[Node, ...], root: int) -> None:
    """Raise DeclinedError if the target, written out without sharing, is too long to read or to print."""
    size: list[int] = []
    depth: list[int] = []
    for node in nodes[: root + 1]:
        below = () if node.op in ("input", "const", "net", "gated", "subject") else node.children
        size.append(1 + sum(size[c] for c in below))
        depth.append(1 + max((depth[c] for c in below), default=0))
    if size[root] > LONGEST_TARGET or depth[root] > DEEPEST_TARGET:
        raise DeclinedError(f"the target has more than {LONGEST_TARGET} parts, or {DEEPEST_TARGET} levels, written out")
