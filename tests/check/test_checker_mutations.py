"""Real certificates with one thing changed: refused, or they prove something true that is told apart."""

import json
import random
from fractions import Fraction
from functools import cache
from itertools import count, product

import pytest
from conftest import PROBLEMS
from forge import at, duplicated, encode, paths, removed, tamper

from relucert import pipeline
from relucert.check import check, kernel, statement
from relucert.loaded import load
from relucert.study.run.sequence import target_values
from relucert.target.expression import evaluate as exactly
from relucert.transformer.evaluate import context, evaluate_sequence, one_per_token

SMALL = "multiply to a tenth"
ONE_HEAD = "max of three tokens"
DIGITS = 30
MOST_TOKENS = 5


def is_rational(value) -> bool:
    return isinstance(value, str) and value.lstrip("-")[:1].isdigit()


def changed(value):
    """Yield (name, change) for each way in which a part of a certificate is changed in place."""
    if is_rational(value):
        for factor in (Fraction(999, 1000), Fraction(1001, 1000), Fraction(2), Fraction(-1)):
            yield f"times {factor}", lambda v, f=factor: str(Fraction(v) * f)
        for offset in (Fraction(-1, 997), Fraction(1, 997)):
            yield f"plus {offset}", lambda v, o=offset: str(Fraction(v) + o)
        yield "as a number", lambda v: 1
        yield "as a list", lambda v: [v]
        yield "as 2/2 more", lambda v: str(2 * Fraction(v).numerator) + "/" + str(2 * Fraction(v).denominator)
    elif isinstance(value, str):
        yield "as other text", lambda v: v + "x"
        yield "as nothing", lambda v: ""
    elif isinstance(value, int):
        for offset in (-1, 1, 5):
            yield f"plus {offset}", lambda v, o=offset: v + o
        yield "as truth", bool
        yield "as text", str
    elif isinstance(value, list):
        yield "emptied", lambda v: []
        yield "reversed", lambda v: v[::-1]
    elif isinstance(value, dict):
        yield "emptied", lambda v: {}
        yield "with one more field", lambda v: {**v, "more": 0}
    yield "as null", lambda v: None
    yield "as an object", lambda v: {"value": v}


def mutants(data, stride: int = 1):
    """Yield (name, changed data) for every part of a certificate, ``info`` aside; only each ``stride``-th is made."""
    turn = count()
    for path in paths(data):
        if path[0] == "info":
            continue
        value = at(data, path)
        name = "/".join(map(str, path))
        for how, change in changed(value):
            if next(turn) % stride == 0:
                mutant = tamper(data, path, change)
                if mutant != data or how == "as truth":
                    yield f"{name} {how}", mutant
        if next(turn) % stride == 0:
            yield f"{name} removed", removed(data, path)
        if isinstance(path[-1], int) and next(turn) % stride == 0:
            yield f"{name} twice", duplicated(data, path)


def places(domain):
    """Return points of a box: a regular grid on up to two axes; corners, the centre and fixed random ones beyond."""
    if len(domain) <= 2:
        points = 7 if len(domain) == 2 else 25
        axes = [[lo + (hi - lo) * Fraction(k, points - 1) for k in range(points)] for lo, hi in domain]
        return list(product(*axes))
    draw = random.Random(7)  # noqa: S311
    parts = [[draw.choice([0, 1, Fraction(draw.randint(0, 1000), 1000)]) for _ in domain] for _ in range(30)]
    parts += [[Fraction(k)] * len(domain) for k in (0, 1)] + [[Fraction(1, 2)] * len(domain)]
    return [tuple(lo + (hi - lo) * p for p, (lo, hi) in zip(part, domain, strict=True)) for part in parts]


@cache
def largest_error(transformer, expression, domain, tokens) -> Fraction:
    """Return the largest error found on a grid, a lower estimate of the largest error, off by 1e-20 at most."""
    ctx = context(DIGITS)
    worst = Fraction(0)
    points = [list(point) for point in places(domain)]
    count = min(tokens.most, MOST_TOKENS)
    sequences = [points[k : k + count] for k in range(0, len(points) - count + 1, count)]
    if tokens.layout == "one-per-token":
        sequences = points
    for rows in sequences:
        if tokens.layout == "one-per-token":
            found = evaluate_sequence(transformer, one_per_token(rows), tokens.mask, ctx)[-1:]
            wanted = [exactly(expression, rows)]
        else:
            found = evaluate_sequence(transformer, rows, tokens.mask, ctx)
            wanted = target_values(expression, rows, tokens.mask)
        for outputs, values in zip(found, wanted, strict=True):
            for output, value in zip(outputs, values, strict=True):
                worst = max(worst, abs(Fraction(str(output)) - value))
    return worst - Fraction(1, 10**20)


