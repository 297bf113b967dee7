"""The accept/reject table of whole certificates: the translation, and what the kernel itself must refuse."""

import copy
import json
from collections.abc import Callable
from typing import Any

from forge import Case, certificate, encode, has, near, network, step
from rounding_cases import rounding_cases
from sequence_cases import sequence_cases

Entries = list[list[Any]]
EMBEDDED: Entries = [[0, 0, "1"], [1, 1, "1"]]  # coordinate 0 is one, 1 is x, 2 starts at zero
BETA = "100"


def head(w_q: Entries, w_k: Entries, w_v: Entries, w_o: Entries, d_head: int = 1) -> dict[str, Any]:
    return {"d_head": d_head, "w_q": w_q, "w_k": w_k, "w_v": w_v, "w_o": w_o}


def gate(read: int, *writes: tuple[int, str], q: str = BETA, k: str = "1", v: str = "1") -> dict[str, Any]:
    """Return the gate head of the coordinate ``read``."""
    return head([[0, read, q]], [[0, 0, k]], [[0, read, v]], [[row, 0, weight] for row, weight in writes])


def mover(source: int, row: int, weight: str, v: str = "2") -> dict[str, Any]:
    """Return the linear head that adds ``weight`` times a coordinate to ``row``."""
    return head([], [], [[0, source, v]], [[row, 0, weight]])


def translation(
    name: str,
    layers: list[list[dict[str, Any]]],
    net: dict[str, Any],
    heads: Any,
    why: str | None = None,
    *,
    embedding: Entries = EMBEDDED,
    readout: Entries | None = None,
    d_model: int = 4,
    claim: Any = None,
    gated: str = "gated net",
    subject: str = "T",
    anchors: list[Any] | None = None,
    lengths: tuple[str, str] = ("1", "1"),
    mask: str = "causal",
) -> Case:
    """Return the case of one translation; that the gated network is near the target is taken for granted."""
    terms = {"T": ["subject", 0], "gated net": ["gated", 0, 0], "exact net": ["net", 0, 0]}
    first = step("translation", claim or ["near", "T", "gated net", "0"], (), subject=subject, gated=gated, heads=heads)
    data = certificate(terms, [first, step("given_near", ["near", "gated net", "x0", "1"], (), left="gated net",
                                           right="x0", bound="1")], (net,))  # fmt: skip
    data["trace"][2:] = [step("sum", ["near", 1, 0, "1"], (0, 1))]
    data["subject"] = {"anchors": anchors or [], "code": None, "d_model": d_model, "embedding": embedding,
                       "kind": "attention", "layers": layers, "outputs": 1,
                       "readout": [[0, 2, "1"]] if readout is None else readout}  # fmt: skip
    data["statement"]["sequence"] |= {"lengths": lengths, "mask": mask}
    return Case(f"translation: {name}", encode(data), 0, "translation", why)


