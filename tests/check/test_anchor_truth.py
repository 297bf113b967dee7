"""The claims of the rule ``anchor_gates`` against softmax by brute force, with few anchors so that errors are large."""

import random
from fractions import Fraction

import mpmath
import pytest
from test_checker_truth import random_network

from relucert.certificate.write import Proved, Statement, write_certificate
from relucert.check import decode
from relucert.check.kernel import Context
from relucert.check.rules import RULES
from relucert.check.rules.anchors import _interpolates
from relucert.relu.network import Network, evaluate
from relucert.routes.anchors.head import CELLS, CONSTANT, SHARPNESS, TAYLOR_TERMS, transform
from relucert.target.expression import Expression, Node
from tests.independent import sequence

BOX = ((Fraction(-1), Fraction(1)),) * 2
KNOWN = {"sharpness": SHARPNESS, "constant": CONSTANT, "cells": CELLS, "terms": TAYLOR_TERMS}


def error(y, reach: int, b) -> mpmath.mpf:
    """Return A(y) - min(max(y, 0), P), from the definition."""
    weights = [mpmath.exp(b * (2 * k * y - k * k)) for k in range(reach + 1)]
    return mpmath.fsum(k * w for k, w in enumerate(weights)) / mpmath.fsum(weights) - min(max(y, 0), reach)


def test_the_constant_bounds_the_error_and_is_nearly_attained() -> None:
    b, worst = mpmath.mpf(68) / 25, mpmath.mpf(0)
    for reach in (1, 2, 3, 5, 9):
        for k in range(-40, 40 * reach + 41):
            worst = max(worst, abs(error(mpmath.mpf(k) / 40, reach, b)))
    assert 0.0618 < worst < CONSTANT.numerator / CONSTANT.denominator


@pytest.fixture(scope="module")
def context() -> Context:
    raw, *_ = written(random_network(0, neurons=1), 2)
    return Context(decode.certificate(raw))


@pytest.mark.parametrize(("b", "least"), [("5/2", 0.075), ("68/25", 0.0618), ("3", 0.075), ("1", 0.2), ("6", 0.17)])
def test_the_constant_is_established_just_above_the_truth_and_never_below(context, b, least) -> None:
    worst = max(abs(error(mpmath.mpf(k) / 200, 4, mpmath.mpf(Fraction(b).numerator) / Fraction(b).denominator))
                for k in range(-20, 820))  # fmt: skip
    assert worst > least
    found = Fraction(float(worst))
    assert not _interpolates(context, Fraction(b), found * (1 - Fraction(1, 10**4)), CELLS, TAYLOR_TERMS)
    assert _interpolates(context, Fraction(b), found + Fraction(1, 50), CELLS, TAYLOR_TERMS)


def written(network: Network, reach: int):
    """Return (certificate without steps, heads, spacings), with spacings that reach as far as any value could."""
    sizes: dict[int, Fraction] = {}
    for j, form in enumerate(network.neurons):
        size = sum(map(abs, (v for (kind, _), v in form.terms.items() if kind in "1x")), Fraction(0))
        size += sum(abs(v) * 2 * sizes[k] for (kind, k), v in form.terms.items() if kind in "ur")
        sizes[j] = size + 1
    spacings = {j: sizes[j] / reach for j in network.gated}
    transformer, heads = transform(network, spacings, reach)
    expression = Expression((Node("input", (0,)), Node("input", (1,))), (0,))
    nodes = (*expression.nodes, Node("subject", (0,)), Node("net", (0, 0)))
    statement = Statement(("x", "y"), BOX, expression, Fraction(10**9))
    info = dict.fromkeys(("generator", "spec", "version"), "")
    raw = write_certificate(statement, Proved(transformer, ((network, None),), nodes, (), 96), info)
    return raw, heads, tuple(spacings[j] for layer in heads for j in layer)


@pytest.mark.parametrize("seed", range(8))
def test_the_claim_holds_for_random_networks_however_few_the_anchors(seed: int) -> None:
    network = random_network(seed, neurons=3)
    draw, shown = random.Random(seed), Fraction(0)  # noqa: S311
    for reach in (1, 4, 30):
        raw, heads, spacings = written(network, reach)
        args = {"subject": 2, "net": 3, "heads": heads, "spacings": spacings, **KNOWN}
        proved = RULES["anchor_gates"].run(Context(decode.certificate(raw)), (), **args)
        assert (proved.left, proved.right) == (2, 3)
        for _ in range(6):
            point = [Fraction(draw.randint(-8, 8), 8) for _ in BOX]
            ((value,),) = sequence(raw, [point], 40)
            (exact,) = evaluate(network, point, Fraction(1), lambda u: max(u, Fraction(0)), lambda q: q)
            off = abs(Fraction(str(value)) - exact)
            assert off <= proved.bound + Fraction(1, 10**30)
            shown = max(shown, off / proved.bound if proved.bound else Fraction(0))
    assert shown > Fraction(1, 100) or not network.gated


@pytest.mark.parametrize(("b", "reach"), [(1, 1), (1, 7), (2, 3), (5, 9), (32, 4)])
@mpmath.workdps(80)
def test_the_published_bound_holds_for_softmax_with_the_mass_that_the_rule_proves(b: int, reach: int) -> None:
    leak = mpmath.exp(-b) / (1 - mpmath.exp(-3 * b))
    for k in range(-20, 20 * reach + 21):
        y = mpmath.mpf(k) / 20
        assert abs(error(y, reach, b)) <= 1 + reach * leak
        n = min(max(int(mpmath.floor(y)), 0), reach - 1)
        weights = [mpmath.exp(b * (2 * j * y - j * j)) for j in range(reach + 1)]
        if 0 <= y <= reach:
            assert 1 - (weights[n] + weights[n + 1]) / mpmath.fsum(weights) <= leak
