import shutil
import subprocess
from fractions import Fraction

import pytest

from relucert.coq import emit, kernel
from relucert.errors import DeclinedError

FOURTHS = {"x": (Fraction(1, 4), Fraction(4))}

THEOREM = """Theorem T_approximates : approximates T.
Proof.
"""


def changed_proof(development, new):
    """The files with everything from the theorem on replaced."""
    text = development.files[emit.FILE]
    return {**development.files, emit.FILE: text[: text.index(THEOREM)] + new}


def test_without_coqc_one_line_says_how_to_install_it(make, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(DeclinedError, match="apt-get install"):
        kernel.check_with_coq(make("multiply"))


@pytest.mark.slow
def test_coq_accepts_the_product_and_prints_its_theorem(make, built):
    result = kernel.check_with_coq(make("multiply"), built)
    assert result.accepted, result.reason
    assert " ".join(result.theorem.split()) == (
        "forall x y : R, - (1) <= x <= 1 -> - (1) <= y <= 1 -> Rabs (transformer T [x; y] 0 - x * y) <= 1 / 1000"
    )
    assert set(result.axioms) <= kernel.AXIOMS
    assert result.seconds > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "tolerance", "options"),
    [
        ("multiply", "1/10", {"domain": {"x": (Fraction(2), Fraction(3)), "y": (Fraction(-1, 3), Fraction(5))}}),
        ("multiply", "1/1000", {"domain": {"x": (Fraction(2), Fraction(2)), "y": (Fraction(-1, 3), Fraction(5))}}),
        ("multiply", "1/1000000000", {}),
        ("multiply", "1/1000000", {"objective": "layers"}),
        ("multiply", "1/1000000", {"objective": "weight"}),
        ("square", "1/1000000000", {}),
        ("square", "1/1000", {"domain": {"x": (Fraction(-1), Fraction(7, 3))}}),
        ("max", "1/1000", {"arity": 5}),
        ("min", "1/1000", {"arity": 2}),
        ("max", "1/1000", {"arity": 64}),
        ("abs", "1/1000", {}),
        ("clip", "1/1000", {}),
        ("reciprocal", "1/1000", {"domain": FOURTHS}),
        ("reciprocal", "1/1000", {"domain": FOURTHS, "objective": "layers"}),
        ("reciprocal", "1/1000", {"domain": {"x": (Fraction(-3), Fraction(-1, 2))}}),
        ("reciprocal", "1/1000", {"domain": {"x": (Fraction(3), Fraction(3))}}),
    ],
)
def test_coq_accepts_what_the_independent_checker_accepts(make, built, target, tolerance, options):
    result = kernel.check_with_coq(make(target, tolerance, **options), built)
    assert result.accepted, result.reason


@pytest.mark.slow
def test_a_product_to_thirty_digits_is_accepted(make, built):
    assert kernel.check_with_coq(make("multiply", f"1/{10**30}"), built).accepted


@pytest.mark.slow
def test_a_reciprocal_to_nine_digits_is_accepted(make, built):
    assert kernel.check_with_coq(make("reciprocal", f"1/{10**9}", domain=FOURTHS), built).accepted


def refused(certificate, built):
    """Coq's answer to a changed certificate, which must be a refusal of the generated file."""
    development = emit.development(certificate)
    result = kernel.judge(development.files, development, built)
    assert not result.accepted
    return result.reason


def one_weight_changed(certificate):
    layers = certificate.subject.layers
    heads = layers[-1].heads
    head = heads[0]
    w_o = dict(head.w_o)
    w_o[min(w_o)] += Fraction(1, 1000)
    layers = (*layers[:-1], layers[-1]._replace(heads=(head._replace(w_o=w_o), *heads[1:])))
    return certificate._replace(subject=certificate.subject._replace(layers=layers))


def smaller_tolerance(certificate):
    stated = certificate.statement
    return certificate._replace(statement=stated._replace(tolerance=stated.tolerance * Fraction(999, 1000)))


def another_target(certificate):
    return certificate._replace(statement=certificate.statement._replace(targets=(0,)))


def larger_box(certificate):
    domain = ((Fraction(-2), Fraction(2)), *certificate.statement.domain[1:])
    return certificate._replace(statement=certificate.statement._replace(domain=domain))


def one_bound_smaller(rule):
    def change(certificate):
        trace = list(certificate.trace)
        k = next(k for k, step in enumerate(trace) if step.rule == rule)
        conclusion = trace[k].conclusion
        trace[k] = trace[k]._replace(conclusion=conclusion._replace(bound=conclusion.bound * Fraction(99, 100)))
        return certificate._replace(trace=tuple(trace))

    return change


def smaller_temperature(certificate):
    network = certificate.networks[0]
    return certificate._replace(networks=(network._replace(inverse_temperature=network.inverse_temperature * 2),))


