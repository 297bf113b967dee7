import hashlib
import re
from fractions import Fraction

import pytest

from relucert.check.model import Near, Node, Step
from relucert.coq import emit, hash_library
from relucert.coq.hashes import SHA256
from relucert.errors import DeclinedError, UsageError


def test_the_statement_is_ordinary_mathematics_over_the_reals(make):
    statement = emit.export(make("multiply")).statement
    assert "forall x y : R,\n    -(1) <= x <= 1 ->\n    -(1) <= y <= 1 ->\n" in statement
    assert "Rabs (transformer T [x; y] 0 - (x * y)) <= 1 / 1000." in statement


def test_the_statement_comes_before_the_data_and_the_data_before_the_proof(make):
    text = emit.export(make("clip")).files[emit.FILE]
    places = [text.index(word) for word in ("Definition approximates", "Definition T :", "Definition proof", "Theorem")]
    assert places == sorted(places)


def test_a_reciprocal_and_extrema_are_written_with_the_functions_of_the_standard_library(make):
    domain = {"x": (Fraction(1, 4), Fraction(4))}
    assert "- (/ x)) <= 1 / 10." in emit.export(make("reciprocal", "1/10", domain=domain)).statement
    assert "(Rmin (Rmax x 0) 1)" in emit.export(make("clip")).statement
    assert "(Rabs x)" in emit.export(make("abs")).statement


def test_names_that_could_be_words_of_coq_are_replaced(decoded):
    certificate = decoded("multiply")
    renamed = certificate._replace(statement=certificate.statement._replace(inputs=("forall", "R")))
    assert "forall x1 x2 : R," in emit.development(renamed).statement


def test_every_weight_of_the_file_is_in_the_statement(decoded):
    certificate = decoded("multiply")
    heads = [head for layer in certificate.subject.layers for head in layer]
    matrices = [certificate.subject.embedding, certificate.subject.readout]
    for head in heads:
        matrices += [head.w_q, head.w_k, head.w_v, head.w_o]
    statement = emit.development(certificate).statement
    assert len(re.findall(r"\bw \d+ \d+ \(", statement)) == sum(len(matrix) for matrix in matrices)


def test_sums_of_many_terms_become_sums_of_two(decoded):
    certificate = decoded("reciprocal", "1/1000", domain={"x": (Fraction(1, 4), Fraction(4))})
    assert any(node.op == "add" and len(node.children) > 2 for node in certificate.terms)
    assert "Add " in emit.development(certificate).files[emit.FILE]


def test_a_rule_that_the_library_does_not_have_is_declined_by_name(decoded):
    certificate = decoded("multiply")
    trace = (Step("mystery", (), {}, Near(0, 0, Fraction(0))), *certificate.trace)
    with pytest.raises(DeclinedError, match="'mystery'"):
        emit.development(certificate._replace(trace=trace))


def test_two_targets_and_two_networks_are_declined(decoded):
    certificate = decoded("multiply")
    two = certificate.statement._replace(targets=(2, 2))
    with pytest.raises(DeclinedError, match="one target"):
        emit.development(certificate._replace(statement=two))
    with pytest.raises(DeclinedError, match="one network"):
        emit.development(certificate._replace(networks=certificate.networks * 2))


def test_a_target_too_long_to_write_out_is_declined(decoded):
    certificate = decoded("multiply")
    doubled = [Node("input", (0,))] + [Node("mul", (k, k)) for k in range(40)]
    stated = certificate.statement._replace(targets=(40,))
    with pytest.raises(DeclinedError, match="parts"):
        emit.development(certificate._replace(statement=stated, terms=(*doubled,)))


def test_a_certificate_that_the_checker_rejects_is_not_exported(make):
    with pytest.raises(UsageError, match="rejected"):
        emit.export(make("multiply").replace(b'"tolerance":"1/1000"', b'"tolerance":"1/2000"'))


def test_the_embedded_sums_are_those_of_the_library():
    texts = emit.library()
    assert {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()} == SHA256
    assert "SHA256 = {" in hash_library.text()


def test_the_library_assumes_nothing_of_its_own():
    words = re.compile(r"\b(Axiom|Axioms|Admitted|admit|Parameter|Parameters|Conjecture|Unset|bypass_check)\b")
    for name, text in emit.library().items():
        assert not words.search(re.sub(r"\(\*.*?\*\)", "", text, flags=re.DOTALL)), name


def test_the_definition_of_the_transformer_is_about_forty_lines():
    text = re.sub(r"\(\*.*?\*\)", "", emit.library()["Transformer.v"], flags=re.DOTALL)
    assert len([line for line in text.splitlines() if line.strip()]) <= 40
