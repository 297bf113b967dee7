"""The accept/reject table of the family ``rounding``: transformers on a float machine, written by hand."""

import json
from fractions import Fraction
from typing import Any

from forge import Case, certificate, encode, network, step
from rule_cases import KAPPA, KAPPA_TERMS

Entries = list[list[Any]]
# The stream: 0 the constant, 1 x, 2 the result, 3 spare.
EMBEDDING: Entries = [[0, 0, "1"], [1, 1, "1"]]
BETA = str(2**20)
FLOAT32 = {"accumulate": "float32", "dtype": "float32", "exp_ulps": 2, "softmax": "stable", "subnormals": "flush"}
RELU = network("0 + x0", out=("0 + r0",))
GATE = "2656/10000000000"  # above kappa / 2^20 = 2.655645e-7 and what rounding adds to one gate
WEAK = "does not entail"


def head(w_q: Entries, w_k: Entries, w_v: Entries, w_o: Entries, d_head: int = 1) -> dict[str, Any]:
    return {"d_head": d_head, "w_q": w_q, "w_k": w_k, "w_v": w_v, "w_o": w_o}


def gate(read: int, *writes: tuple[int, str], q: str = BETA, k: str = "1", v: str = "1") -> dict[str, Any]:
    """Return the gate head of the coordinate ``read``."""
    return head([[0, read, q]], [[0, 0, k]], [[0, read, v]], [[row, 0, weight] for row, weight in writes])


def mover(source: int, row: int, weight: str) -> dict[str, Any]:
    """Return the linear head that adds ``weight`` times a coordinate to ``row``."""
    return head([], [], [[0, source, "2"]], [[row, 0, weight]])


def one(
    name: str,
    bound: str,
    why: str | None = None,
    *,
    net: dict[str, Any] = RELU,
    layers: list[list[dict[str, Any]]] | None = None,
    names: Any = ((1, 0),),
    spelled: tuple[int, ...] = (),
    domain: tuple[str, str] = ("-1", "1"),
    embedding: Entries = EMBEDDING,
    readout: Entries | None = None,
    kappa: str = KAPPA,
    anchors: list[Any] | None = None,
    premise: tuple[str, str] | None = None,
    **semantics: Any,
) -> Case:
    """Return the case of one machine; that the network is near the target is taken for granted."""
    terms = {"M": ["machine", 0], "N": ["net", 0, 0]}
    facts = []
    if premise is not None:
        facts.append(step("given_in", ["in", "N", *premise], (), term="N", lo=premise[0], hi=premise[1]))
    claim = step("rounding", ["near", "M", "N", _reduced(bound)], tuple(range(len(facts))), machine="M", net="N",
                 names=names, spelled=spelled, kappa=kappa, terms=KAPPA_TERMS)  # fmt: skip
    given = step("given_near", ["near", "N", "x0", "100000"], (), left="N", right="x0", bound="100000")
    data = certificate(terms, [*facts, claim, given], (net,), (domain,), 256)
    last = len(facts)
    data["trace"][last + 2 :] = [step("sum", ["near", 1, 0, "100001"], (last, last + 1))]
    data["statement"] |= {"semantics": FLOAT32 | semantics, "tolerance": "100001"}
    data["subject"] = {"anchors": anchors or [], "code": None, "d_model": 4, "embedding": embedding,
                       "kind": "attention", "layers": [[gate(1, (2, "1"))]] if layers is None else layers,
                       "outputs": 1, "readout": [[0, 2, "1"]] if readout is None else readout}  # fmt: skip
    return Case(f"rounding: {name}", encode(data), last, "rounding", why)


def _reduced(text: str) -> str:
    return str(Fraction(text))


