"""Whether what was proved is at least as strong as what is wanted: ``relucert check --against``.

It compares two statements that the checker's decoder read.  No proof rests on it: what an accepted certificate says is
the printed statement, whatever was wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from .check.arithmetic import Arithmetic
from .check.model import Node, Statement
from .check.statement import below, exact, short


def shortfalls(
    stated: Statement,
    bound: Fraction,
    resources: Mapping[str, int | Fraction],
    wanted: Statement,
    limits: Mapping[str, Fraction],
) -> list[str]:
    """Return why the proved statement is weaker than the ``wanted`` one; empty if it is not.

    It is at least as strong when it speaks of the same targets in the same inputs and sequence, its
    box contains the wanted box, the bound proved is at most the wanted tolerance, and no resource,
    recounted from the matrices, exceeds its limit.
    """
    found = []
    if stated.inputs != wanted.inputs:
        found.append(f"inputs are {', '.join(stated.inputs)}, wanted {', '.join(wanted.inputs)}")
    elif (stated.nodes, stated.targets) != (wanted.nodes, wanted.targets) and _interned(stated) != _interned(wanted):
        found.append("the target is not the wanted one")
    for name, (lo, hi), (want_lo, want_hi) in zip(stated.inputs, stated.domain, wanted.domain, strict=False):
        if want_lo < lo or hi < want_hi:
            found.append(
                f"{name} is covered on [{exact(lo)}, {exact(hi)}] only, wanted [{exact(want_lo)}, {exact(want_hi)}]"
            )
    if stated.norm != wanted.norm:
        found.append(f"the norm is {stated.norm}, wanted {wanted.norm}")
    if not covers(stated.arithmetic, wanted.arithmetic):
        found.append("the arithmetic is not the wanted one")
    tokens, want = stated.sequence, wanted.sequence
    if (tokens.mask, tokens.layout) != (want.mask, want.layout):
        found.append(f"mask and layout are {tokens.mask}, {tokens.layout}, wanted {want.mask}, {want.layout}")
    if not tokens.least <= want.least <= want.most <= tokens.most:
        found.append(f"lengths are {tokens.least} to {tokens.most}, wanted {want.least} to {want.most}")
    if bound > wanted.tolerance:
        found.append(f"the bound proved is {short(bound)}, wanted {short(wanted.tolerance, up=False)}")
    for name, limit in limits.items():
        if name not in resources:
            found.append(f"{name} is not counted for what was certified")
        elif resources[name] > limit:
            found.append(f"{name} is {short(Fraction(resources[name]))}, the limit is {short(limit, up=False)}")
    return found


def covers(proved: Arithmetic | None, wanted: Arithmetic | None) -> bool:
    """Return whether a statement about ``proved`` machines holds of all ``wanted`` ones."""
    if proved is None or wanted is None:
        return proved is wanted
    same = proved._replace(exp_ulps=0, subnormals="") == wanted._replace(exp_ulps=0, subnormals="")
    return same and proved.exp_ulps >= wanted.exp_ulps and proved.subnormals in ("flush", wanted.subnormals)


def _interned(stated: Statement) -> tuple[object, ...]:
    """Return the targets as a form in which equal expressions are equal, whatever their numbering."""
    number: dict[int, int] = {}
    table: dict[Node, int] = {}
    for t in below(stated.nodes, stated.targets):
        node = stated.nodes[t]
        if node.op != "input":
            node = node._replace(children=tuple(number[c] for c in node.children))
        number[t] = table.setdefault(node, len(table))
    return tuple(table), tuple(number[t] for t in stated.targets)
