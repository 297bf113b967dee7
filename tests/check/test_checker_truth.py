"""What the gate and translation rules claim, against evaluation of random networks: sampled, so no proof."""

import json
import random
from fractions import Fraction
from math import exp

import pytest
from forge import at, check_with_given, encode, paths, tamper
from rule_cases import KAPPA, KAPPA_TERMS
from softmax_cases import CLEAN, JUNK, composed

from relucert.certificate.write import Proved, Statement, write_certificate
from relucert.check import decode
from relucert.check.kernel import Context
from relucert.check.model import Certificate
from relucert.check.refusal import Rejected
from relucert.check.rules import RULES
from relucert.relu.network import Form, Network
from relucert.routes.relu.translate import translate
from relucert.target.expression import Expression, Node
from relucert.transformer.evaluate import context, evaluate
from relucert.transformer.evaluate import exact as as_fraction
from tests.independent import sequence

BETA = Fraction(7, 2)


def random_network(seed: int, neurons: int = 7, inputs: int = 2) -> Network:
    """Return a network with short random weights, each neuron reading u and r of a few earlier ones."""
    draw = random.Random(seed)  # noqa: S311

    def form(before: int) -> Form:
        terms = {("x", i): Fraction(draw.randint(-4, 4), 2) for i in range(inputs)}
        terms["1", 0] = Fraction(draw.randint(-2, 2), 2)
        for j in range(before):
            for kind in "ur":
                if draw.random() < 0.4:
                    terms[kind, j] = Fraction(draw.randint(-6, 6), 4)
        return Form({atom: value for atom, value in terms.items() if value})

    return Network(inputs, tuple(form(j) for j in range(neurons)), (form(neurons),))


def data_of(seed: int):
    """Return (certificate data, transformer, network) with the translation and both gate rules to be asked."""
    network = random_network(seed)
    transformer, heads = translate(network, BETA)
    expression = Expression((Node("input", (0,)), Node("input", (1,))), (0,))
    statement = Statement(("x", "y"), ((Fraction(-1), Fraction(1)),) * 2, expression, Fraction(10**6))
    nodes = (*expression.nodes, Node("subject", (0,)), Node("gated", (0, 0)), Node("net", (0, 0)))
    raw = write_certificate(statement, Proved(transformer, ((network, BETA),), nodes, (), 64), dict.fromkeys(
        ("generator", "spec", "version"), ""))  # fmt: skip
    return raw, transformer, network, heads


def run(certificate: Certificate, rule: str, **args):
    return RULES[rule].run(Context(certificate), (), **args)


def values(network: Network, point, gate) -> float:
    u: list[float] = []
    r: list[float] = []

    def value(form: Form) -> float:
        sources = {"1": [1.0], "x": point, "u": u, "r": r}
        return sum(float(w) * sources[kind][j] for (kind, j), w in form.terms.items())

    for form in network.neurons:
        u.append(value(form))
        r.append(gate(u[-1]))
    return value(network.outputs[0])


@pytest.mark.parametrize("seed", range(40))
def test_the_gate_bounds_hold_on_random_networks(seed):
    raw, _, network, _ = data_of(seed)
    certificate = decode.certificate(raw)
    ask = {"gated": 3, "net": 4, "kappa": Fraction(KAPPA), "terms": KAPPA_TERMS}
    least = min(run(certificate, rule, **ask).bound for rule in ("gate_error", "gate_error_forward"))
    draw, worst = random.Random(seed), 0.0  # noqa: S311
    for _ in range(300):
        point = [draw.uniform(-1, 1) for _ in range(2)]
        soft = values(network, point, lambda u: u / (1 + exp(-float(BETA) * u)) if u > -100 else 0.0)
        worst = max(worst, abs(soft - values(network, point, lambda u: max(u, 0.0))))
    assert worst <= least + Fraction(1, 10**9)
    assert worst > 0 or least == 0


