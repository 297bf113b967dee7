import hashlib
import re
from contextlib import nullcontext
from fractions import Fraction
from typing import NamedTuple

import pytest

from relucert.check.model import OPERATIONS, Code, Near, Node, Sequence, Step
from relucert.check.rules import RULES
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
    heads = [head for layer in certificate.subject.layers for head in layer.heads]
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


def test_several_targets_are_stated_together(make):
    statement = emit.export(make("x*y; x+y^2")).statement
    assert "Rabs (transformer T [x; y] 0 - (x * y)) <= 1 / 1000 /\\\n" in statement
    assert "Rabs (transformer T [x; y] 1 - (x + (y * y))) <= 1 / 1000.\n" in statement


def test_two_networks_are_declined(decoded):
    certificate = decoded("multiply")
    with pytest.raises(DeclinedError, match="one network"):
        emit.development(certificate._replace(networks=certificate.networks * 2))


@pytest.mark.parametrize("op", [*sorted(set(OPERATIONS) - {"add", "mul", "max", "min", "inv", "abs"}), "mystery"])
def test_an_operation_that_the_library_does_not_have_is_declined_by_name(decoded, op):
    certificate = decoded("multiply")
    with pytest.raises(DeclinedError, match=f"operation '{op}'"):
        emit.development(certificate._replace(terms=(*certificate.terms, Node(op, (0,)))))


def test_every_operation_and_rule_of_the_checker_is_covered_or_declined_by_name(decoded):
    certificate = decoded("multiply")
    for name, rule in RULES.items():
        step = Step(name, (), {arg: [] for arg in rule.args}, Near(0, 0, Fraction(0)))
        with pytest.raises((DeclinedError, UsageError), match=f"'{name}'") if rule.args else nullcontext():
            emit.development(certificate._replace(trace=(step,)))


def test_other_sequences_anchors_and_position_codes_are_declined_by_name(decoded):
    certificate = decoded("multiply")
    stated, subject = certificate.statement, certificate.subject
    for tokens in (Sequence(1, 2, "causal", "tokenwise"), Sequence(1, 1, "full", "tokenwise")):
        with pytest.raises(DeclinedError, match="sequence"):
            emit.development(certificate._replace(statement=stated._replace(sequence=tokens)))
    with pytest.raises(DeclinedError, match="'anchors'"):
        emit.development(certificate._replace(subject=subject._replace(anchors=({0: Fraction(1)},))))
    with pytest.raises(DeclinedError, match="'code'"):
        emit.development(certificate._replace(subject=subject._replace(code=Code("binary", 2))))


def test_a_subject_and_a_field_that_later_formats_add_are_declined_by_name(decoded):
    certificate = decoded("multiply")

    class Feedforward(NamedTuple):
        network: int = 0

    class Later(NamedTuple):
        inputs: tuple[str, ...] = ("x",)
        sequence: Sequence = Sequence(1, 1, "causal", "tokenwise")
        layout_of_tomorrow: str = "spiral"

    with pytest.raises(DeclinedError, match="'Feedforward'"):
        emit.development(certificate._replace(subject=Feedforward()))
    with pytest.raises(DeclinedError, match="'layout_of_tomorrow'"):
        emit.development(certificate._replace(statement=Later()))


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
