"""The kernel: run each step's rule, compare what it proved with what the step claims, give a verdict.

A rule returns a fact.  The comparison in ``entails`` is the only place where a claim is admitted,
and facts enter the table of proved facts in ``verify`` alone.
"""

import hashlib
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

from . import attention, decode, statement
from .model import MIRRORED, Attention, Certificate, Fact, Feedforward, Form, In, Mean, Near, Network, Node
from .refusal import Declined, Rejected

MAX_WORK = 1 << 25  # units of about a microsecond


class Rule(NamedTuple):
    """A proof rule: ``run(context, premises, **args)`` returns the fact that it proves.

    ``family`` is the file that holds it; ``args`` names its arguments and their kinds (see
    ``decode.arguments``).
    """

    family: str
    run: Callable[..., Fact]
    args: dict[str, str]


class Verdict(NamedTuple):
    """What the checker says of one file; ``certificate`` is None unless the bytes decoded.

    ``status`` is "accepted", "rejected" or "declined".  ``step`` is the index of the failing step
    or "decode" or "conclusion"; ``error_bound`` is the largest bound proved over all targets.
    """

    status: str
    step: int | str | None
    rule: str | None
    reason: str
    sha256: str
    certificate: Certificate | None
    statement: str
    error_bound: Fraction | None
    families: tuple[str, ...]
    resources: dict[str, int | Fraction]


class Context:
    """What a rule may look at: the decoded certificate, nothing proved, and a meter of work."""

    def __init__(self, certificate: Certificate) -> None:
        self.domain = certificate.statement.domain
        self.sequence = certificate.statement.sequence
        self.nodes: tuple[Node, ...] = certificate.terms
        self.networks: tuple[Network, ...] = certificate.networks
        self.certified: Attention | Feedforward = certificate.subject
        self.is_attention_only = not isinstance(self.certified, Attention) or self.certified.is_attention_only
        self.arithmetic = certificate.statement.arithmetic
        self.norm = certificate.statement.norm
        self.precision = certificate.precision
        self.work = 0
        self.computed: dict[tuple[object, ...], int] = {}  # what a rule computed and may need again

    def spend(self, units: int) -> None:
        """Count work; raise Declined beyond the fixed limit, the same on every machine."""
        self.work += units
        if self.work > MAX_WORK:
            raise Declined("more work than the checker's fixed limit")

    @property
    def transformer(self) -> Attention:
        """The transformer with all its parts, for rules that know them; raise Rejected where another is certified."""
        if not isinstance(self.certified, Attention):
            raise Rejected("the rule speaks of a transformer, and the subject is none")
        if self.sequence == MIRRORED:
            raise Rejected("the rule knows no mirrored tokens")
        return self.certified

    @property
    def subject(self) -> Attention:
        """The transformer, for rules that know of heads alone; raise Rejected where it has anything else."""
        if not self.is_attention_only:
            raise Rejected("the rule knows no feed-forward parts, and a layer has one")
        return self.transformer

    def node(self, term: int, op: str) -> Node:
        """Return the node of ``term`` if its operation is ``op``."""
        node = self.nodes[term]
        if node.op != op:
            raise Rejected(f"term {term} is {node.op!r} where {op!r} is needed")
        return node

    def output(self, term: int, network: int | None = None, op: str = "net") -> tuple[int, Form]:
        """Return (network, form) of a "net" (or "gated") term or a feed-forward subject, of that network if given."""
        if op == "net" and self.nodes[term].op == "subject" and isinstance(self.certified, Feedforward):
            k, o = self.certified.network, self.nodes[term].children[0]
        else:
            k, o = self.node(term, op).children
        if network is not None and k != network:
            raise Rejected(f"term {term} belongs to network {k}, not {network}")
        return k, self.networks[k].outputs[o]

    def definition(self, term: int, network: int | None = None, op: str = "net") -> tuple[int, Form]:
        """Return the same as ``output``, but where the form is one u_j alone, the form that defines u_j."""
        k, form = self.output(term, network, op)
        if len(form) == 1:
            ((atom, weight),) = form.items()
            if len(atom) == 2 and atom[0] == "u" and weight == 1:
                return k, self.networks[k].neurons[atom[1]]
        return k, form

    def neuron(self, network: int, j: int) -> Form:
        """Return the form of u_j."""
        neurons = self.networks[network].neurons
        if j >= len(neurons):
            raise Rejected(f"network {network} has no neuron {j}")
        return neurons[j]


def ranges(premises: tuple[Fact, ...]) -> dict[int, In]:
    """Return the enclosures among the premises by term, the last where there are several."""
    return {fact.term: fact for fact in premises if isinstance(fact, In)}


def range_in(known: dict[int, In], term: int) -> In:
    """Return the enclosure of ``term`` among ``ranges``."""
    if term not in known:
        raise Rejected(f"no premise gives a range of t{term}")
    return known[term]


def range_of(premises: tuple[Fact, ...], term: int) -> In:
    """Return the premise that encloses ``term``."""
    return range_in(ranges(premises), term)


def distances(premises: tuple[Fact, ...]) -> dict[tuple[int, int], Fraction]:
    """Return the bounds of the distances among the premises by (left, right), the first where there are several."""
    return {(fact.left, fact.right): fact.bound for fact in reversed(premises) if isinstance(fact, Near)}


def distance_in(known: dict[tuple[int, int], Fraction], left: int, right: int) -> Fraction:
    """Return the bound of |left - right| among ``distances``, or zero if both are one term."""
    if left == right:
        return Fraction(0)
    if (left, right) not in known:
        raise Rejected(f"no premise says that t{left} is near t{right}")
    return known[left, right]


