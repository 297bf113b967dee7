"""The terms of a certificate with binary operations only, as the Coq library has them.

Nothing here is trusted: the library checks what it is given.  Indices start at zero here and at one in Coq.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..check.model import Certificate, Node
from ..errors import DeclinedError
from . import packed
from .text import form, rational

BINARY = {"add": "Add", "mul": "Mul", "max": "Max", "min": "Min"}
UNARY = {"inv": "Inv", "abs": "Abs"}
COVERED = frozenset(BINARY) | frozenset(UNARY) | {"input", "const", "net", "gated", "subject"}


@dataclass(slots=True)
class Terms:
    """The certificate's terms with binary operations; ``at`` maps the certificate's indices to the new ones.

    ``partial`` lists, for an operation with several arguments, the terms of its first two, three, ... arguments.
    """

    nodes: list[Node] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    partial: dict[int, list[int]] = field(default_factory=dict)

    def add(self, node: Node) -> int:
        """Append a node and return its index."""
        self.nodes.append(node)
        return len(self.nodes) - 1


def binary_terms(certificate: Certificate) -> Terms:
    """Return the terms with every longer operation nested to the left."""
    terms = Terms()
    for t, node in enumerate(certificate.terms):
        if node.op in BINARY:
            children = [terms.at[c] for c in node.children]
            chain = [terms.add(Node(node.op, (children[0], children[1])))]
            for child in children[2:]:
                chain.append(terms.add(Node(node.op, (chain[-1], child))))
            terms.partial[t] = chain
            terms.at.append(chain[-1])
        elif node.op in UNARY:
            terms.at.append(terms.add(Node(node.op, (terms.at[node.children[0]],))))
        else:
            terms.at.append(terms.add(node))
    return terms


def node_text(certificate: Certificate, node: Node, words: packed.Words | None) -> str:
    """Return a term as a constructor of the library's ``node``, its form packed if there are ``words``."""
    if node.op in BINARY:
        return f"{BINARY[node.op]} {node.children[0] + 1} {node.children[1] + 1}"
    if node.op in UNARY:
        return f"{UNARY[node.op]} {node.children[0] + 1}"
    if node.op == "input":
        return f"Input {node.children[0] + 1}"
    if node.op == "const" and node.value is not None:
        return f"Const {rational(node.value)}"
    if node.op == "subject":
        return f"Subject {node.children[0]}"
    network, output = node.children
    if network != 0:
        raise DeclinedError("the Coq library checks certificates with one network only")
    kind = {"net": "Net", "gated": "Gated"}[node.op]
    value = certificate.networks[0].outputs[output]
    return f"{kind} {form(value, 6) if words is None else f'(form_in {words.expression(packed.form(value))})'}"