def translations() -> list[Case]:
    relu, g = network("0 + x0", out=("0 + r0",)), gate(1, (2, "1"))
    shifted = [*EMBEDDED, [3, 0, "-1/2"]]
    two = network("0 + x0", "-1/2 + r0", out=("0 + r1",))
    two_layers = [[gate(1, (3, "1"))], [gate(3, (2, "1"))]]
    moved = network("0 + x0", "0 + u0 + r0", out=("0 + r1",))
    score, value, out, key, named = (
        "score of the gate head", "value of the gate head", "read-out", "does not read a constant",
            "heads named")  # fmt: skip
    wide = head([[0, 1, BETA]], [[0, 0, "1"]], [[0, 1, "1"]], [[2, 0, "1"]], 2)
    result = [
        translation("takes one gate", [[g]], relu, [[0]]),
        translation("splits the score between query and key", [[gate(1, (2, "1"), q="50", k="2")]], relu, [[0]]),
        translation("takes one gate under a full mask", [[g]], relu, [[0]], mask="full"),
        translation("needs a single data token", [[g]], relu, [[0]], "single data token", lengths=("1", "2")),
        translation("needs no anchor", [[g]], relu, [[0]], "no anchors", anchors=[[]]),
        translation("takes two signs that cancel", [[gate(1, (2, "1"), q="-100", k="-1")]], relu, [[0]]),
        translation("takes a coordinate at half scale", [[gate(1, (2, "1"), q="200", v="2")]], relu, [[0]],
                    embedding=[[0, 0, "1"], [1, 1, "1/2"]]),
        translation("takes a scaled read-out", [[gate(1, (2, "3"))]], relu, [[0]], readout=[[0, 2, "1/3"]]),
        translation("takes two layers", two_layers, two, [[0], [1]], embedding=shifted),
        translation("takes a gate that writes over its own argument", [[gate(1, (1, "1"))]],
                    network("0 + x0", out=("0 + u0 + r0",)), [[0]], readout=[[0, 1, "1"]]),
        translation("takes a linear head", [[gate(1, (3, "1")), mover(1, 3, "1")], [gate(3, (2, "1"))]], moved,
                    [[0], [1]]),
        translation("takes a name for what a linear head reads", [[gate(1, (3, "1")), mover(1, 3, "1")],
                    [gate(3, (2, "1"))]], moved, [[0, 0], [1]]),
        translation("refuses the name of another neuron", [[gate(1, (3, "1")), mover(1, 3, "1")],
                    [gate(3, (2, "1"))]], moved, [[0, 1], [1]], "by which it is named"),
        translation("refuses the name of a neuron of another size", [[g], [mover(2, 3, "1")]],
                    network("0 + x0", "0 + 2 r0", out=("0 + u1",)), [[0], [1]], "by which it is named",
                    readout=[[0, 3, "1"]]),
        translation("takes the name of a neuron without a gate", [[g], [mover(2, 3, "1")]],
                    network("0 + x0", "0 + r0", out=("0 + u1",)), [[0], [1]], readout=[[0, 3, "1"]]),
        translation("refuses a name too many", [[gate(1, (3, "1")), mover(1, 3, "1")],
                    [gate(3, (2, "1"))]], moved, [[0, 0, 0], [1]], named),
        translation("refuses the name of no neuron", [[gate(1, (3, "1")), mover(1, 3, "1")],
                    [gate(3, (2, "1"))]], moved, [[0, 9], [1]], named),
        translation("takes a linear head with a key and no query", [[head([], [[0, 1, "7"]], [[0, 1, "2"]],
                    [[2, 0, "1"]])]], network(out=("0 + x0",)), [[]]),
        translation("takes a linear head with a query and no key", [[head([[0, 1, "7"]], [], [[0, 1, "2"]],
                    [[2, 0, "1"]])]], network(out=("0 + x0",)), [[]]),
        translation("takes a network without gates", [], network(out=("0 + x0",)), [], readout=[[0, 1, "1"]]),
        translation("takes an empty layer", [[], [g]], relu, [[], [0]]),
        translation("leaves out neurons that nobody reads", [[g]], network("0 + x0", "5 + r0", out=("0 + r0",)), [[0]]),
        translation("names a neuron of equal form", [[g]], network("3", "0 + x0", out=("0 + r1",)), [[1]]),
        translation("takes a gate whose argument is zero", [[gate(1, (2, "1"))]], network("0", out=("0 + r0",)), [[0]],
                    embedding=[[0, 0, "1"]]),
        translation("refuses a smaller inverse temperature", [[gate(1, (2, "1"), q="99")]], relu, [[0]], score),
        translation("refuses a larger inverse temperature", [[gate(1, (2, "1"), q="101")]], relu, [[0]], score),
        translation("refuses a score of the wrong sign", [[gate(1, (2, "1"), q="-100")]], relu, [[0]], score),
        translation("refuses a key of the wrong size", [[gate(1, (2, "1"), k="2")]], relu, [[0]], score),
        translation("refuses a score with an offset", [[head([[0, 0, "1"], [0, 1, BETA]], [[0, 0, "1"]], [[0, 1, "1"]],
                    [[2, 0, "1"]])]], relu, [[0]], score),
        translation("refuses a score that reads another coordinate", [[head([[0, 0, BETA]], [[0, 0, "1"]], [[0, 1,
            "1"]],
                    [[2, 0, "1"]])]], relu, [[0]], score),
        translation("refuses a score of zero", [[head([[0, 3, BETA]], [[0, 0, "1"]], [[0, 1, "1"]], [[2, 0, "1"]])]],
                    relu, [[0]], score),
        translation("refuses a key that reads an input", [[head([[0, 1, BETA]], [[0, 1, "1"]], [[0, 1, "1"]],
                    [[2, 0, "1"]])]], relu, [[0]], key),
        translation("refuses a key that reads one and an input", [[head([[0, 1, BETA]], [[0, 0, "1"], [0, 1, "1"]],
                    [[0, 1, "1"]], [[2, 0, "1"]])]], relu, [[0]], key),
        translation("refuses a key that reads nothing", [[head([[0, 1, BETA]], [[0, 3, "1"]], [[0, 1, "1"]],
                    [[2, 0, "1"]])]], relu, [[0]], key),
        translation("refuses a value of another size", [[gate(1, (2, "1"), v="2")]], relu, [[0]], value),
        translation("refuses a value with an offset", [[head([[0, 1, BETA]], [[0, 0, "1"]], [[0, 0, "1/9"], [0, 1,
            "1"]],
                    [[2, 0, "1"]])]], relu, [[0]], value),
        translation("refuses a value that is nothing", [[head([[0, 1, BETA]], [[0, 0, "1"]], [], [[2, 0, "1"]])]],
                    relu, [[0]], value),
        translation("refuses a write of another size", [[gate(1, (2, "2"))]], relu, [[0]], out),
        translation("refuses a write of the wrong sign", [[gate(1, (2, "-1"))]], relu, [[0]], out),
        translation("refuses a write to another coordinate", [[gate(1, (3, "1"))]], relu, [[0]], out),
        translation("refuses a write to a further coordinate that is read", [[gate(1, (2, "1"), (1, "1"))]], relu,
            [[0]],
                    out, readout=[[0, 2, "1"], [0, 1, "1"]]),
        translation("refuses no write", [[gate(1)]], relu, [[0]], out),
        translation("refuses a read-out of nothing", [[g]], relu, [[0]], out, readout=[]),
        translation("refuses a read-out of another coordinate", [[g]], relu, [[0]], out, readout=[[0, 1, "1"]]),
        translation("refuses a read-out with an offset", [[g]], relu, [[0]], out, readout=[[0, 2, "1"], [0, 0, "1"]]),
        translation("refuses an embedding at another scale", [[g]], relu, [[0]], value,
                    embedding=[[0, 0, "1"], [1, 1, "2"]]),
        translation("refuses an embedding with an offset", [[g]], relu, [[0]], value,
                    embedding=[*EMBEDDED, [1, 0, "1/99"]]),
        translation("refuses an output that does not start at zero", [[g]], relu, [[0]], out,
                    embedding=[*EMBEDDED, [2, 0, "1/99"]]),
        translation("refuses a gate of two rows", [[wide]], relu, [[0]], "needs d_head 1"),
        translation("refuses a head that is not named", [[g, gate(1, (2, "1"))]], relu, [[0]], named),
        translation("refuses a name too many", [[g]], relu, [[0, 0]], named),
        translation("refuses one neuron named by two heads", [[g], [g]], relu, [[0], [0]], "not distinct neurons"),
        translation("refuses a neuron that is not there", [[g]], relu, [[1]], "not distinct neurons"),
        translation("refuses a linear head for a gate", [[mover(1, 2, "1")]], relu, [[0]], out),
        translation("refuses too few layers", [[g]], relu, [], "layers named"),
        translation("refuses too many layers", [[g]], relu, [[0], []], "layers named"),
        translation("refuses a linear head that forgets the half", [[gate(1, (3, "1")), mover(1, 3, "1", "1")],
                    [gate(3, (2, "1"))]], moved, [[0], [1]], value),
        translation("refuses a linear head of the wrong size", [[gate(1, (3, "1")), mover(1, 3, "2")],
                    [gate(3, (2, "1"))]], moved, [[0], [1]], value),
        translation("refuses two linear heads where one is needed", [[gate(1, (3, "1")), mover(1, 3, "1"),
                    mover(1, 3, "1")], [gate(3, (2, "1"))]], moved, [[0], [1]], value),
        translation("refuses a gate replaced by a linear head", [[mover(1, 2, "1")]], relu, [[]], out),
        translation("refuses the layers in the other order", two_layers[::-1], two, [[0], [1]], value,
            embedding=shifted),
        translation("refuses both gates in one layer", [two_layers[0] + two_layers[1]], two, [[0, 1]], value,
                    embedding=shifted),
        translation("refuses a layer that is run twice", [two_layers[0], *two_layers], two, [[0], [], [1]], named,
                    embedding=shifted),
        translation("refuses gates named the wrong way round", two_layers, two, [[1], [0]], value, embedding=shifted),
        translation("refuses a gate over its own argument that is forgotten", [[gate(1, (1, "1"))]], relu, [[0]], out,
                    readout=[[0, 1, "1"]]),
        translation("refuses the network with another offset", two_layers, network("0 + x0", "-1/3 + r0",
                    out=("0 + r1",)), [[0], [1]], value, embedding=shifted),
        translation("refuses the network with a further term", [[g]], network("0 + x0", out=("0 + x0 + r0",)), [[0]],
            out),
        translation("refuses u for r", [[g]], network("0 + x0", out=("0 + u0",)), [[0]], out),
        translation("refuses the network of another temperature", [[g]], network("0 + x0", out=("0 + r0",), beta="1"),
                    [[0]], score),
        translation("refuses the exact network", [[g]], relu, [[0]], "where 'gated'", gated="exact net"),
        translation("refuses a network for the transformer", [[g]], relu, [[0]], "where 'subject'",
            subject="exact net"),
        translation("refuses a claim about the exact network", [[g]], relu, [[0]], "does not entail",
                    claim=["near", "T", "exact net", "0"]),
        translation("refuses a negative bound", [[g]], relu, [[0]], "does not entail",
                    claim=["near", "T", "gated net", "-1"]),
    ]  # fmt: skip
    return result


