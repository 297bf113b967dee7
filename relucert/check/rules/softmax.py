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

    Hypotheses: there is one data token, and one layer alone if there are anchors.  Layer by layer and head by head,
    ``powers`` lists for the anchors, in their order, and then for the data token itself a term that is exp of the
    head's score against that token, or the constant 1 where the score is zero; ``inverses`` lists for every head a
    term 1/s with s = 1 + the sum of those.  Both are compared as polynomials in the inputs and in terms that are no
    sum or product.  The read-out, with each head's softmax written by these terms, is the same polynomial as ``term``.
    Computation: the data token's stream as polynomials; coordinates that no later matrix reads are kept as well.
    Proof: by ``attention`` the data token sees the sink, the anchors before it and itself.  The sink has score 0 and
    value 0, so a head adds W_O (sum over the others of e_s v_s) / (1 + sum of e_s) with e_s = exp(score); the
    denominator is at least 1.  In the first layer anchors are the constant vectors of the file.
    Source: the definition of softmax attention.
    """
    (output,) = context.node(subject, "subject").children
    attention = context.subject
    if context.sequence.most != 1:
        raise Rejected("needs a single data token")
    if attention.anchors and len(attention.layers) > 1:
        raise Declined("this rule knows anchors in a single layer only")
    if not len(powers) == len(inverses) == sum(len(layer.heads) for layer in attention.layers):
        raise Rejected("one list of powers and one inverse is needed for each head")
    context.spend(attention.d_model)
    stream: Token = {}
    for row, form in enumerate(embedded(attention, len(context.domain))):
        stream[row] = linear({(*atom,): value for atom, value in form.items()})
    anchors: list[Token] = [{row: constant(value) for row, value in vector.items()} for vector in attention.anchors]
    named = iter(zip(powers, inverses, strict=True))
    for layer in attention.layers:
        updates = [(head, *_weighted(context, head, stream, anchors, *next(named))) for head in layer.heads]
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
    context.spend(rows)
    result: Rows = [{} for _ in range(rows)]
    for (row, column), weight in matrix.items():
        accumulate(context, result[row], token.get(column, {}), weight)
    return result


ARGS = {"subject": "term", "term": "term", "powers": "table", "inverses": "terms"}
RULES = {"softmax": Rule("softmax", softmax, ARGS)}
