"""Expressions: what they mean, checked against mpmath and plain Python, and what is refused, with the column."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from fractions import Fraction

import mpmath
import pytest

from relucert.errors import UsageError
from relucert.spec.problem import make_problem
from relucert.spec.yaml import parse_spec
from relucert.target.expression import evaluate
from relucert.target.parser import parse_expression
from relucert.target.ranges import ranges

ONE_VARIABLE: dict[str, Callable[[float], float]] = {
    "sqrt(x)": math.sqrt,
    "exp(x)": math.exp,
    "log(x)": math.log,
    "sin(3*x)": lambda x: math.sin(3 * x),
    "cos(x - 1)": lambda x: math.cos(x - 1),
    "erf(x)": math.erf,
    "tanh(x)": math.tanh,
    "sigmoid(x)": lambda x: 1 / (1 + math.exp(-x)),
    "softplus(x)": lambda x: math.log1p(math.exp(x)),
    "gelu(x)": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "x^(1/3)": lambda x: x ** (1 / 3),
    "x^1.5": lambda x: x**1.5,
    "x^(-3/2)": lambda x: x**-1.5,
    "x^(2)": lambda x: x * x,
    "exp(2) + x*sin(1)": lambda x: math.exp(2) + x * math.sin(1),
    "piecewise(x < 1: x, else: 1)": lambda x: min(x, 1),
    "piecewise(x <= 1/2: x^2, x < 2: x - 1/4, else: 7/4)": lambda x: x * x if x <= 0.5 else min(x - 0.25, 1.75),
    "piecewise(1/2 < x < 1: x - 1/2, x >= 1: 1/2, else: 0)": lambda x: min(max(x - 0.5, 0), 0.5),
    "piecewise(2 > x: log(max(x, 1/8)), else: log(2))": lambda x: math.log(min(max(x, 1 / 8), 2)),
    "piecewise(x > 1: 1/x, else: 2 - x)": lambda x: 1 / x if x > 1 else 2 - x,
    "piecewise(x < 0: exp(x), else: 1 + x)": lambda x: 1 + x,
    "piecewise(1 < 2: x, else: 5)": lambda x: x,
    "piecewise(1 < 1: x, else: 5)": lambda x: 5,
    "piecewise(2*x - 3 < x: x, else: 3)": lambda x: min(x, 3),
}


@pytest.mark.parametrize("text", ONE_VARIABLE)
def test_an_expression_has_the_value_that_python_computes(text: str) -> None:
    expression, names = parse_expression(text)
    assert names == ("x",)
    for k in range(1, 40):
        x = Fraction(k, 10)
        (value,) = evaluate(expression, [x])
        assert float(value) == pytest.approx(ONE_VARIABLE[text](float(x)), rel=1e-13, abs=1e-13)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("piecewise(x < y: x, else: y)", min),
        ("piecewise(x >= y: x*x - y*x, else: 0)", None),
        ("piecewise(2*x > 3*y: 4*x - 6*y + x*y, else: x*y)", lambda x, y: max(4 * x - 6 * y, 0) + x * y),
        ("piecewise(x < 1: y, else: y/x)", lambda x, y: y / max(x, 1)),
        ("piecewise(x < 0: 0, x < y*0 + 1: x*y, else: y)", lambda x, y: y * min(max(x, 0), 1)),
    ],
)
def test_piecewise_in_two_variables(text: str, expected: Callable[[Fraction, Fraction], Fraction] | None) -> None:
    if expected is None:
        with pytest.raises(UsageError, match="column 11: piecewise may jump"):
            parse_expression(text)
        return
    expression, _ = parse_expression(text)
    for x, y in itertools.product([Fraction(k, 3) for k in range(-5, 6)], repeat=2):
        assert evaluate(expression, [x, y]) == [expected(x, y)]


@pytest.mark.parametrize("count", [2, 3, 5, 6, 8, 13])
def test_sort_gives_every_place(count: int) -> None:
    names = ", ".join(f"x{k}" for k in range(count))
    whole, _ = parse_expression(f"sort({names})")
    picked, _ = parse_expression("; ".join(f"0 + sort({names})[{k + 1}]" for k in range(count)))
    draw = random.Random(count)  # noqa: S311
    for _ in range(60):
        point = [Fraction(draw.randint(-3, 3)) for _ in range(count)]
        assert evaluate(whole, point) == evaluate(picked, point) == sorted(point)


def test_median_is_the_middle_of_the_sorted() -> None:
    expression, _ = parse_expression("median(a, b, c, d, e)")
    for point in itertools.permutations(map(Fraction, (4, -1, 7, 7, 0))):
        assert evaluate(expression, point) == [4]


REFUSED = {
    "expp(x)": "column 1: unknown function 'expp'; did you mean 'exp'?",
    "1 + sigmod(x)": "column 5: unknown function 'sigmod'; did you mean 'sigmoid'?",
    "exp + x": "column 1: 'exp' is no name for an input",
    "exp(x, y)": "column 1: exp takes 1 argument, not 2",
    "log(0)*x": "column 1: log of the constant 0 is not defined",
    "1/(x^2 - x*x)": "column 3: division by zero",
    "log(x - x)": "column 1: log of the constant 0 is not defined",
    "y + sqrt((x - 1)*(x + 1) - x^2)": "column 5: a rational power of the constant -1 is not defined",
    "x + (0 - 2)^(1/2)": "column 13: a rational power of the constant -2 is not defined",
    "x^y": "column 3: expected a number as exponent",
    "x^(1/0)": "column 6: division by zero",
    "x^1000000000": "column 3: exponents go from -64 to 64",
    "x^1e9": "column 3: exponents go from -64 to 64",
    "x^(1/65)": "column 3: exponents go from -64 to 64, with denominators up to 64",
    "sort(x, y) + 1": "column 1: sort gives several values",
    "sort(x, y)[3]": "column 12: expected a whole number from 1 to 2",
    "sort(x)": "column 1: sort takes 2 arguments or more, not 1",
    "x < 1": "column 3: expected an operator or the end, found '<'",
    "piecewise(x < 0: 1, else: 2)": "column 11: piecewise jumps by 1 at x = 0",
    "piecewise(x < 1: exp(x), else: 3)": "column 11: piecewise may jump at x = 1",
    "piecewise(x < 0: 0, x <= 0: 5, else: x)": "column 11: piecewise jumps by 5 at x = 0",
    "piecewise(0 <= x <= 0: 5, else: x)": "column 11: piecewise jumps by 5 at x = 0",
    "piecewise(x < 0: x, y < 0: y, else: 0)": "all conditions must compare one and the same variable",
    "piecewise(x*x < 1: x, y < 0: 1, else: 2)": "may only stand alone with else",
    "piecewise(x*x < 1: x, else: 2)": "piecewise may jump where the sides of its condition are equal",
    "piecewise(x < 1: 2*x, else: x, y)": "column 30: expected ')', found ','",
    "piecewise(x < 1: x, 1)": "column 22: expected a comparison such as x < 1, or 'else:', found ')'",
    "piecewise(else: x)": "column 1: piecewise needs a condition before else",
    "piecewise(x: 1, else: x)": "column 12: expected a comparison",
    "": "column 1: expected a number, a name or '(', found the end",
    "exp()": "column 5: expected a number, a name or '(', found ')'",
    "3*4": "the expression has no input",
    "x**2": "column 3: expected a number, a name or '(' (powers are written ^), found '*'",
    "((2^64)^64)^4*x": "a constant of more than 4000 digits",
    "((((2^64)^64)^64)^64)^64*x": "a constant of more than 4000 digits",
    "x" + "".join(f"+1/{k}" for k in range(1, 10_000, 2)): "a constant of more than 4000 digits",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_does_not_fit_is_refused_with_its_column(text: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_expression(text)
    assert REFUSED[text] in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text", ["(" * 10_000 + "x", "exp(" * 10_000 + "x", "-(" * 10_000 + "x", "x^" + "(" * 10_000, "x^(1/" * 10_000,
             "piecewise(x < 1: " * 10_000, "sort(" * 10_000 + "x"]
)  # fmt: skip
def test_deep_nesting_is_refused_by_the_depth_limit(text: str) -> None:
    with pytest.raises(UsageError, match=r"nested more than 100 deep|expected"):
        parse_expression(text)


SETTLED: dict[str, Callable[[float, float], float]] = {
    "exp(x - x) + y": lambda x, y: math.exp(x - x) + y,
    "sqrt(x - x + 1)*y": lambda x, y: math.sqrt(x - x + 1) * y,
    "x/(2 + y - y)": lambda x, y: x / (2 + y - y),
    "sin(0*x) + y": lambda x, y: math.sin(0 * x) + y,
    "log((x + y)^2 - x^2 - y^2 - 2*x*y + 3)*x + y": lambda x, y: math.log(3) * x + y,
    "x*exp(sin(y) - sin(y) + 1)": lambda x, y: x * math.exp(1),
    "exp(abs(x*y) - abs(y*x)) + x": lambda x, y: 1 + x,
}


@pytest.mark.parametrize("text", SETTLED)
def test_functions_of_what_cancels_are_functions_of_a_constant(text: str) -> None:
    problem = make_problem(text, Fraction(1, 100))
    assert problem.inputs == ("x", "y")
    for point in itertools.product((Fraction(-1), Fraction(-1, 3), Fraction(1, 2)), repeat=2):
        (value,) = evaluate(problem.expression, point)
        assert float(value) == pytest.approx(SETTLED[text](*map(float, point)), abs=1e-13)
    moving = {"inv", "exp", "log", "sin", "power"}
    for node in problem.expression.nodes:
        assert node.op not in moving or problem.expression.nodes[node.children[0]].op == "const"


@pytest.mark.parametrize(
    ("text", "domain", "part"),
    [
        ("exp(log(x) - log(x))", {}, "the logarithm needs a positive argument"),
        ("sin(1/x - 1/x)", {}, r"the denominator x range over \[-1, 1\]"),
        ("exp(sqrt(x) - sqrt(x))", {}, "a rational power needs a nonnegative argument"),
        ("log(x*y)", {}, r"the argument x\*y of log range over \[-1, 1\]"),
        ("sqrt(x - 2)", {}, r"the argument x \+ -2 of sqrt range over \[-3, -1\]"),
        ("x^(-1/2)", {"x": (Fraction(0), Fraction(1))}, r"range over \[0, 1\]; .* needs a positive argument"),
        ("y/exp(x)", {}, None),
        ("1/sin(x)", {}, r"the denominator sin\(x\) range over \[-0.84"),
        ("exp(x)", {"x": (Fraction(0), Fraction(10_000))}, "such large arguments"),
        (
            "(" * 40 + "1 + x" + "^2)" * 40,
            {},
            r"the range of \(+x\*x \+ 1\).*\.\.\. has ends of more than 65536 binary",
        ),
        ("1/" + "(" * 60 + "x" + "^2)" * 60, {}, r"the denominator (x\*)+x\.\.\. range over \[0, 1\]"),
    ],
)
def test_domain_violations_name_the_part_and_its_enclosure(
    text: str, domain: dict[str, tuple[Fraction, Fraction]], part: str | None
) -> None:
    if part is None:
        make_problem(text, Fraction(1, 10), domain)
        return
    with pytest.raises(UsageError, match=part):
        make_problem(text, Fraction(1, 10), domain)


@pytest.mark.parametrize("text", [*(t for t in ONE_VARIABLE), "sin(x)*cos(5*x)", "cos(40*x)", "erf(3*x - 1)"])
def test_ranges_enclose_every_value(text: str) -> None:
    expression, names = parse_expression(text)
    for lo, hi in ((Fraction(1, 10), Fraction(39, 10)), (Fraction(3, 2), Fraction(8, 5))):
        inside = ranges(expression, [(lo, hi)], names)[expression.roots[0]]
        for k in range(101):
            (value,) = evaluate(expression, [lo + (hi - lo) * k / 100])
            assert inside[0] - Fraction(1, 10**30) <= value <= inside[1] + Fraction(1, 10**30)


def test_values_have_the_digits_that_are_asked() -> None:
    expression, _ = parse_expression("gelu(x)*log(1 + x)^(1/3)")
    ctx = mpmath.mp.clone()
    ctx.dps = 250
    for x in (Fraction(1, 3), Fraction(17, 5)):
        (value,) = evaluate(expression, [x], 700)
        y = ctx.mpf(x.numerator) / x.denominator
        truth = y / 2 * (1 + ctx.erf(y / ctx.sqrt(2))) * ctx.cbrt(ctx.log(1 + y))
        assert abs(ctx.mpf(value.numerator) / value.denominator - truth) < ctx.mpf(10) ** -200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{target: max(x, y), eps: 1e-3}", "quote an expression that has a comma"),
        ("{target: min(x, y, z), eps: 1e-3}", "1:17: unknown key 'y'; quote an expression that has a comma"),
        ("{outputs: [x*y, max(x, y)]}", r"1:17: 'max\(x' has a parenthesis .*; quote an expression that has a comma"),
        ("{target: sort(x, y)[1], eps: 1e-3}", "quote an expression that has a comma, a colon or a bracket"),
        ("{target: piecewise(x < 0: 0, else: x)}", "quote an expression that has a comma, a colon or a bracket"),
        ("target: piecewise(x < 0: 0, else: x)\n", "quote an expression that has a comma, a colon or a bracket"),
    ],
)
def test_an_expression_that_yaml_splits_gets_told_to_be_quoted(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_spec(text.encode(), "spec.yaml")


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ("[x*y, expp(x), y]", "1:16: column 1: unknown function 'expp'"),
        ("[x*y, x + y, 1 + x*]", r"1:23: column 7: expected a number, a name or '\(', found the end"),
        ("[x*, y]", r"1:11: column 3: .* found the end of the output"),
        ("['']", r"1:11: column 1: expected a number"),
    ],
)
def test_errors_point_at_the_column_of_the_output(outputs: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_spec(f"outputs: {outputs}\neps: 1e-3\n".encode(), "spec.yaml")


def test_a_quoted_piecewise_is_read() -> None:
    problem = parse_spec(b"target: 'piecewise(x < 0: 0, else: x)'\neps: 1e-3\n", "spec.yaml")
    assert evaluate(problem.expression, [Fraction(-1)]) == [0]