def entails(proved: Fact, claimed: Fact) -> bool:
    """Return whether the proved fact implies the claimed one: the one comparison of the checker."""
    if isinstance(proved, In) and isinstance(claimed, In):
        return proved.term == claimed.term and claimed.lo <= proved.lo and proved.hi <= claimed.hi
    if isinstance(proved, Near | Mean) and isinstance(claimed, type(proved)):
        return (proved.left, proved.right) == (claimed.left, claimed.right) and proved.bound <= claimed.bound
    return False


def check(data: bytes, rules: dict[str, Rule], only: frozenset[str] | None = None) -> Verdict:
    """Return the verdict on certificate bytes, with ``rules`` the table of rules that may be used.

    ``only`` limits the rule families; a step of any other family is declined.  Never raises for
    any input bytes except through a defect of the checker itself.
    """
    digest = hashlib.sha256(data).hexdigest()
    where: tuple[int | str | None, str | None] = ("decode", None)
    decoded = None
    families: set[str] = set()
    try:
        decoded = decode.certificate(data)
        context = Context(decoded)
        facts: list[Fact] = []
        for position, step in enumerate(decoded.trace):
            where = (position, step.rule)
            if step.rule not in rules:
                raise Declined("this checker does not know the rule")
            rule = rules[step.rule]
            if only is not None and rule.family not in only:
                raise Declined(f"the rule family {rule.family!r} is not among those allowed")
            families.add(rule.family)
            args = decode.arguments(step.args, rule.args, len(decoded.terms))
            facts.append(verify(context, rule, step.conclusion, tuple(facts[p] for p in step.premises), args))
        where = ("conclusion", None)
        bound = conclude(decoded, facts)
        text = statement.sentence(decoded.statement, bound)
        gates = sum(statement.gates(network) for network in decoded.networks)
        if isinstance(decoded.subject, Feedforward):
            text += statement.FEEDFORWARD
            counted = statement.counts(decoded.networks[decoded.subject.network])
        else:
            text += "" if decoded.subject.is_attention_only else statement.WITH_FEED_FORWARD
            counted = attention.resources(decoded.subject, decoded.statement, gates, context.spend)
    except (Rejected, Declined) as refusal:
        status = "rejected" if isinstance(refusal, Rejected) else "declined"
        return Verdict(status, *where, str(refusal), digest, decoded, "", None, tuple(sorted(families)), {})
    return Verdict("accepted", None, None, "", digest, decoded, text, bound, tuple(sorted(families)), counted)


def verify(context: Context, rule: Rule, claimed: Fact, premises: tuple[Fact, ...], args: dict[str, Any]) -> Fact:
    """Return the claimed fact if the rule proves one that entails it; raise Rejected otherwise."""
    proved = rule.run(context, premises, **args)
    if not entails(proved, claimed):
        raise Rejected(f"the rule proves {show(proved)}, which does not entail {show(claimed)}")
    return claimed


def conclude(certificate: Certificate, facts: list[Fact]) -> Fraction:
    """Return the largest bound over all targets; the last steps must prove them, in their order.

    The trace must also enclose the argument of every reciprocal in the targets away from zero, of every logarithm and
    of every power with an exponent <= 0 above zero, and of every other power at or above zero, so that the statement
    speaks of defined functions only.
    """
    stated = certificate.statement
    enclosed = [fact for fact in facts if isinstance(fact, In)]
    nonzero = {fact.term for fact in enclosed if fact.lo > 0 or fact.hi < 0}
    positive = {fact.term for fact in enclosed if fact.lo > 0}
    at_least_zero = {fact.term for fact in enclosed if fact.lo >= 0}
    for t in statement.below(stated.nodes, stated.targets):
        op, children, value = stated.nodes[t]
        if op == "inv" and children[0] not in nonzero:
            raise Rejected(f"no step encloses the denominator t{children[0]} away from zero")
        if op == "log" or (op == "power" and value is not None and value <= 0):
            if children[0] not in positive:
                raise Rejected(f"no step encloses t{children[0]}, the argument of {op}, above zero")
        elif op == "power" and children[0] not in at_least_zero:
            raise Rejected(f"no step encloses t{children[0]}, the argument of power, at or above zero")
    if certificate.subject.outputs != len(stated.targets):
        raise Rejected("the subject must have one output for each target")
    final = facts[-len(stated.targets) :]
    if len(final) < len(stated.targets):
        raise Rejected("the trace is too short to prove the statement")
    wanted = Near if stated.norm == "sup" else Mean
    kind = "subject" if stated.arithmetic is None else "machine"
    for k, (fact, target) in enumerate(zip(final, stated.targets, strict=True)):
        if not isinstance(fact, wanted) or fact.right != target or certificate.terms[fact.left] != Node(kind, (k,)):
            raise Rejected(f"the last steps do not prove that output {k} of the {kind} is near its target")
        if fact.bound > stated.tolerance:
            raise Rejected("the bound proved exceeds the tolerance")
    return max(fact.bound for fact in final if isinstance(fact, wanted))


def show(fact: Fact) -> str:
    """Return a short text for a fact, for refusals."""
    if isinstance(fact, In):
        return f"{statement.short(fact.lo)} <= t{fact.term} <= {statement.short(fact.hi)}"
    of = "" if isinstance(fact, Near) else "norm of "
    return f"{of}|t{fact.left} - t{fact.right}| <= {statement.short(fact.bound)}"
