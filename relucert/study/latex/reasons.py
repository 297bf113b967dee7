"""To what each step of a proof applies its lemma, as a sentence in TeX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from ...exact.number import exact_text
from ...loaded import Loaded
from .tex import Terms, combination, identifier, joined, rational, sign, signed, upward


def reason(loaded: Loaded, terms: Terms, step: Any) -> str:
    """Return what the lemma is applied to, as a sentence, empty if the fact says it all."""
    args = step.args
    writers: dict[str, Callable[[], str]] = {
        "affine": lambda: _difference(terms, args),
        "range_affine": lambda: f"since ${terms.tex(args['term'])} = {_combination(terms, args)}$",
        "sawtooth": lambda: f"with $m = {len(args['chain'])}${_chain(args['chain'])}",
        "sawtooth_gated": lambda: (
            f"with $m = {len(args['chain'])}$, $Y_0 = {rational(Fraction(args['reach']))}${_chain(args['chain'])} "
            "with softmax gates"
        ),
        "extremum": lambda: f"with the neuron $u_{{{args['gate']}}}$",
        "univariate": lambda: (
            f"as a polynomial in ${terms.tex(args['variable'])}$, on {args['pieces']} equal parts of its range"
        ),
        "pieces": lambda: (
            f"in the variable ${terms.tex(args['variable'])}$, on the {len(args['knots']) - 1} pieces between the "
            "knots " + _knots(args["knots"])
        ),
        "smooth": lambda: (
            f"in the variable ${terms.tex(args['variable'])}$, to order {args['order']}, on the "
            f"{len(args['knots']) - 1} cells between the knots " + _knots(args["knots"])
        ),
        "analytic": lambda: (
            f"in the variable ${terms.tex(args['variable'])}$, on the cells between the knots "
            + _knots(args["knots"])
            + r", with $\rho$ = "
            + _knots(args["ellipse"])
            + f", $n$ = {_plain(args['degrees'])} and "
            f"$M$ = {_plain(args['nodes'])} on each in turn"
        ),
        "softmax": lambda: _softmax(loaded, terms, args),
        "anchor_gates": lambda: _anchors(args) + rf" and $c = {rational(Fraction(args['constant']))}$",
        "anchor_gates_stated": lambda: _anchors(args) + rf" and $e = {rational(Fraction(args['leak']))}$",
        "mirror": lambda: "with the heads, by layers, of " + _by_layers(args["heads"]),
        "grid_head": lambda: _grid(args),
        "grid_norm": lambda: _grid(args),
        "partition_of_unity": lambda: (
            f"with $n = ({_plain(args['counts'])})$, the axis $a = {args['axis'] + 1}$, "
            rf"$\mu = {rational(Fraction(args['reach']))}$ and $\alpha = {rational(Fraction(args['alpha']))}$"
        ),
        "regions": lambda: _cells(loaded, args),
        "tokens": lambda: _tokens(loaded, args),
        "token_extremum": lambda: f"with $c = {upward(Fraction(args['constant']))}$",
        "rounding": lambda: _named(args),
        "gate_error": lambda: _sensitivity(loaded, step),
        "gate_error_forward": lambda: _sensitivity(loaded, step),
    }
    return writers[step.rule]() if step.rule in writers else ""


def _difference(terms: Terms, args: Any) -> str:
    parts = [
        f"{sign(Fraction(w))}({terms.tex(a)} - {terms.tex(b)})"
        for a, b, w in zip(args["lefts"], args["rights"], args["weights"], strict=True)
    ]
    return f"since ${terms.tex(args['left'])} - {terms.tex(args['right'])} = {joined(parts)}$"


def _combination(terms: Terms, args: Any) -> str:
    parts = [f"{sign(Fraction(w))}{terms.tex(t)}" for t, w in zip(args["parts"], args["weights"], strict=True)]
    offset = Fraction(args["offset"])
    return joined([*([signed(offset)] if offset else []), *parts])


def _listed(neurons: Sequence[int]) -> str:
    return ", ".join(f"u_{{{j}}}" for j in neurons)


def _chain(neurons: Sequence[int]) -> str:
    return f", the neurons ${_listed(neurons)}$" if neurons else ", no neurons"


def _knots(knots: Sequence[str]) -> str:
    shown = [rational(Fraction(k)) for k in knots]
    return ", ".join(f"${k}$" for k in shown)


def _sensitivity(loaded: Loaded, step: Any) -> str:
    kappa = Fraction(step.args["kappa"])
    beta = loaded.certificate.networks[0].inverse_temperature or Fraction(1)
    letter = r"\sum_j G_j" if step.rule == "gate_error" else "E"
    total = upward(Fraction(step.conclusion.bound) * beta / kappa)
    return rf"with ${letter} \le {total}$, $\kappa = {exact_text(kappa)}$ and $\beta = {rational(beta)}$"


def _plain(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _softmax(loaded: Loaded, terms: Terms, args: Any) -> str:
    """Return for every head which terms are its powers, and one over their sum with 1."""
    places = [(n, h) for n, layer in enumerate(loaded.transformer.layers, 1) for h, _ in enumerate(layer.heads, 1)]
    heads = []
    for (n, h), powers, inverse in zip(places, args["powers"], args["inverses"], strict=True):
        shown = ", ".join(f"${terms.tex(t)}$" for t in powers)
        heads.append(f"in layer ${n}$, head ${h}$, the powers {shown} and $1/s = {terms.tex(inverse)}$")
    return "with " + "; ".join(heads) if heads else ""


def _by_layers(heads: Sequence[Sequence[int]]) -> str:
    return "; ".join(f"${_listed(layer)}$" for layer in heads if layer) or "no neuron"


def _anchors(args: Any) -> str:
    spacings = iter(args["spacings"])
    named = [f"$D_{{{j}}} = {rational(Fraction(next(spacings)))}$" for layer in args["heads"] for j in layer]
    shown = ", ".join(named)
    return (
        f"with the heads, by layers, of {_by_layers(args['heads'])}, the spacings {shown or 'of none'}, "
        f"$b = {rational(Fraction(args['sharpness']))}$"
    )


def _grid(args: Any) -> str:
    return (
        f"with $m = ({_plain(args['counts'])})$, $b = {rational(Fraction(args['sharpness']))}$, "
        rf"$S = {rational(Fraction(args['shift']))}$ and $\alpha = {rational(Fraction(args['alpha']))}$"
    )


def _tokens(loaded: Loaded, args: Any) -> str:
    """Return which neuron each head with scores is for, and which input beyond the neurons, and the constants."""
    stated, (network, *_) = loaded.certificate.statement, loaded.certificate.networks
    count = len(network.neurons)
    layers = [
        ", ".join(f"$u_{{{j}}}$" if j < count else f"the input ${identifier(stated.inputs[j - count])}$" for j in layer)
        for layer in args["heads"]
        if layer
    ]
    constants = {
        "M": args["margin"],
        "A": args["lift"],
        r"\kappa": args["kappa"],
        r"\beta": network.inverse_temperature,
    }
    shown = ", ".join(f"${name} = {exact_text(Fraction(value or 0))}$" for name, value in constants.items())
    return f"with the heads, by layers, of {'; '.join(layers) or 'no neuron'}, and {shown}"


def _named(args: Any) -> str:
    """Return which coordinate is called which neuron from which layer on, and which neurons are spelled."""
    layers = []
    for n, pairs in enumerate(args["names"], 1):
        called = [rf"$\xi_{{{i + 1}}}$ is called $u_{{{j}}}$" for i, j in zip(pairs[::2], pairs[1::2], strict=True)]
        if called:
            layers.append(f"in layer ${n}$ {', '.join(called)}")
    spelled = f"; ${_listed(args['spelled'])}$ spelled" if args["spelled"] else ""
    kappa = exact_text(Fraction(args["kappa"]))
    return rf"where {'; '.join(layers) or 'no coordinate is named'}{spelled}, with $\kappa = {kappa}$"


def _cells(loaded: Loaded, args: Any) -> str:
    """Return into how many cells the box is cut, and by what, of which the neurons are counted from 0."""
    inputs, rows = loaded.certificate.statement.inputs, list(map(Fraction, args["planes"]))
    width = 1 + len(inputs)
    planes = [rows[k : k + width] for k in range(0, len(rows), width)]
    names = ["1", *map(identifier, inputs)]
    forms = [
        combination([(name, c) for name, c in zip(names, plane, strict=True) if c])
        for k, plane in enumerate(planes, 1)
        if k in args["cuts"]
    ]
    neurons = sorted({cut - len(planes) - 1 for cut in args["cuts"] if cut > len(planes)})
    cut = [f"${form}$" for form in forms] + [f"$u_{{{j}}}$" for j in neurons]
    leaves = sum(not code for code in args["cuts"])
    by = f", cut by the signs of {', '.join(cut)} as the certificate lists" if cut else ""
    return f"on {leaves} cell{'s' * (leaves != 1)}{by}"
