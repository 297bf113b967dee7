"""From a certificate that the checker accepted to the builder's types; nothing is judged here."""

from __future__ import annotations

from dataclasses import dataclass

from .check import Verdict
from .check.model import Attention, Certificate, Feedforward, Near
from .check.model import Form as CheckedForm
from .check.model import Layer as CheckedLayer
from .errors import DeclinedError
from .relu.network import Form, Network
from .target.expression import Expression, Node
from .transformer.model import Code, FeedForward, Head, Layer, Matrix, Transformer


@dataclass(frozen=True, slots=True)
class Loaded:
    """An accepted certificate in the builder's types; ``outputs`` are those of the network, one for each target."""

    verdict: Verdict
    certificate: Certificate
    expression: Expression
    attention: Transformer | None
    network: Network | None
    outputs: tuple[int, ...]

    @property
    def transformer(self) -> Transformer:
        """The transformer; DeclinedError where the certificate is about a feed-forward network."""
        if self.attention is None:
            raise DeclinedError("this certificate is about a feed-forward ReLU network; this needs a transformer")
        return self.attention


def load(verdict: Verdict) -> Loaded:
    """Return the parts of an accepted certificate, as decoded by the checker."""
    certificate = verdict.certificate
    if certificate is None or verdict.status != "accepted":
        raise ValueError("only an accepted certificate is loaded")
    stated = certificate.statement
    expression = Expression(tuple(Node(n.op, n.children, n.value) for n in stated.nodes), stated.targets)
    network, outputs, subject = None, [0] * len(stated.targets), certificate.subject
    if isinstance(subject, Feedforward):
        lemma = _network(certificate, subject.network)
        return Loaded(verdict, certificate, expression, None, lemma, tuple(range(len(stated.targets))))
    for step in certificate.trace:
        if not isinstance(step.conclusion, Near):
            continue
        left, right = (certificate.terms[t].op for t in step.conclusion[:2])
        if left in ("subject", "machine") and right in ("gated", "net"):
            (target,) = certificate.terms[step.conclusion.left].children
            k, outputs[target] = certificate.terms[step.conclusion.right].children
            network = _network(certificate, k)
    return Loaded(verdict, certificate, expression, _transformer(certificate, subject), network, tuple(outputs))


def _network(certificate: Certificate, k: int) -> Network:
    lemma = certificate.networks[k]
    inputs = len(certificate.statement.inputs)
    return Network(inputs, tuple(map(_form, lemma.neurons)), tuple(map(_form, lemma.outputs)))


def _form(form: CheckedForm) -> Form:
    return Form({(atom[0], atom[1] if len(atom) == 2 else 0): value for atom, value in form.items()})


def _transformer(certificate: Certificate, subject: Attention) -> Transformer:
    width = subject.d_model
    code = None if subject.code is None else Code(subject.code.kind, subject.code.size)
    columns = 1 + len(certificate.statement.inputs) + (code.size if code else 0)
    return Transformer(
        Matrix.of(width, columns, subject.embedding),
        tuple(_layer(layer, width) for layer in subject.layers),
        Matrix.of(subject.outputs, width, subject.readout),
        tuple(tuple(sorted(anchor.items())) for anchor in subject.anchors),
        code,
    )


def _layer(layer: CheckedLayer, width: int) -> Layer:
    heads = tuple(
        Head(
            Matrix.of(head.d_head, width, head.w_q),
            Matrix.of(head.d_head, width, head.w_k),
            Matrix.of(head.d_head, width, head.w_v),
            Matrix.of(width, head.d_head, head.w_o),
        )
        for head in layer.heads
    )
    part = layer.feed_forward
    if part is None:
        return Layer(heads)
    return Layer(heads, FeedForward(Matrix.of(part.width, width, part.w_in), Matrix.of(width, part.width, part.w_out)))
