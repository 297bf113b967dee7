"""An accepted certificate as a theorem with a proof for people, read from what the checker decoded and accepted."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from ..errors import DeclinedError
from ..exact.number import decimal_up, exact_text
from ..pipeline import Loaded, error_budget
from ..relu.network import Form
from ..report.lemmas import LEMMAS
from ..report.studied import Theorem, TheoremStep

LONGEST_TERM = 160
MOST_STEPS, MOST_NEURONS = 2000, 1000
RESOURCES = ("tokens", "layers", "heads", "d_model", "d_head", "parameters", "max_weight", "bits")
OPERATIONS = frozenset(("input", "const", "add", "mul", "max", "min", "inv", "abs", "net", "gated", "subject"))


def theorem(loaded: Loaded) -> Theorem:
    """Return the theorem that the certificate proves, with its proof step by step.

    Raises DeclinedError, by name, for rules without a lemma in words, for statements beyond one data token over the
    real numbers, and for proofs too long to be read.
    """
    certificate = loaded.certificate
    stated, bound = certificate.statement, loaded.verdict.error_bound
    if bound is None:
        raise ValueError("an accepted certificate has a bound")
    _covered(loaded)
    terms = _Terms(certificate.terms, stated.inputs, len(stated.targets))
    steps = tuple(
        TheoremStep(k, step.rule, _fact(terms, step.conclusion), _reason(loaded, terms, step), step.premises)
        for k, step in enumerate(certificate.trace)
    )
    arguments = ", ".join(map(identifier, stated.inputs))
    box = r" \times ".join(f"[{rational(lo)}, {rational(hi)}]" for lo, hi in stated.domain)
    claims = tuple(
        rf"\left| {_subject(k, len(stated.targets))}({arguments}) - {terms.tex(target)} \right| \le {upward(bound)}"
        for k, target in enumerate(stated.targets)
    )
    network = certificate.networks[0]
    return Theorem(
        arguments=arguments,
        box=box,
        claims=claims,
        budget=tuple((row, upward(part)) for row, part in error_budget(certificate)),
        resources=tuple((name, upward(Fraction(loaded.verdict.resources[name]))) for name in RESOURCES),
        inverse_temperature=rational(network.inverse_temperature or Fraction(0)),
        neurons=tuple(rf"u_{{{j}}} = {affine(_form(form), stated.inputs)}" for j, form in enumerate(network.neurons)),
        outputs=tuple(rf"n_{{{o}}} = {affine(_form(form), stated.inputs)}" for o, form in enumerate(network.outputs)),
        layers=_layers(certificate.trace),
        definitions=tuple(terms.definitions),
        steps=steps,
        sha256=loaded.verdict.sha256,
    )


def _covered(loaded: Loaded) -> None:
    certificate = loaded.certificate
    if loaded.attention is None:
        raise DeclinedError("a certificate about a feed-forward network has no proof in LaTeX yet")
    if not loaded.attention.is_attention_only:
        raise DeclinedError("a certificate about feed-forward parts has no proof in LaTeX yet")
    if certificate.statement.sequence.most > 1:
        raise DeclinedError("a certificate about sequences has no proof in LaTeX yet")
    if certificate.statement.arithmetic is not None:
        raise DeclinedError("a certificate about a machine's arithmetic has no proof in LaTeX yet")
    for step in certificate.trace:
        if step.rule not in LEMMAS:
            raise DeclinedError(f"the rule {step.rule!r} has no lemma in LaTeX yet")
    for node in certificate.terms:
        if node.op not in OPERATIONS:
            raise DeclinedError(f"the operation {node.op!r} has no form in LaTeX yet")
    if len(certificate.networks) != 1 or loaded.network is None:
        raise DeclinedError("a proof in LaTeX is about one ReLU network")
    sizes = len(certificate.trace), len(certificate.networks[0].neurons)
    if sizes[0] > MOST_STEPS or sizes[1] > MOST_NEURONS:
        raise DeclinedError(
            f"{sizes[0]} steps about {sizes[1]} neurons are too many to read; at most {MOST_STEPS} and {MOST_NEURONS}"
        )


def _layers(trace: Sequence[Any]) -> tuple[tuple[int, ...], ...]:
    """Return the neurons whose gates stand in each layer."""
    return next((tuple(map(tuple, step.args["heads"])) for step in trace if step.rule == "translation"), ())


class _Terms:
    """TeX for terms; one whose text is long is defined once and then called t_k."""

    def __init__(self, nodes: Sequence[Any], inputs: Sequence[str], outputs: int) -> None:
        self.nodes, self.inputs, self.outputs = nodes, inputs, outputs
        self.definitions: list[str] = []
        self._known: dict[int, str] = {}

    def tex(self, term: int) -> str:
        """Return a term in mathematics mode; parts come before what they are part of, so this is no recursion."""
        pending = [term]
        while pending:
            t = pending[-1]
            node = self.nodes[t]
            inner = () if node.op in ("input", "const", "net", "gated", "subject") else node.children
            missing = [c for c in inner if c not in self._known]
            if missing:
                pending += missing
                continue
            pending.pop()
            if t not in self._known:
                text = self._one(node)
                if len(text) > LONGEST_TERM:
                    self.definitions.append(f"t_{{{t}}} = {text}")
                    text = f"t_{{{t}}}"
                self._known[t] = text
        return self._known[term]

    def _one(self, node: Any) -> str:
        parts = [self._known[c] for c in node.children] if node.op in ("add", "mul", "max", "min", "inv", "abs") else []
        if node.op == "input":
            return identifier(self.inputs[node.children[0]])
        if node.op == "const":
            return f"({rational(node.value)})" if node.value < 0 else rational(node.value)
        if node.op == "add":
            return "(" + " + ".join(parts) + ")"
        if node.op == "mul" and len(set(node.children)) == 1:
            base = parts[0] if re.fullmatch(r"[a-zA-Z]|[nt]_\{\d+\}", parts[0]) else f"({parts[0]})"
            return f"{base}^{{{len(parts)}}}"
        if node.op == "mul":
            return r" \cdot ".join(parts)
        if node.op == "inv":
            return rf"\frac{{1}}{{{parts[0]}}}"
        if node.op == "abs":
            return rf"\left|{parts[0]}\right|"
        if node.op in ("max", "min"):
            return rf"\{node.op}({', '.join(parts)})"
        if node.op == "subject":
            return _subject(node.children[0], self.outputs)
        letter = "n" if node.op == "net" else r"\tilde n"
        return f"{letter}_{{{node.children[1]}}}"


def _subject(output: int, outputs: int) -> str:
    return "T" if outputs == 1 else f"T_{{{output + 1}}}"


def _fact(terms: _Terms, fact: Any) -> str:
    if hasattr(fact, "bound"):
        left, right = terms.tex(fact.left), terms.tex(fact.right)
        if not fact.bound:
            return f"{left} = {right}"
        return rf"\left| {left} - {right} \right| \le {upward(fact.bound)}"
    return rf"{_end(fact.lo, down=True)} \le {terms.tex(fact.term)} \le {_end(fact.hi)}"


def _end(value: Fraction, down: bool = False) -> str:
    """Return an end of a range, outward if it is long."""
    return f"-{upward(-value)}" if down and value < 0 else upward(value) if not down else rational(value)


def _reason(loaded: Loaded, terms: _Terms, step: Any) -> str:
    """Return what the lemma is applied to, as a sentence, empty if the fact says it all."""
    args = step.args
    writers: dict[str, Callable[[], str]] = {
        "affine": lambda: _difference(terms, args),
        "range_affine": lambda: f"since ${terms.tex(args['term'])} = {_combination(terms, args)}$",
        "sawtooth": lambda: f"with $m = {len(args['chain'])}$, the neurons ${_listed(args['chain'])}$",
        "sawtooth_gated": lambda: (
            f"with $m = {len(args['chain'])}$, $Y_0 = {rational(Fraction(args['reach']))}$, the neurons "
            f"${_listed(args['chain'])}$ with softmax gates"
        ),
        "extremum": lambda: f"with the neuron $u_{{{args['gate']}}}$",
        "univariate": lambda: (
            f"as a polynomial in ${terms.tex(args['variable'])}$, on {args['pieces']} equal parts of its range"
        ),
        "pieces": lambda: (
            f"in the variable ${terms.tex(args['variable'])}$, on the {len(args['knots']) - 1} pieces between the "
            "knots " + _knots(args["knots"])
        ),
        "gate_error": lambda: _sensitivity(loaded, step),
        "gate_error_forward": lambda: _sensitivity(loaded, step),
    }
    return writers[step.rule]() if step.rule in writers else ""


def _difference(terms: _Terms, args: Any) -> str:
    parts = [
        f"{_sign(Fraction(w))}({terms.tex(a)} - {terms.tex(b)})"
        for a, b, w in zip(args["lefts"], args["rights"], args["weights"], strict=True)
    ]
    return f"since ${terms.tex(args['left'])} - {terms.tex(args['right'])} = {_joined(parts)}$"


def _combination(terms: _Terms, args: Any) -> str:
    parts = [f"{_sign(Fraction(w))}{terms.tex(t)}" for t, w in zip(args["parts"], args["weights"], strict=True)]
    offset = Fraction(args["offset"])
    return _joined([*([_signed(offset)] if offset else []), *parts])


def _listed(neurons: Sequence[int]) -> str:
    return ", ".join(f"u_{{{j}}}" for j in neurons)


def _knots(knots: Sequence[str]) -> str:
    shown = [rational(Fraction(k)) for k in knots]
    return ", ".join(f"${k}$" for k in shown)


def _sensitivity(loaded: Loaded, step: Any) -> str:
    kappa = Fraction(step.args["kappa"])
    beta = loaded.certificate.networks[0].inverse_temperature or Fraction(1)
    letter = r"\sum_j G_j" if step.rule == "gate_error" else "E"
    total = upward(Fraction(step.conclusion.bound) * beta / kappa)
    return rf"with ${letter} \le {total}$, $\kappa = {exact_text(kappa)}$ and $\beta = {rational(beta)}$"


def identifier(name: str) -> str:
    """Return an input's name in mathematics mode: x, x_{12}, or upright words."""
    head, digits = name.rstrip("0123456789"), name[len(name.rstrip("0123456789")) :]
    escaped = head.replace("_", r"\_")
    letter = head if len(head) == 1 and head != "_" else rf"\mathrm{{{escaped}}}"
    return f"{letter}_{{{digits}}}" if digits else letter


