"""The gate on a token and its mirror: brute force with explicit visibility, and forgeries."""

import json
from fractions import Fraction
from typing import Any

import pytest
from forge import encode, tamper

import relucert
from relucert.check import check
from relucert.coq import emit
from relucert.errors import DeclinedError, UsageError
from relucert.loaded import load
from relucert.study.export import subject_of
from relucert.transformer.evaluate import context, evaluate_sequence, exact
from tests.independent import recount, sequence

CASES = {
    "abs": ({"target": "abs"}, abs),
    "multiply": ({"target": "multiply"}, lambda x, y: x * y),
    "max": ({"target": "max", "arity": 3, "proof": "adjoint"}, max),
    "two outputs": ({"target": "x*y; min(x, y)"}, None),
    "affine": ({"target": "3*x - 1"}, lambda x: 3 * x - 1),
}
POINTS = [(1, 1, -1), (0, 0, 0), (-1, 1, Fraction(1, 3)), (Fraction(1, 7), Fraction(-5, 9), Fraction(2, 3)),
          (Fraction(1, 1000), Fraction(1, 999), -1)]  # fmt: skip


def made(name: str, tolerance: str = "1/50") -> relucert.Outcome:
    return relucert.build(relucert.make_problem(tolerance=Fraction(tolerance), gate="mirror", **CASES[name][0]))


@pytest.mark.parametrize("name", CASES)
def test_what_is_proved_holds_for_softmax_over_the_two_tokens_that_see_each_other(name: str) -> None:
    outcome, truth = made(name), CASES[name][1]
    assert outcome.verdict.status == "accepted"
    assert outcome.verdict.resources == recount(outcome.certificate) == outcome.resources._asdict()
    assert outcome.verdict.resources["tokens"] == 3
    transformer = load(outcome.verdict).transformer
    for point in POINTS:
        x = [Fraction(v) for v in point[: len(outcome.problem.inputs)]]
        (theirs,) = sequence(outcome.certificate, [x], 60)
        (ours,) = evaluate_sequence(transformer, [x], "explicit", context(60))
        assert all(abs(exact(a + 2) - 2 - Fraction(b)) < Fraction(1, 10**50) for a, b in zip(ours, theirs, strict=True))
        wanted = (x[0] * x[1], min(x)) if truth is None else (truth(*x),)
        most = outcome.verdict.error_bound + Fraction(1, 10**50)  # of decimals, as an affine target has the bound 0
        assert all(abs(Fraction(a) - b) <= most for a, b in zip(theirs, wanted, strict=True))


def test_one_head_is_u_tanh_of_half_of_beta_u() -> None:
    outcome, ctx = made("abs"), context(50)
    (theirs,) = sequence(outcome.certificate, [[Fraction(1, 9)]], 50)
    beta = Fraction(json.loads(outcome.certificate)["lemmas"]["networks"][0]["inverse_temperature"])
    wanted = ctx.tanh(ctx.mpf(beta.numerator) / beta.denominator / 18) / 9
    assert abs(ctx.mpf(str(theirs[0])) - wanted) < ctx.mpf(10) ** -40


def test_the_statement_says_which_token_sees_which() -> None:
    assert made("abs").verdict.statement.startswith(
        "for one data token and its mirror, which starts as minus it, each seeing both and neither the sink, with real "
    )


def causal(data: dict[str, Any]) -> dict[str, Any]:
    return tamper(data, ("statement", "sequence"), lambda s: {**s, "mask": "causal", "layout": "tokenwise"})


def full(data: dict[str, Any]) -> dict[str, Any]:
    return tamper(data, ("statement", "sequence"), lambda s: {**s, "mask": "full", "layout": "tokenwise"})