def modest(*steps: dict[str, Any]) -> dict[str, Any]:
    """Return the data of a hand-written certificate that is accepted: T(x) = x is within 1 of x."""
    return certificate({}, list(steps))


def reciprocal(*facts: dict[str, Any]) -> dict[str, Any]:
    """Return data that take |x - 1/x| <= 3/2 for granted and prove that T(x) is that near 1/x, after ``facts``."""
    data = certificate({"y": ["inv", "x0"]}, [near("x0", "y", "3/2"), *facts], domain=(("1", "2"),))
    data["statement"]["nodes"].append(data["lemmas"]["terms"].pop(0))
    data["statement"].update(targets=[1], tolerance="2")
    last = data["trace"][-1]
    last["premises"].append(0)
    last["conclusion"][2:] = [1, "3/2"]
    return data


def kernel_cases() -> list[Case]:
    """Return cases of the kernel: the order of steps, and whether the last ones prove the statement."""

    def one(name: str, change: Callable[[Any], None], where: int | str, rule: str | None, why: str | None,
            status: str = "rejected") -> Case:  # fmt: skip
        data = modest()
        change(data)
        return Case(f"kernel: {name}", encode(data), where, rule, why, status)

    def put(*path_and_value: Any) -> Callable[[Any], None]:
        *path, last, value = path_and_value

        def change(data: Any) -> None:
            for key in path:
                data = data[key]
            data[last] = value

        return change

    def several(*changes: Callable[[Any], None]) -> Callable[[Any], None]:
        def change(data: Any) -> None:
            for part in changes:
                part(data)

        return change

    def second_output(data: Any) -> None:
        data["subject"].update(outputs=2, readout=[[0, 0, "1"], [1, 0, "2"]])
        data["lemmas"]["terms"].append(["subject", 1])

    def two_targets(data: Any) -> None:
        """Prove |T1 - x| <= 0 and |T2 - x| <= 0 with T1 = T2 = x."""
        second_output(data)
        data["subject"]["readout"] = [[0, 0, "1"], [1, 0, "1"]]
        data["statement"]["targets"] = [0, 0]
        data["trace"].insert(0, step("translation", ["near", 3, 2, "0"], (), subject=3, gated=2, heads=[]))
        data["trace"][1:] = [
            step("translation", ["near", 1, 2, "0"], (), subject=1, gated=2, heads=[]),
            step("polynomial", ["near", 2, 0, "0"], (), left=2, right=0),
            step("sum", ["near", 1, 0, "0"], (1, 2)),
            step("sum", ["near", 3, 0, "0"], (0, 2)),
        ]

    def last_two_swapped(data: Any) -> None:
        two_targets(data)
        data["trace"][3:] = data["trace"][:2:-1]

    def later(data: Any) -> None:
        data["trace"].append(copy.deepcopy(data["trace"][1]))

    decode, conclusion = "decode", "conclusion"
    last, exceeds, short = "the last steps do not prove", "exceeds the tolerance", "too short"
    return [
        one("accepts the modest statement", lambda data: None, 0, None, None),
        one("accepts two targets", two_targets, 0, None, None),
        one("accepts a bound equal to the tolerance", several(put("trace", 2, "conclusion", 3, "1/9"),
            put("statement", "tolerance", "1/9")), 0, None, None),
        one("accepts premises twice that the rule ignores", put("trace", 1, "premises", [0, 0]), 0, None, None),
        one("refuses a bound above the tolerance", put("trace", 2, "conclusion", 3, "3/2"), conclusion, None, exceeds),
        one("refuses a tolerance just below the bound", several(put("trace", 2, "conclusion", 3, "1/9"),
            put("statement", "tolerance", "1111111/10000000")), conclusion, None, exceeds),
        one("refuses an empty trace", put("trace", []), conclusion, None, short),
        one("refuses a trace that ends too early", lambda data: data["trace"].pop(), conclusion, None, last),
        one("refuses a trace that ends with something else", later, conclusion, None, last),
        one("refuses a last step that encloses", lambda data: data["trace"].append(
            step("range", ["in", 0, "-1", "1"], (), term=0)), conclusion, None, last),
        one("refuses the distance the wrong way round", lambda data: data["trace"].append(
            step("symmetry", ["near", 0, 1, "0"], (2,))), conclusion, None, last),
        one("refuses the gated network as the transformer", lambda data: data["trace"].append(
            copy.deepcopy(data["trace"][1])), conclusion, None, last),
        one("refuses another target than the trace proves", several(
            lambda data: data["statement"]["nodes"].append(["mul", 0, 0]), put("statement", "targets", [1]),
            _shift), conclusion, None, last),
        one("refuses the proof for one target of two", several(second_output, put("statement", "targets", [0, 0])),
            conclusion, None, last),
        one("refuses two targets proved in the wrong order", last_two_swapped, conclusion, None, last),
        one("refuses fewer targets than outputs", second_output, conclusion, None, "one output for each target"),
        one("refuses more targets than outputs", put("statement", "targets", [0, 0]), conclusion, None,
            "one output for each target"),
        one("refuses a step that cites itself", put("trace", 2, "premises", [0, 2]), decode, None,
            "trace[2]: a premise"),
        one("refuses a step that cites a later one", put("trace", 0, "premises", [1]), decode, None,
            "trace[0]: a premise"),
        one("refuses a negative premise", put("trace", 2, "premises", [-1, 1]), decode, None, "an index is a whole"),
        one("refuses premises in the wrong order", put("trace", 2, "premises", [1, 0]), 2, "sum", "not a chain"),
        one("refuses a negative bound", put("trace", 2, "conclusion", 3, "-1"), 2, "sum", "does not entail"),
        one("refuses a claim of another kind", put("trace", 2, "conclusion", ["in", 1, "-1", "1"]), 2, "sum",
            "does not entail"),
        one("refuses a claim with another left side", put("trace", 2, "conclusion", ["near", 0, 0, "1"]), 2, "sum",
            "does not entail"),
        one("refuses a claim with another right side", put("trace", 2, "conclusion", ["near", 1, 1, "1"]), 2, "sum",
            "does not entail"),
        one("refuses a range that is too narrow below", lambda data: data["trace"].insert(0, step("range",
            ["in", 0, "-1/2", "1"], (), term=0)), 0, "range", "does not entail"),
        one("refuses a range that is too narrow above", lambda data: data["trace"].insert(0, step("range",
            ["in", 0, "-1", "1/2"], (), term=0)), 0, "range", "does not entail"),
        one("refuses a range of another term", lambda data: data["trace"].insert(0, step("range",
            ["in", 1, "-1", "1"], (), term=0)), 0, "range", "does not entail"),
        one("refuses a range that is turned inside out", lambda data: data["trace"].insert(0, step("range",
            ["in", 0, "1", "-1"], (), term=0)), 0, "range", "does not entail"),
        one("declines an unknown rule", put("trace", 0, "rule", "trust_me"), 0, "trust_me", "does not know the rule",
            "declined"),
        one("declines the name of a function that is no rule", put("trace", 0, "rule", "total"), 0, "total",
            "does not know the rule", "declined"),
        one("refuses a rule's name that is no name", put("trace", 0, "rule", "os.system"), decode, None,
            "the name of a rule"),
    ]  # fmt: skip


