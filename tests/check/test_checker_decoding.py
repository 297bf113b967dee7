"""Bytes that must not decode, and files that must be declined; nothing may crash or take long."""

import gzip
import json
import time
from fractions import Fraction

import pytest
from conftest import PROBLEMS
from forge import IDENTITY, certificate, check_with_given, encode, has, near, network, paths, step, tamper
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rule_cases import rule_cases
from whole_cases import modest, reciprocal, translations

from relucert.check import check, decode, files, kernel, statement
from relucert.check.refusal import Declined, Rejected

GOOD = encode(modest())
HEAD = {"d_head": 1, "w_q": [], "w_k": [], "w_v": [[0, 0, "1"]], "w_o": []}
LONG = "9" * 4000
INDEX = "an index is a whole number of at most 9 digits"


def test_accepts_the_good_file_that_the_others_are_made_from():
    assert check(GOOD).status == "accepted"


def test_accepts_another_layout_of_the_same_file():
    assert check(json.dumps(modest(), indent=3).encode()).status == "accepted"


BYTES = {
    "nothing": (b"", "not JSON"),
    "white space": (b" \n", "not JSON"),
    "other text": (b"accepted\n", "not JSON"),
    "a truncated file": (GOOD[:-40], "not JSON"),
    "a file and more": (GOOD + b"{}", "not JSON"),
    "a file twice": (GOOD + GOOD, "not JSON"),
    "a byte order mark": (b"\xef\xbb\xbf" + GOOD, "not ASCII"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "not ASCII"),
    "Latin-1": (GOOD.replace(b'"spec":""', b'"spec":"\xe9"'), "not ASCII"),
    "a zero byte": (GOOD.replace(b'"spec":""', b'"spec":"\x00"'), "not JSON"),
    "random bytes": (bytes(range(256)) * 4, "not ASCII"),
    "single quotes": (GOOD.replace(b'"', b"'"), "not JSON"),
    "a comment": (b"// a comment\n" + GOOD, "not JSON"),
    "a trailing comma": (GOOD.replace(b'"targets":[0]', b'"targets":[0,]'), "not JSON"),
    "a float": (GOOD.replace(b'"precision":64', b'"precision":64.0'), "only whole numbers"),
    "an exponent": (GOOD.replace(b'"precision":64', b'"precision":1e2'), "only whole numbers"),
    "NaN": (GOOD.replace(b'"precision":64', b'"precision":NaN'), "only whole numbers"),
    "Infinity": (GOOD.replace(b'"precision":64', b'"precision":Infinity'), "only whole numbers"),
    "minus Infinity": (GOOD.replace(b'"precision":64', b'"precision":-Infinity'), "only whole numbers"),
    "a leading zero": (GOOD.replace(b'"precision":64', b'"precision":064'), "not JSON"),
    "a plus sign": (GOOD.replace(b'"precision":64', b'"precision":+64'), "not JSON"),
    "hexadecimal": (GOOD.replace(b'"precision":64', b'"precision":0x40'), "not JSON"),
    "an index of ten digits": (GOOD.replace(b'"precision":64', b'"precision":1234567890'), INDEX),
    "an index of 10,000 digits": (GOOD.replace(b'"precision":64', b'"precision":' + b"9" * 10_000), INDEX),
    "a key twice": (GOOD.replace(b'"precision":64', b'"precision":64,"precision":64'), "a key occurs twice"),
    "a key twice deep inside": (GOOD.replace(b'"norm":"sup"', b'"norm":"sup","norm":"sup"'), "a key occurs twice"),
    "a key twice in args": (GOOD.replace(b'"gated":2', b'"gated":2,"gated":2'), "a key occurs twice"),
    "lists nested 100,000 deep": (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
    "open lists nested 100,000 deep": (b"[" * 100_000, "nested too deeply"),
    "objects nested 100,000 deep": (b'{"a":' * 100_000, "nested too deeply"),
    "a list": (b"[]", "must be an object"),
    "a number": (b"7", "must be an object"),
    "null": (b"null", "must be an object"),
    "an empty object": (b"{}", "lacks the field"),
}  # fmt: skip


@pytest.mark.parametrize("name", BYTES)
def test_rejects_bytes_that_are(name):
    data, why = BYTES[name]
    verdict = check(data)
    assert (verdict.status, verdict.step, verdict.rule, verdict.certificate) == ("rejected", "decode", None, None)
    assert why in verdict.reason
    assert verdict.statement == ""
    assert len(verdict.sha256) == 64


@pytest.mark.parametrize("deep", [*range(100, 1000, 50), *range(900, 1000, 7)])
@pytest.mark.parametrize("where", [b'"precision":64', b'"gated":2', b'"heads":[]', b'"near",1,2,"0"', b'"spec":""'])
def test_gives_a_verdict_on_lists_nested_deep_anywhere(deep, where):
    key = where.partition(b":")[0] + b":" if b":" in where else b'"near",1,2,'
    data = GOOD.replace(where, key + b"[" * deep + b"]" * deep)
    assert data != GOOD
    assert check(data).status == "rejected"


NUMBERS = {
    "not in lowest terms": "2/4",
    "with a denominator of one": "2/1",
    "with a negative zero": "-0",
    "with a zero over a denominator": "0/3",
    "with a plus sign": "+1",
    "with two signs": "--1",
    "with a negative denominator": "1/-2",
    "with a zero denominator": "1/0",
    "with a leading zero": "01",
    "with a leading zero below": "1/02",
    "with a decimal point": "1.5",
    "with an exponent": "1e3",
    "with spaces": " 1",
    "with a final newline": "1\n",
    "with an underscore": "1_000",
    "in hexadecimal": "0x10",
    "in Arabic digits": "\u0661",
    "in full-width digits": "\uff11",
    "with a superscript": "1\u00b2",
    "as a word": "nan",
    "as infinity": "inf",
    "as nothing": "",
    "as a sign": "-",
    "as a slash": "/",
    "with two slashes": "1/2/3",
    "of 5,000 digits": "9" * 5000,
    "of 10,000 digits": "1" + "0" * 9999,
    "of 5,000 digits below": "1/" + "9" * 5000,
    "of 4,001 digits": "9" * 4001,
}  # fmt: skip


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize(
    "path",
    [
        ("statement", "tolerance"),
        ("statement", "domain", 0, 1),
        ("subject", "embedding", 0, 2),
        ("lemmas", "networks", 0, "outputs", 0, 1, 0, 1),
        ("trace", 1, "conclusion", 3),
    ],
    ids=lambda path: path[-2] if isinstance(path[-1], int) else path[-1],
)
def test_rejects_a_number(name, path):
    verdict = check(encode(tamper(modest(), path, lambda _: NUMBERS[name])))
    assert (verdict.status, verdict.step) == ("rejected", "decode")
    assert any(part in verdict.reason for part in ("not a rational", "not in lowest terms", "more than 4000 digits"))


@pytest.mark.parametrize("value", [1, 0, True, None, [], {}, ["1", "2"]], ids=repr)
def test_rejects_a_number_that_is_not_text(value):
    verdict = check(encode(tamper(modest(), ("statement", "tolerance"), lambda _: value)))
    assert (verdict.status, verdict.step) == ("rejected", "decode")
    assert "must be text" in verdict.reason


def test_accepts_numbers_of_4000_digits():
    verdict = check(encode(tamper(modest(), ("statement", "tolerance"), lambda _: f"{LONG}/1{'0' * 3999}")))
    assert verdict.status == "accepted"


NODES: list = [["input", 0]]
CHANGES = {
    # path, new value, part of the reason
    "an unknown field": ((), {**modest(), "proved": True}, "unknown field 'proved'"),
    "a missing field": ((), {k: v for k, v in modest().items() if k != "precision"}, "lacks the field 'precision'"),
    "an unknown field of the statement": (("statement",), {**modest()["statement"], "exact": 1},
        "unknown field 'exact'"),
    "an unknown field of a step": (("trace", 0), {**modest()["trace"][0], "proof": 1}, "unknown field 'proof'"),
    "an unknown field of a network": (("lemmas", "networks", 0), {**IDENTITY, "bias": 1}, "unknown field 'bias'"),
    "an unknown field of a head": (("subject", "layers"), [[{**HEAD, "bias": 1}]], "unknown field 'bias'"),
    "an unknown field of info": (("info", ), {**modest()["info"], "host": ""}, "unknown field 'host'"),
    "an unknown field with an escape character": (("info", ), {**modest()["info"], "\x1b[2J": ""}, r"'\x1b[2J'"),
    "no inputs": (("statement", "inputs"), [], "input names must be distinct"),
    "an input twice": (("statement", "inputs"), ["x", "x"], "input names must be distinct"),
    "an input that is a number": (("statement", "inputs"), [1], "not a name"),
    "an input with a space": (("statement", "inputs"), ["x y"], "not a name"),
    "an input with a final newline": (("statement", "inputs"), ["x\n"], "not a name"),
    "an input with an escape character": (("statement", "inputs"), ["\x1b[2Jx"], "not a name"),
    "an input with a Greek name": (("statement", "inputs"), ["\u03b1"], "not a name"),
    "an input with markup": (("statement", "inputs"), ["[bold]x"], "not a name"),
    "an input with LaTeX": (("statement", "inputs"), ["\\input"], "not a name"),
    "an input with too long a name": (("statement", "inputs"), ["x" * 33], "not a name"),
    "an input that starts with a digit": (("statement", "inputs"), ["0x"], "not a name"),
    **{f"an input named {name}": (("statement", "inputs"), [name], "not a name")
       for name in ("T", "T1", "T12", "abs", "max", "min")},
    "an input that is a list": (("statement", "inputs"), [["x"]], "not a name"),
    "an interval too many": (("statement", "domain"), [["0", "1"]] * 2, "must be a list of 1"),
    "an interval too few": (("statement", "domain"), [], "must be a list of 1"),
    "an interval of three": (("statement", "domain", 0), ["0", "1", "2"], "must be a list of 2"),
    "a reversed interval": (("statement", "domain", 0), ["1", "0"], "reversed"),
    "a tolerance of zero": (("statement", "tolerance"), "0", "must be positive"),
    "a negative tolerance": (("statement", "tolerance"), "-1", "must be positive"),
    "no target": (("statement", "targets"), [], "at least one target"),
    "a target that is not there": (("statement", "targets"), [1], "a target must be"),
    "a negative target": (("statement", "targets"), [-1], INDEX),
    "a target that is truth": (("statement", "targets"), [False], "a target must be"),
    "a target that is text": (("statement", "targets"), ["0"], "a target must be"),
    "a target that is null": (("statement", "targets"), [None], "a target must be"),
    "a node that is text": (("statement", "nodes"), ["input"], "not an expression node"),
    "an empty node": (("statement", "nodes"), [[]], "not an expression node"),
    "a node of a number": (("statement", "nodes"), [[0, 0]], "not an expression node"),
    "an unknown node": (("statement", "nodes"), [*NODES, ["sinh", 0]], "not an expression node"),
    "an unknown node among the lemmas": (("lemmas", "terms"), [["sinh", 0]], "unknown node 'sinh'"),
    "a transformer in the statement": (("statement", "nodes"), [["subject", 0]], "not an expression node"),
    "a network in the statement": (("statement", "nodes"), [["net", 0, 0]], "not an expression node"),
    "a gated network in the statement": (("statement", "nodes"), [["gated", 0, 0]], "not an expression node"),
    "a sum of one": (("statement", "nodes"), [*NODES, ["add", 0]], "1 arguments"),
    "a reciprocal of two": (("statement", "nodes"), [*NODES, ["inv", 0, 0]], "2 arguments"),
    "an absolute value of nothing": (("statement", "nodes"), [*NODES, ["abs"]], "0 arguments"),
    "a node that cites itself": (("statement", "nodes"), [*NODES, ["abs", 1]], "an argument of abs"),
    "a node that cites a later one": (("statement", "nodes"), [["abs", 1], ["input", 0]], "an argument of abs"),
    "a negative argument": (("statement", "nodes"), [*NODES, ["abs", -1]], INDEX),
    "an input that is not there": (("statement", "nodes"), [["input", 1]], "node input"),
    "a constant of two": (("statement", "nodes"), [["const", "1", "2"]], "must be a list of 1"),
    "a constant that is a number": (("statement", "nodes"), [["const", 1]], "must be text"),
    "a network that is not there": (("lemmas", "terms"), [["net", 1, 0]], "a network must be"),
    "an output that is not there": (("lemmas", "terms"), [["net", 0, 1]], "node net"),
    "a gated network without a temperature": (("lemmas", "networks", 0, "inverse_temperature"), None,
        "needs a network"),
    "a temperature of zero": (("lemmas", "networks", 0, "inverse_temperature"), "0", "must be positive"),
    "a negative temperature": (("lemmas", "networks", 0, "inverse_temperature"), "-1", "must be positive"),
    "a neuron that reads itself": (("lemmas", "networks", 0, "neurons"), [["0", [], [[0, "1"]], []]],
        "index of a form"),
    "a neuron that gates itself": (("lemmas", "networks", 0, "neurons"), [["0", [], [], [[0, "1"]]]],
        "index of a form"),
    "a form of an input that is not there": (("lemmas", "networks", 0, "outputs"), [["0", [[1, "1"]], [], []]],
        "a form"),
    "a form that stores a zero": (("lemmas", "networks", 0, "outputs"), [["0", [[0, "0"]], [], []]], "stores a zero"),
    "a form that repeats an index": (("lemmas", "networks", 0, "outputs"), [["0", [[0, "1"]] * 2, [], []]], "repeats"),
    "a form of three parts": (("lemmas", "networks", 0, "outputs"), [["0", [], []]], "must be a list of 4"),
    "a matrix that stores a zero": (("subject", "embedding"), [[0, 1, "0"]], "stores a zero"),
    "a matrix that repeats an entry": (("subject", "embedding"), [[0, 1, "1"], [0, 1, "1"]], "repeats an entry"),
    "a row outside a matrix": (("subject", "embedding"), [[1, 1, "1"]], "a row must be"),
    "a column outside a matrix": (("subject", "embedding"), [[0, 2, "1"]], "a column must be"),
    "a negative row": (("subject", "embedding"), [[-1, 1, "1"]], INDEX),
    "a row of a read-out that is not there": (("subject", "readout"), [[1, 0, "1"]], "a row must be"),
    "a column of a head that is not there": (("subject", "layers"), [[{**HEAD, "w_q": [[0, 1, "1"]]}]],
        "a column must"),
    "a row of a head that is not there": (("subject", "layers"), [[{**HEAD, "w_q": [[1, 0, "1"]]}]], "a row must be"),
    "an output matrix of the wrong shape": (("subject", "layers"), [[{**HEAD, "w_o": [[0, 1, "1"]]}]], "a column must"),
    "a matrix entry of two": (("subject", "embedding"), [[0, "1"]], "must be a list of 3"),
    "a negative width": (("subject", "d_model"), -1, INDEX),
    "a width that is truth": (("subject", "d_model"), True, "d_model must be"),
    "a width of zero": (("subject", "d_model"), 0, "a row must be"),
    "a length of zero": (("statement", "sequence", "lengths"), ["0", "1"], "lengths must be"),
    "lengths in the wrong order": (("statement", "sequence", "lengths"), ["2", "1"], "lengths must be"),
    "half a length": (("statement", "sequence", "lengths"), ["1", "3/2"], "lengths must be"),
    "a length that is an integer": (("statement", "sequence", "lengths"), [1, 1], "must be text"),
    "a length that is truth": (("statement", "sequence", "lengths"), [True, True], "must be text"),
    "a length beyond its limit": (("statement", "sequence", "lengths"), ["1", str(10**18 + 1)], "lengths must be"),
    "one length": (("statement", "sequence", "lengths"), ["1"], "must be a list of 2"),
    "more tokens than inputs": (("statement", "sequence"), {"layout": "one-per-token", "lengths": ["2", "2"],
        "mask": "full"}, "one data token for each input"),
    "any number of tokens with one input each": (("statement", "sequence"), {"layout": "one-per-token",
        "lengths": ["1", "2"], "mask": "full"}, "one data token for each input"),
    "a sequence with a further field": (("statement", "sequence"), {"layout": "tokenwise", "lengths": ["1", "1"],
        "mask": "full", "padding": 1}, "unknown field"),
    "an anchor outside the stream": (("subject", "anchors"), [[[1, "1"]]], "a column must be"),
    "an anchor that repeats a row": (("subject", "anchors"), [[[0, "1"], [0, "2"]]], "repeats an entry"),
    "an anchor with a zero": (("subject", "anchors"), [[[0, "0"]]], "stores a zero"),
    "an anchor that is no list": (("subject", "anchors"), ["1"], "a vector must be a list"),
    "an anchor with an entry of three": (("subject", "anchors"), [[[0, 0, "1"]]], "must be a list of 2"),
    "anchors that are null": (("subject", "anchors"), None, "anchors must be a list"),
    "a code without a size": (("subject", "code"), {"kind": "binary"}, "lacks the field"),
    "a code of a huge size": (("subject", "code"), {"kind": "binary", "size": 65}, "size of a position code"),
    "a quadratic code of three columns": (("subject", "code"), {"kind": "quadratic", "size": 3}, "two columns"),
    "a column of a code that is not there": (("subject",), {"anchors": [], "code": {"kind": "binary", "size": 1},
        "d_model": 1, "embedding": [[0, 3, "1"]], "kind": "attention", "layers": [], "outputs": 1, "readout": []},
        "a column must be"),
    "a negative precision": (("precision",), -1, INDEX),
    "a width beyond its limit": (("subject", "d_model"), 1 << 20, "d_model must be"),
    "a width of a head beyond its limit": (("subject", "layers"), [[{**HEAD, "d_head": 1 << 20}]], "d_head must be"),
    "too large a precision": (("precision",), 4097, "precision must be"),
    "a precision that is truth": (("precision",), True, "precision must be"),
    "a precision that is text": (("precision",), "64", "precision must be"),
    "a trace that is an object": (("trace",), {}, "trace must be a list"),
    "a conclusion of three": (("trace", 0, "conclusion"), ["near", 1, 2], "must be a list of 4"),
    "a conclusion of another kind": (("trace", 0, "conclusion"), ["equal", 1, 2, "0"], "or \"mean\""),
    "a conclusion whose kind is a list": (("trace", 0, "conclusion"), [["near"], 1, 2, "0"], "or \"mean\""),
    "a conclusion about no term": (("trace", 0, "conclusion"), ["near", 1, 3, "0"], "a term must be"),
    "a conclusion about a negative term": (("trace", 0, "conclusion"), ["near", -1, 2, "0"], INDEX),
    "args that are a list": (("trace", 0, "args"), [], "an object of arguments"),
    "premises that are an object": (("trace", 0, "premises"), {}, "premises must be a list"),
    "a premise that is truth": (("trace", 2, "premises"), [False, True], "a premise must be"),
    "a rule that is a number": (("trace", 0, "rule"), 1, "the name of a rule"),
    "a rule with an escape character": (("trace", 0, "rule"), "\x1b[2J", "the name of a rule"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_rejects_a_certificate_with(name):
    path, value, why = CHANGES[name]
    data = tamper(modest(), path, lambda _: value) if path else value
    verdict = check(encode(data))
    assert (verdict.status, verdict.step, verdict.rule, verdict.certificate) == ("rejected", "decode", None, None)
    assert why in verdict.reason


MACHINE = {"accumulate": "float32", "dtype": "float32", "exp_ulps": 2, "softmax": "stable", "subnormals": "flush"}
DECLINED = {
    "another version": (("format",), "relucert/1"),
    "a version that is a number": (("format",), 1),
    "a version with an escape character": (("format",), "\x1b[2J"),
    "another norm": (("statement", "norm"), "two"),
    "other semantics": (("statement", "semantics"), "float32"),
    "an arithmetic of an unknown format": (("statement", "semantics"), MACHINE | {"dtype": "float8"}),
    "an arithmetic whose sums are shorter": (("statement", "semantics"), MACHINE | {"accumulate": "bfloat16"}),
    "an arithmetic whose sums are exact": (("statement", "semantics"), MACHINE | {"accumulate": "real"}),
    "an arithmetic with another softmax": (("statement", "semantics"), MACHINE | {"softmax": "online"}),
    "an arithmetic with other subnormals": (("statement", "semantics"), MACHINE | {"subnormals": ["flush"]}),
    "another mask": (("statement", "sequence", "mask"), "window"),
    "a mask that is a list": (("statement", "sequence", "mask"), ["full"]),
    "another layout": (("statement", "sequence", "layout"), "packed"),
    "another position code": (("subject", "code"), {"kind": "sinusoidal", "size": 2}),
    "another kind of subject": (("subject", "kind"), "recurrent"),
}  # fmt: skip


@pytest.mark.parametrize("name", DECLINED)
def test_declines_a_certificate_of(name):
    path, value = DECLINED[name]
    verdict = check(encode(tamper(modest(), path, lambda _: value)))
    assert (verdict.status, verdict.step, verdict.certificate) == ("declined", "decode", None)
    assert verdict.reason.isprintable()


def test_declines_more_bytes_than_its_limit(monkeypatch):
    monkeypatch.setattr(decode, "MAX_BYTES", len(GOOD) - 1)
    assert (check(GOOD).status, check(GOOD).step) == ("declined", "decode")


@settings(derandomize=True, max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_gives_a_verdict_on_a_good_file_with_some_bytes_changed(data):
    raw = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    assert check(bytes(raw)).status in ("accepted", "rejected", "declined")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**10), 10**10) | st.sampled_from(["0", "1", "-1/2", "near", "in", "x"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "rule", "args"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(derandomize=True, max_examples=500, deadline=None)
@given(value=JSON, at=st.integers(0, 10**6))
def test_gives_a_verdict_when_any_part_is_replaced_by_any_json(value, at):
    data = modest(step("range", ["in", "x0", "-1", "1"], (), term="x0"))
    every = list(paths(data))
    assert check(encode(tamper(data, every[at % len(every)], lambda _: value))).status in (
        "accepted", "rejected", "declined")  # fmt: skip


@pytest.mark.parametrize("key", ["lefts", "rights"])
def test_gives_a_verdict_on_a_difference_of_a_term_that_is_not_there(key):
    args = {"left": 0, "right": 0, "lefts": [0], "rights": [0], "weights": ["1"], key: [10**8]}
    assert check(encode(modest(step("affine", ["near", 0, 0, "0"], (), **args)))).status == "rejected"


def test_gives_a_verdict_on_a_range_of_a_part_that_is_not_there():
    made = step("range_affine", ["in", 0, "0", "1"], (), term=0, parts=[10**8], weights=["1"], offset="0")
    assert check(encode(modest(made))).status == "rejected"


@pytest.mark.parametrize("bad", ["\x1b[31maccepted", "\ud800", "\u202e"])
def test_reasons_hold_printable_ascii_only(bad):
    verdict = check(encode(tamper(modest(), ("precision",), lambda _: bad)))
    assert verdict.status == "rejected"
    assert verdict.reason.isascii()
    assert verdict.reason.isprintable()


def test_rejects_the_index_minus_zero():
    verdict = check(GOOD.replace(b'"targets":[0]', b'"targets":[-0]'))
    assert (verdict.status, verdict.step) == ("rejected", "decode")


def test_the_statement_stays_short_when_each_target_uses_the_one_before():
    data = modest()
    data["statement"]["nodes"] += [["mul", k, k] for k in range(18)]
    data["statement"]["targets"] = list(range(19))
    data["lemmas"]["terms"], data["trace"] = [], []
    raw = encode(data)
    assert check(raw).statement == ""  # nothing is proved, so nothing is printed
    text = statement.sentence(decode.certificate(raw).statement, Fraction(1))
    assert "#10 = " in text
    assert "t10" not in text
    assert len(text) < 100 * len(raw)


def test_declines_to_print_a_statement_that_is_too_long(monkeypatch):
    monkeypatch.setattr(statement, "LONGEST_STATEMENT", 1 << 12)
    data = modest()
    data["statement"]["nodes"] += [["add", *[0] * 390], *[["abs", 1]] * 5000]
    data["statement"]["targets"] = list(range(5002))
    data["lemmas"]["terms"], data["trace"] = [], []
    with pytest.raises(Declined, match="too long to print"):
        statement.sentence(decode.certificate(encode(data)).statement, Fraction(1))


def test_declines_a_proof_whose_statement_is_too_long_to_print(monkeypatch):
    raw = encode(reciprocal(has("x0", "1", "2")))
    assert check_with_given(raw).status == "accepted"
    monkeypatch.setattr(statement, "LONGEST_STATEMENT", 1)
    verdict = check_with_given(raw)
    assert (verdict.status, verdict.step, verdict.statement) == ("declined", "conclusion", "")


def test_meters_a_range_over_a_product_of_many_long_numbers(monkeypatch):
    monkeypatch.setattr(kernel, "MAX_WORK", 100)
    terms = {"c": ["const", LONG], "p": ["mul", *["c"] * 60]}
    steps = [has("c", LONG, LONG), step("range", ["in", "p", "0", LONG], (0,), term="p")]
    verdict = check_with_given(encode(certificate(terms, steps)))
    assert verdict.status == "declined"


def test_meters_a_congruence_of_products_of_many_long_numbers(monkeypatch):
    monkeypatch.setattr(kernel, "MAX_WORK", 100)
    terms = {"p": ["mul", *["x0"] * 60], "q": ["mul", *["x0"] * 60]}
    steps = [has("x0", "0", LONG), step("congruence", ["near", "p", "q", "0"], (0,), left="p", right="q")]
    assert check_with_given(encode(certificate(terms, steps))).status == "declined"


def long_bounds(count: int) -> list[str]:
    """Return rationals 1/q whose denominators, of 3,000 digits, have little in common."""
    return [f"1/{10**2999 + 2 * k + 1}" for k in range(count)]


def test_meters_a_chain_of_long_bounds(monkeypatch):
    monkeypatch.setattr(kernel, "MAX_WORK", 100)
    steps = [near("x0", "x0", bound) for bound in long_bounds(8)]
    steps.append(step("sum", ["near", "x0", "x0", "1"], (*range(8),) * 2))
    verdict = check_with_given(encode(certificate({}, steps)))
    assert (verdict.status, verdict.rule) == ("declined", "sum")


def test_meters_a_polynomial_that_adds_long_numbers(monkeypatch):
    monkeypatch.setattr(kernel, "MAX_WORK", 100)
    terms: dict = {f"c{k}": ["const", value] for k, value in enumerate(long_bounds(8))}
    terms["s"] = ["add", *terms, *terms]
    made = step("polynomial", ["near", "s", "s", "0"], (), left="s", right="s")
    verdict = check(encode(certificate(terms, [made])))
    assert (verdict.status, verdict.rule) == ("declined", "polynomial")


def test_meters_a_product_of_short_numbers_by_long_ones(monkeypatch):
    monkeypatch.setattr(kernel, "MAX_WORK", 1000)
    terms: dict = {f"c{k}": ["const", value] for k, value in enumerate(long_bounds(8))}
    terms |= {f"m{k}": ["mul", f"x{k}", f"c{k}"] for k in range(8)}
    terms |= {"a": ["add", *(f"x{k}" for k in range(8))], "b": ["add", *(f"m{k}" for k in range(8))]}
    terms["p"] = ["mul", "a", "b"]
    made = step("polynomial", ["near", "p", "p", "0"], (), left="p", right="p")
    verdict = check(encode(certificate(terms, [made], (), (("-1", "1"),) * 8)))
    assert (verdict.status, verdict.rule) == ("declined", "polynomial")


def test_rejects_a_transformer_of_absurd_width():
    data = modest()
    data["subject"].update(d_model=999_999_999, readout=[[0, 0, "1"]])
    verdict = check(encode(data))
    assert (verdict.status, verdict.step) == ("rejected", "decode")


def test_meters_the_width_of_a_transformer(monkeypatch):
    monkeypatch.setattr(kernel, "MAX_WORK", 10**5)
    data = modest()
    data["subject"].update(d_model=(1 << 20) - 1)
    verdict = check(encode(data))
    assert (verdict.status, verdict.rule) == ("declined", "translation")


def test_meters_the_width_of_a_head(monkeypatch):
    monkeypatch.setattr(kernel, "MAX_WORK", 10**5)
    data = modest()
    data["subject"]["layers"] = [[{**HEAD, "d_head": (1 << 20) - 1}]]
    data["trace"][0]["args"]["heads"] = [[]]
    verdict = check(encode(data))
    assert (verdict.status, verdict.rule) == ("declined", "translation")


def squared(times: int, roots: int = 3) -> dict:
    """Return a file whose only step expands (x0 + x1 + ..)^(2^times)."""
    domain = (("-1", "1"),) * roots
    terms: dict = {"p0": ["add", *(f"x{k}" for k in range(roots))]}
    terms |= {f"p{k + 1}": ["mul", f"p{k}", f"p{k}"] for k in range(times)}
    made = step("polynomial", ["near", f"p{times}", "x0", "0"], (), left=f"p{times}", right="x0")
    return certificate(terms, [made], (), domain)


def test_declines_a_power_beyond_its_largest_degree():
    terms: dict = {"p0": ["mul", "x0", "x0"], **{f"p{k + 1}": ["mul", f"p{k}", f"p{k}"] for k in range(12)}}
    made = step("polynomial", ["near", "p12", "x0", "0"], (), left="p12", right="x0")
    started = time.monotonic()
    verdict = check(encode(certificate(terms, [made])))
    assert (verdict.status, verdict.step, verdict.rule) == ("declined", 0, "polynomial")
    assert time.monotonic() - started < 10


def test_meters_a_polynomial_that_explodes(monkeypatch):
    """The limit is lowered here: the real one comes after a minute, see below."""
    monkeypatch.setattr(kernel, "MAX_WORK", 10**4)
    verdict = check(encode(squared(12)))
    assert (verdict.status, verdict.step, verdict.rule) == ("declined", 0, "polynomial")
    assert "more work" in verdict.reason


@pytest.mark.slow
def test_declines_a_polynomial_that_explodes_within_minutes():
    started = time.monotonic()
    verdict = check(encode(squared(12)))
    assert (verdict.status, verdict.step, verdict.rule) == ("declined", 0, "polynomial")
    assert time.monotonic() - started < 600


@pytest.mark.parametrize("pieces", [1, 4096])
def test_declines_a_univariate_bound_of_high_degree_soon(pieces):
    terms: dict = {"p0": ["mul", "x0", "x0"], **{f"p{k + 1}": ["mul", f"p{k}", f"p{k}"] for k in range(8)}}
    args = {"left": "p8", "right": "x0", "variable": "x0", "pieces": pieces}
    steps = [
        has("x0", f"-{LONG}/{10**3999}", f"{LONG}/{10**3999}"),
        step("univariate", ["near", "p8", "x0", LONG], (0,), **args),
    ]
    started = time.monotonic()
    verdict = check_with_given(encode(certificate(terms, steps)))
    assert (verdict.status, verdict.step, verdict.rule) == ("declined", 1, "univariate")
    assert "more work" in verdict.reason
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("rule", ["range", "polynomial"])
def test_declines_a_wide_product_of_long_numbers_soon(rule):
    terms = {"c": ["const", LONG], "p": ["mul", *["c"] * 3000]}
    made = {
        "range": step("range", ["in", "p", "0", LONG], (0,), term="p"),
        "polynomial": step("polynomial", ["near", "p", "x0", "0"], (), left="p", right="x0"),
    }
    started = time.monotonic()
    verdict = check_with_given(encode(certificate(terms, [has("c", LONG, LONG), made[rule]])))
    assert (verdict.status, verdict.step, verdict.rule) == ("declined", 1, rule)
    assert "more work" in verdict.reason
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("rule", ["pieces", "univariate", "gate_error", "gate_error_forward", "translation", "lattice"])
def test_meters_the_work_of(monkeypatch, rule):
    monkeypatch.setattr(kernel, "MAX_WORK", 0)
    cases = [case for case in rule_cases() + translations() if case.rule == rule and case.why is None]
    verdicts = [check_with_given(case.data) for case in cases]
    assert ("declined", rule) in {(verdict.status, verdict.rule) for verdict in verdicts}


@pytest.mark.parametrize("rule", ["pieces", "smooth", "polynomial"])
def test_meters_constants_alone(monkeypatch, rule):
    """Squares of squares of constants grow without end in ``pieces`` and ``smooth``; zeros are walked for nothing."""
    monkeypatch.setattr(kernel, "MAX_WORK", 10**5)
    first, op = ("0", "add") if rule == "polynomial" else ("3", "mul")
    depth = 20 if rule != "polynomial" else 1000
    terms: dict = {"c0": ["const", first], "N": ["net", 0, 0]}
    terms |= {f"c{k + 1}": [op, f"c{k}", f"c{k}"] for k in range(depth)}
    left = f"c{depth}"
    more: dict = {
        "pieces": {"variable": "N", "knots": ["-1", "1"], "bound": "0"},
        "smooth": {"variable": "x0", "knots": ["-1", "1"], "order": 1},
    }
    claim = step(rule, ["near", left, left, "0"], (0, 1), left=left, right=left, **more.get(rule, {}))
    steps = [has("N", "-1", "1"), has("x0", "-1", "1"), *[claim] * (100 if rule == "polynomial" else 1)]
    verdict = check_with_given(encode(certificate(terms, steps, (network(out=("0 + x0",)),))))
    assert (verdict.status, verdict.rule) == ("declined", rule)
    assert "more work" in verdict.reason


def wide(rule: str, part: str) -> dict:
    """Return a file whose hundred equal steps walk over 3,600 parts each, for the least result."""
    many: dict = {"M": ["max", *["x0"] * 3600], "N": ["net", 0, 0], "G": ["gated", 0, 0]}
    translated = ("near", "subject", "gated identity", "0"), {"subject": "subject", "gated": "gated identity"}
    claim, args = {
        "translation": (translated[0], translated[1] | {"heads": [[]] if part == "heads" else []}),
        "congruence": (("near", "M", "M", "0"), {"left": "M", "right": "M"}),
        "lattice": (("near", "M", "M", "0"), {"left": "M", "right": "M"}),
        "gate_error": (("near", "G", "N", "0"), {"gated": "G", "net": "N", "kappa": "279/1000", "terms": 20}),
        "gate_error_forward": (("near", "G", "N", "0"), {"gated": "G", "net": "N", "kappa": "279/1000", "terms": 20}),
    }[rule]
    steps = [step(rule, [*claim], (), **args)] * 100
    idle = network(*["0"] * 3600, out=("0 + x0",))
    data = certificate(many, steps, (idle,), (("-1", "1"),) * (60 if part == "embedding" else 1))
    if part == "embedding":
        entries = [[0, 1, "1"], *[[row, column, "2"] for row in range(1, 60) for column in range(61)]]
        data["subject"] |= {"d_model": 60, "embedding": entries}
    elif part == "heads":
        data["subject"]["layers"] = [[{"d_head": 0, "w_q": [], "w_k": [], "w_v": [], "w_o": []}] * 3600]
    elif part == "readout":
        data["subject"] |= {"outputs": 3600, "readout": [[row, 0, "1"] for row in range(3600)]}
        data["statement"]["targets"] = [0] * 3600
    return data


@pytest.mark.parametrize(
    ("rule", "part"),
    [*(("translation", part) for part in ("embedding", "heads", "readout")), ("congruence", "arguments"),
     ("lattice", "arguments"), ("gate_error", "neurons"), ("gate_error_forward", "neurons")],
)  # fmt: skip
def test_meters_what_every_step_walks_over(monkeypatch, rule, part):
    monkeypatch.setattr(kernel, "MAX_WORK", 10**5)
    verdict = check(encode(wide(rule, part)))
    assert (verdict.status, verdict.rule) == ("declined", rule)
    assert "more work" in verdict.reason


def test_meters_the_length_of_coefficients(monkeypatch):
    """A coefficient of 10^5 digits is added as often as heads write it."""
    monkeypatch.setattr(kernel, "MAX_WORK", 10**5)
    by = f"1/{10**3999 + 1}"
    layers = [[HEAD | {"w_v": [[0, k, by]], "w_o": [[k + 1, 0, by]]}] for k in range(8)]
    data = certificate({}, [step("translation", ["near", "subject", "gated identity", "0"], (), subject="subject",
                                 gated="gated identity", heads=[[]] * 8)] * 100)  # fmt: skip
    data["subject"] |= {"d_model": 9, "layers": layers}
    verdict = check(encode(data))
    assert (verdict.status, verdict.rule) == ("declined", "translation")
    assert "more work" in verdict.reason


def test_declines_a_sum_of_fractions_that_grows_without_end():
    data = certificate({}, [])
    rows = range(1, 300)
    data["subject"] |= {
        "d_model": 300,
        "embedding": [[0, 1, "1"], *[[row, 0, "1"] for row in rows]],
        "readout": [[0, 0, "1"], *[[0, row, f"1/{10**3999 + row}"] for row in rows]],
    }
    verdict = check_with_given(encode(data))
    assert (verdict.status, verdict.rule) == ("declined", "translation")
    assert "binary digits" in verdict.reason


def test_reads_files_plain_and_gzipped(tmp_path):
    (tmp_path / "c.json").write_bytes(GOOD)
    (tmp_path / "c.json.gz").write_bytes(gzip.compress(GOOD, mtime=0))
    assert files.read(tmp_path / "c.json") == files.read(tmp_path / "c.json.gz") == GOOD


@pytest.mark.parametrize("data", [GOOD, gzip.compress(GOOD)[:-9], gzip.compress(GOOD)[:20], b"\x1f\x8b", b"", b"\x1f"])
def test_rejects_a_damaged_gzip_file(tmp_path, data):
    (tmp_path / "c.json.gz").write_bytes(data)
    if data == b"":
        assert files.read(tmp_path / "c.json.gz") == b""
        return
    with pytest.raises(Rejected, match="gzip"):
        files.read(tmp_path / "c.json.gz")


def test_declines_what_unpacks_beyond_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 1 << 16)
    (tmp_path / "c.json.gz").write_bytes(gzip.compress(b" " * (1 << 20)))
    with pytest.raises(Declined, match="unpacked"):
        files.read(tmp_path / "c.json.gz")


def test_decoding_real_certificates_proves_nothing(built):
    for name in PROBLEMS:
        data = json.loads(built(name).certificate)
        data["trace"] = []
        verdict = check(encode(data))
        assert (verdict.status, verdict.step) == ("rejected", "conclusion")
        assert verdict.error_bound is None
