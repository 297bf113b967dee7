r"""The machine of a statement about floats, clause by clause, and the lemmas about what it returns, in LaTeX.

They say what ``check/arithmetic.py``, ``check/rules/floats.py``, ``perturbed.py`` and ``rounding.py`` say.  Hats are
what the machine computes.
"""

from __future__ import annotations

from .records.latex import Machine

BEFORE = {"rounding": ("machine-sum", "machine-network", "machine-gate")}  # lemmas that a rule's own rests on


def machine_latex(machine: Machine) -> str:
    """Return the clauses of the arithmetic: the hypotheses of the theorem."""
    dtype, fine = (rf"\texttt{{{name}}}" for name in (machine.dtype, machine.accumulate))
    mixed = machine.accumulate != machine.dtype
    wide = f", or of {fine} where a matrix product or a softmax has not yet been stored" if mixed else ""
    under = (
        rf"Every operand and result smaller than the least normal number of {dtype} may be replaced by zero."
        if machine.subnormals == "flush"
        else "Underflow is gradual."
    )
    shift = "  The largest visible score is subtracted first." if machine.softmax == "stable" else ""
    also = f", ${machine.fine_precision}$ bits those of {fine}" if mixed else ""
    return "\n".join(
        [
            r"\paragraph{The machine.}",
            rf"Numbers of the format {dtype} have ${machine.precision}$ bits{also}; a normal one of {dtype} is $m \, "
            rf"2^{{e - {machine.precision - 1}}}$ up to its sign, with $2^{{{machine.precision - 1}}} \le m < "
            rf"2^{{{machine.precision}}}$ and ${1 - machine.emax} \le e \le {machine.emax}$.  The weights are zeros "
            "and normal numbers, the inputs also subnormal ones.  A machine computes $T$ in this format, and returns "
            r"$\hat T$, such that",
            r"\begin{enumerate}",
            rf"\item[(M1)] $+ - \cdot\, /$ return a number nearest to the exact result, of {dtype}{wide}.  The stream, "
            rf"queries, keys, values and what heads return are stored in {dtype}; anything else may be.  {under}",
            r"\item[(M2)] An entry of a matrix product is the sum of its products with nonzero weights, in any order "
            "and association, each product rounded or fused into its addition.  The constant column of the embedding "
            "may be added last.",
            r"\item[(M3)] A layer adds to each coordinate of the stream, in one addition, the sum of what its heads "
            "write there; the heads of one dimension are one matrix product, and the results of several are stored "
            "and added in any order.",
            r"\item[(M4)] Softmax divides $\exp$ of each visible score by their sum, or multiplies by the reciprocal "
            rf"of the sum, before or after the product with the values.{shift}  $\exp 0$ is $1$; otherwise $\exp$ is "
            f"within ${machine.exp_ulps}$ units in the last place of {fine} or, where it is below the least normal "
            "number of that format, anything from $0$ to that number.  A token that is not seen has weight $0$.",
            r"\end{enumerate}",
        ]
    )


