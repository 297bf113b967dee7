"""exp, log, sin, cos, erf and powers in the checker, against mpmath at high precision; samples, so no proof."""

import math
import random
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import mpmath
import pytest
from forge import certificate, check_with_given, encode, has, near, network

from relucert.check import decode
from relucert.check.kernel import Context
from relucert.check.model import In, Network, Node
from relucert.check.refusal import Declined, Rejected
from relucert.check.rules import RULES, elementary
from relucert.check.statement import formulas
from relucert.derivation.judgement import Derivation
from relucert.derivation.judgement import In as Inside
from relucert.derivation.smooth import smooth

POWERS = [(1, 2), (3, 2), (-1, 2), (1, 3), (-5, 7), (2, 1), (-3, 1), (64, 63)]
POINTS: dict[str, tuple[Callable[..., Any], Callable[[Any], Any], float, float]] = {
    "exp": (elementary.exp, mpmath.exp, -60, 12),
    "sigma": (elementary.sigma, lambda x: 1 / (1 + mpmath.exp(-x)), -60, 60),
    "log": (elementary.log, mpmath.log, 1e-12, 40),
    "log of large numbers": (elementary.log, mpmath.log, 1, 1e12),
    "sin": (lambda n, bits: elementary.sin_cos(n, bits)[0], mpmath.sin, -50, 50),
    "cos": (lambda n, bits: elementary.sin_cos(n, bits)[1], mpmath.cos, -1e6, 1e6),
    "erf": (elementary.erf, mpmath.erf, -12, 12),
} | {
    f"power {p}/{q}": (
        lambda n, bits, p=p, q=q: elementary.power(n, bits, p, q),
        lambda x, p=p, q=q: x ** (mpmath.mpf(p) / q), 1e-9, 20)
    for p, q in POWERS
}  # fmt: skip


@pytest.mark.parametrize("bits", [0, 1, 8, 64, 200])
@pytest.mark.parametrize("name", POINTS)
def test_the_checkers_functions_enclose_the_truth_and_closely(name: str, bits: int) -> None:
    enclosed, true, lo, hi = POINTS[name]
    draw = random.Random(f"{name} {bits}")  # noqa: S311
    with mpmath.workprec(3000):
        for _ in range(60):
            n = int(draw.uniform(lo, hi) * draw.choice([1, 1, 1e-3]) * 2**bits)
            n = max(n, 1) if lo > 0 else n
            below, above = enclosed(n, bits)
            value = true(mpmath.mpf(n) / 2**bits) * 2**bits
            assert below - mpmath.mpf(2) ** -400 <= value <= above + mpmath.mpf(2) ** -400
            assert above - below <= 4


def random_term(draw: random.Random, d: Derivation, x: int, depth: int) -> int:
    """Return a term in x that is smooth where x is in [1/2, 2], kept near size one by division."""
    if depth == 0:
        return draw.choice([x, d.constant(Fraction(draw.randint(-8, 8), 4)), x])
    a, b = (random_term(draw, d, x, depth - 1) for _ in range(2))
    op = draw.choice(["add", "mul", "exp", "log", "sin", "cos", "erf", "power", "inv"])
    if op in ("add", "mul"):
        return d.term(op, a, b)
    small = d.term("sin", a)  # between -1 and 1
    if op in ("exp", "sin", "cos", "erf"):
        return d.term(op, small)
    positive = d.term("add", d.constant(Fraction(3, 2)), small)
    if op == "power":
        return d.term(op, positive, value=Fraction(draw.randint(-5, 5), draw.randint(1, 4)))
    return d.term(op, positive)


def value_of(d: Derivation, term: int, variable: int, x: Any) -> Any:
    """Return a term at a point, in mpmath."""
    values: dict[int, Any] = {}
    one = mpmath.mpf(1)
    for t, node in enumerate(d.nodes[: term + 1]):
        parts = [values[c] for c in node.children] if node.op != "input" else []
        if t == variable:
            values[t] = x
        elif node.op == "const":
            values[t] = one * node.value.numerator / node.value.denominator
        elif node.op == "power":
            values[t] = parts[0] ** (one * node.value.numerator / node.value.denominator)
        elif node.op in ("add", "mul"):
            values[t] = mpmath.fsum(parts) if node.op == "add" else mpmath.fprod(parts)
        else:
            values[t] = 1 / parts[0] if node.op == "inv" else getattr(mpmath, node.op)(parts[0])
    return values[term]


def context_of(d: Derivation, bits: int, networks: tuple[Network, ...] = ()) -> Context:
    context = Context.__new__(Context)
    context.nodes = tuple(Node(n.op, n.children, n.value) for n in d.nodes)
    context.networks, context.precision, context.work = networks, bits, 0
    context.domain = ((Fraction(1, 2), Fraction(2)),)
    return context


