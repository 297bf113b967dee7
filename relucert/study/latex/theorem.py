"""An accepted certificate as a theorem with a proof for people, read from what the checker decoded and accepted."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ...arithmetic.model import FORMATS
from ...errors import DeclinedError
from ...loaded import Loaded
from ...report.lemmas import LEMMAS
from ...report.records.latex import Machine, Theorem, TheoremStep
from ...summary import error_budget
from .reasons import reason
from .tex import OPERATIONS, Terms, affine, fact_, form_, identifier, integral, rational, subject, upward
from .weights import tokens, weights

MOST_STEPS, MOST_NEURONS, MOST_WEIGHTS = 2000, 1000, 6000
RESOURCES = ("tokens", "layers", "heads", "d_model", "d_head", "parameters", "max_weight", "bits")


def theorem(loaded: Loaded) -> Theorem:
    """Return the theorem that the certificate proves, with its proof step by step.

    Raises DeclinedError, by name, for rules without a lemma in words, for more than one ReLU network, and for proofs
    and transformers too long to be read.
    """
    certificate = loaded.certificate
    stated, bound = certificate.statement, loaded.verdict.error_bound
    if bound is None:
        raise ValueError("an accepted certificate has a bound")
    _covered(loaded)
    terms = Terms(certificate.terms, stated.inputs, len(stated.targets))
    steps = tuple(
        TheoremStep(
            k, step.rule, fact_(terms, step.conclusion, stated.norm), reason(loaded, terms, step), step.premises
        )
        for k, step in enumerate(certificate.trace)
    )
    at = "" if stated.sequence.most > 1 else f"({', '.join(map(identifier, stated.inputs))})"
    computed = stated.arithmetic is not None
    differences = [
        f"{subject(k, len(stated.targets), computed)}{at} - {terms.tex(target)}"
        for k, target in enumerate(stated.targets)
    ]
    known = loaded.verdict.resources
    width = ("feed_forward_width",) if known.get("feed_forward_width") else ()
    is_transformer = loaded.attention is not None
    lemma = certificate.networks[0] if certificate.networks else None
    beta = None if lemma is None else lemma.inverse_temperature
    layers = _layers(certificate.trace)
    return Theorem(
        subject=_subject(is_transformer, bool(width)),
        tokens=tokens(certificate.subject, stated) if is_transformer else "",
        machine=None if stated.arithmetic is None else _machine(stated.arithmetic),
        has_feed_forward=bool(width),
        places=_places(stated),
        claims=tuple(
            rf"\left| {text} \right| \le {upward(bound)}" if stated.norm == "sup" else
            integral(text, stated.norm, upward(bound))
            for text in differences
        ),
        budget=tuple((row, upward(part)) for row, part in error_budget(certificate)),
        resources=tuple((name, upward(Fraction(known[name]))) for name in (*RESOURCES, *width) if name in known),
        inverse_temperature="" if beta is None else rational(beta),
        largest_score=upward(Fraction(known["inverse_temperature"])) if is_transformer else "",
        has_network=lemma is not None,
        neurons=tuple(
            rf"u_{{{j}}} = {affine(form_(form), stated.inputs)}" for j, form in enumerate(lemma.neurons)
        ) if lemma else (),
        outputs=tuple(
            rf"n_{{{o}}} = {affine(form_(form), stated.inputs)}" for o, form in enumerate(lemma.outputs)
        ) if lemma else (),
        layers=layers,
        weights=() if layers is not None or not is_transformer else weights(certificate.subject, stated.inputs),
        definitions=tuple(terms.definitions),
        steps=steps,
        sha256=loaded.verdict.sha256,
    )  # fmt: skip


def _subject(is_transformer: bool, has_feed_forward: bool) -> str:
    if not is_transformer:
        return "a feed-forward ReLU network"
    return "a softmax transformer" if has_feed_forward else "an attention-only softmax transformer"


def _machine(chosen: Any) -> Machine:
    numbers, sums = FORMATS[chosen.dtype], FORMATS[chosen.accumulate]
    return Machine(
        chosen.dtype,
        numbers.precision,
        numbers.emax,
        chosen.accumulate,
        sums.precision,
        chosen.softmax,
        chosen.exp_ulps,
        chosen.subnormals,
    )


def _places(stated: Any) -> str:
    """Return where the claims hold: at every point of the box, or over it on average."""
    arguments = ", ".join(map(identifier, stated.inputs))
    box = r" \times ".join(f"[{rational(lo)}, {rational(hi)}]" for lo, hi in stated.domain)
    least, most, _, layout = stated.sequence
    numbers = "" if stated.arithmetic is None else rf" of numbers of the format \texttt{{{stated.arithmetic.dtype}}}"
    here = rf"for all $({arguments}) \in {box}${numbers}"
    if most > 1 and layout == "one-per-token":
        return f"{here}, at the last of the ${most}$ data tokens,"
    if most > 1:
        count = (
            f"${most}$ data tokens"
            if least == most
            else f"any number $n$ of data tokens, ${least} \\le n \\le {most}$,"
        )
        return rf"for {count} each with $({arguments}) \in {box}$ of its own, at every one of them"
    if stated.norm == "sup":
        return here
    return rf"over the box $B = {box}$ of all $({arguments})$, with Lebesgue measure, not normalised,"


def _covered(loaded: Loaded) -> None:
    certificate = loaded.certificate
    for step in certificate.trace:
        if step.rule not in LEMMAS:
            raise DeclinedError(f"the rule {step.rule!r} has no lemma in LaTeX yet")
    for node in certificate.terms:
        if node.op not in OPERATIONS:
            raise DeclinedError(f"the operation {node.op!r} has no form in LaTeX yet")
    if len(certificate.networks) > 1:
        raise DeclinedError("a proof in LaTeX is about one ReLU network at most")
    sizes = len(certificate.trace), sum(len(network.neurons) for network in certificate.networks)
    if sizes[0] > MOST_STEPS or sizes[1] > MOST_NEURONS:
        raise DeclinedError(
            f"{sizes[0]} steps about {sizes[1]} neurons are too many to read; at most {MOST_STEPS} and {MOST_NEURONS}"
        )
    count = loaded.verdict.resources["parameters"]
    if _layers(certificate.trace) is None and count > MOST_WEIGHTS:
        raise DeclinedError(f"{count} weights are too many to read; at most {MOST_WEIGHTS}")


def _layers(trace: Sequence[Any]) -> tuple[tuple[int, ...], ...] | None:
    """Return the neurons whose gates stand in each layer, by which a translated network fixes its transformer."""
    return next((tuple(map(tuple, step.args["heads"])) for step in trace if step.rule == "translation"), None)
