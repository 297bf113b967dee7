"""Certificates of the family ``partition``: an absolute value in two blocks, and attacks on them."""

from collections.abc import Callable
from typing import Any

from forge import Case, certificate, encode, near, step, tamper

Data = dict[str, Any]
# f = |x0| on [-1, 1], blocks with centres -1/2 and 1/2, knots 1/2 apart, reach 1/2: b = 8, S = 12, scores 10 -+ 8 x.
# Stream: (1, x, c, level, 1 on anchors, z, value, output).  z = 2 (x - 1) + address; G has knots 0, .., 3 and 4, .., 7
# with values 1, 1/2, 0, 1/2 for the first block on [-1, 1/2] and 1/2, 0, 1/2, 1 for the second on [-1/2, 1].
GATHER = {"d_head": 1, "w_q": [], "w_k": [], "w_v": [[0, 0, "-8"], [0, 1, "8"]], "w_o": [[5, 0, "1"]]}
BLEND = {"d_head": 2, "w_q": [[0, 1, "16"], [1, 0, "1"]], "w_k": [[0, 2, "1"], [1, 3, "1"]], "w_v": [[0, 6, "1"]],
         "w_o": [[7, 0, "1"]]}  # fmt: skip
BENDS = ["-1/2", "0", "1", "-1/2", "-1/2", "1", "0", "-1/2"]
LOCAL = {
    "width": 9,
    "w_in": [[0, 4, "1"], *([k + 1, c, v] for k in range(8) for c, v in ((4, str(-k)), (5, "1")) if v != "0")],
    "w_out": [[6, 0, "1"], *([6, k + 1, bend] for k, bend in enumerate(BENDS) if bend != "0")],
}
CLIP = {
    "width": 2, "w_in": [[0, 0, "-2"], [0, 7, "1"], [1, 0, "-1"], [1, 7, "-1"]], "w_out": [[7, 0, "-1"], [7, 1, "1"]],
}  # fmt: skip
ANCHORS = [[[2, "-1/2"], [3, "10"], [4, "1"], [5, "4"]], [[2, "1/2"], [3, "10"], [4, "1"], [5, "7"]]]
TERMS: dict[str, list[Any]] = {
    "f": ["abs", "x0"], "two": ["const", "2"], "steep": ["mul", "two", "f"], "over": ["inv", "x0"],
    "net": ["net", 0, 0],
}  # fmt: skip
BOUND = "13/50"  # 1/4 + 2 3 exp(-8) + 2 exp(2 - 12) = 0.25211


def base() -> Data:
    """Return the data of a certificate whose step 0 is the rule, and which is accepted."""
    rule = step("partition_of_unity", ["near", "subject", "f", BOUND], (), subject="subject", target="f", counts=[2],
                axis=0, reach="1/2", alpha="1", terms=40)  # fmt: skip
    data = certificate(TERMS, [rule, near("f", "x0", "1/4")])
    layers = [{"heads": [GATHER], "feed_forward": LOCAL}, {"heads": [BLEND], "feed_forward": CLIP}]
    data["subject"].update(d_model=8, embedding=[[0, 0, "1"], [1, 1, "1"]], anchors=ANCHORS, layers=layers,
                           readout=[[0, 7, "1"]])  # fmt: skip
    data["statement"]["sequence"]["mask"] = "full"
    place = ["x0", *TERMS, "subject"].index("subject")
    claim = data["trace"][-1]
    data["trace"] = [*data["trace"][:2], claim | {"premises": [0, 1], "conclusion": ["near", place, 0, "4/5"]}]
    return data


def _put(*path: Any, value: Any) -> Callable[[Data], Data]:
    return lambda data: tamper(data, path, lambda _: value)


