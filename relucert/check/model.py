"""What a decoded certificate is made of, and what each part means.

These types are defined a second time on the builder's side, for writing.  That is deliberate:
builder and checker share a file format and nothing else, so that one misunderstanding cannot
be made twice by the same line of code.

Meaning.  A *place* is what the statement speaks of at once: a length n that it allows, inputs in its box D, and a
data token.  In the layout "tokenwise" every data token t carries inputs x_t in D of its own, all of them together are
one sequence of D^n, and every token is a place.  In the layout "one-per-token" there is one x in D, n is its number of
inputs, data token s carries x_s, and the last token alone is a place.  ``x`` below is x_t, or that one x.
If the statement names an arithmetic, x ranges over the numbers of its float format in D alone.
A *term* is a function of the place: an expression node in x, an output of a ReLU network at x ("net"), the same output
with every gate max(u, 0) replaced by u * sigma(beta * u) ("gated"), an output of the transformer at the token, or of
the network that is certified instead of one, at x ("subject"), or what a machine of the stated arithmetic returned for
this output ("machine", see ``arithmetic``).  ``seen_max`` and ``seen_min`` of a term are its
largest and least value over the data tokens that the token sees.  Where a is zero, 1/a is some number;
so is log a where a <= 0, and a power of a where a < 0 or, for an exponent <= 0, a = 0.  Terms are numbered: first the
statement's nodes, then the lemmas' terms.
"""

from fractions import Fraction
from typing import NamedTuple

from .arithmetic import Arithmetic

FORMAT = "relucert/3"


class Node(NamedTuple):
    """A term: an operation on terms of smaller index, or a leaf.

    op       children            value
    input    (i,)                the input i
    const    ()                  a rational, in ``value``
    add mul max min  two or more terms
    inv abs exp log sin cos erf  one term
    power    one term            the exponent
    seen_max seen_min  one term
    net gated  (network, output)
    subject machine  (output,)
    """

    op: str
    children: tuple[int, ...]
    value: Fraction | None = None


LEAVES = {"input": 1, "net": 2, "gated": 2, "subject": 1, "machine": 1}
OPERATIONS: dict[str, tuple[int, int | None]] = {
    **{"add": (2, None), "mul": (2, None), "max": (2, None), "min": (2, None), "inv": (1, 1), "abs": (1, 1)},
    **dict.fromkeys(("exp", "log", "sin", "cos", "erf", "power", "seen_max", "seen_min"), (1, 1)),
}
STATEMENT_OPS = frozenset(OPERATIONS) | {"input", "const"}

# An affine form: a map from atoms to coefficients.  Atoms are ("1",), ("x", i), and, for the
# j-th neuron of a network, ("u", j) before and ("r", j) after the gate.
Atom = tuple[str, int] | tuple[str]
Form = dict[Atom, Fraction]
ONE: Atom = ("1",)


class Network(NamedTuple):
    """A residual ReLU network: u_j is ``neurons[j]``, a form over earlier atoms; r_j = max(u_j, 0)."""

    neurons: tuple[Form, ...]
    outputs: tuple[Form, ...]
    inverse_temperature: Fraction | None


Matrix = dict[tuple[int, int], Fraction]


class Head(NamedTuple):
    """Matrices of one head: w_q, w_k, w_v are d_head x d_model, w_o is d_model x d_head."""

    d_head: int
    w_q: Matrix
    w_k: Matrix
    w_v: Matrix
    w_o: Matrix


Vector = dict[int, Fraction]


class Code(NamedTuple):
    """Position code of data tokens, ``size`` columns: "binary" (signs of binary digits) or "quadratic" (p and p^2)."""

    kind: str
    size: int


class FeedForward(NamedTuple):
    """The feed-forward part of a layer: w_in is width x d_model, w_out is d_model x width."""

    width: int
    w_in: Matrix
    w_out: Matrix


class Layer(NamedTuple):
    """Heads, which are added together, and what follows them, or None in an attention-only layer."""

    heads: tuple[Head, ...]
    feed_forward: FeedForward | None


class Attention(NamedTuple):
    """A softmax transformer; ``attention.py`` says what it computes."""

    d_model: int
    embedding: Matrix
    anchors: tuple[Vector, ...]
    code: Code | None
    layers: tuple[Layer, ...]
    readout: Matrix
    outputs: int

    @property
    def is_attention_only(self) -> bool:
        """Whether no layer has a feed-forward part."""
        return all(layer.feed_forward is None for layer in self.layers)


class Feedforward(NamedTuple):
    """A feed-forward ReLU network as the subject: output k of T is output k of the network with this index."""

    network: int
    outputs: int


class Sequence(NamedTuple):
    """How many data tokens there may be, what they see, and what they carry and which are read (the layout)."""

    least: int
    most: int
    mask: str
    layout: str


MASKS = ("causal", "full")
LAYOUTS = ("tokenwise", "one-per-token")


class Statement(NamedTuple):
    """At every place: | output k of T - targets[k] | <= tolerance."""

    inputs: tuple[str, ...]
    domain: tuple[tuple[Fraction, Fraction], ...]
    nodes: tuple[Node, ...]
    targets: tuple[int, ...]
    tolerance: Fraction
    sequence: Sequence
    arithmetic: Arithmetic | None = None  # None: real numbers


class In(NamedTuple):
    """At every place: lo <= term <= hi."""

    term: int
    lo: Fraction
    hi: Fraction


class Near(NamedTuple):
    """At every place: | left - right | <= bound."""

    left: int
    right: int
    bound: Fraction


Fact = In | Near


class Step(NamedTuple):
    """One line of the trace; ``args`` stay raw until the kernel knows the rule's argument shapes."""

    rule: str
    premises: tuple[int, ...]
    args: dict[str, object]
    conclusion: Fact


class Certificate(NamedTuple):
    """A decoded file.  Decoding establishes shape only; nothing in here is proved yet."""

    statement: Statement
    subject: Attention | Feedforward
    networks: tuple[Network, ...]
    terms: tuple[Node, ...]
    precision: int
    trace: tuple[Step, ...]
