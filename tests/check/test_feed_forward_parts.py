"""Layers with feed-forward parts: what they mean, what they cost, and that rules that know heads alone refuse them."""

import json
from fractions import Fraction
from typing import Any

import pytest
from forge import certificate, check_with_given, encode, near, tamper

import relucert
from relucert.certificate.write import Proved, Statement, write_certificate
from relucert.check import check, decode
from relucert.check.kernel import Context
from relucert.check.refusal import Rejected
from relucert.check.rules import RULES
from relucert.coq import emit
from relucert.errors import DeclinedError
from relucert.loaded import load
from relucert.study.export import subject_of
from relucert.transformer.evaluate import context, evaluate_sequence, exact
from relucert.transformer.resources import count
from tests import independent

PART: dict[str, Any] = {"width": 2, "w_in": [[0, 1, "1"], [1, 1, "-1"]], "w_out": [[2, 0, "1"], [2, 1, "3"]]}
HEAD: dict[str, Any] = {"d_head": 1, "w_q": [[0, 1, "2"]], "w_k": [[0, 0, "1"]], "w_v": [[0, 1, "1"]],
                        "w_o": [[1, 0, "4"]]}  # fmt: skip


def granted(part: Any = PART, heads: Any = (HEAD,), anchors: Any = ()) -> dict[str, Any]:
    """Return a certificate whose transformer has feed-forward parts; its proof takes everything for granted."""
    data = certificate({"T": ["subject", 0]}, [])
    data["trace"] = [near(1, 0, "1")]
    data["subject"] = {"anchors": list(anchors), "code": None, "d_model": 3, "embedding": [[0, 0, "1"], [1, 1, "1"]],
                       "kind": "attention", "layers": [{"heads": list(heads), "feed_forward": part}],
                       "outputs": 1, "readout": [[0, 2, "1"]]}  # fmt: skip
    return data


def test_the_statement_says_that_there_are_feed_forward_parts_and_they_are_counted():
    data = encode(granted())
    verdict = check_with_given(data)
    assert verdict.status == "accepted"
    assert verdict.statement.endswith("  where T is a softmax transformer with feed-forward parts")
    assert verdict.resources == independent.recount(data)
    assert {k: verdict.resources[k] for k in ("feed_forward_width", "parameters", "parameters_dense")} == {
        "feed_forward_width": 2, "parameters": 2 + 1 + 4 + 4, "parameters_dense": 3 * 2 + 3 + 4 * 3 + 12,
    }  # fmt: skip
    assert verdict.resources["max_weight"] == 4


def test_without_them_the_statement_and_the_counts_are_as_before(built):
    verdict = built("multiply to a tenth").verdict
    assert "feed-forward" not in verdict.statement
    assert verdict.resources["feed_forward_width"] == 0


@pytest.mark.parametrize("anchors", [[], [[[1, "3"], [2, "1/2"]], []]])
def test_evaluation_agrees_with_brute_force_from_the_json(anchors):
    data = encode(granted(anchors=anchors))
    loaded = load(check_with_given(data))
    for x in (Fraction(-3, 4), Fraction(0), Fraction(1, 3)):
        (ours,) = evaluate_sequence(loaded.transformer, [[x]], "causal", context(60))
        (theirs,) = independent.sequence(data, [[x]], 60)
        assert abs(exact(ours[0]) - Fraction(theirs[0])) < Fraction(1, 10**50)
    assert count(loaded.transformer, 0)._asdict() == independent.recount(data)


def test_a_certificate_is_written_as_it_was_read():
    data = encode(granted())
    loaded = load(check_with_given(data))
    stated = loaded.certificate.statement
    proved = Proved(loaded.transformer, (), loaded.expression.nodes, (), 64)
    written = write_certificate(Statement(stated.inputs, stated.domain, loaded.expression, stated.tolerance), proved,
                                {"generator": "", "spec": "", "version": ""})  # fmt: skip
    assert json.loads(written)["subject"] == json.loads(data)["subject"]