def _shift(data: Any) -> None:
    """Renumber the lemmas' terms of a modest certificate after one node more in its statement."""
    for made in data["trace"]:
        made["conclusion"][1:3] = [t + (t > 0) for t in made["conclusion"][1:3]]
        for name in ("subject", "gated", "left", "right"):
            if name in made["args"]:
                made["args"][name] += made["args"][name] > 0


def denominators() -> list[Case]:
    """Return cases of the kernel: a reciprocal in a target needs a step that encloses its argument away from zero."""

    def one(name: str, why: str | None, *facts: dict[str, Any]) -> Case:
        return Case(f"kernel: {name}", encode(reciprocal(*facts)), why and "conclusion", None, why)

    unused = reciprocal()
    unused["statement"]["targets"] = [0]
    unused["trace"][-1]["premises"].pop()
    unused["trace"][-1]["conclusion"][2:] = [0, "0"]
    why = "no step encloses the denominator t0"
    return [
        one("takes a denominator above zero", None, has("x0", "1", "2")),
        one("takes a denominator below zero", None, has("x0", "-2", "-1")),
        one("takes one of two ranges that excludes zero", None, has("x0", "-1", "2"), has("x0", "1", "2")),
        one("refuses a denominator without a range", why),
        one("refuses a denominator around zero", why, has("x0", "-1", "2")),
        one("refuses a denominator from zero on", why, has("x0", "0", "2")),
        one("refuses a denominator up to zero", why, has("x0", "-2", "0")),
        one("refuses a range of the reciprocal instead", why, has("y", "1/2", "1")),
        Case("kernel: takes a reciprocal that no target reaches", encode(unused)),
    ]


