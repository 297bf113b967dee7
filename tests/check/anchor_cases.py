"""Certificates of the family ``anchors``: one or two gates on three anchors, and attacks on them."""

from collections.abc import Callable
from typing import Any

from forge import Case, certificate, encode, near, network, step, tamper

Data = dict[str, Any]
B, TWO_B_OVER_D, D = "68/25", "272/25", "1/2"
# The stream is (1, x, k, k^2, second pre-activation, result); the sink, one anchor and the data token are 0, 1, 2.
FIRST = {
    "d_head": 2, "w_q": [[0, 1, TWO_B_OVER_D], [1, 0, "-68/25"]], "w_k": [[0, 2, "1"], [1, 3, "1"]],
    "w_v": [[0, 2, "1"]], "w_o": [[5, 0, D]],
}  # fmt: skip
EMBEDDING = [[0, 0, "1"], [1, 1, "1"], [2, 0, "2"], [3, 0, "4"]]
ANCHORS = [[[2, "1"], [3, "1"]]]
TERMS: dict[str, list[Any]] = {"net": ["net", 0, 0], "other": ["net", 1, 0]}
NETS = (network("x0", out=("r0",)), network("x0", out=("r0",)))
BOUND = "39/1250"  # 0.0624 / 2


def base(
    layers: list[list[Data]] | None = None,
    nets: tuple[Data, ...] = NETS,
    heads: list[list[int]] | None = None,
    spacings: list[str] | None = None,
    bound: str = BOUND,
) -> Data:
    """Return the data of a certificate whose step 0 is the rule, at domain [-1, 1], and which is accepted."""
    rule = step("anchor_gates", ["near", "subject", "net", bound], (), subject="subject", net="net",
                heads=heads or [[0]], spacings=spacings or [D], sharpness=B, constant="39/625", cells=1024,
                terms=40)  # fmt: skip
    data = certificate(TERMS, [rule, near("net", "x0", "1/2")], nets)
    data["subject"].update(d_model=6, embedding=EMBEDDING, anchors=ANCHORS, layers=layers or [[FIRST]],
                           readout=[[0, 5, "1"]])  # fmt: skip
    place = ["x0", *TERMS, "subject"].index("subject")
    claim = data["trace"][-1]
    data["trace"] = [*data["trace"][:2], claim | {"premises": [0, 1], "conclusion": ["near", place, 0, "4/5"]}]
    return data


def two_gates(spacing: str) -> Data:
    """Return max(max(x, 0), 0) by two heads, whose second has this spacing."""
    from fractions import Fraction

    scale = str(2 * Fraction(B) / Fraction(spacing))
    second = {**FIRST, "w_q": [[0, 4, scale], [1, 0, "-68/25"]], "w_o": [[5, 0, spacing]]}
    layers = [[{**FIRST, "w_o": [[4, 0, D]]}], [second]]
    nets = (network("x0", "r0", out=("r1",)), NETS[1])
    return base(layers, nets, [[0], [1]], [D, spacing], "1/15")


E = "13/1000000000000000"  # >= exp(-32) / (1 - exp(-96))


def stated(sharpness: str = "32", leak: str = E, bound: str = "5000000000000130/10000000000000000") -> Data:
    """Return the same gate at a large inverse temperature, by the bound as published: max(|a|, |b|) e + (b - a) / P."""
    from fractions import Fraction

    scale = Fraction(sharpness) * 2 / Fraction(D)
    head = {**FIRST, "w_q": [[0, 1, str(scale)], [1, 0, f"-{sharpness}"]]}
    data = base([[head]], bound=str(Fraction(bound)))
    step_ = data["trace"][0]
    step_["rule"] = "anchor_gates_stated"
    step_["args"] = {k: v for k, v in step_["args"].items() if k not in ("constant", "cells")}
    step_["args"] |= {"sharpness": sharpness, "leak": leak}
    data["statement"]["tolerance"] = "3/2"
    data["trace"][2]["conclusion"][3] = "6/5"
    return data


def _put(*path: Any, value: Any) -> Callable[[Data], Data]:
    return lambda data: tamper(data, path, lambda _: value)