def partition_cases() -> list[Case]:
    """Return the accepted certificate and the one-change attacks on it."""
    layers, args, name = ("subject", "layers"), ("trace", 0, "args"), "partition_of_unity"
    gather, blend = (*layers, 0, "heads", 0), (*layers, 1, "heads", 0)
    local, clip = (*layers, 0, "feed_forward"), (*layers, 1, "feed_forward")
    score, weak, data_token = "is not that of its block", "does not entail", "of the data token are not zero"
    cut, gathered, target = "cut the output off", "to one empty coordinate", ["x0", *TERMS].index
    attacks: dict[str, tuple[Callable[[Data], Data], str]] = {
        "a causal mask": (_put("statement", "sequence", "mask", value="causal"), "mask full"),
        "several data tokens": (_put("statement", "sequence", "lengths", value=["1", "2"]), "single data token"),
        "no local part": (_put(*local, value=None), "need a feed-forward part"),
        "no part that cuts off": (_put(*clip, value=None), "need a feed-forward part"),
        "a layer less": (_put(*layers, value=[base()["subject"]["layers"][0]]), "two layers"),
        "a head more": (_put(*layers, 1, "heads", value=[BLEND, BLEND]), "two layers of one head"),
        "scores in block 1": (_put(*gather, value=GATHER | {"w_q": [[0, 0, "1"]], "w_k": [[0, 0, "1"]]}), "not zero"),
        "values of anchors in block 1": (_put(*gather, "w_v", value=[[0, 0, "-8"], [0, 2, "8"]]), "values of anchors"),
        "gathering into the inputs": (_put(*gather, "w_o", value=[[1, 0, "1"]]), gathered),
        "gathering twice": (_put(*gather, "w_o", value=[[5, 0, "1"], [6, 0, "1"]]), gathered),
        "nothing gathered": (_put(*gather, "w_o", value=[]), gathered),
        "a falling ramp": (_put(*gather, "w_v", value=[[0, 0, "-8"], [0, 1, "-8"]]), "grow with the input"),
        "a ramp above zero": (_put(*gather, "w_v", value=[[0, 0, "-7"], [0, 1, "8"]]), "at most zero on the box"),
        "another ramp": (_put(*gather, "w_v", value=[[0, 0, "-8"], [0, 1, "4"]]), weak),
        "another address": (_put("subject", "anchors", 1, 3, value=[5, "6"]), weak),
        "addresses swapped": (
            _put("subject", "anchors", value=[[*ANCHORS[0][:3], [5, "7"]], [*ANCHORS[1][:3], [5, "4"]]]), weak,
        ),
        "an anchor without the constant": (
            _put("subject", "anchors", 1, value=[*ANCHORS[1][:2], ANCHORS[1][3]]), "1 on anchors",
        ),
        "a value of an anchor": (_put("subject", "anchors", 1, value=[*ANCHORS[1], [6, "1"]]), "must come from"),
        "a unit that reads the data token": (_put(*local, "w_in", 0, value=[0, 0, "1"]), "0 on the data token"),
        "a unit that reads an input": (_put(*local, "w_in", 0, value=[0, 1, "1"]), "0 on the data token"),
        "a unit that scales z": (_put(*local, "w_in", 1, value=[1, 5, "2"]), "with weight 1"),
        "another bend": (_put(*local, "w_out", 1, value=[6, 1, "-1/4"]), weak),
        "another base": (_put(*local, "w_out", 0, value=[6, 0, "2"]), weak),
        "a unit that writes a key": (_put(*local, "w_out", 0, value=[2, 0, "1"]), "may not read"),
        "no units": (_put(*local, value={"width": 0, "w_in": [], "w_out": []}), "no unit"),
        "a query too blunt": (_put(*blend, "w_q", value=[[0, 1, "3"], [1, 0, "1"]]), "at least 2"),
        "a query of the other sign": (_put(*blend, "w_q", value=[[0, 1, "-16"], [1, 0, "1"]]), "at least 2"),
        "a key without the level": (_put(*blend, "w_k", value=[[0, 2, "1"]]), weak),
        "a key of z": (_put(*blend, "w_k", value=[[0, 2, "1"], [1, 5, "1"]]), "may not read"),
        "a value of z": (_put(*blend, "w_v", value=[[0, 5, "1"]]), "may not read"),
        "a key of the data token": (_put(*blend, "w_k", value=[[0, 1, "1"], [0, 2, "1"], [1, 3, "1"]]), data_token),
        "a value of the data token": (_put(*blend, "w_v", value=[[0, 1, "1"], [0, 6, "1"]]), data_token),
        "a value scaled": (_put(*blend, "w_v", value=[[0, 6, "2"]]), weak),
        "another level": (_put("subject", "anchors", 1, 1, value=[3, "11"]), score),
        "cells swapped": (_put("subject", "anchors", value=ANCHORS[::-1]), "at least 2"),
        "a cell more": (_put("subject", "anchors", value=[*ANCHORS, ANCHORS[1]]), "one anchor is needed"),
        "a cut below the target": (_put(*clip, "w_in", 0, value=[0, 0, "-1/2"]), "enclose the target"),
        "a cut above the target's least": (_put(*clip, "w_in", 2, value=[1, 0, "1/2"]), "enclose the target"),
        "a cut that scales": (_put(*clip, "w_out", 0, value=[7, 0, "-2"]), cut),
        "a cut that moves with the input": (_put(*clip, "w_in", 0, value=[0, 1, "-2"]), cut),
        "two cuts on one side": (_put(*clip, "w_in", 3, value=[1, 7, "1"]), cut),
        "a cut missing": (_put(*clip, "w_out", value=[[7, 0, "-1"]]), "enclose the target"),
        "a read-out scaled": (_put("subject", "readout", value=[[0, 7, "2"]]), "read-out must be one"),
        "a read-out of two": (_put("subject", "readout", value=[[0, 1, "1"], [0, 7, "1"]]), "read-out must be one"),
        "a read-out of an input": (_put("subject", "readout", value=[[0, 1, "1"]]), "read-out must be one"),
        "an axis that is none": (_put(*args, "axis", value=1), "an axis of the box"),
        "no counts": (_put(*args, "counts", value=[]), "one anchor is needed"),
        "other counts": (_put(*args, "counts", value=[1]), "one anchor is needed"),
        "no reach": (_put(*args, "reach", value="0"), "the reach must be"),
        "a longer reach": (_put(*args, "reach", value="3/5"), "the reach must be"),
        "a reach too short to forget the others": (_put(*args, "reach", value="1/16"), weak),
        "an alpha above 1": (_put(*args, "alpha", value="3/2"), "alpha is outside"),
        "an alpha of zero": (_put(*args, "alpha", value="0"), "alpha is outside"),
        "no Taylor terms": (_put(*args, "terms", value=0), "at least one Taylor term"),
        "a smaller bound": (_put("trace", 0, "conclusion", 3, value="1/4"), weak),
        "a steeper target": (_put(*args, "target", value=target("steep")), weak),
        "a target that divides by zero": (_put(*args, "target", value=target("over")), "may be zero"),
        "a wider box": (_put("statement", "domain", value=[["-5/4", "1"]]), score),
        "a box without a width": (_put("statement", "domain", value=[["1", "1"]]), "without a width"),
        "the target for the subject": (_put(*args, "subject", value=0), "where 'subject'"),
    }  # fmt: skip
    cases = [Case(f"{name}: bounds an absolute value in two blocks", encode(base()))]
    for attack, (change, why) in attacks.items():
        cases.append(Case(f"{name}: refuses {attack}", encode(change(base())), 0, name, why))
    data = _put(*args, "target", value=target("net"))(base())
    why = "no Lipschitz constant is derived through"
    cases.append(Case(f"{name}: declines net", encode(data), 0, name, why, "declined"))
    return cases
