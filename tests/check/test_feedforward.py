"""Certificates about a feed-forward network, and what ``regions`` proves against sampling of random networks."""

import copy
import random
from fractions import Fraction
from typing import Any

import pytest
from forge import at, encode, paths, removed, tamper

from relucert.check import check, decode
from relucert.check.kernel import Context
from relucert.check.refusal import Declined, Rejected
from relucert.check.rules.regions import regions
from relucert.foreign.cell import ScaledNetwork, box
from relucert.foreign.search import _whole
from relucert.relu.network import Form, Network, evaluate_exactly
from relucert.target.expression import evaluate
from relucert.target.parser import parse_expression
from tests.feedforward import ABS


def test_a_network_is_certified_and_the_statement_says_what_it_is():
    verdict = check(encode(ABS))
    assert (verdict.status, verdict.reason, verdict.families) == ("accepted", "", ("regions",))
    assert verdict.statement == (
        "for all real x in [-1, 1]:  | T(x) - x*x | <= 0.25  where T is a feed-forward ReLU network"
    )
    assert verdict.resources == {"layers": 1, "gates": 2, "parameters": 4, "max_weight": 1, "bits": 2}


def with_trace(**change: Any) -> dict[str, Any]:
    data = copy.deepcopy(ABS)
    data["trace"][0].update(change)
    return data


TRANSLATION = {"rule": "translation", "premises": [], "args": {"subject": 2, "gated": 3, "heads": []},
               "conclusion": ["near", 2, 3, "0"]}  # fmt: skip
