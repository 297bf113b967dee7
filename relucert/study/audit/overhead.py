"""Question 1: whether the overhead per ReLU gate is a constant, in heads, layers and parameters.

Proved from closed forms by sympy, then counted on built networks, each accepted by the checker.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import sympy

from ...exact.number import decimal_nearest
from ...relu.overhead import Overhead, most_parameters, overhead_of
from ...report.records.audit import Evidence, Finding
from .built import Built

QUESTION = "Is the overhead per ReLU gate a constant, in heads, layers and parameters?"
MENTIONED = 3
LAYOUTS = ("wide", "sparse")


def constant_overhead(built: Sequence[Built]) -> tuple[Finding, bool]:
    """Return the finding, and whether a built network contradicts it."""
    evidence = [_general()]
    names = dict.fromkeys(b.construction for b in built)
    known = [found for found in map(overhead_of, names) if found is not None]
    limits = {(o.construction, layout): per_gate_limit(o, layout) for o in known for layout in LAYOUTS}
    for o in known:
        evidence += _closed(o, limits)
    wrong = [f"{b.place}: {text}" for b in built for text in mismatches(b)]
    held = [b for b in built if _formula(b) is not None]
    formula = f"; parameters at most the closed form on the {len(held)} that have one" if held else ""
    told = f"NOT so on {len(wrong)}: {'; '.join(wrong[:MENTIONED])}" if wrong else f"as proved{formula}"
    evidence.append(
        Evidence("confirmed", f"{len(built)} networks accepted by the checker: heads, layers, d_model, tokens {told}")
    )
    per_gate = {layout: _per_gate([b for b in built if b.layout == layout]) for layout in LAYOUTS}
    for layout, (least, most) in per_gate.items():
        evidence.append(Evidence("confirmed", f"{layout} layout, parameters per gate on them: {least} to {most}"))
    heads = "heads: 1 per gate; layers: 1 per level of the ReLU network, shared by its gates; parameters: "
    if len(known) == len(names):
        worst = max(limits[o.construction, "sparse"] for o in known)
        answer = f"{heads}about {worst} per gate, ReLU weights included, in the sparse layout"
        parameters = "yes in the sparse layout"
    else:
        most = per_gate["sparse"][1]
        answer = f"{heads}each ReLU weight once and at most 4 more per gate, sparse layout; up to {most} here"
        parameters = "a constant per ReLU weight"
    if any(limits[key] is sympy.oo for key in limits if key[1] == "wide"):
        answer += "; in the layout of fewest heads they grow with the depth, and the answer is no"
    verdict = "contradicted by a built network" if wrong else f"heads and layers: yes; parameters: {parameters}"
    last = max(built, key=lambda b: b.count("gates"))
    costs = (
        ("tokens", "2 whatever the size: the sink and the data token"),
        ("sparse layout", "one linear head more in each layer that moves the stream: at most 2 heads per gate"),
        ("weight size", f"{_short(last.count('max_weight'))} in the largest one; it is the inverse temperature"),
        ("bits", f"up to {max(b.count('bits') for b in built)} for one weight"),
        ("position code", "none: one data token"),
    )
    numbers = (
        ("heads_per_gate", "1"),
        ("layers_per_level", "1"),
        *((f"parameters_per_gate_limit_{c}_{layout}", str(limit)) for (c, layout), limit in limits.items()),
        *((f"parameters_per_gate_most_{layout}", most) for layout, (_, most) in per_gate.items()),
        ("networks", str(len(built))),
    )
    return Finding(QUESTION, verdict, answer, tuple(evidence), costs, numbers), bool(wrong)


def _general() -> Evidence:
    """Return what holds for every network, its bound's growth derived by sympy."""
    gates, inputs, outputs = sympy.symbols("G I O", positive=True)
    leading = sympy.limit(most_parameters(gates, inputs, outputs) / gates**2, gates, sympy.oo)
    return Evidence(
        "proved",
        "every network of G gates and O outputs, wide layout: heads = G, layers = longest path, d_model = G + O + 1, "
        f"tokens = 2, parameters at most {leading} G^2 + O(G); sparse: heads at most G + layers; "
        "parameters at most 3 per gate, 1 per moved pre-activation, 1 per output, 1, and those of the ReLU network, "
        "sums of equal depth inlined",
    )


