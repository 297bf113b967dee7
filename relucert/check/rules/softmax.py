"""Family ``softmax``: the transformer is an expression in exponentials, exactly."""

from fractions import Fraction

from ..attention import embedded
from ..kernel import Context, Rule
from ..model import Fact, Head, Matrix, Near
from ..refusal import Declined, Rejected
from .polynomial import Polynomial, accumulate, constant, linear, multiply, polynomial

Rows = list[Polynomial]
Token = dict[int, Polynomial]  # its vector, by coordinate; what is missing is zero


def softmax(
    context: Context,
    premises: tuple[Fact, ...],
    subject: int,
    term: int,
    powers: tuple[tuple[int, ...], ...],
    inverses: tuple[int, ...],
) -> Near:
    """Claim: subject = term.

    Hypotheses: there is one data token.  Layer by layer and head by head, ``powers`` lists for the anchors, in their
    order, and then for the data token itself a term that is exp of the head's score against that token, or the
    constant 1 where the score is zero; ``inverses`` lists for every head a term 1/s with s = 1 + the sum of those.
    Both are compared as polynomials in the inputs and in terms that are no sum or product.  The read-out, with each
    head's softmax written by these terms, is the same polynomial as ``term``.
    With anchors and several layers the mask is causal, and in every layer but the last, in every row of W_Q and W_K
    of every head, an anchor's query is zero unless the keys of this anchor and of those before it are.
    Computation: the data token's stream as polynomials, and the anchors' as numbers, layer by layer.
    Proof: by ``attention`` the data token sees the sink, the anchors before it and itself.  The sink has score 0 and
    value 0, so a head adds W_O (sum over the others of e_s v_s) / (1 + sum of e_s) with e_s = exp(score); the
    denominator is at least 1.  In the first layer anchors are the constant vectors of the file.  Under a causal mask
    anchor k sees the sink and anchors 1..k alone; where its scores are all zero, each has weight 1/(k+1), so a head
    adds W_O (v_1 + ... + v_k) / (k+1) to it, again a constant.  What the last layer adds to anchors nobody reads.
    Source: the definition of softmax attention; anchors in several layers: derived here.
    """
    (output,) = context.node(subject, "subject").children
    attention = context.subject
    if context.sequence.most != 1:
        raise Rejected("needs a single data token")
    alike = "full" if len(attention.layers) < 2 or not attention.anchors else "causal"
    if context.sequence.mask not in ("causal", alike):
        raise Declined(f"this rule does not know the mask {context.sequence.mask!r} here, but a causal one")
    if not len(powers) == len(inverses) == sum(len(layer.heads) for layer in attention.layers):
        raise Rejected("one list of powers and one inverse is needed for each head")
    context.spend(sum(map(len, attention.anchors)))
    stream: Token = {}
    for row, form in enumerate(embedded(attention, len(context.domain), context.spend)):
        stream[row] = linear({(*atom,): value for atom, value in form.items()})
    anchors: list[Token] = [{row: constant(value) for row, value in vector.items()} for vector in attention.anchors]
    named = iter(zip(powers, inverses, strict=True))
    for rest, layer in zip(range(len(attention.layers) - 1, -1, -1), attention.layers, strict=True):
        updates = [(head, *_weighted(context, head, stream, anchors, *next(named))) for head in layer.heads]
        if rest:
            anchors = _constants(context, layer.heads, anchors)
        for head, values, inverse in updates:
            for (row, column), weight in head.w_o.items():
                accumulate(context, stream[row], multiply(values[column], inverse, context.spend), weight)
    result: Polynomial = {}
    for (row, column), weight in attention.readout.items():
        if row == output:
            accumulate(context, result, stream[column], weight)
    accumulate(context, result, polynomial(context, term), Fraction(-1))
    if result:
        raise Rejected(f"the read-out is not t{term}")
    return Near(subject, term, Fraction(0))


def _weighted(
    context: Context, head: Head, stream: Token, anchors: list[Token], powers: tuple[int, ...], inverse: int
) -> tuple[Rows, Polynomial]:
    """Return the values of a head, summed with the powers named, and the inverse that normalises them."""
    tokens = [*anchors, stream]
    if len(powers) != len(tokens):
        raise Rejected("one power is needed for each anchor and for the data token")
    query = _read(context, head.w_q, head.d_head, stream)
    total: Polynomial = constant(Fraction(1))
    values: Rows = [{} for _ in range(head.d_head)]
    for t, token in zip(powers, tokens, strict=True):
        key, value = (_read(context, matrix, head.d_head, token) for matrix in (head.w_k, head.w_v))
        score: Polynomial = {}
        for q, k in zip(query, key, strict=True):
            accumulate(context, score, multiply(q, k, context.spend))
        power = _power(context, t, score)
        accumulate(context, total, power)
        for row in range(head.d_head):
            accumulate(context, values[row], multiply(value[row], power, context.spend))
    (argument,) = context.node(inverse, "inv").children
    accumulate(context, total, polynomial(context, argument), Fraction(-1))
    if total:
        raise Rejected(f"t{inverse} is not one over the sum of the powers of a head")
    return values, linear({("term", inverse): Fraction(1)})


def _constants(context: Context, layer: tuple[Head, ...], anchors: list[Token]) -> list[Token]:
    """Return the anchors after a layer in which all their scores are zero; raise Rejected where one may not be."""
    result = [{row: dict(entry) for row, entry in token.items()} for token in anchors]
    for head in layer:
        total: Rows = [{} for _ in range(head.d_head)]
        keyed: set[int] = set()
        for k, token in enumerate(anchors):
            query, key, value = (
                _read(context, matrix, head.d_head, token) for matrix in (head.w_q, head.w_k, head.w_v)
            )
            keyed |= {row for row, entry in enumerate(key) if entry}
            if any(query[row] for row in keyed):
                raise Rejected("an anchor's score is not known to be zero, in a layer before the last")
            for row, entry in enumerate(value):
                accumulate(context, total[row], entry)
            context.spend(len(head.w_o))
            for (row, column), weight in head.w_o.items():
                accumulate(context, result[k].setdefault(row, {}), total[column], weight / (k + 2))
    return result


def _power(context: Context, term: int, score: Polynomial) -> Polynomial:
    """Return exp(score) as the term that is named for it."""
    if term >= len(context.nodes):
        raise Rejected(f"there is no term {term}")
    if not score and context.nodes[term].op == "const" and context.nodes[term].value == 1:
        return constant(Fraction(1))
    (argument,) = context.node(term, "exp").children
    accumulate(context, score, polynomial(context, argument), Fraction(-1))
    if score:
        raise Rejected(f"t{term} is not exp of the score that it stands for")
    return linear({("term", term): Fraction(1)})


def _read(context: Context, matrix: Matrix, rows: int, token: Token) -> Rows:
    """Return ``matrix`` times the vector of a token."""
    context.spend(rows + len(matrix))
    result: Rows = [{} for _ in range(rows)]
    for (row, column), weight in matrix.items():
        accumulate(context, result[row], token.get(column, {}), weight)
    return result


ARGS = {"subject": "term", "term": "term", "powers": "table", "inverses": "terms"}
RULES = {"softmax": Rule("softmax", softmax, ARGS)}