def mirrors() -> list[Case]:
    """Return cases of the rule ``mirror``: max(x, 0) as x / 2 from the embedding and half of |x| from one head."""
    relu = network("0 + x0", out=("0 + r0",))
    half = [*EMBEDDED, [2, 1, "1/2"]]

    def case(name: str, layers: list[list[dict[str, Any]]], why: str | None = None, **asked: Any) -> Case:
        plain = translation(name, layers, relu, asked.pop("heads", [[0]]), why, **{"embedding": half, **asked})
        data = json.loads(plain.data)
        data["trace"][0]["rule"] = "mirror"
        data["statement"]["sequence"] = {"layout": "mirrored", "lengths": ["1", "1"], "mask": "explicit"}
        return Case(f"mirror: {name}", encode(data), 0, "mirror", why)

    good = gate(1, (2, "1/2"), q="50")
    return [
        case("takes one gate", [[good]]),
        case("splits the score between query and key", [[gate(1, (2, "1/2"), q="25", k="2")]]),
        case("refuses the score of a sink gate", [[gate(1, (2, "1/2"))]], "not half of beta"),
        case("refuses the write of a sink gate", [[gate(1, (2, "1"), q="50")]], "read-out"),
        case("refuses what only a sink gate needs no part of x for", [[good]], "read-out", embedding=EMBEDDED),
        case("refuses the wrong sign", [[gate(1, (2, "1/2"), q="-50")]], "not half of beta"),
        case("refuses a linear head", [[good, mover(1, 3, "1")]], "one neuron is needed"),
        case("refuses a linear head as a gate", [[mover(1, 2, "1")]], "does not read a constant"),
        case("refuses one neuron twice", [[gate(1, (2, "1/4"), q="50")] * 2], "not distinct", heads=[[0, 0]]),
        case("refuses another neuron", [[good]], "not distinct", heads=[[1]]),
    ]


def whole_cases() -> list[Case]:
    """Return every case that is a whole certificate."""
    return translations() + mirrors() + kernel_cases() + denominators() + sequence_cases() + rounding_cases()
