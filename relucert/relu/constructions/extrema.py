"""max, min and abs: exact, one gate for each comparison, n-ary by a balanced tree."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ...derivation import prove
from ..draft import Draft, Value
from ..network import Form, atom, weighted


def extremum(draft: Draft, op: str, values: Sequence[Value]) -> Value:
    """Return max(a, b) = a + r(b - a), min(a, b) = a - r(a - b), or |a| = 2 r(a) - a, near the same of the targets.

    A binary result becomes a neuron that nobody gates, so that the sensitivity of the output to each argument
    stays in [0, 1].  The arguments change places where that makes the gate one that another extremum has.
    """
    if op == "abs":
        gate = draft.shared(values[0].form)
        form = Form({("r", gate): Fraction(2), ("u", gate): Fraction(-1)})
    else:
        sign = 1 if op == "max" else -1
        a, b = values
        if draft.has_shared(weighted([(sign, a.form), (-sign, b.form)])):
            a, b = values = b, a
        gate = draft.shared(weighted([(sign, b.form), (-sign, a.form)]))  # max(a, b) and min(b, a) share a gate
        form = atom("u", draft.neuron(weighted([(1, a.form), (sign, atom("r", gate))])))
    out, target = draft.output(form), draft.derivation.term(op, *(v.target for v in values))
    nears = tuple(v.near for v in values)
    bound = max(near.bound for near in nears)
    near = draft.derivation.claim_near("extremum", nears, out, target, bound, out=out, target=target, gate=gate)
    return Value(form, near)


def n_ary(draft: Draft, op: str, values: Sequence[Value], target: int) -> Value:
    """Return the max or min of all values by a balanced tree: n - 1 gates, depth ceil(log2 n)."""
    level = list(values)
    while len(level) > 1:
        pairs = [level[k : k + 2] for k in range(0, len(level), 2)]
        level = [extremum(draft, op, pair) if len(pair) == 2 else pair[0] for pair in pairs]
    (result,) = level
    d = draft.derivation
    if result.target == target:
        return result
    same = d.claim_near("lattice", (), result.target, target, Fraction(0), left=result.target, right=target)
    return Value(result.form, prove.total(d, result.near, same))
