"""A transformer's tokens, and its weights one by one, in TeX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from .tex import combination, identifier, rational

Entries = Mapping[tuple[int, int], Fraction]
CAUSAL = "Every token sees itself and all before it."
FULL = "The sink sees itself, every other token sees all tokens."


def tokens(subject: Any, stated: Any) -> str:
    """Return which tokens there are, what they start as, and what they see, as sentences."""
    sink = r"the \emph{sink}, which is zero"
    if stated.sequence.layout == "mirrored":
        return (
            rf"There are three tokens in $\mathbb{{R}}^d$: {sink}, the \emph{{data token}}, which starts as an affine "
            r"map of the inputs, and its \emph{mirror}, which starts as minus the data token.  The data token and the "
            "mirror see themselves and each other, and not the sink, which sees itself."
        )
    if stated.sequence.most > 1 or subject.code is not None:
        return _sequence(subject, stated, sink)
    data = r"the \emph{data token}, which starts as an affine map of the inputs"
    if not subject.anchors:
        return (
            rf"There are two tokens in $\mathbb{{R}}^d$: {sink}, and {data}.  "
            "The sink sees itself, the data token sees both."
        )
    count = len(subject.anchors)
    several = rf"${count}$ \emph{{anchors}}, which start as" if count > 1 else r"an \emph{anchor}, which starts as"
    constants = f"{several} {'constant vectors' if count > 1 else 'a constant vector'}"
    mask = FULL if stated.sequence.mask == "full" else CAUSAL
    return (
        rf"There are ${count + 2}$ tokens in $\mathbb{{R}}^d$, in this order: {sink}, {constants}, and {data}.  {mask}"
    )


def _sequence(subject: Any, stated: Any, sink: str) -> str:
    """Return the same for many data tokens; rules about them know no anchors."""
    carried = "the inputs of its own point"
    if stated.sequence.layout == "one-per-token":
        carried = r"the inputs, all but the $t$-th replaced by zero"
    code = ""
    if subject.code is not None and subject.code.kind == "quadratic":
        code = r" and of its position code $\gamma_1 = t - 1$ and $\gamma_2 = (t - 1)^2$"
    elif subject.code is not None:
        code = (
            rf" and of its position code $\gamma_1, \dots, \gamma_{{{subject.code.size}}}$, where $\gamma_k$ is $1$ or "
            "$-1$ for the $k$-th binary digit $1$ or $0$ of $t - 1$, lowest first"
        )
    extrema = ""
    if any(node.op.startswith("seen") for node in stated.nodes):
        extrema = (
            r"  By $\max_{\mathrm{seen}}$ and $\min_{\mathrm{seen}}$ are meant those over the data tokens that a token "
            "sees."
        )
    return (
        rf"The tokens in $\mathbb{{R}}^d$ are, in this order: {sink}, and the \emph{{data tokens}} $t = 1, 2, \dots$, "
        rf"each of which starts as an affine map of {carried}{code}.  "
        f"{FULL if stated.sequence.mask == 'full' else CAUSAL}{extrema}"
    )


def weights(subject: Any, inputs: Sequence[str]) -> tuple[str, ...]:
    """Return every weight: the tokens before the first layer, each head and feed-forward part, and the read-out."""
    sources = {0: "1", **{1 + i: identifier(name) for i, name in enumerate(inputs)}}
    sources |= {1 + len(inputs) + k: rf"\gamma_{{{k + 1}}}" for k in range(subject.code.size if subject.code else 0)}
    rows = _rows(subject.embedding, sources)
    result = [rf"The width is $d = {subject.d_model}$, and what is not named is zero.  A data token starts with "
              + _named([rf"\xi_{{{i + 1}}} = {form}" for i, form in rows]) + "."]  # fmt: skip
    for number, anchor in enumerate(subject.anchors, 1):
        values = [rf"\xi_{{{i + 1}}} = {rational(value)}" for i, value in sorted(anchor.items())]
        result.append(f"Anchor ${number}$: {_named(values)}.")
    for number, layer in enumerate(subject.layers, 1):
        for h, head in enumerate(layer.heads, 1):
            result.append(f"Layer ${number}$, head ${h}$: {_head(head)}")
        if layer.feed_forward is not None:
            result.append(f"Layer ${number}$, then: {_feed_forward(layer.feed_forward)}")
    outputs = _rows(subject.readout, _coordinates(subject.readout))
    name = "T" if subject.outputs == 1 else "T_{%d}"
    read = [f"{name % (o + 1) if '%' in name else name} = {form}" for o, form in outputs]
    return (*result, f"After the last layer a data token is read: {_named(read)}.")


def _head(head: Any) -> str:
    parts = []
    for letter, matrix in (("q", head.w_q), ("k", head.w_k), ("v", head.w_v)):
        parts += [rf"\mathbf {letter}_{{{i + 1}}} = {form}" for i, form in _rows(matrix, _coordinates(matrix))]
    values = {(i, j): value for (i, j), value in head.w_o.items()}
    read = {j: rf"\bar{{\mathbf v}}_{{{j + 1}}}" for _, j in values}
    return f"{_named(parts)}; it adds {_added(_rows(values, read))}."


def _feed_forward(part: Any) -> str:
    units = {j: rf"\mathbf h_{{{j + 1}}}" for j in range(part.width)}
    inner = [
        rf"\mathbf h_{{{i + 1}}} = \max({form}, 0)" for i, form in _rows(part.w_in, _coordinates(part.w_in))
    ]  # fmt: skip
    return f"{_named(inner)}, adding {_added(_rows(part.w_out, units))}."


def _coordinates(matrix: Entries) -> dict[int, str]:
    return {j: rf"\xi_{{{j + 1}}}" for _, j in matrix}


def _rows(matrix: Entries, sources: Mapping[int, str]) -> list[tuple[int, str]]:
    """Return every row that is not zero, as a combination of what the columns stand for."""
    rows: dict[int, list[tuple[str, Fraction]]] = {}
    for (i, j), value in sorted(matrix.items()):
        rows.setdefault(i, []).append((sources[j], value))
    return [(i, combination(parts)) for i, parts in rows.items()]


def _named(formulas: Sequence[str]) -> str:
    return ", ".join(f"${formula}$" for formula in formulas) or "nothing"


def _added(rows: Sequence[tuple[int, str]]) -> str:
    return ", ".join(rf"${form}$ to $\xi_{{{i + 1}}}$" for i, form in rows) or "nothing"