def attack(outcome, stride: int = 1) -> tuple[int, int]:
    """Change every part of a certificate, and return how many mutants were refused and accepted.

    Fails if a mutant makes the checker crash, is accepted but false at a point of the grid, or proves less than
    was asked without ``shortfalls`` saying so.
    """
    data = json.loads(outcome.certificate)
    original = outcome.verdict.certificate.statement
    counts = {"accepted": 0, "rejected": 0, "declined": 0}
    for name, mutant in mutants(data, stride):
        verdict = check(encode(mutant))
        counts[verdict.status] += 1
        if verdict.status != "accepted":
            assert verdict.reason, name
            assert verdict.step is not None, name
            assert pipeline.shortfalls(verdict, outcome.problem), name
            continue
        loaded = load(verdict)
        stated = verdict.certificate.statement
        error = largest_error(loaded.transformer, loaded.expression, stated.domain, stated.sequence)
        assert error <= verdict.error_bound, f"{name}: accepted, and false"
        assert verdict.error_bound <= stated.tolerance, name
        lines = statement.sentence(stated, verdict.error_bound)
        assert verdict.statement == lines, name
        weaker = verdict.error_bound > outcome.problem.tolerance or any(
            want[0] < have[0] or have[1] < want[1] for want, have in zip(original.domain, stated.domain, strict=True)
        )
        other = (stated.inputs, stated.nodes, stated.targets) != (original.inputs, original.nodes, original.targets)
        have, want = stated.sequence, original.sequence
        other |= have[2:] != want[2:] or not have.least <= want.least <= want.most <= have.most
        assert bool(pipeline.shortfalls(verdict, outcome.problem)) == (weaker or other), name
    return counts["rejected"] + counts["declined"], counts["accepted"]


def test_every_change_of_a_small_certificate_is_refused_or_true(built):
    refused, accepted = attack(built(SMALL))
    assert refused > 4500
    assert 0 < accepted < refused / 50


def test_every_change_of_a_single_head_is_refused_or_true(built):
    refused, accepted = attack(built(ONE_HEAD))
    assert refused > 400
    assert 0 < accepted < refused / 5  # a third of its weights is the inverse temperature, which may grow


@pytest.mark.parametrize("name", [name for name in PROBLEMS if name not in (SMALL, ONE_HEAD, "reciprocal by a zigzag")])
def test_sampled_changes_of_a_real_certificate_are_refused_or_true(built, name):
    refused, accepted = attack(built(name), stride=41)
    assert accepted < refused / 10


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PROBLEMS if name not in (SMALL, ONE_HEAD)])
def test_every_change_of_a_real_certificate_is_refused_or_true(built, name):
    refused, accepted = attack(built(name))
    assert accepted < refused / 20


def test_info_may_say_anything(built, real):
    data = real(SMALL)
    for key in ("generator", "spec", "version"):
        verdict = check(encode(tamper(data, ("info", key), lambda text: "anything at all")))
        assert (verdict.status, verdict.statement) == ("accepted", built(SMALL).verdict.statement)


@pytest.mark.parametrize("change", [lambda v: 1, lambda v: None, lambda v: [v], lambda v: {"v": v}])
def test_info_must_be_text(real, change):
    for key in ("generator", "spec", "version"):
        verdict = check(encode(tamper(real(SMALL), ("info", key), change)))
        assert (verdict.status, verdict.step) == ("rejected", "decode")