@pytest.mark.parametrize("seed", range(40))
def test_smooth_bounds_random_functions_on_random_cells(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311
    d = Derivation()
    x = d.term("input", 0)
    left, right = (random_term(draw, d, x, 3) for _ in range(2))
    lo = Fraction(draw.randint(8, 24), 16)
    hi = lo + Fraction(draw.randint(1, 8), 16)
    inner = sorted({lo + (hi - lo) * draw.randint(1, 63) / 64 for _ in range(draw.randint(0, 6))})
    knots = (lo, *inner, hi)
    context = context_of(d, draw.choice([40, 64, 128]))
    try:
        proved = RULES["smooth"].run(
            context, (In(x, lo, hi),), left=left, right=right, variable=x, knots=knots, order=draw.randint(1, 12)
        )
    except Rejected:  # a wide cell may not show that an argument is positive
        return
    with mpmath.workprec(300):
        for a, b in pairwise(knots):
            for _ in range(6):
                at = a + (b - a) * Fraction(draw.randint(0, 1000), 1000)
                point = mpmath.mpf(at.numerator) / at.denominator
                gap = abs(value_of(d, left, x, point) - value_of(d, right, x, point))
                assert gap <= mpmath.mpf(proved.bound.numerator) / proved.bound.denominator


@pytest.mark.parametrize("seed", range(20, 32))
def test_what_the_builder_plans_is_proved_and_close_to_the_largest_difference(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311
    d = Derivation()
    x = d.term("input", 0)
    left, right = (random_term(draw, d, x, 2) for _ in range(2))
    lo, hi = Fraction(1, 2), Fraction(2)
    claimed = smooth(d, left, right, Inside(x, lo, hi, 0), 96)
    proved = RULES["smooth"].run(context_of(d, 96), (In(x, lo, hi),), **dict(d.steps[-1].args))
    assert proved.bound <= claimed.bound
    with mpmath.workprec(200):
        largest = max(
            abs(value_of(d, left, x, mpmath.mpf(1) / 2 + p) - value_of(d, right, x, mpmath.mpf(1) / 2 + p))
            for p in (mpmath.mpf(k) * 3 / 2 / 400 for k in range(401))
        )
        bound = mpmath.mpf(claimed.bound.numerator) / claimed.bound.denominator
        assert largest <= bound <= largest * mpmath.mpf("1.02") + mpmath.mpf("1e-9")


def stated(node: list[Any], domain: tuple[str, str], *facts: dict[str, Any]) -> bytes:
    """Return a certificate whose target is a function of x0, with the distance granted and ``facts`` before it."""
    data = certificate({}, [*facts], domain=(domain,))
    data["statement"]["nodes"].append(node)
    for term in data["lemmas"]["terms"]:
        term[1:] = [c + 1 if term[0] not in ("net", "gated", "subject") else c for c in term[1:]]
    data["statement"]["targets"] = [1]
    given = certificate({}, [near("subject", "x0", "1/2")], domain=(domain,))["trace"][0]
    given["args"] |= {"left": 2, "right": 1}
    given["conclusion"] = ["near", 2, 1, "1/2"]
    data["trace"] = [*data["trace"][: len(facts)], given]
    return encode(data)


STATED = {
    "exp needs nothing": (["exp", 0], ("-1", "1"), None, None),
    "log above zero": (["log", 0], ("1", "2"), ("1", "2"), None),
    "a root above zero": (["power", 0, "1/2"], ("1", "2"), ("1", "2"), None),
    "a root from zero": (["power", 0, "1/2"], ("0", "2"), ("0", "2"), None),
    "an inverse root above zero": (["power", 0, "-1/2"], ("1", "2"), ("1", "2"), None),
    "log without a range": (["log", 0], ("1", "2"), None, "the argument of log, above zero"),
    "log from zero": (["log", 0], ("0", "2"), ("0", "2"), "the argument of log, above zero"),
    "log of a negative": (["log", 0], ("-2", "-1"), ("-2", "-1"), "the argument of log, above zero"),
    "a root without a range": (["power", 0, "1/2"], ("1", "2"), None, "the argument of power, at or above zero"),
    "a root of a negative": (["power", 0, "1/2"], ("-1", "2"), ("-1", "2"), "of power, at or above zero"),
    "an even power of a negative": (["power", 0, "2"], ("-1", "2"), ("-1", "2"), "of power, at or above zero"),
    "an inverse root from zero": (["power", 0, "-1/2"], ("0", "2"), ("0", "2"), "of power, above zero"),
    "the power zero from zero": (["power", 0, "0"], ("0", "2"), ("0", "2"), "of power, above zero"),
}


@pytest.mark.parametrize("name", STATED)
def test_a_target_must_be_defined_on_its_domain(name: str) -> None:
    node, domain, inside, why = STATED[name]
    verdict = check_with_given(stated(node, domain, *([has("x0", *inside)] if inside else [])))
    assert (verdict.status, verdict.step) == (("accepted", None) if why is None else ("rejected", "conclusion"))
    assert (why or "") in verdict.reason


PRINTED = {
    "exp(x0)": [["exp", 0]],
    "sqrt(x0)": [["power", 0, "1/2"]],
    "x0^(-2/3)": [["power", 0, "-2/3"]],
    "(x0*x0)^(3/2)": [["mul", 0, 0], ["power", 1, "3/2"]],
    "(x0^(2/3))^(5)": [["power", 0, "2/3"], ["power", 1, "5"]],
    "(x0 + x0)^(3)": [["add", 0, 0], ["power", 1, "3"]],
    "(1/x0^(3))": [["power", 0, "3"], ["inv", 1]],
    "sin(cos(erf(log(x0))))": [["log", 0], ["erf", 1], ["cos", 2], ["sin", 3]],
}


@pytest.mark.parametrize("text", PRINTED)
def test_functions_are_printed_without_ambiguity(text: str) -> None:
    nodes = [Node("input", (0,))]
    for op, child, *rest in PRINTED[text]:
        more = (rest[0],) if op in ("add", "mul") else ()
        nodes.append(Node(op, (child, *more), Fraction(rest[0]) if op == "power" else None))
    assert formulas(tuple(nodes), (len(nodes) - 1,), ("x0",)) == ([], [text])


@pytest.mark.parametrize("seed", range(25))
def test_the_bound_of_a_soft_folded_square_holds_at_random_and_near_kinks(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311
    m = draw.randint(1, 6)
    beta = Fraction(draw.randint(2, 40), draw.randint(1, 3)) * 2 ** (m - 1)
    reach = 1 - Fraction(1, 2 ** draw.randint(1, 7))
    neurons = ["-1 + 2 x0", *(f"-1 - 2 u{k} + 4 r{k}" for k in range(m - 1))]
    constant = -sum(Fraction(1, 4**k) for k in range(1, m + 1)) - Fraction(1, 2 ** (2 * m + 3))
    folds = "".join(f" - {Fraction(1, 4**k)} u{k - 1} + {2 * Fraction(1, 4**k)} r{k - 1}" for k in range(1, m + 1))
    nets = (network(*neurons, out=("0 + x0", f"{constant} + x0{folds}"), beta=str(beta)),)
    terms = {"t": ["gated", 0, 0], "out": ["gated", 0, 1], "tt": ["mul", "t", "t"]}
    decoded = decode.certificate(encode(certificate(terms, [], nets, (("0", "1"),))))
    ask = {"out": 2, "square": 3, "chain": tuple(range(m)), "reach": reach}
    try:
        proved = RULES["sawtooth_gated"].run(Context(decoded), (In(1, Fraction(0), Fraction(1)),), **ask)
    except Rejected:  # so small an inverse temperature is not covered
        return
    soft, lowest, highest = float(beta), 1.0, -1.0
    for _ in range(4000):
        kink = Fraction(draw.randint(0, 2**m), 2**m)
        t = min(1.0, max(0.0, draw.choice([draw.random(), float(kink) + draw.uniform(-8, 8) / soft])))
        value, v = t + float(constant), t
        for k in range(1, m + 1):
            u = 2 * v - 1
            v = u * math.tanh(soft * u / 2)
            value += v / 4**k
        lowest, highest = min(lowest, value - t * t), max(highest, value - t * t)
    assert max(-lowest, highest) <= proved.bound + Fraction(1, 10**12)
    assert -lowest >= Fraction(1, 2 ** (2 * m + 3)) * Fraction(9, 10)


def test_work_of_exp_grows_with_its_argument() -> None:
    assert elementary.exp_units(0, 16) == elementary.exp_units(-(4000 << 16), 16) == 0
    assert elementary.exp_units(4000 << 16, 16) == elementary.exp_units(4000 << 64, 64) > 5000


@pytest.mark.slow
def test_smooth_work_is_metered() -> None:
    d = Derivation()
    x = d.term("input", 0)
    t = d.term("exp", x)
    for _ in range(30):
        t = d.term("erf", d.term("mul", t, t))
    context = context_of(d, 4096)
    with pytest.raises(Declined, match="more work"):
        RULES["smooth"].run(
            context, (In(x, Fraction(0), Fraction(1)),), left=t, right=x, variable=x,
            knots=tuple(Fraction(k, 1000) for k in range(1001)), order=64,
        )  # fmt: skip


def test_a_costly_power_is_declined_at_once() -> None:
    d = Derivation()
    x = d.term("input", 0)
    t = d.term("power", x, value=Fraction(63, 64))
    ask = {"left": t, "right": x, "variable": x, "knots": (Fraction(1), Fraction(2)), "order": 64}
    with pytest.raises(Declined, match="more work"):
        RULES["smooth"].run(context_of(d, 4096), (In(x, Fraction(1), Fraction(2)),), **ask)