MACHINE_LEMMAS: dict[str, tuple[str, str, str]] = {
    "machine-sum": (
        "Sums of floats",
        r"Let $p$ be the bits of the format in which products are accumulated, $q \le p$ those of the format of the "
        r"numbers, $\nu$ its least normal number, and $\tau = \nu$ if small numbers may be replaced by zero, else "
        r"$2^{-q} \nu$.  For $2^e \le S < 2^{e+1}$ let $\eta_p(S) = \max(2^{e-1-p}, \min(2^{e-p}, S - 2^e))$; let "
        r"$\eta(S) = \eta_p(S)$ if $p = q$, else $\eta_p(S) + \eta_q(S + \eta_p(S))$.  Let the machine's numbers "
        r"$\hat y_i$, $i \le n$, be within $e_i$ of $y_i$ and at most $S_i$ in size, with $4 n \le 2^p$.  Then its "
        r"sum of the $w_i \hat y_i$ is within \[ e + \eta(B), \quad e = \sum_i |w_i| e_i + \sum_i{}' \eta_p(|w_i| "
        r"S_i) + \sum_{i=2}^{n-1} \eta_p(B_i) + \Bigl( 2 n + \sum_i |w_i| \Bigr) \tau, \] of $\sum_i w_i y_i$, where "
        r"the sum marked by a prime leaves out the $w_i = \pm 2^k$; $B_i$ is $1 + 2 n 2^{-p}$ times the sum of the "
        "$i$ largest products, or $1 + 4 n 2^{-p}$ times that of all positive or of all negative ones if it is less, "
        r"and $n \tau$; and $B$ is the size of the sum before its last rounding.  For $n = 1$ it is within $|w_1| e_1 "
        r"+ \eta(|w_1| S_1) + (1 + |w_1|) \tau$, without the middle term if $w_1 = \pm 2^k$.  If $p > q$, each result "
        r"that is stored on the way adds $\eta_q + \tau$ to $e$, taken at that last bound for $B_i$.  No $\tau$ is "
        r"lost where all numbers in question are normal.  If the sum is $c\, \hat u_j + d\, \hat r_j$ with the $\hat "
        r"u_j$ and $\hat r_j$ of Lemma~\ref{lem:machine-gate} and each of $c$ and $c + d$ zero or $\pm 2^k$, then "
        r"$\eta(B)$ may be replaced by $\min(|d| D_j, (|c| + |d|) R_j) + e + 4 \tau$, if $p > q$ by three times that.  "
        r"And $\max(\cdot, 0)$ of the sum is moved by at most $e + \eta(B_+)$ with $B_+$ the largest value that it "
        r"has before its last rounding, by $e$ if that is negative; likewise $\max(-\,\cdot, 0)$.",
        "Numbers below $2^e$ are moved by at most $2^{e-1-p}$ by rounding to nearest, those from $2^e$ to $S$ by at "
        r"most twice that and by no more than to $2^e$.  A product with $\pm 2^k$ is exact but for underflow.  A tree "
        "of additions over $n$ products has $n - 1$ nodes; ordered by leaves, the $i$-th has at most $i + 1$, as a "
        "node with $l$ leaves comes after the $l - 2$ nodes below it.  So its exact value is at most the sum of the "
        r"$i + 1$ largest products, and at most that of all positive or all negative ones; $(1 + 2^{-p})^n \le 1 + 2 "
        "n 2^{-p}$ covers that its operands are rounded.  Rounding to nearest is monotone, so a float that bounds "
        r"the exact value bounds the rounded one.  A sum $c\, \hat u_j + d\, \hat r_j$ is within $|d| D_j$ of $c\, "
        r"\hat u_j$ or $(c + d) \hat u_j$, which are floats, and rounding to nearest moves a number no further than "
        r"to any float; for $R_j$ see Lemma~\ref{lem:machine-gate}.  Rounding keeps signs.",
    ),
    "machine-network": (
        "A perturbed network",
        r"Let $\hat u_j = (\text{form of } u_j) + \varepsilon_j$ and $\hat r_j = \max(\hat u_j, 0) + \delta_j$ with "
        r"$|\varepsilon_j| \le E_j$ and $|\delta_j| \le D_j$, the forms taken at the $\hat u_i$ and $\hat r_i$.  For "
        r"a form $\varphi$ that reads $u_j$ and $r_j$ with weights $c_j$ and $d_j$ write $\hat \varphi$ for its value "
        r"there.  (a) $\hat\varphi$ is at most the sum over $j$ of the largest $c_j u + d_j \max(u, 0)$ at the ends "
        r"of the range of $\hat u_j$ and at $0$, plus $|d_j| D_j$, and at least the like; and if $\varphi = F + c\, "
        r"u_j + d\, r_j$ and $f$ is the form of $u_j$, it is within $|d| (D_j + E_j) + |c| E_j$ of the larger ($d < "
        r"0$: the smaller) of the values of $F + c f$ and $F + (c + d) f$.  (b) $|\hat\varphi - \varphi| \le "
        r"M(\varphi)$ for $M(\varphi) = \sum_j \max(|c_j|, |c_j + d_j|) M_j + |d_j| D_j$ with $M_j = M(f_j) + E_j$, "
        r"and also for $M(\varphi) = \max(M(F + c f), M(F + (c + d) f)) + |d| (D_j + E_j) + |c| E_j$.  (c) $|\hat n_o "
        r"- n_o| \le \sum_j |A_j| E_j + G_j D_j$, with $A_{\mathrm{out}} = [1, 1]$, $A_j = \mathrm{hull}(\sum_i "
        r"c_{ij} A_i, \sum_i (c_{ij} + d_{ij}) A_i)$ and $G_j = |\sum_i d_{ij} A_i|$, $c_{ij}$ and $d_{ij}$ being the "
        "weights with which form $i$ reads $u_j$ and $r_j$; here $|A_j|$ is the largest size in $A_j$.",
        r"(a) $c u + d \max(u, 0)$ is linear on either side of $0$.  $F + c f + d \max(f, 0)$ is the larger or the "
        r"smaller of the two, and $\max$ moves by no more than its argument.  (b) $|c \hat u + d \hat r - c u - d r| "
        r"\le |c + s d|\, |\hat u - u| + |d| D$ for one $s \in [0, 1]$; the rest as in (a).  (c) $\hat r_j - r_j = "
        r"s_j (\hat u_j - u_j) + \delta_j$ with $s_j \in [0, 1]$ the mean slope of $\max(\cdot, 0)$, one number for "
        r"all readers of $j$.  Eliminating neurons from the last, the error is $\sum_j a_j \varepsilon_j + (\sum_i "
        r"d_{ij} a_i) \delta_j$, where $a_j = (1 - s_j) \sum_i c_{ij} a_i + s_j \sum_i (c_{ij} + d_{ij}) a_i$ lies in "
        "$A_j$ by induction.",
    ),
    "machine-gate": (
        "A gate on a machine",
        r"Let $\kappa e^{1 + \kappa} \ge 1$, let $X$ be a float of size at most $S$, and let a head of dimension $1$ "
        r"have the value $X$ and the score $\beta X$ against the $0$ of the sink, with a key that reads the constant "
        r"with a weight $\pm 2^k$.  Let no score exceed half the largest number; with $p$, $q$, $\nu$ and $\tau$ as "
        r"in Lemma~\ref{lem:machine-sum} let $\beta' = \beta$ if the query's weight is $\pm 2^k$, else $\beta (1 - "
        r"2^{-q})$; $1 + \epsilon = (1 + 2 U 2^{-p})(1 + 4 \tau (1 + 2^k))$ where $\exp$ is within $U$ units; $\theta "
        r"= 5 \cdot 2^{-q}$, $p > q$: $12 \cdot 2^{-q}$; $s = \nu_p + 3 \tau$ with $\nu_p$ the least normal number of "
        r"the format of $p$ bits; $\rho = \min(S, \tfrac{7}{10} (p + 3)/\beta')$ if the largest score is subtracted "
        r"first, else $\rho = S$ and $\exp$ of a score times $X$ be no overflow.  Then what the head returns is "
        r"within \[ D = \frac{\kappa}{\beta'} \cdot \frac{1 + \epsilon}{1 - \epsilon} (1 + \theta) + \rho (\theta + "
        r"s) + 2 S s + 4 \tau (1 + S) \] of $\max(X, 0)$.  It is $\hat r_j$ for $X = \hat u_j$, and $\hat r_j = \hat "
        r"u_j$ plus it for $X = - \hat u_j$.  If $\hat u_j$ is taken for a number that the float $\pm X$ is only "
        r"near, then $D_j$ is $D$ and how far $\max(X, 0)$ is moved; else $D_j = D$.  Let $R_j = \tfrac98 2^{-q} \rho "
        "+ 2 S s$.",
        r"Let $t$ be the size of the score and $e$ the computed $\exp(-t)$.  The score is $\beta X (1 + d)$ with $|d| "
        r"\le 2^{-q}$, or $\beta X$.  $\exp$ is off by a factor in $[1 - \epsilon, 1 + \epsilon]$ and an amount of at "
        "most $s$; four roundings follow (the sum, its reciprocal, two products), or with two formats at most ten, "
        r"and $(1 + 2^{-q})^4 \le 1 + 5 \cdot 2^{-q}$, $(1 + 2^{-q})^{10} \le 1 + 12 \cdot 2^{-q}$.  If $X < 0$ the "
        r"head returns at most $|X| e/(1 + e)$ in size, and $|X|/(1 + e^t) \le \kappa/\beta'$, because the tangent of "
        r"$\exp$ at $1 + \kappa$ gives $\kappa (1 + e^t) \ge t$.  If $X \ge 0$ it returns $X/(1 + e)$ up to a factor "
        r"within $\theta$ of $1$, and $X - X/(1 + e)$ is bounded in the same way.  Where the largest score is "
        r"subtracted, $t \ge \tfrac{7}{10} (p + 3)$ gives $e < 2^{-p}$, so that $1 + e$ rounds to $1$ and $X$ is "
        r"returned unchanged; so $X \le \rho$ where there is any rounding.  Underflow adds multiples of $\tau$.  "
        r"Finally, where there is rounding, $c\, \hat u_j + d\, \hat r_j$ is at most $(|c| + |d|) \rho (1 + \theta)$ "
        r"in size, and rounding moves it by at most $\tfrac98 2^{-q} (|c| + |d|) \rho$; elsewhere it is $(c + d) \hat "
        r"u_j$, or within $|d|\, |X| e$ of $c\, \hat u_j$ with $|X| e \le 2^{-q} \rho + S s$, as $t e^{-t}$ falls for "
        r"$t \ge 1$.",
    ),
}
ROUNDING = (
    "What the machine returns",
    "Let every weight be zero or a normal number, and let no sum exceed half the largest number.  Let each head of "
    r"$T$ have $W_Q = 0$ or $W_K = 0$, or be a \emph{gate head} as in Lemma~\ref{lem:machine-gate} that reads a "
    r"coordinate called $u_j$, one for each $j$.  Where a coordinate $\xi_i$ of the stream is called $u_j$ in a "
    r"layer, let $\hat u_j$ be the float that it holds there, and $E_j$ a bound by Lemma~\ref{lem:machine-sum} on its "
    r"distance from the form of $u_j$ at the $\hat u_i$ and $\hat r_i$ before, neurons without a name standing for "
    r"their forms; or, where $u_j$ is \emph{spelled}, let $\hat u_j$ be this form, and $E_j = 0$.  Let $D_j$ be as in "
    r"Lemma~\ref{lem:machine-gate}, ranges as in Lemma~\ref{lem:machine-network}(a) or within $M_j$ of a range of "
    r"$u_j$ that is known.  Then $|\hat T - n_o| \le \varrho + \min( \sum_j |A_j| E_j + G_j D_j,\; M(n_o) )$ with "
    r"$\varrho$ the error of the read-out by Lemma~\ref{lem:machine-sum}, and $A_j$, $G_j$ and $M$ as in "
    r"Lemma~\ref{lem:machine-network}.",
    "The sink stays exactly zero, as its updates are sums of products with zero.  A head with scores zero has "
    "weights $1/(1 + 1)$ without rounding, and returns half of its values.  By induction over the layers, each "
    r"coordinate is a number that Lemmas~\ref{lem:machine-sum} and~\ref{lem:machine-gate} bound by its distance from "
    r"a form at the $\hat u_j$ and $\hat r_j$; weights that were rounded make part of the difference of two forms, "
    r"and so of $E_j$.  So the $\hat u_j$ and $\hat r_j$ are a perturbed network, and "
    r"Lemma~\ref{lem:machine-network}(b) and (c) apply to the output.",
)
