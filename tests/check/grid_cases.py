"""Certificates of the family ``maxaffine``: two cells of an absolute value, and attacks on them."""

from collections.abc import Callable
from typing import Any

from forge import Case, certificate, encode, near, step, tamper

Data = dict[str, Any]
# f = |x0| on [-1, 1] in two cells of width 1, centres -1/2 and 1/2, b = 8, S = 12: scores 12 - 2 +- 8 x.
# The stream is (1, x, c, level, value, result).
HEAD = {
    "d_head": 2, "w_q": [[0, 1, "16"], [1, 0, "1"]], "w_k": [[0, 2, "1"], [1, 3, "1"]], "w_v": [[0, 4, "1"]],
    "w_o": [[5, 0, "1"]],
}  # fmt: skip
ANCHORS = [[[2, "-1/2"], [3, "10"], [4, "1/2"]], [[2, "1/2"], [3, "10"], [4, "1/2"]]]
TERMS: dict[str, list[Any]] = {
    "f": ["abs", "x0"], "two": ["const", "2"], "steep": ["mul", "two", "f"], "over": ["inv", "x0"], "e": ["exp", "x0"],
    "net": ["net", 0, 0],
    "root": ["power", "f", "1/2"],
    "steep root": ["power", "x0", "1/2"],
    "log": ["log", "f"], "half": ["const", "1/2"], "signed": ["mul", "x0", "f"], "sum": ["add", "half", "signed"],
    "over sum": ["inv", "sum"], "square": ["mul", "x0", "x0"], "over square": ["inv", "square"],
}  # fmt: skip
BOUND = "501/1000"  # sqrt(1/4 + 2 exp(-8)) + 2 exp(2 - 12) / 2 = 0.50071


def base() -> Data:
    """Return the data of a certificate whose step 0 is the rule, and which is accepted."""
    rule = step("grid_head", ["near", "subject", "f", BOUND], (), subject="subject", target="f", counts=[2],
                sharpness="8", shift="12", terms=40, alpha="1")  # fmt: skip
    data = certificate(TERMS, [rule, near("f", "x0", "1/4")])
    data["subject"].update(d_model=6, embedding=[[0, 0, "1"], [1, 1, "1"]], anchors=ANCHORS, layers=[[HEAD]],
                           readout=[[0, 5, "1"]])  # fmt: skip
    place = ["x0", *TERMS, "subject"].index("subject")
    claim = data["trace"][-1]
    data["trace"] = [*data["trace"][:2], claim | {"premises": [0, 1], "conclusion": ["near", place, 0, "4/5"]}]
    return data


def one_cell(inputs: int) -> Data:
    """Return a certificate whose step 0 is ``grid_norm`` on a single cell of a box with so many inputs."""
    rule = step("grid_norm", ["mean", "subject", "x0", str(8 * 2**inputs)], (), subject="subject", target="x0",
                counts=[1] * inputs, sharpness="2", shift=str(inputs), terms=40, alpha="1")  # fmt: skip
    data = certificate({}, [rule], domain=(("-1", "1"),) * inputs)
    head = HEAD | {"w_q": [[1, 0, "1"]]}
    data["subject"].update(d_model=6, embedding=[[0, 0, "1"]], anchors=[[[3, str(inputs)]]], layers=[[head]],
                           readout=[[0, 5, "1"]])  # fmt: skip
    data["statement"]["norm"] = "L1"
    return data


def _put(*path: Any, value: Any) -> Callable[[Data], Data]:
    return lambda data: tamper(data, path, lambda _: value)