PATH = ("subject", "layers", 0)
MALFORMED = {
    "a layer that is the list of its heads": (PATH, [HEAD], "must be an object"),
    "a layer without the field": (PATH, {"heads": [HEAD]}, "lacks the field 'feed_forward'"),
    "a layer with a bias": (PATH, {"heads": [], "feed_forward": None, "bias": []}, "unknown field 'bias'"),
    "a part that is a list": ((*PATH, "feed_forward"), [], "must be an object"),
    "a part with a bias": ((*PATH, "feed_forward"), {**PART, "bias": []}, "unknown field 'bias'"),
    "a part of another activation": ((*PATH, "feed_forward"), {**PART, "activation": "gelu"}, "unknown field"),
    "a unit that is not there": ((*PATH, "feed_forward", "w_in"), [[2, 0, "1"]], "a row must be"),
    "a unit that is not there written": ((*PATH, "feed_forward", "w_out"), [[2, 2, "1"]], "a column must be"),
    "a coordinate that is not there": ((*PATH, "feed_forward", "w_in"), [[0, 3, "1"]], "a column must be"),
    "a coordinate that is not there written": ((*PATH, "feed_forward", "w_out"), [[3, 0, "1"]], "a row must be"),
    "a width beyond the limit": ((*PATH, "feed_forward", "width"), 1 << 20, "width of a feed-forward part"),
    "a negative width": ((*PATH, "feed_forward", "width"), "-1", "width of a feed-forward part"),
    "a zero stored": ((*PATH, "feed_forward", "w_in"), [[0, 0, "0"]], "stores a zero"),
    "an entry twice": ((*PATH, "feed_forward", "w_in"), [[0, 0, "1"], [0, 0, "1"]], "repeats an entry"),
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_decoding_rejects(name):
    path, value, why = MALFORMED[name]
    raw = json.dumps(tamper(granted(), path, lambda _: value)).encode()
    verdict = check_with_given(raw)
    assert (verdict.status, verdict.step) == ("rejected", "decode")
    assert why in verdict.reason


def fed(data: dict[str, Any]) -> dict[str, Any]:
    """Return the certificate with a part that does nothing in its last layer."""
    return tamper(data, ("subject", "layers", len(data["subject"]["layers"]) - 1, "feed_forward"),
                  lambda _: {"width": 1, "w_in": [[0, 0, "1"]], "w_out": []})  # fmt: skip


SUBJECTS = ("multiply to a tenth", "abs on many tokens", "product of two tokens", "max of three tokens")


@pytest.mark.parametrize("name", SUBJECTS)
def test_real_certificates_are_refused_with_a_part_even_one_that_does_nothing(real, name):
    verdict = check(encode(fed(real(name))))
    assert verdict.status == "rejected"
    assert verdict.reason == "the rule knows no feed-forward parts, and a layer has one"
    assert verdict.rule in ("translation", "tokens", "token_extremum")


@pytest.mark.parametrize(
    ("target", "asked", "rule"),
    [
        ("multiply", {"route": "native"}, "softmax"),
        ("abs", {"route": "anchors"}, "anchor_gates"),
        ("abs", {"route": "max-affine"}, "grid"),
        ("abs", {"arithmetic": {"dtype": "float32"}}, "rounding"),
    ],
)
def test_every_other_family_that_reads_a_transformer_refuses_it_too(target, asked, rule):
    made = json.loads(relucert.build(relucert.make_problem(target, Fraction(1, 10), **asked)).certificate)
    verdict = check(encode(fed(made)))
    assert (verdict.status, verdict.reason) == (
        "rejected", "the rule knows no feed-forward parts, and a layer has one",
    )  # fmt: skip
    assert RULES[verdict.rule].family in (rule.split("_")[0], "anchors", "maxaffine", "softmax", "rounding")


def test_only_rules_that_ask_for_the_whole_see_a_part():
    held = Context(decode.certificate(encode(granted())))
    assert held.transformer.layers[0].feed_forward is not None
    with pytest.raises(Rejected, match="feed-forward"):
        _ = held.subject


def test_coq_and_exports_decline_them_by_name():
    loaded = load(check_with_given(encode(granted())))
    with pytest.raises(DeclinedError, match="feed_forward"):
        emit.development(loaded.certificate)
    with pytest.raises(DeclinedError, match="feed-forward"):
        subject_of(loaded)
