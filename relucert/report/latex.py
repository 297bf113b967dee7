r"""A theorem as LaTeX: a document that compiles with amsmath and amsthm alone, its middle ready to be pasted."""

from __future__ import annotations

from .lemmas import LEMMAS
from .studied import Theorem, TheoremStep

HEAD = r"""\documentclass{article}
\usepackage{amsmath,amssymb,amsthm}
\newtheorem{theorem}{Theorem}
\newtheorem{lemma}[theorem]{Lemma}
\begin{document}
"""
MODEL = r"""\paragraph{The transformer.}
There are two tokens in $\mathbb{R}^d$: the \emph{sink}, which is zero, and the \emph{data token}, which starts as an
affine map of the inputs.  The sink sees itself, the data token sees both.  There are no biases, no feed-forward parts,
and no normalisation but softmax.  A layer adds to every token $X$ the sum over its heads of $W_O \sum_s a_s W_V X_s$,
where $a$ is the softmax over the visible tokens $s$ of $(W_Q X) \cdot (W_K X_s)$.  The output is a linear read-out of
the data token after the last layer.  Write $\sigma(z) = 1/(1 + e^{-z})$.
"""
WORDS = {
    "tokens": "tokens",
    "layers": "layers",
    "heads": "heads",
    "d_model": "coordinates",
    "d_head": "head dimension",
    "parameters": "nonzero rational weights",
    "max_weight": "largest weight",
    "bits": "bits for a weight",
}
PARTS = {
    "approximation": "the ReLU network against the target",
    "approximation and gates": "the network with softmax gates against the target",
    "gates": "softmax gates against hard gates",
    "leak": "softmax mass on other tokens",
    "rounding": "the machine's rounding",
}
LONGEST_LINE = 100


def theorem_latex(found: Theorem) -> str:
    """Return the document."""
    used = [rule for rule in LEMMAS if any(step.rule == rule for step in found.steps)]
    parts = [HEAD, "% ---- paste from here ----", f"% certificate with SHA-256 {found.sha256}", MODEL, _theorem(found)]
    parts += [_lemma(rule) for rule in used]
    parts += [_proof(found), "% ---- to here ----", r"\end{document}"]
    return "\n".join(_wrapped(line) for part in parts for line in part.splitlines()) + "\n"


def _theorem(found: Theorem) -> str:
    cost = ", ".join(f"{WORDS.get(name, name)}: ${value}$" for name, value in found.resources)
    split = "; ".join(f"${bound}$ for {PARTS.get(row, row)}" for row, bound in found.budget)
    lines = [
        r"\begin{theorem}\label{thm:relucert}",
        rf"There is an attention-only softmax transformer $T$ with exact rational weights such that for all "
        rf"$({found.arguments}) \in {found.box}$",
        *(rf"\[ {claim} . \]" for claim in found.claims),
        rf"Its cost is: {cost}.  Its inverse temperature is $\beta = {found.inverse_temperature}$.",
        f"The bound is the sum of {split}.",
        r"\end{theorem}",
    ]
    return "\n".join(lines)


def _lemma(rule: str) -> str:
    title, claim, proof = LEMMAS[rule]
    return "\n".join(
        [
            rf"\begin{{lemma}}[{title}]\label{{lem:{rule.replace('_', '-')}}}",
            claim,
            r"\end{lemma}",
            r"\begin{proof}",
            proof,
            r"\end{proof}",
        ]
    )


def _proof(found: Theorem) -> str:
    gates = sum(map(len, found.layers))
    layers = [f"layer {k}: " + ", ".join(f"$u_{{{j}}}$" for j in layer) for k, layer in enumerate(found.layers, 1)]
    lines = [
        r"\begin{proof}[Proof of Theorem~\ref{thm:relucert}]",
        r"Let $r_j = \max(u_j, 0)$ and let $N$ be the ReLU network with the neurons",
        _ragged([f"${neuron}$" for neuron in found.neurons], ","),
        "and the outputs",
        _ragged([f"${output}$" for output in found.outputs], "."),
        r"Write $\tilde u_j$, $\tilde r_j$ and $\tilde n_o$ for the same with every gate $\max(u, 0)$ replaced by "
        r"$u\,\sigma(\beta u)$; equalities of affine forms and polynomials in the $u_j$ and $r_j$ hold for either.",
        rf"The transformer $T$ has one head for each of the {gates} gates, by layers",
        _ragged(layers, "."),
        r"The head of $u_j$ has dimension $1$: its query reads $\beta$ times the coordinate that holds $u_j$, its key "
        r"the constant coordinate, its value $u_j$, and $W_O$ adds $\tilde r_j$, times its coefficient, to each "
        r"coordinate whose form reads it.  The embedding writes the constant one and the affine part of every form.",
        _movers(found, gates),
        *(["Let", _ragged([f"${text}$" for text in found.definitions], ".")] if found.definitions else []),
        r"The claim follows in these steps.",
        r"{\raggedright\sloppy",
        r"\begin{enumerate}",
        *map(_step, found.steps),
        r"\end{enumerate}\par}",
        r"The last step is the claim.",
        r"\end{proof}",
    ]
    return "\n".join(line for line in lines if line)


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