def self_reference(certificate):
    network = certificate.networks[0]
    neurons = ({("u", 0): Fraction(1)}, *network.neurons[1:])
    return certificate._replace(networks=(network._replace(neurons=neurons),))


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        one_weight_changed,
        smaller_tolerance,
        another_target,
        larger_box,
        one_bound_smaller("sawtooth_gated"),
        one_bound_smaller("affine"),
        one_bound_smaller("sum"),
        smaller_temperature,
        self_reference,
    ],
    ids=lambda change: change.__qualname__.partition(".")[0],
)
def test_coq_refuses_a_forged_product(decoded, built, change):
    assert "Coq refuses Certificate.v" in refused(change(decoded("multiply")), built)


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["sawtooth", "pieces", "univariate", "gate_error", "reciprocal"])
def test_coq_refuses_a_forged_reciprocal(decoded, built, rule):
    certificate = decoded("reciprocal", "1/1000", domain=FOURTHS)
    assert "Coq refuses Certificate.v" in refused(one_bound_smaller(rule)(certificate), built)


@pytest.mark.slow
def test_coq_refuses_a_forged_maximum(decoded, built):
    certificate = decoded("max", "1/1000", arity=5)
    assert "Coq refuses Certificate.v" in refused(one_bound_smaller("gate_error_forward")(certificate), built)


@pytest.mark.slow
def test_an_additional_axiom_is_named_and_not_accepted(make, built):
    development = emit.export(make("multiply"))
    text = "Axiom easy : approximates T.\nTheorem T_approximates : approximates T.\nProof. exact easy. Qed.\n"
    result = kernel.judge(changed_proof(development, text), development, built)
    assert not result.accepted
    assert "easy" in result.reason


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Classical_Prop.classic", "PrimInt63.lsr"])
def test_an_axiom_under_the_name_of_an_allowed_one_is_not_accepted(make, built, name):
    development = emit.export(make("multiply"))
    module, _, axiom = name.partition(".")
    text = (
        f"Module {module}. Axiom {axiom} : approximates T. End {module}.\n"
        f"Theorem T_approximates : approximates T.\nProof. exact {name}. Qed.\n"
    )
    result = kernel.judge(changed_proof(development, text), development, built)
    assert not result.accepted
    assert f"Certificate.{name}" in result.reason


@pytest.mark.slow
def test_an_admitted_theorem_is_not_accepted(make, built):
    development = emit.export(make("multiply"))
    text = "Theorem T_approximates : approximates T.\nProof. Admitted.\n"
    assert not kernel.judge(changed_proof(development, text), development, built).accepted


@pytest.mark.slow
def test_a_shadowed_statement_is_not_accepted(make, built):
    development = emit.export(make("multiply"))
    text = (
        "Module Easy. Definition approximates (T : model) := True. End Easy. Import Easy.\n"
        "Theorem T_approximates : approximates T.\nProof. exact I. Qed.\n"
    )
    result = kernel.judge(changed_proof(development, text), development, built)
    assert not result.accepted
    assert "Audit.v" in result.reason


@pytest.mark.slow
def test_an_exported_folder_compiles_with_nothing_but_its_project_file(make, built, tmp_path):
    emit.export(make("abs")).write(tmp_path)
    project = (tmp_path / "_CoqProject").read_text().splitlines()
    for name in project[1:]:
        subprocess.run(["coqc", *project[0].split(), name], cwd=tmp_path, check=True)
    assert project[-1] == emit.FILE


@pytest.mark.slow
def test_the_separate_checker_of_compiled_files_accepts_the_library(built):
    modules = [f"Relucert.{name.removesuffix('.v')}" for name in emit.library()]
    subprocess.run(["coqchk", "-silent", "-norec", *modules, "-Q", str(built), "Relucert"], check=True)


def test_an_edited_library_is_not_accepted(make):
    development = emit.export(make("multiply"))
    files = dict(development.files)
    files["Transformer.v"] = files["Transformer.v"].replace("exp s / sum", "0 * exp s / sum")
    result = kernel.judge(files, development)
    assert not result.accepted
    assert result.reason == "Transformer.v is not the library's"


@pytest.mark.parametrize(
    "old, new", [("<= 1 / 1000.", "<= 1 / 100."), ("Rabs (", "0 * Rabs ("), ("w 0 0 (1#1)", "w 0 0 (2#1)")]
)
def test_an_edited_statement_or_matrix_is_not_accepted(make, old, new):
    development = emit.export(make("multiply"))
    assert old in development.statement
    files = {**development.files, emit.FILE: development.files[emit.FILE].replace(old, new, 1)}
    result = kernel.judge(files, development)
    assert not result.accepted
    assert "not the certificate's" in result.reason