@pytest.mark.parametrize("name", PROBLEMS)
def test_refuses_every_weight_of_the_transformer_when_it_differs_from_the_network(real, name):
    data = real(name)
    looks_inside = ("translation", "tokens", "token_extremum")
    where = next(k for k, step in enumerate(data["trace"]) if step["rule"] in looks_inside)
    rule = data["trace"][where]["rule"]
    subject = data["subject"]
    weights = [path for path in paths(subject) if is_rational(at(subject, path))]
    assert {path[0] for path in weights} >= {"embedding", "readout"}
    matrices = [subject["readout"]] + [
        h[w] for layer in subject["layers"] for h in layer["heads"] for w in ("w_q", "w_k", "w_v")
    ]
    read = {column for matrix in matrices for _, column, _ in matrix}
    for path in weights[:: 1 + len(weights) // 40]:
        mutant = tamper(data, ("subject", *path), lambda v: str(Fraction(v) + Fraction(1, 1000)))
        verdict = check(encode(mutant))
        if path[0] == "embedding" and at(subject, path[:2])[0] not in read:
            assert verdict.status == "accepted"  # a network without gates needs no constant, and nobody reads it
        elif rule == "token_extremum" and path[-3] in ("w_q", "w_k"):
            assert verdict.status == "accepted"  # a larger inverse temperature is better
        else:
            assert (verdict.status, verdict.step, verdict.rule) == ("rejected", where, rule), path


@pytest.mark.parametrize("name", PROBLEMS)
def test_refuses_a_claim_below_what_its_rule_proves_at_every_step(real, name):
    data = real(name)
    for k, made in enumerate(data["trace"]):
        kind, *_ = claim = made["conclusion"]
        lower = []
        if kind == "near":
            bound = Fraction(claim[3])
            lower.append([*claim[:3], str(bound * Fraction(99, 100) if bound else Fraction(-1, 10**9))])
        else:
            lo, hi = Fraction(claim[2]), Fraction(claim[3])
            inset = (hi - lo) / 1000 or Fraction(1, 1000)
            lower += [[*claim[:2], str(lo + inset), claim[3]], [*claim[:3], str(hi - inset)]]
        for weaker in lower:
            mutant = tamper(data, ("trace", k, "conclusion"), lambda _, w=weaker: w)
            if made["rule"] == "pieces":  # the bound that is tested stands among the arguments
                mutant["trace"][k]["args"]["bound"] = weaker[3]
            verdict = check(encode(mutant))
            assert (verdict.status, verdict.step, verdict.rule) == ("rejected", k, made["rule"])


@pytest.mark.parametrize("name", [name for name in PROBLEMS if "point" not in name])
def test_refuses_a_tolerance_below_the_bound(built, real, name):
    bound = built(name).verdict.error_bound
    mutant = tamper(real(name), ("statement", "tolerance"), lambda _: str(bound * Fraction(999_999, 1_000_000)))
    verdict = check(encode(mutant))
    assert (verdict.status, verdict.step) == ("rejected", "conclusion")
    assert "exceeds the tolerance" in verdict.reason


@pytest.mark.parametrize("name", PROBLEMS)
def test_refuses_another_target_than_the_trace_proves(real, name):
    data = real(name)
    nodes, (target,) = data["statement"]["nodes"], data["statement"]["targets"]
    for other in range(len(nodes)):
        if other != target:
            verdict = check(encode(tamper(data, ("statement", "targets"), lambda _, t=other: [t])))
            assert (verdict.status, verdict.step) == ("rejected", "conclusion")


@pytest.mark.parametrize("op", ["add", "mul", "max", "min"])
def test_refuses_another_operation_in_the_target(real, op):
    for name in ("multiply to a tenth", "max of three", "min", "clip", "square"):
        data = real(name)
        for k, node in enumerate(data["statement"]["nodes"]):
            if node[0] in ("add", "mul", "max", "min") and node[0] != op:
                verdict = check(encode(tamper(data, ("statement", "nodes", k, 0), lambda _: op)))
                assert verdict.status == "rejected"
                assert isinstance(verdict.step, int)


@pytest.mark.parametrize("name", PROBLEMS)
def test_refuses_each_step_left_out(real, name):
    data = real(name)
    for k in range(len(data["trace"])):
        assert check(encode(removed(data, ("trace", k)))).status == "rejected"


@pytest.mark.parametrize("family", ["terms", "sawtooth", "gates"])
def test_declines_a_family_that_is_not_allowed(built, family):
    outcome = built(SMALL)
    assert family in outcome.verdict.families
    verdict = check(outcome.certificate, frozenset(outcome.verdict.families) - {family})
    assert verdict.status == "declined"
    assert family in verdict.reason
    rules = [step["rule"] for step in json.loads(outcome.certificate)["trace"]]
    assert rules[verdict.step] == verdict.rule


def test_accepts_when_exactly_the_families_used_are_allowed(built):
    for name in PROBLEMS:
        outcome = built(name)
        verdict = check(outcome.certificate, frozenset(outcome.verdict.families))
        assert verdict == outcome.verdict


def test_the_verdict_shows_what_the_kernel_proved_for_real_certificates(built):
    for name in PROBLEMS:
        outcome = built(name)
        assert isinstance(outcome.verdict, kernel.Verdict)
        assert pipeline.shortfalls(outcome.verdict, outcome.problem) == []
        loaded = load(outcome.verdict)
        stated = outcome.verdict.certificate.statement
        error = largest_error(loaded.transformer, loaded.expression, stated.domain, stated.sequence)
        assert error <= outcome.verdict.error_bound