FLOAT32 = {"accumulate": "float32", "dtype": "float32", "exp_ulps": 2, "softmax": "stable", "subnormals": "gradual"}
SWAPPED = {"inverse_temperature": "1", "neurons": [], "outputs": [["0", [[0, "1"]], [], []]]}
FORGED = {
    "another network": (tamper(ABS, ("subject", "network"), lambda _: 1), "decode", "the subject's network"),
    "no network": (removed(ABS, ("subject", "network")), "decode", "lacks the field"),
    "outputs of its own": (tamper(ABS, ("subject",), lambda s: {**s, "outputs": 1}), "decode", "unknown field"),
    "a kind of its own": (tamper(ABS, ("subject", "kind"), lambda _: "forward"), "decode", ""),
    "many tokens": (tamper(ABS, ("statement", "sequence", "lengths"), lambda _: ["1", "2"]), "decode", "one token"),
    "a full mask": (tamper(ABS, ("statement", "sequence", "mask"), lambda _: "full"), "decode", "one token"),
    "float arithmetic": (tamper(ABS, ("statement", "semantics"), lambda _: FLOAT32), "decode", "over the real numbers"),
    "an output too many": (tamper(ABS, ("lemmas", "networks", 0, "outputs"), lambda o: [*o, o[0]]), "conclusion",
                           "one output for each target"),
    "a weight changed": (tamper(ABS, ("lemmas", "networks", 0, "outputs", 0, 3, 1, 1), lambda _: "2"), 0,
                         "not proved"),
    "a tolerance too small": (tamper(ABS, ("statement", "tolerance"), lambda _: "1/5"), "conclusion", "exceeds"),
    "a larger domain": (tamper(ABS, ("statement", "domain"), lambda _: [["-1", "2"]]), 0, "not proved"),
    "a network that is not the subject": (
        {**with_trace(args={**ABS["trace"][0]["args"], "cuts": [0]}), "subject": {"kind": "feedforward", "network": 1},
         "lemmas": {**ABS["lemmas"], "networks": [*ABS["lemmas"]["networks"], SWAPPED]}}, 0, "not proved"),
    "a translation": (
        {**tamper(tamper(ABS, ("lemmas", "terms"), lambda t: [*t, ["gated", 1, 0]]), ("lemmas", "networks"),
                  lambda n: [*n, SWAPPED]), "trace": [TRANSLATION]}, 0, "speaks of a transformer"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_certificate_is_refused_for(name):
    data, step, why = FORGED[name]
    verdict = check(encode(data))
    assert (verdict.status in ("rejected", "declined"), verdict.step) == (True, step), verdict.reason
    assert why in verdict.reason


def test_no_rule_about_transformers_crashes_on_a_network():
    from relucert.check.rules import RULES

    for name, rule in RULES.items():
        kinds = {
            "term": 2,
            "terms": [2],
            "index": 1,
            "indices": [0],
            "rational": "1",
            "rationals": ["1"],
            "table": [[0]],
        }
        data = with_trace(rule=name, args={key: kinds[kind] for key, kind in rule.args.items()})
        assert check(encode(data)).status in ("rejected", "declined"), name


def test_every_small_change_is_refused_or_true():
    """Each part is changed in turn; what is still accepted must hold on a fine grid."""
    changes: list[Any] = ["0", "1", "-1", "1/4", "1/5", "3", 0, 1, 2, [], None, True]
    counts = {True: 0, False: 0}
    for path in paths(ABS):
        for value in changes:
            if path[0] == "info" or at(ABS, path) == value:
                continue
            data = tamper(ABS, path, lambda _, v=value: v)
            verdict = check(encode(data))
            counts[verdict.status == "accepted"] += 1
            if verdict.status == "accepted":
                assert sampled(data) <= verdict.error_bound, (path, value)
    assert counts[False] > 500
    assert 0 < counts[True] < 60


def sampled(data: Any) -> Fraction:
    """The largest |N - f| on a grid, read from the JSON again and computed by hand."""
    (lo, hi), worst = map(Fraction, data["statement"]["domain"][0]), Fraction(0)
    network = data["lemmas"]["networks"][data["subject"]["network"]]
    for k in range(101):
        x = lo + (hi - lo) * Fraction(k, 100)
        r: list[Fraction] = []

        def value(form: Any, x: Fraction = x, r: list[Fraction] = r) -> Fraction:
            bias, xs, us, rs = form
            assert not us
            return Fraction(bias) + sum(Fraction(w) * x for _, w in xs) + sum(Fraction(w) * r[j] for j, w in rs)

        for form in network["neurons"]:
            r.append(max(value(form), Fraction(0)))
        nodes: list[Fraction] = []
        for op, *rest in data["statement"]["nodes"]:
            args = [nodes[c] for c in rest] if op not in ("const", "input") else []
            nodes.append(
                x if op == "input" else Fraction(rest[0]) if op == "const" else args[0] * args[1] if op == "mul"
                else sum(args)
            )  # fmt: skip
        worst = max(worst, abs(value(network["outputs"][0]) - nodes[data["statement"]["targets"][0]]))
    return worst


TARGETS = {1: ("x*x", "abs(x)", "x^3 - x", "1/(2+x)", "max(x, x*x)"),
           2: ("x*y", "x*x+y*y", "max(x, y)", "x/(3+y)", "x*x*y", "abs(x*y)"),
           3: ("x*y+z", "x*y*z", "max(x, y, z)")}  # fmt: skip


def random_case(seed: int) -> tuple[Network, Any, list[tuple[Fraction, Fraction]]]:
    """Return a random residual network, one of ``TARGETS`` and a random box."""
    draw = random.Random(seed)  # noqa: S311
    inputs = 1 + seed % 3
    target = draw.choice(TARGETS[inputs])

    def form(before: int) -> Form:
        terms = {("x", i): Fraction(draw.randint(-3, 3), 2) for i in range(inputs)}
        terms["1", 0] = Fraction(draw.randint(-3, 3), 4)
        for j in range(before):
            for kind in "ur":
                if draw.random() < 0.35:
                    terms[kind, j] = Fraction(draw.randint(-4, 4), 3)
        return Form(terms)

    network = Network(inputs, tuple(form(j) for j in range(6)), (form(6),))
    ends = [sorted((Fraction(draw.randint(-4, 4), 4), Fraction(draw.randint(-4, 4), 4))) for _ in range(inputs)]
    return network, parse_expression(target)[0], [(lo, hi) for lo, hi in ends]


def random_tree(network: Network, domain: Any, seed: int) -> tuple[list[Fraction], list[int], int]:
    """Return planes, cuts and how many cells have every sign decided, of a random tree that fits the network."""
    draw, scaled = random.Random(seed), ScaledNetwork(network, 0)  # noqa: S311
    planes = [[Fraction(draw.randint(-2, 2), 4)] + [Fraction(draw.randint(-2, 2)) for _ in domain] for _ in range(4)]
    cuts: list[int] = []
    decided = 0
    stack = [(box(domain), 0)]
    while stack:
        cell, depth = stack.pop()
        reading = scaled.read(cell)
        choices: list[tuple[int, Any]] = [(5 + j, line) for j, line in reading.cuttable.items()]
        choices += [(1 + k, _whole(row)) for k, row in enumerate(planes) if draw.random() < 0.3]
        choices = [(code, line) for code, line in choices if line and cell.crosses(line)]
        if not choices or depth > 8:
            cuts.append(0)
            decided += not reading.cuttable
            continue
        code, line = draw.choice(choices)
        cuts.append(code)
        above, below = scaled.halves(cell, code - 5, line) if code >= 5 else cell.cut(line)
        stack += [(below, depth + 1), (above, depth + 1)]
    return [c for row in planes for c in row], cuts, decided


@pytest.mark.parametrize("seed", range(45))
def test_what_is_accepted_holds_at_random_points(seed):
    network, expression, domain = random_case(seed)
    planes, cuts, _ = random_tree(network, domain, seed)
    certificate = decode.certificate(written(network, expression, domain))
    draw, worst = random.Random(seed), Fraction(0)  # noqa: S311
    for _ in range(150):
        point = tuple(lo + (hi - lo) * Fraction(draw.choice((0, 8, draw.randint(0, 8))), 8) for lo, hi in domain)
        worst = max(worst, abs(evaluate_exactly(network, point)[0] - evaluate(expression, point)[0]))
    left, right = len(expression.nodes), expression.roots[0]

    def accepted(bound: Fraction) -> bool:
        try:
            regions(Context(certificate), (), left, right, tuple(planes), tuple(cuts), bound)
        except (Rejected, Declined) as refusal:
            assert "not proved on the leaf" in str(refusal) or "zero" in str(refusal)
            return False
        return True

    assert accepted(worst + 1000)
    if worst:
        assert not accepted(worst * Fraction(999, 1000))
        assert not accepted(worst / 2)


@pytest.mark.parametrize("seed", [seed for seed in range(36) if seed % 3 < 2])
def test_quadratics_on_decided_cells_are_bounded_exactly(seed):
    """With one or two inputs and degree 2 the least bound accepted is the largest error, which a climb approaches."""
    network, _, domain = random_case(seed)
    expression = parse_expression("x*x - 2*x" if len(domain) == 1 else "x*y - y*y + x")[0]
    planes, cuts, decided = random_tree(network, domain, seed)
    if decided < cuts.count(0):
        pytest.skip("some gate is relaxed in this tree")
    certificate = decode.certificate(written(network, expression, domain))

    def error(p: tuple[Fraction, ...]) -> Fraction:
        return abs(evaluate_exactly(network, p)[0] - evaluate(expression, p)[0])

    def around(middle: tuple[Fraction, ...], parts: int, reach: Fraction) -> list[tuple[Fraction, ...]]:
        points: list[tuple[Fraction, ...]] = [()]
        for x, (lo, hi) in zip(middle, domain, strict=True):
            side = [x + (hi - lo) * reach * Fraction(k, parts) for k in range(-parts, parts + 1)]
            points = [(*p, min(max(v, lo), hi)) for p in points for v in side]
        return points

    half = Fraction(1, 2)
    best = sorted(around(tuple((lo + hi) / 2 for lo, hi in domain), 7, half), key=error)[-6:]
    reach = half / 7
    for _ in range(5):
        best = [max(around(p, 2, reach), key=error) for p in best]
        reach /= 2
    worst = max(map(error, best))
    left, right = len(expression.nodes), expression.roots[0]
    regions(Context(certificate), (), left, right, tuple(planes), tuple(cuts), worst * Fraction(21, 20))
    if worst:
        with pytest.raises(Rejected):
            regions(Context(certificate), (), left, right, tuple(planes), tuple(cuts), worst * Fraction(999, 1000))


def written(network: Network, expression: Any, domain: Any) -> bytes:
    from relucert.certificate.write import ProvedNetwork, Statement, write_feedforward
    from relucert.target.expression import Node

    names = ("x", "y", "z")[: len(domain)]
    nodes = (*expression.nodes, Node("subject", (0,)))
    statement = Statement(names, tuple(domain), expression, Fraction(1))
    return write_feedforward(statement, ProvedNetwork(((network, None),), nodes, (), 0), dict.fromkeys(
        ("generator", "spec", "version"), ""))  # fmt: skip


def hostile(neurons: int, cuts: int, digits: int) -> bytes:
    """A certificate whose cuts alternate between two planes of a chain of neurons with long weights."""
    data = copy.deepcopy(ABS)
    long = str(10**digits + 1)
    chain = [["0", [[0, "1"]], [], []]]
    chain += [["0", [[0, long]], [], [[j, long]]] for j in range(neurons - 1)]
    data["lemmas"]["networks"][0] = {
        "inverse_temperature": None, "neurons": chain, "outputs": [["0", [], [], [[neurons - 1, "1"]]]]
    }  # fmt: skip
    planes = [text for k in range(1, cuts) for text in (f"-{k}/{cuts}", "1")]
    tree = [code for k in range(1, cuts) for code in (cuts - k, 0)]
    data["trace"][0]["args"] |= {"planes": planes, "cuts": [*tree, 0]}
    return encode(data)


@pytest.mark.parametrize(("neurons", "cuts", "digits"), [(3000, 2, 0), (3, 3000, 0), (400, 40, 3000), (60, 2, 3900)])
def test_the_work_of_a_hostile_certificate_is_metered(neurons: int, cuts: int, digits: int) -> None:
    """None of these is proved; what matters is that the verdict comes at once or the meter stops it."""
    verdict = check(hostile(neurons, cuts, digits))
    assert verdict.status in ("rejected", "declined")


def test_the_picture_of_a_network_is_that_network():
    """|x| - x^2 by arithmetic; what is drawn is called the network certified."""
    pytest.importorskip("numpy")
    from relucert.loaded import load
    from relucert.study.plot.picture import picture

    found = picture(load(check(encode(ABS))), {}, 1, lambda done, total: None)
    ((_, x),) = found.axes
    assert found.transformer == pytest.approx([abs(t) for t in x])
    assert found.error == pytest.approx([abs(t) - t * t for t in x])
    assert (found.network, found.subject) == ((), "T, the network certified")
    assert found.observed <= found.bound == Fraction(1, 4)