def anchor_cases() -> list[Case]:
    """Return the accepted certificates and the one-change attacks on them."""
    head, args = ("subject", "layers", 0, 0), ("trace", 0, "args")
    query, keys, not_out = "is not that of its pre-activation", "are not k, k^2 and k", "the read-out is not"
    constant = "that the constant is at most"
    claim = ("trace", 0, "conclusion", 3)
    attacks: dict[str, tuple[Callable[[Data], Data], str]] = {
        "a query scaled": (_put(*head, "w_q", value=[[0, 1, "272/5"], [1, 0, "-68/25"]]), query),
        "a query of the other sign": (_put(*head, "w_q", value=[[0, 1, "-272/25"], [1, 0, "-68/25"]]), query),
        "a query of a constant": (_put(*head, "w_q", value=[[0, 0, TWO_B_OVER_D], [1, 0, "-68/25"]]), query),
        "a query with a constant more": (
            _put(*head, "w_q", value=[[0, 0, "1"], [0, 1, TWO_B_OVER_D], [1, 0, "-68/25"]]), query),
        "a query without k^2": (_put(*head, "w_q", value=[[0, 1, TWO_B_OVER_D]]), query),
        "a query with k^2 that grows": (_put(*head, "w_q", value=[[0, 1, TWO_B_OVER_D], [1, 0, "68/25"]]), query),
        "a query with k^2 of the input": (_put(*head, "w_q", value=[[0, 1, TWO_B_OVER_D], [1, 1, "-68/25"]]), query),
        "keys swapped": (_put(*head, "w_k", value=[[0, 3, "1"], [1, 2, "1"]]), "does not hold P and P^2"),
        "keys scaled": (_put(*head, "w_k", value=[[0, 2, "2"], [1, 3, "1"]]), keys),
        "a key more": (_put(*head, "w_k", value=[[0, 1, "1"], [0, 2, "1"], [1, 3, "1"]]), keys),
        "a key less": (_put(*head, "w_k", value=[[0, 2, "1"]]), "keys of the first head"),
        "a value scaled": (_put(*head, "w_v", value=[[0, 2, "2"]]), keys),
        "a value of k^2": (_put(*head, "w_v", value=[[0, 3, "1"]]), keys),
        "a value in the other row": (_put(*head, "w_v", value=[[1, 2, "1"]]), keys),
        "the input among the values": (_put(*head, "w_v", value=[[0, 1, "1"], [0, 2, "1"]]), keys),
        "an output scaled": (_put(*head, "w_o", value=[[5, 0, "1"]]), not_out),
        "an output elsewhere": (_put(*head, "w_o", value=[[4, 0, D]]), not_out),
        "an output onto k": (_put(*head, "w_o", value=[[2, 0, "1"], [5, 0, D]]), "where anchors hold"),
        "an output onto k^2": (_put(*head, "w_o", value=[[3, 0, "1"], [5, 0, D]]), "where anchors hold"),
        "an output of nothing": (_put(*head, "w_o", value=[[5, 0, D], [5, 1, "1"]]), "writes what it does not read"),
        "a wider head": (_put(*head, "d_head", value=3), keys),
        "another anchor": (_put("subject", "anchors", value=[[[2, "1"], [3, "2"]]]), "anchor 1 does not hold"),
        "an anchor of the wrong place": (_put("subject", "anchors", value=[[[2, "2"], [3, "4"]]]), "anchor 1 does not"),
        "no anchor": (_put("subject", "anchors", value=[]), "does not hold P and P^2"),
        "an anchor more": (_put("subject", "anchors", value=ANCHORS * 2), "does not hold P and P^2"),
        "a data token elsewhere": (_put("subject", "embedding", value=[*EMBEDDING[:2], [2, 0, "3"], [3, 0, "9"]]),
                                   "does not hold P and P^2"),
        "a data token that moves": (_put("subject", "embedding", value=[*EMBEDDING[:2], [2, 0, "2"], [2, 1, "1"],
                                                                        EMBEDDING[3]]), "does not hold P and P^2"),
        "another embedding": (_put("subject", "embedding", value=[[0, 0, "1"], [1, 1, "2"], *EMBEDDING[2:]]), query),
        "another read-out": (_put("subject", "readout", value=[[0, 5, "2"]]), not_out),
        "the input read as well": (_put("subject", "readout", value=[[0, 1, "1"], [0, 5, "1"]]), not_out),
        "a head more": (_put("subject", "layers", value=[[FIRST, FIRST]]), "one neuron and one spacing"),
        "a layer more": (_put("subject", "layers", value=[[FIRST], []]), "one neuron and one spacing"),
        "no head": (_put("subject", "layers", value=[[]]), "one neuron and one spacing"),
        "another neuron": (_put(*args, "heads", value=[[1]]), "not distinct neurons"),
        "a spacing too many": (_put(*args, "spacings", value=[D, D]), "one neuron and one spacing"),
        "no spacing": (_put(*args, "spacings", value=[]), "one neuron and one spacing"),
        "a spacing of zero": (_put(*args, "spacings", value=["0"]), "must be positive"),
        "a negative spacing": (_put(*args, "spacings", value=["-1/2"]), "must be positive"),
        "a smaller spacing": (_put(*args, "spacings", value=["1/4"]), query),
        "another sharpness": (_put(*args, "sharpness", value="2"), query),
        "a constant below the truth": (_put(*args, "constant", value="309/5000"), constant),
        "a constant of zero": (_put(*args, "constant", value="0"), constant),
        "cells too coarse for the constant": (_put(*args, "cells", value=16), constant),
        "too few Taylor terms": (_put(*args, "terms", value=3), constant),
        "no Taylor terms": (_put(*args, "terms", value=0), "at least one Taylor term"),
        "another network": (_put(*args, "net", value=2), "does not entail"),
        "the target for the network": (_put(*args, "net", value=0), "where 'net'"),
        "the subject for the network": (_put(*args, "subject", value=1), "where 'subject'"),
        "a smaller bound": (_put(*claim, value="39/1252"), "does not entail"),
        "a wider box": (_put("statement", "domain", value=[["-1", "5/4"]]), "beyond the last anchor"),
        "several data tokens": (_put("statement", "sequence", "lengths", value=["1", "2"]), "a single data token"),
    }  # fmt: skip
    name = "anchor_gates"
    cases = [
        Case(f"{name}: bounds one gate", encode(base())),
        Case(f"{name}: is the same under a full mask",
             encode(_put("statement", "sequence", "mask", value="full")(base()))),
        Case(f"{name}: needs no range below", encode(_put("statement", "domain", value=[["-1000", "1"]])(base()))),
        Case(f"{name}: bounds two gates in a row", encode(two_gates("13/25"))),
    ]  # fmt: skip
    for attack, (change, why) in attacks.items():
        cases.append(Case(f"{name}: refuses {attack}", encode(change(base())), 0, name, why))
    cases.append(Case(f"{name}: refuses a range of the network that forgets the errors of gates", encode(two_gates(D)),
                      0, name, "neuron 1 may be beyond"))  # fmt: skip
    for value, why, status in (("1/2", "sharpness must be", "rejected"), ("65", "sharpness must be", "rejected")):
        scale = {"1/2": "2", "65": "260"}[value]
        data = _put(*head, "w_q", value=[[0, 1, scale], [1, 0, f"-{value}"]])(base())
        data = _put(*args, "sharpness", value=value)(data)
        cases.append(Case(f"{name}: refuses the sharpness {value}", encode(data), 0, name, why, status))
    flat = two_gates("13/25")
    flat["trace"][0]["args"]["heads"] = [[0], [0]]
    cases.append(Case(f"{name}: refuses one neuron twice", encode(flat), 0, name, "not distinct neurons"))
    swapped = two_gates("13/25")
    swapped["trace"][0]["args"]["heads"] = [[1], [0]]
    cases.append(Case(f"{name}: refuses neurons in another order", encode(swapped), 0, name, query))
    many = _put(*args, "cells", value=100_000)(base())
    cases.append(Case(f"{name}: declines too many cells", encode(many), 0, name, "65536 cells", "declined"))
    other = "anchor_gates_stated"
    refused = {
        "a leak below the truth": (stated(leak="633/50000000000000000"), "mass on other anchors"),
        "no leak": (stated(leak="0"), "mass on other anchors"),
        "a negative leak": (stated(leak="-1/2"), "mass on other anchors"),
        "a bound without the leak": (stated(bound="1/2"), "does not entail"),
        "a leak for a larger sharpness": (stated(sharpness="31"), "mass on other anchors"),
        "a sharpness above the limit": (stated(sharpness="65"), "sharpness must be"),
        "a sharpness below one": (stated(sharpness="1/2"), "sharpness must be"),
        "a sharpness that is not the heads'": (_put(*args, "sharpness", value="33")(stated()), query),
        "too few Taylor terms": (_put(*args, "terms", value=1)(stated()), "mass on other anchors"),
        "a wider box": (_put("statement", "domain", value=[["-1", "5/4"]])(stated()), "beyond the last anchor"),
        "several data tokens": (_put("statement", "sequence", "lengths", value=["1", "2"])(stated()),
                                "a single data token"),
    }  # fmt: skip
    cases.append(Case(f"{other}: bounds one gate as published", encode(stated())))
    cases.append(Case(f"{other}: bounds it at a low temperature too", encode(stated("2", "3/20", "13/20"))))
    for attack, (data, why) in refused.items():
        cases.append(Case(f"{other}: refuses {attack}", encode(data), 0, other, why))
    return cases
