"""The canonical certificate writer: the same problem and version give the same bytes everywhere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from ..derivation.judgement import Step
from ..exact.number import write_rational
from ..relu.network import ONE, Form, Network
from ..spec.sequence import SINGLE, Sequence
from ..target.expression import Expression, Node
from ..transformer.model import Layer, Matrix, Transformer

if TYPE_CHECKING:
    from ..arithmetic.model import Arithmetic

FORMAT = "relucert/3"


@dataclass(frozen=True, slots=True)
class Statement:
    """What a certificate claims: for every x in the domain, each output is within tolerance of its target.

    ``sequence`` says how many data tokens there are, what they see and carry, and at which of them that holds.
    """

    inputs: tuple[str, ...]
    domain: tuple[tuple[Fraction, Fraction], ...]
    expression: Expression
    tolerance: Fraction
    sequence: Sequence = SINGLE
    arithmetic: Arithmetic | None = None
    norm: str = "sup"


@dataclass(frozen=True, slots=True)
class Proved:
    """What a route returns: the transformer, the lemmas' networks with their inverse temperatures, and the proof."""

    subject: Transformer
    networks: tuple[tuple[Network, Fraction | None], ...]
    nodes: tuple[Node, ...]
    steps: tuple[Step, ...]
    precision: int


@dataclass(frozen=True, slots=True)
class ProvedNetwork:
    """The same for a feed-forward network: the first of ``networks`` is what is certified."""

    networks: tuple[tuple[Network, Fraction | None], ...]
    nodes: tuple[Node, ...]
    steps: tuple[Step, ...]
    precision: int


def write_statement(statement: Statement) -> dict[str, object]:
    """Return the statement as JSON data."""
    return {
        "domain": [[write_rational(lo), write_rational(hi)] for lo, hi in statement.domain],
        "inputs": list(statement.inputs),
        "nodes": [_node(node) for node in statement.expression.nodes],
        "norm": statement.norm,
        "semantics": "real" if statement.arithmetic is None else statement.arithmetic.entries,
        "sequence": {
            "layout": statement.sequence.layout,
            "lengths": [str(statement.sequence.least), str(statement.sequence.most)],
            "mask": statement.sequence.mask,
        },
        "targets": list(statement.expression.roots),
        "tolerance": write_rational(statement.tolerance),
    }


def write_certificate(statement: Statement, proved: Proved, info: dict[str, str]) -> bytes:
    """Return the certificate: ASCII JSON, sorted keys, no spaces, one final newline."""
    return _written(statement, proved, _transformer(proved.subject), info)


def write_feedforward(statement: Statement, proved: ProvedNetwork, info: dict[str, str]) -> bytes:
    """Return the certificate of a feed-forward network, which is network 0 of its lemmas."""
    subject: dict[str, object] = {"kind": "feedforward", "network": 0}
    return _written(statement, proved, subject, info)


def _written(
    statement: Statement, proved: Proved | ProvedNetwork, subject: dict[str, object], info: dict[str, str]
) -> bytes:
    certificate = {
        "format": FORMAT,
        "info": info,
        "lemmas": {
            "networks": [_network(network, beta) for network, beta in proved.networks],
            "terms": [_node(node) for node in proved.nodes[len(statement.expression.nodes) :]],
        },
        "precision": proved.precision,
        "statement": write_statement(statement),
        "subject": subject,
        "trace": [_step(step) for step in proved.steps],
    }
    return canonical(certificate)


def canonical(data: object) -> bytes:
    """Return the canonical bytes of JSON data."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii") + b"\n"


def _node(node: Node) -> list[object]:
    return [node.op, *node.children] if node.value is None else [node.op, *node.children, write_rational(node.value)]


def _form(form: Form) -> list[object]:
    parts: dict[str, list[list[object]]] = {"x": [], "u": [], "r": []}
    for (kind, j), value in sorted(form.terms.items()):
        if kind in parts:
            parts[kind].append([j, write_rational(value)])
    return [write_rational(form.terms[ONE]) if ONE in form.terms else "0", parts["x"], parts["u"], parts["r"]]


def _network(network: Network, inverse_temperature: Fraction | None) -> dict[str, object]:
    return {
        "inverse_temperature": None if inverse_temperature is None else write_rational(inverse_temperature),
        "neurons": [_form(form) for form in network.neurons],
        "outputs": [_form(form) for form in network.outputs],
    }


def _matrix(matrix: Matrix) -> list[list[object]]:
    return [[i, j, write_rational(value)] for i, j, value in matrix.entries]


def _transformer(transformer: Transformer) -> dict[str, object]:
    code = transformer.code
    return {
        "anchors": [[[row, write_rational(value)] for row, value in anchor] for anchor in transformer.anchors],
        "code": None if code is None else {"kind": code.kind, "size": code.size},
        "d_model": transformer.d_model,
        "embedding": _matrix(transformer.embedding),
        "kind": "attention",
        "layers": [_layer(layer) for layer in transformer.layers],
        "outputs": transformer.readout.rows,
        "readout": _matrix(transformer.readout),
    }


def _layer(layer: Layer) -> dict[str, object]:
    part = layer.feed_forward
    return {
        "feed_forward": None
        if part is None
        else {"w_in": _matrix(part.w_in), "w_out": _matrix(part.w_out), "width": part.width},
        "heads": [
            {
                "d_head": head.d_head,
                "w_k": _matrix(head.w_k),
                "w_o": _matrix(head.w_o),
                "w_q": _matrix(head.w_q),
                "w_v": _matrix(head.w_v),
            }
            for head in layer.heads
        ],
    }


def _plain(value: object) -> object:
    if isinstance(value, Fraction):
        return write_rational(value)
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return value


def _step(step: Step) -> dict[str, object]:
    return {
        "args": {name: _plain(value) for name, value in step.args},
        "conclusion": _plain(step.conclusion),
        "premises": list(step.premises),
        "rule": step.rule,
    }