def per_gate_limit(o: Overhead, layout: str) -> sympy.Expr:
    """Return the limit of parameters per gate as the size grows."""
    size = sympy.Symbol(o.size, positive=True)
    return sympy.limit(o.parameters[layout](size) / o.gates(size), size, sympy.oo)


def derived(o: Overhead) -> bool:
    """Return whether sympy, summing the pairs that are connected, arrives at the wide layout's closed form."""
    size, k = sympy.Symbol(o.size, integer=True, positive=True), sympy.Symbol("k", integer=True, positive=True)
    term, first, last = o.summed(k, size)
    total = sympy.summation(term, (k, first, last)) + o.rest(size)
    return bool(sympy.simplify(total - o.parameters["wide"](size)) == 0)


def _closed(o: Overhead, limits: dict[tuple[str, str], sympy.Expr]) -> list[Evidence]:
    size = sympy.Symbol(o.size, integer=True, positive=True)
    ratio = sympy.simplify(o.heads["wide"](size) / o.gates(size))
    twice = sympy.limit(o.heads["sparse"](size) / o.gates(size), size, sympy.oo)
    lines = [f"{o.construction} ({o.meaning}): heads / gates = {ratio} wide, tends to {twice} sparse"]
    for layout in LAYOUTS:
        formula, limit = sympy.sstr(sympy.expand(o.parameters[layout](size))), limits[o.construction, layout]
        tends = "is unbounded" if limit is sympy.oo else f"tends to {limit}"
        lines.append(f"{layout} parameters {formula}, per gate {tends}")
    if not derived(o):
        lines.append("sympy does NOT derive the wide form from the connected pairs")
    return [Evidence("proved", "; ".join(lines))]


def mismatches(b: Built) -> list[str]:
    """Return how a built network differs from what is proved of it; empty if in nothing."""
    gates, heads, layers = b.count("gates"), b.count("heads"), b.count("layers")
    outputs, inputs = len(b.problem.expression.roots), len(b.problem.inputs)
    found = []

    def hold(fact: bool, text: str) -> None:
        if not fact:
            found.append(text)

    hold(b.count("tokens") == 2, f"{b.count('tokens')} tokens")
    hold(layers == b.depth, f"{layers} layers at depth {b.depth}")
    if b.layout == "wide":
        hold(heads == gates, f"{heads} heads for {gates} gates")
        hold(b.count("d_model") == gates + outputs + 1, f"d_model {b.count('d_model')} for {gates} gates")
        most = most_parameters(gates, inputs, outputs)
        hold(b.count("parameters") <= most, f"{b.count('parameters')} parameters, more than {most}")
    else:
        hold(gates <= heads <= gates + layers, f"{heads} heads for {gates} gates in {layers} layers")
    formula = _formula(b)
    if formula is not None:
        o, size = formula
        exact = Fraction(o.parameters[b.layout](Fraction(size)))
        hold(b.count("parameters") <= exact, f"{b.count('parameters')} parameters, more than {exact}")
        hold(heads == o.heads[b.layout](size), f"{heads} heads, not {o.heads[b.layout](size)}")
    return found


def _formula(b: Built) -> tuple[Overhead, int] | None:
    """Return the closed forms and the size of a network that stands at a whole one where they hold."""
    o, size = overhead_of(b.construction), _size(b)
    return None if o is None or size is None or size < o.least else (o, size)


def _size(b: Built) -> int | None:
    """Return the size at which the closed form is to be taken, if this network stands at a whole one."""
    values = [value for _, value in b.parameters]
    if b.construction == "product" and len(set(values)) == 1:
        return values[0]
    if b.construction in ("max", "min"):
        (d,) = values
        return d.bit_length() - 1 if d & (d - 1) == 0 else None
    return values[0] if b.construction in ("square", "chords") and values else None


def _per_gate(built: Sequence[Built]) -> tuple[str, str]:
    ratios = [b.count("parameters") / b.count("gates") for b in built if b.count("gates")] or [Fraction(0)]
    return _short(min(ratios)), _short(max(ratios))


def _short(value: Fraction) -> str:
    return decimal_nearest(value, 4)
