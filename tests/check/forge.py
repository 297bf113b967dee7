"""Certificates written by hand: tiny ones for single rules, and one-change attacks on real ones."""

import copy
import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from relucert.check import kernel, rules
from relucert.check.model import In, Near

Path = tuple[int | str, ...]
IDENTITY = {"inverse_temperature": "1", "neurons": [], "outputs": [["0", [[0, "1"]], [], []]]}


def _given_in(context, premises, term, lo, hi):
    return In(term, lo, hi)


def _given_near(context, premises, left, right, bound):
    return Near(left, right, bound)


# The checker's rules and two that prove whatever they are asked for, so that one rule is tested at a time.
GIVEN = {
    "given_in": kernel.Rule("given", _given_in, {"term": "term", "lo": "rational", "hi": "rational"}),
    "given_near": kernel.Rule("given", _given_near, {"left": "term", "right": "term", "bound": "rational"}),
}
WITH_GIVEN = {**rules.RULES, **GIVEN}


def encode(data: object) -> bytes:
    """Return canonical certificate bytes; a layer may be written as the list of its heads."""
    subject = data.get("subject") if isinstance(data, dict) else None
    if isinstance(subject, dict) and isinstance(subject.get("layers"), list):
        layers = [{"feed_forward": None, "heads": v} if isinstance(v, list) else v for v in subject["layers"]]
        data = {**data, "subject": {**subject, "layers": layers}}
    return json.dumps(data, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n"


def has(term: str, lo: str, hi: str) -> dict[str, Any]:
    """Return a step that takes lo <= term <= hi for granted."""
    return step("given_in", ["in", term, lo, hi], (), term=term, lo=lo, hi=hi)


def near(left: str, right: str, bound: str) -> dict[str, Any]:
    """Return a step that takes |left - right| <= bound for granted."""
    return step("given_near", ["near", left, right, bound], (), left=left, right=right, bound=bound)


def step(rule: str, claim: list[Any], premises: tuple[int, ...] = (), /, **args: Any) -> dict[str, Any]:
    """Return a step of a trace as data; terms may be called by name."""
    return {"rule": rule, "premises": list(premises), "args": args, "conclusion": claim}


def network(*neurons: str, out: tuple[str, ...] = (), beta: str | None = "100") -> dict[str, Any]:
    """Return a network as data, its forms written like "1/2 + 2 x0 - u1 + r1"."""
    return {
        "inverse_temperature": beta,
        "neurons": [form(text) for text in neurons],
        "outputs": [form(text) for text in out],
    }


def form(text: str) -> list[Any]:
    """Return an affine form as data from text such as "1/2 - 2 x0 + r1"."""
    bias, parts = "0", {"x": [], "u": [], "r": []}
    for word in text.replace("- ", "+ -").split("+"):
        *weight, atom = word.replace("-", "- ").split()
        sign, weight = ("-", weight[1:]) if weight[:1] == ["-"] else ("", weight)
        if atom[0] in parts:
            parts[atom[0]].append([int(atom[1:]), sign + (weight[0] if weight else "1")])
        elif atom != "0":
            bias = sign + atom
    return [bias, parts["x"], parts["u"], parts["r"]]


def certificate(
    terms: dict[str, list[Any]],
    steps: list[dict[str, Any]],
    networks: tuple[dict[str, Any], ...] = (),
    domain: tuple[tuple[str, str], ...] = (("-1", "1"),),
    precision: int = 64,
) -> dict[str, Any]:
    """Return a certificate whose ``steps`` are followed by a proof of its modest statement, that T(x) is near x.

    Terms are called by name: "x0", "x1", .. are the inputs; further ones are lemmas.  Each of ``steps`` but the last
    stands alone unless it says otherwise; what makes the file fail is therefore in ``steps``.
    """
    inputs = [f"x{k}" for k in range(len(domain))]
    closing = {"subject": ["subject", 0], "gated identity": ["gated", len(networks), 0]}
    lemmas = {**terms, **closing}
    place = {name: k for k, name in enumerate([*inputs, *lemmas])}
    n = len(steps)
    steps = [
        *steps,
        step("translation", ["near", "subject", "gated identity", "0"], (), subject="subject", gated="gated identity",
             heads=[]),
        step("polynomial", ["near", "gated identity", "x0", "0"], (), left="gated identity", right="x0"),
        step("sum", ["near", "subject", "x0", "0"], (n, n + 1)),
    ]  # fmt: skip

    def numbered(value: Any) -> Any:
        if isinstance(value, str):
            return place.get(value, value)
        if isinstance(value, list | tuple):
            return [numbered(v) for v in value]
        return value

    return {
        "format": "relucert/3",
        "info": {"generator": "", "spec": "", "version": ""},
        "lemmas": {
            "networks": [*copy.deepcopy(networks), copy.deepcopy(IDENTITY)],
            "terms": [[node[0], *numbered(node[1:])] for node in lemmas.values()],
        },
        "precision": precision,
        "statement": {
            "domain": [list(pair) for pair in domain],
            "inputs": inputs,
            "nodes": [["input", k] for k in range(len(inputs))],
            "norm": "sup",
            "semantics": "real",
            "sequence": {"layout": "tokenwise", "lengths": ["1", "1"], "mask": "causal"},
            "targets": [0],
            "tolerance": "1",
        },
        "subject": {
            "anchors": [],
            "code": None,
            "d_model": 1,
            "embedding": [[0, 1, "1"]],
            "kind": "attention",
            "layers": [],
            "outputs": 1,
            "readout": [[0, 0, "1"]],
        },
        "trace": [
            {
                "rule": s["rule"],
                "premises": s["premises"],
                "args": {k: numbered(v) for k, v in s["args"].items()},
                "conclusion": [s["conclusion"][0], *numbered(s["conclusion"][1:])],
            }
            for s in steps
        ],
    }


class Case(NamedTuple):
    """One file and what the checker must say: ``why`` is None to accept, else part of the reason at ``step``."""

    name: str
    data: bytes
    step: int | str | None = None
    rule: str | None = None
    why: str | None = None
    status: str = "rejected"

    def failure(self, check: Callable[[bytes], kernel.Verdict]) -> str | None:
        """Return what is wrong with the verdict of ``check``, None if nothing is."""
        verdict = check(self.data)
        wanted = ("accepted", None, None) if self.why is None else (self.status, self.step, self.rule)
        found = (verdict.status, verdict.step, verdict.rule)
        if found != wanted or (self.why or "") not in verdict.reason:
            return f"{self.name}: wanted {wanted} {self.why!r}, found {found} {verdict.reason!r}"
        return None


def check_with_given(data: bytes) -> kernel.Verdict:
    """Check with the two rules that grant premises."""
    return kernel.check(data, WITH_GIVEN)


def at(data: Any, path: Path) -> Any:
    """Return the part of JSON data at a path."""
    for key in path:
        data = data[key]
    return data


def tamper(data: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    """Return a copy of JSON data with the part at ``path`` changed."""
    result = copy.deepcopy(data)
    at(result, path[:-1])[path[-1]] = change(copy.deepcopy(at(data, path)))
    return result


def removed(data: Any, path: Path) -> Any:
    """Return a copy of JSON data without the part at ``path``."""
    result = copy.deepcopy(data)
    del at(result, path[:-1])[path[-1]]
    return result


def duplicated(data: Any, path: Path) -> Any:
    """Return a copy of JSON data with the part of a list at ``path`` twice."""
    result = copy.deepcopy(data)
    holder = at(result, path[:-1])
    holder.insert(path[-1], copy.deepcopy(holder[path[-1]]))
    return result


def paths(data: Any, here: Path = ()) -> Iterator[Path]:
    """Yield the path of every part of JSON data below the top."""
    keys = list(data) if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    for key in keys:
        yield (*here, key)
        yield from paths(data[key], (*here, key))


def text(value: Fraction | int) -> str:
    """Return a rational as certificates write it."""
    return str(Fraction(value))