def grid_cases() -> list[Case]:
    """Return the accepted certificate and the one-change attacks on it."""
    head, args, name = ("subject", "layers", 0, 0), ("trace", 0, "args"), "grid_head"
    score, weak, data_token = "is not that of its cell", "does not entail", "of the data token are not zero"
    target = ["x0", *TERMS].index
    attacks: dict[str, tuple[Callable[[Data], Data], str]] = {
        "a query scaled": (_put(*head, "w_q", value=[[0, 1, "15"], [1, 0, "1"]]), score),
        "a query of the other sign": (_put(*head, "w_q", value=[[0, 1, "-16"], [1, 0, "1"]]), score),
        "a query without the level": (_put(*head, "w_q", value=[[0, 1, "16"]]), score),
        "a key without the level": (_put(*head, "w_k", value=[[0, 2, "1"]]), score),
        "a key of the data token": (_put(*head, "w_k", value=[[0, 1, "1"], [0, 2, "1"], [1, 3, "1"]]), data_token),
        "a value of the data token": (_put(*head, "w_v", value=[[0, 1, "1"], [0, 4, "1"]]), data_token),
        "a read-out of the data token": (_put("subject", "readout", value=[[0, 1, "1"], [0, 5, "1"]]), data_token),
        "a value scaled": (_put(*head, "w_v", value=[[0, 4, "2"]]), weak),
        "an output scaled": (_put(*head, "w_o", value=[[5, 0, "1/2"]]), weak),
        "no output": (_put(*head, "w_o", value=[]), weak),
        "another value of a cell": (_put("subject", "anchors", 1, value=[*ANCHORS[1][:2], [4, "2/3"]]), weak),
        "another level of a cell": (_put("subject", "anchors", 1, value=[[2, "1/2"], [3, "11"], [4, "1/2"]]), score),
        "another centre of a cell": (_put("subject", "anchors", 1, value=[[2, "2/3"], *ANCHORS[1][1:]]), score),
        "cells swapped": (_put("subject", "anchors", value=ANCHORS[::-1]), score),
        "a cell less": (_put("subject", "anchors", value=ANCHORS[:1]), "one anchor is needed"),
        "a cell more": (_put("subject", "anchors", value=[*ANCHORS, ANCHORS[1]]), "one anchor is needed"),
        "a head more": (_put("subject", "layers", value=[[HEAD, HEAD]]), "one layer of one head"),
        "a layer more": (_put("subject", "layers", value=[[HEAD], []]), "one layer of one head"),
        "no layer": (_put("subject", "layers", value=[]), "one layer of one head"),
        "other counts": (_put(*args, "counts", value=[1]), "one anchor is needed"),
        "counts for two inputs": (_put(*args, "counts", value=[1, 2]), "one anchor is needed"),
        "no counts": (_put(*args, "counts", value=[]), "one anchor is needed"),
        "another sharpness": (_put(*args, "sharpness", value="9"), score),
        "a sharpness too small": (_put(*args, "sharpness", value="1"), "at least 2"),
        "another shift": (_put(*args, "shift", value="13"), score),
        "a wider box": (_put("statement", "domain", value=[["-1", "5/4"]]), score),
        "a box without a width": (_put("statement", "domain", value=[["1", "1"]]), "without a width"),
        "a steeper target": (_put(*args, "target", value=target("steep")), weak),
        "a target that divides by zero": (_put(*args, "target", value=target("over")), "may be zero"),
        "a target that divides by a square": (_put(*args, "target", value=target("over square")), "may be zero"),
        "a product for a square": (_put(*args, "target", value=target("over sum")), "may be zero"),
        "a smaller bound": (_put("trace", 0, "conclusion", 3, value="1/2"), weak),
        "no Taylor terms": (_put(*args, "terms", value=0), "at least one Taylor term"),
        "an alpha of zero": (_put(*args, "alpha", value="0"), "alpha is outside (0, 1]"),
        "an alpha above one": (_put(*args, "alpha", value="2"), "alpha is outside (0, 1]"),
        "a smaller alpha with the bound of a larger": (_put(*args, "alpha", value="1/2"), weak),
        "a root as Lipschitz": (_put(*args, "target", value=target("root")), "Hoelder with an exponent above 1/2"),
        "a root of what may be negative": (_put(*args, "target", value=target("steep root")), "may not be positive"),
        "a log of zero": (_put(*args, "target", value=target("log")), "may not be positive"),
        "the target for the subject": (_put(*args, "subject", value=0), "where 'subject'"),
        "several data tokens": (_put("statement", "sequence", "lengths", value=["1", "2"]), "a single data token"),
    }  # fmt: skip
    cases = [
        Case(f"{name}: bounds an absolute value in two cells", encode(base())),
        Case(f"{name}: is the same under a full mask",
             encode(_put("statement", "sequence", "mask", value="full")(base()))),
    ]  # fmt: skip
    for attack, (change, why) in attacks.items():
        cases.append(Case(f"{name}: refuses {attack}", encode(change(base())), 0, name, why))
    weak_shift = _put(*args, "shift", value="2")(base())
    for k in (0, 1):
        weak_shift = tamper(weak_shift, ("subject", "anchors", k, 1), lambda _: [3, "0"])
        del weak_shift["subject"]["anchors"][k][1]
    cases.append(Case(f"{name}: refuses to forget the mass of the sink", encode(weak_shift), 0, name, weak))
    for op in ("net",):
        data = _put(*args, "target", value=target(op))(base())
        why = "no Lipschitz constant is derived through"
        cases.append(Case(f"{name}: declines {TERMS[op][0]}", encode(data), 0, name, why, "declined"))
        data["lemmas"]["networks"] *= 99  # more than there are terms: the children of a leaf are no terms
        data["lemmas"]["terms"][list(TERMS).index(op)] = [op, 98, 0]
        last = f"{name}: declines {TERMS[op][0]} of the last network"
        cases.append(Case(last, encode(data), 0, name, why, "declined"))
    return cases
