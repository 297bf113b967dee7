"""Certificates of the family ``softmax``: a head over a sink, an anchor and the data token, and attacks on it."""

from collections.abc import Callable
from typing import Any

from forge import Case, certificate, encode, near, step, tamper

Data = dict[str, Any]
HEAD = {
    "d_head": 1, "w_q": [[0, 1, "2"]], "w_k": [[0, 2, "3"], [0, 1, "1/2"]], "w_v": [[0, 3, "1"], [0, 0, "1/3"]],
    "w_o": [[4, 0, "1"]],
}  # fmt: skip
# The stream is (1, x, key, value, result); the anchor has key 1 and value 5.  The query is 2 x.  The scores are 6 x
# against the anchor and x^2 against the data token, whose value is 1/3.
TERMS: dict[str, list[Any]] = {
    "six": ["const", "6"], "score": ["mul", "six", "x0"], "power": ["exp", "score"], "xx": ["mul", "x0", "x0"],
    "own": ["exp", "xx"], "one": ["const", "1"], "sum": ["add", "one", "power", "own"], "over": ["inv", "sum"],
    "five": ["const", "5"], "third": ["const", "1/3"], "a": ["mul", "five", "power"], "b": ["mul", "third", "own"],
    "top": ["add", "a", "b"], "head": ["mul", "top", "over"], "seven": ["const", "7"], "linear": ["mul", "seven", "x0"],
    "out": ["add", "head", "linear"], "no sink": ["add", "power", "own"], "over no sink": ["inv", "no sink"],
    "head without sink": ["mul", "top", "over no sink"], "short": ["add", "one", "power"],
    "over short": ["inv", "short"],
    "wrong": ["add", "top", "linear"], "two": ["const", "2"], "x1 score": ["mul", "six", "x1"], "x1 power": ["exp",
        "x1 score"],
}  # fmt: skip


def base() -> Data:
    """Return the data of a certificate whose step 0 is the rule, at domain [-1, 1]^2, and which is accepted."""
    rule = step("softmax", ["near", "subject", "out", "0"], (), subject="subject", term="out",
                powers=[["power", "own"]], inverses=["over"])  # fmt: skip
    box = (("-1", "1"), ("-1", "1"))
    data = certificate(TERMS, [rule, near("out", "x0", "1/2")], domain=box)
    subject = data["subject"]
    subject.update(
        d_model=5,
        embedding=[[0, 0, "1"], [1, 1, "1"]],
        anchors=[[[2, "1"], [3, "5"]]],
        layers=[[HEAD]],
        readout=[[0, 4, "1"], [0, 1, "7"]],
    )
    place = {name: k for k, name in enumerate(["x0", "x1", *TERMS])}
    place["subject"] = len(place)
    # certificate() closes with a proof about its identity network: the sum of the two steps takes its place
    claim = data["trace"][-1]
    data["trace"] = [
        *data["trace"][:2],
        claim | {"premises": [0, 1], "conclusion": ["near", place["subject"], 0, "1/2"]},
    ]
    return data


def _put(*path: Any, value: Any) -> Callable[[Data], Data]:
    return lambda data: tamper(data, path, lambda _: value)


def _term(name: str) -> int:
    return ["x0", "x1", *TERMS].index(name)


