r"""A theorem as LaTeX: a document that compiles with amsmath and amsthm alone, its middle ready to be pasted."""

from __future__ import annotations

from .lemmas import LEMMAS
from .lemmas_machine import BEFORE, MACHINE_LEMMAS, machine_latex
from .records.latex import Theorem, TheoremStep

HEAD = r"""\documentclass{article}
\usepackage{amsmath,amssymb,amsthm}
\newtheorem{theorem}{Theorem}
\newtheorem{lemma}[theorem]{Lemma}
\begin{document}
"""
LAYER = (
    r"A layer adds to every token $X$ the sum over its heads of $W_O \sum_s a_s W_V X_s$, where $a$ is the softmax "
    r"over the visible tokens $s$ of $(W_Q X) \cdot (W_K X_s)$."
)
FEED_FORWARD = (
    r"Then, if the layer has a feed-forward part, every token $X$ becomes $X + W_2 \max(W_1 X, 0)$, with the maximum "
    "in each row."
)
NETWORK = r"""\paragraph{The network.}
A feed-forward ReLU network has neurons $u_j$, each an affine form in the inputs, the $u_i$ and the $r_i = \max(u_i, 0)$
of earlier neurons $i < j$, and outputs $n_o$ that are such forms in all of them.  It computes $T_{o+1} = n_o$, or
$T = n_0$ if there is one output."""
WORDS = {
    "tokens": "tokens",
    "layers": "layers",
    "heads": "heads",
    "d_model": "coordinates",
    "d_head": "head dimension",
    "parameters": "nonzero rational weights",
    "max_weight": "largest weight",
    "bits": "bits for a weight",
    "feed_forward_width": "largest width of a feed-forward part",
}
PARTS = {
    "approximation": "the ReLU network against the target",
    "approximation and gates": "the network with softmax gates against the target",
    "gates": "softmax gates against hard gates",
    "leak": "softmax mass on other tokens",
    "rounding": "the machine's rounding",
}
OF_HEADS = {  # where no ReLU network stands between the transformer and the target
    "approximation": "what the transformer computes against the target",
    "gates": "the soft maximum against the maximum",
}
LONGEST_LINE = 100


def theorem_latex(found: Theorem) -> str:
    """Return the document."""
    used = [rule for rule in LEMMAS if any(step.rule == rule for step in found.steps)]
    parts = [
        HEAD,
        "% ---- paste from here ----",
        f"% certificate with SHA-256 {found.sha256}",
        _model(found),
        *([] if found.machine is None else [machine_latex(found.machine)]),
        _theorem(found),
    ]
    lemmas = LEMMAS | MACHINE_LEMMAS
    parts += [_lemma(name, lemmas[name]) for rule in used for name in (*BEFORE.get(rule, ()), rule)]
    parts += [_proof(found), "% ---- to here ----", r"\end{document}"]
    return "\n".join(_wrapped(line) for part in parts for line in part.splitlines()) + "\n"


def _model(found: Theorem) -> str:
    """Return what the transformer computes; the definition on which every proof rests."""
    if not found.tokens:
        return NETWORK
    without = "no biases" if found.has_feed_forward else "no biases, no feed-forward parts"
    lines = [
        r"\paragraph{The transformer.}",
        found.tokens,
        f"There are {without}, and no normalisation but softmax.",
        LAYER,
        *([FEED_FORWARD] if found.has_feed_forward else []),
        r"The output is a linear read-out of a data token after the last layer.",
        r"Write $\sigma(z) = 1/(1 + e^{-z})$.",
    ]
    return "\n".join(lines)


def _numbers(found: Theorem) -> str:
    if found.machine is None:
        return "exact rational weights"
    return rf"weights in the format \texttt{{{found.machine.dtype}}}, computed as (M1) to (M4) say,"


def _theorem(found: Theorem) -> str:
    cost = ", ".join(f"{WORDS.get(name, name)}: ${value}$" for name, value in found.resources)
    parts = PARTS if found.has_network else PARTS | OF_HEADS
    split = "; ".join(f"${bound}$ for {parts.get(row, row)}" for row, bound in found.budget)
    beta = rf"Its inverse temperature is $\beta = {found.inverse_temperature}$."
    if not found.tokens:
        beta = ""
    elif not found.inverse_temperature:
        beta = rf"The largest entry of $W_Q^\top W_K$ of its heads is ${found.largest_score}$."
    lines = [
        r"\begin{theorem}\label{thm:relucert}",
        rf"There is {found.subject} $T$ with {_numbers(found)} such that {found.places}",
        *(rf"\[ {claim} . \]" for claim in found.claims),
        rf"Its cost is: {cost}.  {beta}",
        f"The bound is the sum of {split}.",
        r"\end{theorem}",
    ]
    return "\n".join(lines)


