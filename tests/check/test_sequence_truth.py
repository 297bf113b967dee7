"""The claims of the sequence rules against brute force, with margins so small that the leak shows; sampled."""

import json
import random
from dataclasses import replace
from fractions import Fraction

import pytest
from forge import encode
from test_checker_truth import random_network

from relucert.certificate.write import Proved, Statement, write_certificate
from relucert.check import decode
from relucert.check.kernel import Context
from relucert.check.rules import RULES
from relucert.relu.gate import gate_constant
from relucert.relu.leak import Leak
from relucert.relu.network import Form, Network, evaluate
from relucert.routes.relu.sequence import transform
from relucert.spec.problem import make_problem
from relucert.spec.sequence import Sequence
from relucert.target.expression import Expression, Node
from relucert.transformer.evaluate import context, evaluate_sequence, exact, one_per_token
from relucert.transformer.model import Code, Transformer

BETA = Fraction(50)
ROUNDED = Fraction(1, 10**30)  # of evaluation at 40 digits
BOX = ((Fraction(-1), Fraction(1)),) * 2
CODES = {"binary": Code("binary", 3), "quadratic": Code("quadratic", 2)}


def claimed(network: Network, code: Code, margin: int, sequence: Sequence) -> tuple[Fraction, Transformer]:
    """Return what the rule proves of the leak, and the transformer, for a network over two inputs."""
    problem = make_problem("x + y", Fraction(1), sequence={"layout": sequence.layout})
    problem = replace(problem, sequence=sequence)
    transformer, heads = transform(problem, network, BETA, Leak(margin, 2 * margin, ()), code)
    expression = Expression((Node("input", (0,)), Node("input", (1,))), (0,))
    statement = Statement(("x", "y"), BOX, expression, Fraction(10**9), sequence)
    nodes = (*expression.nodes, Node("subject", (0,)), Node("gated", (0, 0)))
    info = dict.fromkeys(("generator", "spec", "version"), "")
    raw = write_certificate(statement, Proved(transformer, ((network, BETA),), nodes, (), 96), info)
    certificate, constant = decode.certificate(raw), gate_constant()
    args = {"subject": 2, "gated": 3, "heads": heads, "margin": Fraction(margin), "lift": Fraction(2 * margin)}
    proved = RULES["tokens"].run(Context(certificate), (), **args, kappa=constant.kappa, terms=constant.terms)
    assert (proved.left, proved.right) == (2, 3)
    return proved.bound, transformer


def gated(network: Network, row: list[Fraction]) -> Fraction:
    """Return the gated network's value, u sigma(beta u) for every gate, to 40 digits."""
    ctx = context(40)

    def gate(u):
        return u / (1 + ctx.exp(-BETA.numerator * u))

    point = [ctx.mpf(x.numerator) / x.denominator for x in row]
    return exact(evaluate(network, point, ctx.one, gate, lambda q: ctx.mpf(q.numerator) / q.denominator)[0])


@pytest.mark.parametrize("mask", ["causal", "full"])
@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("seed", range(6))
def test_the_claim_holds_at_every_token_however_large_the_leak(seed, kind, mask):
    network = random_network(seed, neurons=3)
    for margin in (1, 2, 4):
        leak, transformer = claimed(network, CODES[kind], margin, Sequence(1, 8, mask))
        draw = random.Random(seed)  # noqa: S311
        rows = [[draw.choice((Fraction(-1), Fraction(1), Fraction(1, 8))) for _ in BOX] for _ in range(8)]
        found = evaluate_sequence(transformer, rows, mask, context(40))
        for (value,), row in zip(found, rows, strict=True):
            assert abs(exact(value) - gated(network, row)) <= leak + ROUNDED


def test_the_leak_of_one_gate_is_real_and_within_a_factor_of_four_of_its_bound():
    relu = Network(2, (Form({("x", 0): Fraction(1)}),), (Form({("r", 0): Fraction(1)}),))
    rows = [[Fraction(1 if t == 0 else -1), Fraction(0)] for t in range(8)]  # all others hold the opposite end
    leak, transformer = claimed(relu, CODES["binary"], 3, Sequence(1, 8, "full"))
    found = evaluate_sequence(transformer, rows, "full", context(40))
    error = abs(exact(found[0][0]) - gated(relu, rows[0]))
    assert leak / 4 <= error <= leak


@pytest.mark.parametrize("mask", ["causal", "full"])
@pytest.mark.parametrize("seed", range(6))
def test_the_claim_holds_at_the_last_token_of_gathered_inputs(seed, mask):
    network = random_network(seed, neurons=3)
    for margin in (1, 3):
        leak, transformer = claimed(network, Code("binary", 1), margin, Sequence(2, 2, mask, "one-per-token"))
        for point in ([Fraction(1), Fraction(-1)], [Fraction(-1), Fraction(1, 3)], [Fraction(1), Fraction(1)]):
            value = evaluate_sequence(transformer, one_per_token(point), mask, context(40))[-1][0]
            assert abs(exact(value) - gated(network, point)) <= leak + ROUNDED


@pytest.mark.parametrize("mask", ["causal", "full"])
@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("seed", range(4))
def test_the_claim_holds_at_the_last_token_of_inputs_gathered_from_one_coordinate(seed, kind, mask):
    network = random_network(seed, neurons=3)
    for margin in (1, 3):
        layout = Sequence(2, 2, mask, "one-per-token", "shared")
        leak, transformer = claimed(network, CODES[kind], margin, layout)
        for point in ([Fraction(1), Fraction(-1)], [Fraction(-1), Fraction(1, 3)], [Fraction(1), Fraction(1)]):
            value = evaluate_sequence(transformer, one_per_token(point), mask, context(40))[-1][0]
            assert abs(exact(value) - gated(network, point)) <= leak + ROUNDED


def test_the_leak_of_gathering_is_real_and_within_a_factor_of_four_of_its_bound():
    """No gate: x is read from the first of two tokens, the other one holding the opposite."""
    network = Network(2, (), (Form({("x", 0): Fraction(1)}),))
    sequence = Sequence(2, 2, "full", "one-per-token", "shared")
    leak, transformer = claimed(network, Code("binary", 1), 2, sequence)
    point = [Fraction(1), Fraction(-1)]
    value = evaluate_sequence(transformer, one_per_token(point), "full", context(40))[-1][0]
    assert leak / 4 <= abs(exact(value) - 1) <= leak


def test_the_certificate_of_a_changed_layout_is_refused(built):
    """Full and causal masks, and the two layouts, are not interchangeable where the proof needs one of them."""
    data = json.loads(built("product of two tokens").certificate)
    assert data["statement"]["sequence"]["layout"] == "one-per-token"
    from relucert.check import check

    data["statement"]["sequence"]["layout"] = "tokenwise"
    verdict = check(encode(data))
    assert (verdict.status, verdict.rule) == ("rejected", "tokens")