def softmax_cases() -> list[Case]:
    """Return the accepted certificate and one-change attacks on it."""
    head, args = ("subject", "layers", 0, 0), ("trace", 0, "args")
    not_out, not_score, not_inverse = "the read-out is not", "is not exp of the score", "is not one over the sum"
    attacks: dict[str, tuple[Callable[[Data], Data], str]] = {
        "a query scaled": (_put(*head, "w_q", value=[[0, 1, "5/2"]]), not_score),
        "a query of another coordinate": (_put(*head, "w_q", value=[[0, 0, "2"]]), not_score),
        "a key scaled": (_put(*head, "w_k", value=[[0, 2, "2"], [0, 1, "1/2"]]), not_score),
        "a key that forgets the data token": (_put(*head, "w_k", value=[[0, 2, "3"]]), not_score),
        "a value scaled": (_put(*head, "w_v", value=[[0, 3, "1"], [0, 0, "1/2"]]), not_out),
        "a value of the anchor alone": (_put(*head, "w_v", value=[[0, 3, "1"]]), not_out),
        "an output scaled": (_put(*head, "w_o", value=[[4, 0, "2"]]), not_out),
        "an output elsewhere": (_put(*head, "w_o", value=[[3, 0, "1"]]), not_out),
        "an output onto the input": (_put(*head, "w_o", value=[[1, 0, "1"]]), not_out),
        "another read-out": (_put("subject", "readout", value=[[0, 4, "1"], [0, 1, "6"]]), not_out),
        "another embedding": (_put("subject", "embedding", value=[[0, 0, "1"], [1, 1, "2"]]), not_score),
        "an embedding of the other input": (_put("subject", "embedding", value=[[0, 0, "1"], [1, 2, "1"]]), not_score),
        "another anchor's value": (_put("subject", "anchors", value=[[[2, "1"], [3, "4"]]]), not_out),
        "another anchor's key": (_put("subject", "anchors", value=[[[2, "2"], [3, "5"]]]), not_score),
        "an anchor with the constant": (_put("subject", "anchors", value=[[[0, "1"], [2, "1"], [3, "5"]]]), not_out),
        "an anchor more": (_put("subject", "anchors", value=[[[2, "1"], [3, "5"]], [[3, "1"]]]), "one power is needed"),
        "no anchor": (_put("subject", "anchors", value=[]), "one power is needed"),
        "a head more": (_put("subject", "layers", value=[[HEAD, HEAD]]), "for each head"),
        "no head": (_put("subject", "layers", value=[[]]), "for each head"),
        "powers in another order": (_put(*args, "powers", value=[[_term("own"), _term("power")]]), not_score),
        "a power of the other input": (_put(*args, "powers", value=[[_term("x1 power"), _term("own")]]), not_score),
        "one for a power": (_put(*args, "powers", value=[[_term("power"), _term("one")]]), "where 'exp'"),
        "two for a power": (_put(*args, "powers", value=[[_term("two"), _term("own")]]), "where 'exp'"),
        "a score for its power": (_put(*args, "powers", value=[[_term("score"), _term("own")]]), "where 'exp'"),
        "a power that is no term": (_put(*args, "powers", value=[[9999, _term("own")]]), "no term 9999"),
        "a power too few": (_put(*args, "powers", value=[[_term("power")]]), "one power is needed"),
        "no powers": (_put(*args, "powers", value=[]), "for each head"),
        "a sum without the sink": (_put(*args, "inverses", value=[_term("over no sink")]), not_inverse),
        "a sum without the data token": (_put(*args, "inverses", value=[_term("over short")]), not_inverse),
        "a sum for its inverse": (_put(*args, "inverses", value=[_term("sum")]), "where 'inv'"),
        "two inverses": (_put(*args, "inverses", value=[_term("over")] * 2), "for each head"),
        "another term": (_put(*args, "term", value=_term("head")), not_out),
        "the term without normalising": (_put(*args, "term", value=_term("wrong")), not_out),
        "the subject for the term": (_put(*args, "subject", value=_term("out")), "where 'subject'"),
        "several data tokens": (_put("statement", "sequence", "lengths", value=["1", "2"]), "a single data token"),
    }  # fmt: skip
    cases = [Case("softmax: is the expression of its head", encode(base()))]
    for name, (change, why) in attacks.items():
        cases.append(Case(f"softmax: refuses {name}", encode(change(base())), 0, "softmax", why))
    declined = _put("subject", "layers", value=[[HEAD], []])(base())
    cases.append(Case("softmax: declines anchors in two layers", encode(declined), 0, "softmax", "single layer",
                      "declined"))  # fmt: skip
    full = _put("statement", "sequence", "mask", value="full")(base())
    cases.append(Case("softmax: is the same under a full mask", encode(full)))
    negative = tamper(base(), ("trace", 0, "conclusion", 3), lambda _: "-1")
    cases.append(Case("softmax: refuses a negative bound", encode(negative), 0, "softmax", "does not entail"))
    return cases