@pytest.mark.parametrize("seed", range(15))
def test_the_transformer_is_the_gated_network_where_the_rule_says_so(seed):
    raw, transformer, network, heads = data_of(seed)
    assert run(decode.certificate(raw), "translation", subject=2, gated=3, heads=heads).bound == 0
    ctx, draw = context(30), random.Random(seed)  # noqa: S311
    for _ in range(5):
        point = [Fraction(draw.randint(-100, 100), 100) for _ in range(2)]
        soft = values(network, list(map(float, point)), lambda u: u / (1 + exp(-float(BETA) * u)) if u > -99 else 0.0)
        assert abs(float(as_fraction(evaluate(transformer, point, ctx)[0])) - soft) < 1e-6 * (1 + abs(soft))


@pytest.mark.parametrize("seed", range(6))
def test_a_random_transformer_with_one_weight_changed_is_refused(seed):
    raw, _, _, heads = data_of(seed)
    data = json.loads(raw)
    weights = [p for p in paths(data["subject"]) if isinstance(at(data["subject"], p), str) and p[0] != "kind"]
    refused = 0
    for path in weights:
        mutant = decode.certificate(encode(tamper(data, ("subject", *path), lambda v: str(Fraction(v) + 1000))))
        if path[0] == "embedding" or path[0] == "readout" or path[-3] in ("w_q", "w_k", "w_v", "w_o"):
            with pytest.raises(Rejected):
                run(mutant, "translation", subject=2, gated=3, heads=heads)
            refused += 1
    assert refused == len(weights) > 20


def test_the_network_that_is_identically_zero_has_a_transformer_that_is_not():
    """u0 = x, u1 = 3 relu(u0), out = relu(u1) - u1: reading off a bound from the sign of u1 would be false."""
    network = Network(
        1,
        (Form({("x", 0): Fraction(1)}), Form({("r", 0): Fraction(3)})),
        (Form({("r", 1): Fraction(1), ("u", 1): Fraction(-1)}),),
    )
    transformer, _ = translate(network, Fraction(100))
    ctx = context(40)
    points = [Fraction(k, 2000) for k in range(-100, 100)]
    worst = max(abs(as_fraction(evaluate(transformer, [x], ctx)[0])) for x in points)
    kappa = Fraction(KAPPA)
    assert kappa / 100 < worst < 4 * kappa / 100


def test_the_semantics_of_a_head_are_those_of_softmax():
    """One head with scores q k adds sigma(q k) W_O W_V X to the data token, by plain softmax over the two tokens."""
    one = network_of_one_gate()
    transformer, _ = translate(one, Fraction(3))
    for k in range(-20, 21):
        x = Fraction(k, 7)
        found = float(as_fraction(evaluate(transformer, [x], context(30))[0]))
        assert found == pytest.approx(float(x) / (1 + exp(-3 * float(x))), abs=1e-12)


@pytest.mark.parametrize(("term", "anchors", "left"), [("clean", CLEAN, 0.0), ("junk", JUNK, 5 / 2 + 7 / 3)])
def test_anchors_in_two_layers_are_the_constants_that_the_rule_says(term, anchors, left):
    """The accepted expression of two layers over anchors is what softmax over all tokens returns."""
    data = encode(composed(term, anchors))
    for k in range(-10, 11):
        x = k / 10
        ((found,),) = sequence(data, [[Fraction(k, 10)]], 40)
        r = (5 * exp(x) + 2 * exp(-x)) / (2 + exp(x) + exp(-x))
        assert float(found) == pytest.approx((left + r * exp(r)) / (3 + exp(r)), abs=1e-12)


def network_of_one_gate() -> Network:
    return Network(1, (Form({("x", 0): Fraction(1)}),), (Form({("r", 0): Fraction(1)}),))


def test_check_with_given_is_the_real_checker_for_real_certificates(built):
    outcome = built("abs")
    assert check_with_given(outcome.certificate) == outcome.verdict
