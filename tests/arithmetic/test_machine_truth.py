"""What the checker proves of machines holds of a machine that uses every freedom of the model."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

import relucert
from relucert.check.rules.floats import FORMATS
from relucert.loaded import load
from relucert.relu.network import evaluate_exactly
from relucert.target.expression import evaluate
from tests.arithmetic.simulated import Simulated

F = Fraction
# target, tolerance, domain, arithmetic, least part of the machine's proved distance that the simulation has to reach
CASES = [
    ("abs", "1/4", {}, {"dtype": "bfloat16"}, 4),
    ("abs", "1/50", {}, {"dtype": "float16", "accumulate": "float16", "exp_ulps": 3, "subnormals": "flush"}, 60),
    ("square", "1/16", {}, {"dtype": "bfloat16", "accumulate": "bfloat16", "exp_ulps": 2}, 5),
    ("square", "1/100", {"x": (F(-1, 3), F(5, 7))}, {"dtype": "float16"}, 8),
    ("multiply", "1/16", {}, {"dtype": "bfloat16"}, 16),
    ("multiply", "1/500000", {}, {"dtype": "float32"}, 16),
    ("multiply", "2/5", {}, {"dtype": "float32", "softmax": "plain"}, 5),
    ("multiply", "3/100000", {"x": (F(-1), F(3)), "y": (F(1, 3), F(2))}, {"dtype": "float32"}, 60),
    ("max(x, y, z)", "1/50", {n: (F(-3), F(3)) for n in "xyz"}, {"dtype": "float16"}, 16),
    ("clip", "1/10", {"x": (F(-4), F(4))}, {"dtype": "bfloat16", "accumulate": "bfloat16"}, 20),
    ("reciprocal", "1/10", {"x": (F(1), F(4))}, {"dtype": "float16"}, 3),
    ("x*y+abs(x-y); min(x, y)", "1/4", {}, {"dtype": "bfloat16"}, 5),
    ("max(x, -x)", "2e-34", {"x": (F(-1, 10**36), F(1, 10**36))}, {"dtype": "float32"}, 10**6),
]
POINTS = 100


def corner(random: Random, lo: Fraction, hi: Fraction) -> Fraction:
    """Return a point of an interval, near one of its ends or a simple fraction of it as often as not."""
    part = random.choice([F(random.random()), F(0), F(1), F(1, 2), F(1, 3), F(1, 2) + F(random.random()) / 4096])
    return lo + part * (hi - lo)


@pytest.mark.parametrize(("target", "eps", "domain", "arithmetic", "part"), CASES, ids=lambda v: str(v)[:24])
def test_every_result_that_the_model_admits_is_within_the_bound(target, eps, domain, arithmetic, part):
    problem = relucert.make_problem(target, F(eps), domain or None, arithmetic=arithmetic)
    outcome = relucert.build(problem)
    certificate, bound = outcome.verdict.certificate, outcome.verdict.error_bound
    assert outcome.verdict.status == "accepted"
    random = Random(20261123)  # noqa: S311
    machine = Simulated(certificate.statement.arithmetic, random)
    form = FORMATS[certificate.statement.arithmetic.dtype]
    loaded = load(outcome.verdict)
    claims = [step.conclusion.bound for step in certificate.trace if step.rule == "rounding"]
    reached = F(0)
    for _ in range(POINTS):
        x = [machine.nearest(corner(random, lo, hi), form) for lo, hi in problem.domain]
        if not all(lo <= v <= hi for v, (lo, hi) in zip(x, problem.domain, strict=True)):
            continue
        returned, network = machine.run(certificate.subject, x), evaluate_exactly(loaded.network, x)
        for k, (value, exact) in enumerate(zip(returned, evaluate(loaded.expression, x), strict=True)):
            assert abs(value - exact) <= bound
            distance = abs(value - network[loaded.outputs[k]])
            assert distance <= claims[k]
            reached = max(reached, distance / claims[k])
    assert reached * part >= 1  # the bound is not so loose that nothing could ever break it