def rational(value: Fraction) -> str:
    """Return an exact rational in mathematics mode."""
    text = exact_text(value)
    if "/" in text:
        sign = "-" if value < 0 else ""
        return rf"{sign}\tfrac{{{abs(value.numerator)}}}{{{value.denominator}}}"
    return _decimal(text)


def upward(value: Fraction) -> str:
    """Return a bound: exact if it has a short decimal, else rounded up to 12 digits."""
    text = exact_text(value)
    return _decimal(text if "/" not in text else decimal_up(value, 12))


def _decimal(text: str) -> str:
    mantissa, e, exponent = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{exponent}}}" if e else mantissa


def affine(form: Form, inputs: Sequence[str]) -> str:
    """Return an affine form in the inputs, u_j and r_j."""
    parts = []
    for (kind, index), weight in sorted(form.terms.items(), key=lambda item: ("1xur".index(item[0][0]), item[0][1])):
        if kind == "1":
            parts.append(_signed(weight))
        else:
            parts.append(_sign(weight) + (identifier(inputs[index]) if kind == "x" else f"{kind}_{{{index}}}"))
    return _joined(parts) or "0"


def _sign(weight: Fraction) -> str:
    """Return the sign and the size of a coefficient, as it stands before what it multiplies."""
    size = "" if abs(weight) == 1 else rational(abs(weight)) + r"\,"
    return ("-" if weight < 0 else "+") + size


def _signed(value: Fraction) -> str:
    return ("-" if value < 0 else "+") + rational(abs(value))


def _joined(parts: Sequence[str]) -> str:
    text = " ".join(f"{part[0]} {part[1:]}" for part in parts)
    return text[2:] if text.startswith("+ ") else text


def _form(form: Any) -> Form:
    return Form({(atom[0], atom[1] if len(atom) == 2 else 0): value for atom, value in form.items()})
