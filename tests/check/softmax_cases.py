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


# Two layers: r = head over two anchors, then r sigma'(r) on the results.  The stream is (1, x, key, value, r, out).
FIRST = {"d_head": 1, "w_q": [[0, 1, "1"]], "w_k": [[0, 2, "1"]], "w_v": [[0, 3, "1"]], "w_o": [[4, 0, "1"]]}
SECOND = {"d_head": 1, "w_q": [[0, 4, "1"]], "w_k": [[0, 0, "1"]], "w_v": [[0, 4, "1"]], "w_o": [[5, 0, "1"]]}
JUNK = [[[2, "1"], [3, "5"]], [[2, "-1"], [3, "2"]]]  # the first layer leaves 5/2 and 7/3 in coordinate 4 of anchors
CLEAN = [[[2, "1"], [3, "5"], [4, "-5/2"]], [[2, "-1"], [3, "2"], [4, "-7/3"]]]
COMPOSED: dict[str, list[Any]] = {
    "one": ["const", "1"], "two": ["const", "2"], "three": ["const", "3"], "five": ["const", "5"],
    "minus": ["const", "-1"], "down": ["mul", "minus", "x0"], "p1": ["exp", "x0"], "p2": ["exp", "down"],
    "mass": ["add", "two", "p1", "p2"], "over": ["inv", "mass"], "a": ["mul", "five", "p1"], "b": ["mul", "two", "p2"],
    "top": ["add", "a", "b"], "r": ["mul", "top", "over"], "own": ["exp", "r"], "mass2": ["add", "three", "own"],
    "over2": ["inv", "mass2"], "clean": ["mul", "r", "own", "over2"], "j": ["const", "29/6"],
    "rown": ["mul", "r", "own"], "with junk": ["add", "j", "rown"], "junk": ["mul", "with junk", "over2"],
    "twice": ["mul", "two", "r"], "own twice": ["exp", "twice"],
}  # fmt: skip


def composed(term: str, anchors: list[Any]) -> Data:
    """Return the data of a certificate of two layers with anchors whose step 0 says that the subject is ``term``."""
    powers = [["p1", "p2", "one"], ["one", "one", "own"]]
    rule = step("softmax", ["near", "subject", term, "0"], (), subject="subject", term=term, powers=powers,
                inverses=["over", "over2"])  # fmt: skip
    data = certificate(COMPOSED, [rule, near(term, "x0", "9")])
    readout = [[0, 5, "1"]]
    data["subject"].update(d_model=6, embedding=[[0, 0, "1"], [1, 1, "1"]], anchors=anchors,
                           layers=[[FIRST], [SECOND]], readout=readout)  # fmt: skip
    data["statement"]["tolerance"] = "9"
    subject = len(["x0", *COMPOSED])
    claim = data["trace"][-1]
    data["trace"] = [*data["trace"][:2], claim | {"premises": [0, 1], "conclusion": ["near", subject, 0, "9"]}]
    return data


def _composed_cases() -> list[Case]:
    """Return two layers with anchors that start clean, with anchors that do not, and attacks on the first."""
    layers, args, place = ("subject", "layers"), ("trace", 0, "args"), ["x0", *COMPOSED].index
    not_out, not_score, not_zero = "the read-out is not", "is not exp of the score", "not known to be zero"

    def anchors(change: Callable[[Any], Any]) -> Callable[[Data], Data]:
        return lambda data: tamper(data, ("subject", "anchors"), change)

    attacks: dict[str, tuple[Callable[[Data], Data], str]] = {
        "anchors that keep what the first layer adds": (anchors(lambda _: JUNK), not_out),
        "an anchor cleaned as if it saw itself alone": (
            anchors(lambda a: [a[0], [*a[1][:2], [4, "-1"]]]), not_out),
        "an anchor cleaned as if it did not see the sink": (
            anchors(lambda a: [[*a[0][:2], [4, "-5"]], a[1]]), not_out),
        "an anchor cleaned as if it saw the later one": (
            anchors(lambda a: [[*a[0][:2], [4, "-7/3"]], a[1]]), not_out),
        "anchors in another order": (anchors(lambda a: a[::-1]), not_score),
        "an anchor that queries its own key": (anchors(lambda a: [[[1, "1"], *a[0]], a[1]]), not_zero),
        "a last anchor that queries": (anchors(lambda a: [a[0], [[1, "1/100"], *a[1]]]), not_zero),
        "an anchor that queries keys before its own": (
            anchors(lambda a: [a[0], [[1, "1"], [3, "2"], [4, "-7/3"]]]), not_score),
        "the layers in another order": (_put(*layers, value=[[SECOND], [FIRST]]), not_score),
        "a first layer that writes the keys": (_put(*layers, 0, 0, "w_o", value=[[2, 0, "1"]]), not_score),
        "a second layer that keys what was written": (_put(*layers, 1, 0, "w_k", value=[[0, 4, "1"]]), not_score),
        "a second layer that keys the anchors": (
            _put(*layers, 1, 0, "w_k", value=[[0, 0, "1"], [0, 2, "1"]]), "where 'exp'"),
        "a second layer with the anchors' values": (_put(*layers, 1, 0, "w_v", value=[[0, 4, "1"], [0, 3, "1"]]),
                                                    not_out),
        "one power for both layers": (_put(*args, "powers", value=[[place("p1"), place("p2"), place("one")]] * 2),
                                      not_score),
        "a power of twice the score": (
            _put(*args, "powers", 1, value=[place("one"), place("one"), place("own twice")]), not_score),
        "a mass of the first layer for the second": (_put(*args, "inverses", value=[place("over")] * 2),
                                                     "is not one over the sum"),
    }  # fmt: skip
    cases = [Case("softmax: two layers over clean anchors", encode(composed("clean", CLEAN))),
             Case("softmax: two layers over anchors that keep their mean", encode(composed("junk", JUNK)))]  # fmt: skip
    for name, (change, why) in attacks.items():
        data = encode(change(composed("clean", CLEAN)))
        cases.append(Case(f"softmax: refuses in two layers {name}", data, 0, "softmax", why))
    full = _put("statement", "sequence", "mask", value="full")(composed("clean", CLEAN))
    cases.append(Case("softmax: declines a full mask in two layers", encode(full), 0, "softmax", "causal", "declined"))
    return cases


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
    alone = _put("subject", "layers", value=[[HEAD], []])(base())
    cases.append(Case("softmax: is the same before a layer without heads", encode(alone)))
    cases += _composed_cases()
    full = _put("statement", "sequence", "mask", value="full")(base())
    cases.append(Case("softmax: is the same under a full mask", encode(full)))
    negative = tamper(base(), ("trace", 0, "conclusion", 3), lambda _: "-1")
    cases.append(Case("softmax: refuses a negative bound", encode(negative), 0, "softmax", "does not entail"))
    return cases
