"""Closed forms: text against function, function against built networks, and sympy's own derivations."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction

import pytest
import sympy

import relucert
from relucert.loaded import load
from relucert.relu import closed_form
from relucert.relu.closed_form import FORMS, ClosedForms, closed_forms
from relucert.relu.draft import Draft
from relucert.relu.lower_bound import lower_bound
from relucert.relu.network import Network
from relucert.relu.plan import Outline, plans
from relucert.relu.sensitivity import sensitivity
from tests import cases, independent
from tests.cases import Case

BITS = 256
RESOURCES = [
    pytest.param(forms, name, id=f"{forms.construction}-{name}") for forms in FORMS for name in forms.resources
]


def symbols(forms: ClosedForms) -> list[sympy.Symbol]:
    return [sympy.Symbol(name, integer=True, positive=True) for name in forms.parameters]


@pytest.mark.parametrize(("forms", "name"), RESOURCES)
def test_text_of_a_closed_form_is_its_function_on_symbols(forms: ClosedForms, name: str) -> None:
    text, function = forms.resources[name]
    parsed = sympy.sympify(text, locals={s.name: s for s in symbols(forms)})
    assert sympy.simplify(parsed - function(*symbols(forms))) == 0


@pytest.mark.parametrize(("forms", "name"), RESOURCES)
def test_text_of_a_closed_form_is_its_function_on_integers(forms: ClosedForms, name: str) -> None:
    text, function = forms.resources[name]
    parsed = sympy.sympify(text, locals={s.name: s for s in symbols(forms)})
    for values in itertools.product((2, 3, 4, 5, 8, 9, 17, 64), repeat=len(forms.parameters)):
        there = parsed.subs(dict(zip(symbols(forms), values, strict=True)))
        assert there == function(*values)
        assert isinstance(function(*values), int)


BUILT = tuple(case for case in cases.CASES if case.target != "reciprocal" or case.eps in ("1e-1", "1e-3"))


@pytest.mark.parametrize("case", cases.parameters(BUILT[::2] + cases.FEW))
def test_closed_forms_equal_the_counts_of_built_transformers(case: Case) -> None:
    outcome = cases.outcome(case)
    forms = closed_forms(outcome.plan.construction)
    assert forms is not None
    parameters = dict(outcome.plan.parameters)
    counted = independent.recount(outcome.certificate)
    compared = {
        name: (function(*(parameters[p] for p in forms.parameters)), counted[name])
        for name, (_, function) in forms.resources.items()
    }
    assert compared
    assert all(value == count for value, count in compared.values()), compared


@pytest.mark.parametrize(
    "case", cases.parameters((Case("square", "1e-3", (("-1e100", "1e100"),)), Case("multiply", "1e-100")))
)
def test_closed_forms_equal_the_counts_of_the_sparse_layout_too(case: Case) -> None:
    from relucert.summary import summarise

    for row in summarise(cases.outcome(case)).resources:
        assert row.formula_value in (None, row.counted), row.name


def test_sympy_sums_the_sensitivity_of_a_folded_square() -> None:
    k, m = sympy.Symbol("k", integer=True, positive=True), sympy.Symbol("m", integer=True, positive=True)
    summed = sympy.summation(2 * (2 * sympy.Integer(4) ** -k - 2 ** (-k - m)), (k, 1, m))
    square, product = closed_forms("square"), closed_forms("product")
    assert square is not None
    assert product is not None
    assert sympy.simplify(summed - square.sensitivity(m)) == 0
    designed = sympy.Rational(32, 3) * (1 - sympy.Integer(4) ** -m) - 2 ** (4 - m) * (1 - 2**-m)  # here with m gates
    assert sympy.simplify(designed - product.sensitivity(m, m)) == 0
    assert sympy.limit(product.sensitivity(m, m), m, sympy.oo) == sympy.Rational(32, 3)


@pytest.mark.parametrize("m", [1, 2, 3, 10, 30])
def test_computed_sensitivity_of_the_product_is_the_closed_form(m: int) -> None:
    form = closed_forms("product")
    assert form is not None
    for m2 in (m, max(1, m - 1)):
        assert built_sensitivity("product", (m, m2)) == form.sensitivity(m, m2)


@pytest.mark.parametrize("m", [1, 2, 3, 10, 30])
def test_computed_sensitivity_of_the_square_is_the_closed_form(m: int) -> None:
    form = closed_forms("square")
    assert form is not None
    assert built_sensitivity("square", (m,)) == form.sensitivity(m)


def built_sensitivity(construction: str, gates: tuple[int, ...]) -> Fraction:
    """The adjoint sum of a network with these chains, from the construction itself."""
    from relucert.relu.constructions import product

    target = "multiply" if construction == "product" else "square"
    problem = relucert.make_problem(target, Fraction(1))
    draft = Draft(problem.expression, problem.domain, BITS)
    if construction == "product":
        value = product.product(draft, draft.input(0), draft.input(1), (gates[0], gates[1]))
    else:
        value = product.square(draft, draft.input(0), gates[0])
    return sensitivity(draft.network(), draft.derivation.nodes[value.term].children[1], BITS).bound


@pytest.mark.parametrize("d", [2, 3, 4, 5, 8, 9, 33])
@pytest.mark.parametrize("target", ["max", "min"])
def test_computed_sensitivity_of_a_tree_is_its_depth(target: str, d: int) -> None:
    problem = relucert.make_problem(target, Fraction(1), arity=d)
    (plan,) = plans(Outline.of(problem), Fraction(1))
    draft = Draft(problem.expression, problem.domain, BITS)
    (value,) = plan.build(draft)
    found = sensitivity(draft.network(), draft.derivation.nodes[value.term].children[1], BITS).bound
    form = closed_forms(target)
    assert form is not None
    assert found == form.sensitivity(d) == (d - 1).bit_length()


def test_sensitivity_bounds_what_worst_gates_really_do() -> None:
    """Every gate of the product off by its worst: the output moves by at most the sum, and by much of it."""
    from relucert.relu.network import evaluate

    loaded = load(cases.outcome(Case("multiply", "1e-3")).verdict)
    network: Network = loaded.network
    bound = sensitivity(network, loaded.outputs[0], BITS).bound
    size = Fraction(1, 10**6)
    worst = Fraction(0)
    for point in cases.grid(((Fraction(-1), Fraction(1)),) * 2, 81):
        for signs in (lambda u: 1, lambda u: -1, lambda u: 1 if u > 0 else -1):
            gate: Callable[[Fraction], Fraction] = lambda u, s=signs: max(u, Fraction(0)) + s(u) * size  # noqa: E731
            exact, moved = (
                evaluate(network, point, Fraction(1), g, lambda q: q)[loaded.outputs[0]]
                for g in (lambda u: max(u, Fraction(0)), gate)
            )
            worst = max(worst, abs(exact - moved))
    assert bound * size / 100 < worst <= bound * size


def test_sympy_derives_the_error_of_the_sawtooth() -> None:
    """On a piece of width h the chord of x^2 is off by h^2/4 at its middle and nowhere more; centred that is h^2/8."""
    x, a, h = sympy.symbols("x a h", positive=True)
    m = sympy.Symbol("m", integer=True, positive=True)
    chord = a**2 + (2 * a + h) * (x - a)
    gap = sympy.expand(chord - x**2)
    (middle,) = sympy.solve(sympy.diff(gap, x), x)
    largest = sympy.simplify(gap.subs(x, middle))
    square = closed_forms("square")
    assert square is not None
    assert square.error is not None
    assert sympy.simplify(largest.subs(h, 2**-m) / 2 - square.error[1](m)) == 0


@pytest.mark.parametrize("m", range(1, 7))
def test_error_of_the_sawtooth_on_all_breakpoints_is_the_closed_form(m: int) -> None:
    square = closed_forms("square")
    assert square is not None
    wave = [Fraction(k, 2 ** (m + 1)) for k in range(2 ** (m + 1) + 1)]
    from tests.relu.test_constructions import sawtooth_square

    errors = [abs(sawtooth_square(x, m) - x * x) for x in wave]
    assert max(errors) == min(errors) == square.error[1](m)


def test_sympy_derives_the_error_of_chords() -> None:
    """1/x - chord over [p, q] is largest at sqrt(p q), where it is (1/sqrt(p) - 1/sqrt(q))^2."""
    x, p, q = sympy.symbols("x p q", positive=True)
    gap = 1 / p + (1 / q - 1 / p) * (x - p) / (q - p) - 1 / x
    at = sympy.simplify(gap.subs(x, sympy.sqrt(p * q)))
    assert sympy.simplify(at - (1 / sympy.sqrt(p) - 1 / sympy.sqrt(q)) ** 2) == 0
    assert sympy.simplify(sympy.diff(gap, x).subs(x, sympy.sqrt(p * q))) == 0
    forms, pieces = closed_forms("chords"), sympy.Symbol("K", positive=True)
    assert forms is not None
    assert forms.error is not None
    assert sympy.simplify(forms.error[1](pieces) - 1 / (2 * pieces**2)) == 0


@pytest.mark.parametrize(
    ("target", "eps", "least"),
    [("square", "1e-3", 4), ("multiply", "1e-3", 8), ("multiply", "1e-6", 18), ("multiply", "1e-30", 98)],
)
def test_lower_bounds_on_gates_are_the_designs(target: str, eps: str, least: int) -> None:
    bound = lower_bound(relucert.make_problem(target, Fraction(eps)))
    assert bound is not None
    assert bound.gates == least


@pytest.mark.parametrize("n", range(6))
def test_lower_bound_of_the_square_is_sharp_where_the_error_is_exactly_attained(n: int) -> None:
    attained = Fraction(1, 2 ** (2 * n + 3))
    at, below = (
        lower_bound(relucert.make_problem("square", eps)) for eps in (attained, attained * Fraction(999, 1000))
    )
    assert at is not None
    assert below is not None
    assert (at.gates, below.gates) == (n, n + 1)


@pytest.mark.parametrize("case", cases.parameters(cases.CASES))
def test_no_built_network_beats_its_lower_bound(case: Case) -> None:
    outcome = cases.outcome(case)
    bound = lower_bound(outcome.problem)
    if bound is None:
        assert case.target in ("max", "min", "abs", "clip")
    else:
        assert bound.gates <= outcome.resources.gates


def test_every_construction_that_is_built_has_closed_forms() -> None:
    built = {cases.outcome(case).plan.construction for case in cases.CASES}
    over_tokens = {"seen_max", "seen_min"}  # built in tests/transformer/test_sequences.py
    of_functions = {"arcs", "chebyshev"}  # built in test_functions.py
    assert built | over_tokens | of_functions == {form.construction for form in closed_form.FORMS}