def machines() -> list[Case]:
    fold = network("0 + x0", out=("2 r0 - u0",))
    folded = [[gate(1, (2, "2")), mover(1, 2, "-1")]]
    reverse = gate(1, (2, "1"), q="-" + BETA, v="-1")
    trap = network("0 + x0", "3 r0", out=("0 + r1 - u1",))
    trapped = [[gate(1, (2, "3"))], [gate(2, (3, "1")), mover(2, 3, "-1")]]
    chord = network("0 + x0 - 3/4", out=("0 + r0",))
    # Heads of two sizes are two products: 17/4 r is rounded to the format before -4 u is added.
    stored = [gate(1, (2, "17/4")), head([], [], [[0, 1, "2"]], [[2, 0, "-4"]], 2)]
    # Digits are lost where 2^20 is added and taken away again, after the name is given.
    away, back = mover(0, 1, str(2**20)), mover(0, 1, f"-{2**20}")
    detour = [[away], [back], [gate(1, (2, "1"))]]
    shifted: Entries = [[0, 0, "1"], [1, 0, "-3/4"], [1, 1, "1"]]
    return [
        one("accepts one gate", GATE),
        one("refuses less than one gate's error", "2655/10000000000", WEAK),
        one("refuses no error at all", "0", WEAK),
        one("accepts a fold, which is nearly a float", "5312/10000000000", net=fold, layers=folded),
        one("accepts the reverse of a gate", GATE, net=network("0 + x0", out=("0 + r0 - u0",)), layers=[[reverse]]),
        one("refuses the reverse of a gate for the gate", GATE, WEAK, layers=[[reverse]]),
        one("accepts a gate of a spelled neuron", "1/1000000", net=chord, embedding=shifted, spelled=(0,)),
        one("refuses a detour that costs a spelled neuron its digits", "1/1000000", WEAK, net=chord, embedding=shifted,
            spelled=(0,), names=[[1, 0], [], []], layers=detour),
        one("accepts the detour at its price", "1/2", net=chord, embedding=shifted, spelled=(0,),
            names=[[1, 0], [], []], layers=detour),
        one("refuses the detour of a neuron that is not spelled", "1/2", "reads no neuron", net=chord,
            embedding=shifted, names=[[1, 0], [], []], layers=detour),
        one("accepts a rounded weight at its price", "1/1000000", layers=[[gate(1, (2, "16777213/16777216"))]]),
        one("refuses a rounded weight for nothing", GATE, WEAK, layers=[[gate(1, (2, "16777213/16777216"))]]),
        one("refuses another weight", "1/1000000", WEAK, layers=[[gate(1, (2, "2"))]]),
        one("refuses a weight that is no binary fraction", "1", "not a normal number",
            layers=[[gate(1, (2, "1/3"))]]),
        one("refuses a weight with too many bits", "1", "not a normal number", embedding=[[0, 0, "1"],
            [1, 1, "16777217/16777216"]]),
        one("refuses a weight that would be subnormal", "1", "not a normal number",
            layers=[[gate(1, (2, f"1/{2**127}"))]]),
        one("refuses a weight that would be infinite", "1", "not a normal number", readout=[[0, 2, str(2**128)]]),
        one("refuses a float32 weight in bfloat16", "1", "not a normal number", layers=[[gate(1, (2, "513/512"))]],
            dtype="bfloat16"),
        one("refuses a score of the other sign", "1", "score of the same sign", layers=[[gate(1, (2, "1"),
            q="-" + BETA)]]),
        one("refuses a value that is 2 u", "1", "score of the same sign", layers=[[gate(1, (2, "1"), v="2")]]),
        one("refuses a key that rounds", "1", "with a weight 2^k", layers=[[gate(1, (2, "1"), k="3")]]),
        one("refuses a key that reads x", "1", "key of a gate", layers=[[head([[0, 1, BETA]], [[0, 1, "1"]],
            [[0, 1, "1"]], [[2, 0, "1"]])]]),
        one("refuses a query of another coordinate", "1", "one named coordinate", layers=[[head([[0, 3, BETA]],
            [[0, 0, "1"]], [[0, 1, "1"]], [[2, 0, "1"]])]]),
        one("refuses a gate of a coordinate without a name", "1", "reads no neuron", names=[[]]),
        one("refuses a gate of d_head 2", "1", "d_head 1", layers=[[head([[0, 1, BETA]], [[0, 0, "1"]],
            [[0, 1, "1"]], [[2, 0, "1"]], 2)]]),
        one("refuses two gates of one neuron", "1", "second head", layers=[[gate(1, (2, "1/2")), gate(1, (2, "1/2"))]]),
        one("refuses one neuron in two coordinates", "1", "cannot be given", names=[[1, 0, 3, 0]]),
        one("refuses a coordinate that does not exist", "1", "cannot be given", names=[[4, 0]]),
        one("refuses a neuron that does not exist", "1", "cannot be given", names=[[1, 1]]),
        one("refuses a coordinate without its neuron", "1", "without a neuron", names=[[1]]),
        one("refuses names for too many layers", "1", "the layers named", names=[[1, 0], []]),
        one("refuses a wrong coordinate for the neuron", GATE, WEAK, names=[[3, 0]],
            layers=[[gate(3, (2, "1"))]]),
        one("refuses a gate that no head computes", "1", "does not compute", layers=[[]]),
        one("refuses a score that may overflow", "1", "score may overflow", layers=[[gate(1, (2, "1"),
            q=str(2**126))]], domain=("-4", "4")),
        one("refuses a sum that may overflow", "100000", "sum may overflow", dtype="float16",
            layers=[[gate(1, (2, "2"), q="1")]], domain=("-40000", "40000")),
        one("refuses a query that may overflow where the key is zero", "1", "sum may overflow", dtype="float16",
            layers=[[gate(1, (2, "1"), q="16"), head([[0, 1, "32768"]], [], [[0, 0, "1"]], [[3, 0, "1"]])]],
            domain=("-512", "512")),
        one("refuses a key that may overflow where the query is zero", "1", "sum may overflow", dtype="float16",
            layers=[[gate(1, (2, "1"), q="16"), head([], [[0, 1, "32768"]], [[0, 0, "1"]], [[3, 0, "1"]])]],
            domain=("-512", "512")),
        one("refuses exp that may overflow without a maximum", "1", "exp of a score may overflow", softmax="plain"),
        one("accepts a small score without a maximum", "28/1000", softmax="plain",
            layers=[[gate(1, (2, "1"), q="10")]]),
        one("refuses the stable softmax's bound without a maximum", "2784647/100000000", WEAK, softmax="plain",
            layers=[[gate(1, (2, "1"), q="10")]]),
        one("refuses exp without any accuracy", "1", "too inaccurate", exp_ulps=200, dtype="bfloat16",
            accumulate="bfloat16"),
        one("refuses an inexact exp for nothing", GATE, WEAK, exp_ulps=1 << 14),
        one("refuses a kappa that is too small", GATE, "not established", kappa="1/4"),
        one("refuses anchors", GATE, "no anchors", anchors=[[[1, "1"]]]),
        one("accepts the machine's bfloat16 at its price", "1/1000", dtype="bfloat16", layers=[[gate(1, (2, "1"))]]),
        one("refuses to store a product between two heads for nothing", "1/100", WEAK, dtype="bfloat16",
            net=network("0 + x0", out=("17/4 r0 - 4 u0",)), layers=[stored]),
        one("accepts such a product at its price", "1/10", dtype="bfloat16",
            net=network("0 + x0", out=("17/4 r0 - 4 u0",)), layers=[stored]),
        one("accepts such a product where only sums are stored", "1/100", dtype="bfloat16",
            net=network("0 + x0", out=("17/4 r0 - 4 u0",)), layers=[[gate(1, (2, "17/4")), mover(1, 2, "-4")]]),
        one("refuses the trap of a sign that gates disturb", "0", WEAK, net=trap, layers=trapped,
            names=[[1, 0], [2, 1]], readout=[[0, 3, "1"]]),
        one("accepts the trap at its price", "1/100000", net=trap, layers=trapped, names=[[1, 0], [2, 1]],
            readout=[[0, 3, "1"]]),
        one("takes a range of the network as a premise", GATE, premise=("0", "1")),
        one("refuses a float16 result finer than its format", "1/100000", WEAK, dtype="float16",
            net=network("1 + x0", out=("0 + r0",)), embedding=[[0, 0, "1"], [1, 0, "1"], [1, 1, "1"]],
            layers=[[gate(1, (2, "1"), q="4096")]]),
    ]  # fmt: skip


def conclusions() -> list[Case]:
    """Return cases of the kernel: what is stated of machines is proved of machines, and the rest of the transformer."""
    made = one("", GATE)

    def changed(name: str, why: str, where: int | str, **changes: Any) -> Case:
        data = json.loads(made.data)
        data["statement"]["semantics"] = changes.get("semantics", FLOAT32)
        if "term" in changes:
            data["lemmas"]["terms"][0] = changes["term"]
        return Case(f"kernel: {name}", encode(data), where, None, why)

    real = changed("refuses a machine where the statement is about real numbers", "names its arithmetic", "decode",
                   semantics="real")  # fmt: skip
    data = json.loads(made.data)
    data["trace"][0] = step("given_near", ["near", 1, 2, "1"], (), left=1, right=2, bound="1")
    data["lemmas"]["terms"][0] = ["subject", 0]
    subject = Case("kernel: refuses the transformer where the statement is about machines", encode(data), "conclusion",
                   None, "of the machine is near")  # fmt: skip
    return [real, subject]


def rounding_cases() -> list[Case]:
    """Return every case of the family."""
    return machines() + conclusions()