HEAD = ("subject", "layers", 0, "heads", 0)
FORGED = {
    "a causal mask": (causal, "mirror", "a data token and its mirror"),
    "a mask with the sink": (full, "mirror", "a data token and its mirror"),
    "a causal mask alone": (lambda d: tamper(d, ("statement", "sequence", "mask"), lambda _: "causal"), None,
                            "one data token and its mirror"),
    "an explicit mask alone": (lambda d: tamper(d, ("statement", "sequence", "layout"), lambda _: "tokenwise"), None,
                               "one data token and its mirror"),
    "two data tokens": (lambda d: tamper(d, ("statement", "sequence", "lengths"), lambda _: ["1", "2"]), None,
                        "one data token and its mirror"),
    "an anchor": (lambda d: tamper(d, ("subject", "anchors"), lambda _: [[]]), None, "no anchors"),
    "a position code": (lambda d: tamper(d, ("subject", "code"), lambda _: {"kind": "binary", "size": 1}), None,
                        "no position codes"),
    "the other rule": (lambda d: tamper(d, ("trace",), lambda t: [{**s, "rule": s["rule"].replace("mirror",
                       "translation")} for s in t]), "translation", "no mirrored tokens"),
    "a feed-forward part": (lambda d: tamper(d, ("subject", "layers", 0, "feed_forward"), lambda _: {"width": 0,
                            "w_in": [], "w_out": []}), "mirror", "attention-only"),
    "twice the score": (lambda d: tamper(d, (*HEAD, "w_k", 0, 2), lambda _: "2"), "mirror", "not half of beta"),
    "half the score": (lambda d: tamper(d, (*HEAD, "w_k", 0, 2), lambda _: "1/2"), "mirror", "not half of beta"),
    "a key of the input": (lambda d: tamper(d, (*HEAD, "w_k", 0, 1), lambda _: 1), "mirror", "read a constant"),
    "another value": (lambda d: tamper(d, (*HEAD, "w_v", 0, 2), lambda _: "2"), "mirror", "pre-activation"),
    "another weight": (lambda d: tamper(d, (*HEAD, "w_o", 0, 2), lambda _: "1/3"), "mirror", "read-out"),
    "another embedding": (lambda d: tamper(d, ("subject", "embedding", 0, 2), lambda _: "-1"), "mirror", ""),
    "a head of two rows": (lambda d: tamper(d, (*HEAD, "d_head"), lambda _: 2), "mirror", "d_head 1"),
    "a head more": (lambda d: tamper(d, HEAD[:-1], lambda h: [*h, h[0]]), "mirror", "one neuron is needed"),
}  # fmt: skip


@pytest.fixture(scope="module")
def accepted() -> dict[str, Any]:
    data = json.loads(made("abs").certificate)
    assert check(encode(data)).status == "accepted"
    return data


@pytest.mark.parametrize("name", FORGED)
def test_refuses(accepted: dict[str, Any], name: str) -> None:
    change, rule, why = FORGED[name]
    verdict = check(encode(change(accepted)))
    assert (verdict.status, verdict.rule) == ("rejected", rule), verdict.reason
    assert why in verdict.reason


def test_a_sink_gate_is_none_among_mirrored_tokens_and_a_causal_mask_breaks_the_mirror(
    accepted: dict[str, Any],
) -> None:
    sink = json.loads(relucert.build(relucert.make_problem("abs", Fraction(1, 50))).certificate)
    mirrored = tamper(sink, ("statement", "sequence"), lambda s: {**s, "mask": "explicit", "layout": "mirrored"})
    verdict = check(encode(mirrored))
    assert (verdict.status, verdict.rule) == ("rejected", "translation")
    x, explicit = [[Fraction(-1, 2)]], encode(accepted)
    values = [Fraction(sequence(data, x, 40)[0][0]) for data in (explicit, encode(causal(accepted)))]
    assert abs(values[0] - Fraction(1, 2)) < Fraction(1, 50)
    assert abs(values[1] - Fraction(1, 2)) > Fraction(1, 4)


@pytest.mark.parametrize(("target", "route"), [("multiply", "native"), ("abs", "anchors"), ("abs", "max-affine")])
def test_no_other_family_takes_mirrored_tokens(target: str, route: str) -> None:
    data = json.loads(relucert.build(relucert.make_problem(target, Fraction(1, 10), route=route)).certificate)
    data["subject"]["anchors"] = []
    mirrored = tamper(data, ("statement", "sequence"), lambda s: {**s, "mask": "explicit", "layout": "mirrored"})
    verdict = check(encode(mirrored))
    assert (verdict.status, "mirrored" in verdict.reason) == ("rejected", True), verdict.reason


@pytest.mark.parametrize("asked", [{"route": "native"}, {"route": "auto"}, {"sequence": {"mask": "full"}},
                                   {"sequence": {"length": "2"}}, {"arithmetic": {"dtype": "float32"}}])  # fmt: skip
def test_it_is_for_relu_and_one_token_over_the_reals(asked: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        relucert.make_problem("abs", Fraction(1, 10), gate="mirror", **asked)


def test_what_does_not_cover_it_declines_it() -> None:
    loaded = load(made("abs").verdict)
    with pytest.raises(DeclinedError, match="mirrored"):
        subject_of(loaded)
    with pytest.raises(DeclinedError, match="sequence"):
        emit.development(loaded.certificate)
