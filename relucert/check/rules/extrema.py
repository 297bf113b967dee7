"""Family ``extrema``: max, min and abs are exact with one gate each."""

from fractions import Fraction

from ..attention import add_scaled
from ..kernel import Context, Rule
from ..model import Fact, Form, Near
from ..refusal import Rejected


def extremum(context: Context, premises: tuple[Fact, ...], out: int, target: int, gate: int) -> Near:
    """Claim: |out - max(s, t)| <= max(e_1, e_2), the same for min, and |out - |s|| <= e_1.

    Hypotheses: ``target`` is max(s, t), min(s, t) or |s|; premises |a - s| <= e_1 (and |b - t| <= e_2) for
    outputs a, b of one network; with u the neuron ``gate`` and r = max(u, 0):
    max: u = b - a and out = a + r.  min: u = a - b and out = a - r.  abs: u = a and out = 2 r - u.
    If the form of out is one neuron alone, that neuron's form is meant.
    Proof: a + max(b - a, 0) = max(a, b); a - max(a - b, 0) = min(a, b); 2 max(a, 0) - a = |a|; max and min are
    1-Lipschitz in the sup norm, abs in its argument.
    """
    node = context.nodes[target]
    count = {"max": 2, "min": 2, "abs": 1}.get(node.op)
    if count is None or len(node.children) != count or len(premises) != count:
        raise Rejected("needs a binary max or min or an abs, and one premise for each argument")
    forms: list[Form] = []
    network, result = context.definition(out)
    for fact, child in zip(premises, node.children, strict=True):
        if not isinstance(fact, Near) or fact.right != child:
            raise Rejected(f"a premise is not about t{child}")
        forms.append(context.output(fact.left, network)[1])
    a = forms[0]
    if node.op == "abs":
        wanted: Form = {("r", gate): Fraction(2), ("u", gate): Fraction(-1)}
    else:
        wanted = {("r", gate): Fraction(1 if node.op == "max" else -1)}
        add_scaled(wanted, Fraction(1), a, context.spend)
    u: Form = {}
    add_scaled(u, Fraction(-1 if node.op == "max" else 1), a, context.spend)
    if count == 2:
        add_scaled(u, Fraction(1 if node.op == "max" else -1), forms[1], context.spend)
    if context.neuron(network, gate) != u or result != wanted:
        raise Rejected(f"neuron {gate} does not build {node.op} of those arguments")
    return Near(out, target, max(fact.bound for fact in premises if isinstance(fact, Near)))


def lattice(context: Context, premises: tuple[Fact, ...], left: int, right: int) -> Near:
    """Claim: left = right, for nested maxima (or minima) of the same arguments.

    Hypotheses: after flattening, both are the max (or both the min) of one set of terms.
    Proof: max and min are associative, commutative and idempotent.
    """
    op = context.nodes[left].op
    if op not in ("max", "min") or _leaves(context, left, op) != _leaves(context, right, op):
        raise Rejected(f"t{left} and t{right} are not the same {op}")
    return Near(left, right, Fraction(0))


def _leaves(context: Context, term: int, op: str) -> set[int]:
    found: set[int] = set()
    stack, seen = [term], set()
    while stack:
        t = stack.pop()
        context.spend(1)
        if t in seen:
            continue
        seen.add(t)
        if context.nodes[t].op == op:
            stack.extend(context.nodes[t].children)
        else:
            found.add(t)
    return found


RULES = {
    "extremum": Rule("extrema", extremum, {"out": "term", "target": "term", "gate": "index"}),
    "lattice": Rule("extrema", lattice, {"left": "term", "right": "term"}),
}