def _lemma(name: str, lemma: tuple[str, str, str]) -> str:
    title, claim, proof = lemma
    return "\n".join(
        [
            rf"\begin{{lemma}}[{title}]\label{{lem:{name.replace('_', '-')}}}",
            claim,
            r"\end{lemma}",
            r"\begin{proof}",
            proof,
            r"\end{proof}",
        ]
    )


def _proof(found: Theorem) -> str:
    lines = [
        r"\begin{proof}[Proof of Theorem~\ref{thm:relucert}]",
        *(_network(found) if found.has_network else []),
        *(_weights(found) if found.weights else []),
        *(_translated(found, found.layers) if found.layers is not None else []),
        *([] if found.tokens else ["The network $T$ is $N$."]),
        *(["Let", _ragged([f"${text}$" for text in found.definitions], ".")] if found.definitions else []),
        r"The claim follows in these steps.",
        r"{\raggedright\sloppy",
        r"\begin{enumerate}",
        *map(_step, found.steps),
        r"\end{enumerate}\par}",
        r"The last step is the claim." if len(found.claims) == 1 else "The last steps are the claims.",
        r"\end{proof}",
    ]
    return "\n".join(line for line in lines if line)


def _network(found: Theorem) -> list[str]:
    gated = (
        r"Write $\tilde u_j$, $\tilde r_j$ and $\tilde n_o$ for the same with every gate $\max(u, 0)$ replaced by "
        r"$u\,\sigma(\beta u)$; equalities of affine forms and polynomials in the $u_j$ and $r_j$ hold for either."
    )
    return [
        r"Let $r_j = \max(u_j, 0)$ and let $N$ be the ReLU network with the neurons",
        _ragged([f"${neuron}$" for neuron in found.neurons], ","),
        "and the outputs",
        _ragged([f"${output}$" for output in found.outputs], "."),
        gated if found.inverse_temperature else "",
    ]


def _translated(found: Theorem, layers: tuple[tuple[int, ...], ...]) -> list[str]:
    """Return the transformer of a network with softmax gates, which its gates and their layers fix."""
    gates = sum(map(len, layers))
    shown = [f"layer {k}: " + ", ".join(f"$u_{{{j}}}$" for j in layer) for k, layer in enumerate(layers, 1)]
    return [
        rf"The transformer $T$ has one head for each of the {gates} gates, by layers",
        _ragged(shown, "."),
        r"The head of $u_j$ has dimension $1$: its query reads $\beta$ times the coordinate that holds $u_j$, its key "
        r"the constant coordinate, its value $u_j$, and $W_O$ adds $\tilde r_j$, times its coefficient, to each "
        r"coordinate whose form reads it.  The embedding writes the constant one and the affine part of every form.",
        _movers(found, gates),
    ]


def _weights(found: Theorem) -> list[str]:
    """Return every weight of the transformer."""
    after = r"; the rows of $W_1 X$ after $\max(\cdot, 0)$ are called $\mathbf h_i$" if found.has_feed_forward else ""
    return [
        r"The transformer $T$ has these weights.  A token's coordinates are called $\xi_i$.  The rows of $W_Q X$, "
        r"$W_K X$ and $W_V X$ of a head are called $\mathbf q_i$, $\mathbf k_i$ and $\mathbf v_i$, those of "
        r"$\sum_s a_s W_V X_s$, "
        rf"which $W_O$ reads, $\bar{{\mathbf v}}_i${after}.",
        r"{\raggedright\sloppy",
        r"\begin{itemize}",
        *(rf"\item {text}" for text in found.weights),
        r"\end{itemize}\par}",
        r"The lemmas' hypotheses about $T$ can be read off these weights.",
    ]


def _ragged(items: list[str], end: str) -> str:
    """Return a paragraph of formulas that TeX may break between and inside them."""
    text = ",\n".join(items)
    return rf"{{\raggedright\sloppy {text}{end}\par}}" if items else ""


def _movers(found: Theorem, gates: int) -> str:
    more = int(dict(found.resources)["heads"]) - gates
    return f"Besides, {more} linear heads move earlier $u_j$ to the coordinates whose forms read them." if more else ""


def _step(step: TheoremStep) -> str:
    name = f"step:{step.number}"
    lemma = rf"Lemma~\ref{{lem:{step.rule.replace('_', '-')}}}"
    earlier = ", ".join(rf"\ref{{step:{k}}}" for k in step.premises)
    reason = f"{lemma}{' from ' + earlier if earlier else ''}{', ' + step.reason if step.reason else ''}"
    return rf"\item\label{{{name}}} ${step.fact}$ by {reason}."


def _wrapped(line: str) -> str:
    """Break a long source line at blanks, which TeX reads alike."""
    if len(line) <= LONGEST_LINE or line.startswith("%"):
        return line
    rows, row = [], ""
    for word in line.split(" "):
        if row and len(row) + 1 + len(word) > LONGEST_LINE:
            rows.append(row)
            row = word
        else:
            row = f"{row} {word}" if row else word
    return "\n".join([*rows, row])
