r"""The checker's rules as lemmas with proofs, in LaTeX: (title, statement, proof) for each rule that has one.

They say in mathematicians' words what the docstrings in ``check/rules`` say; other rules are declined by name.
In all of them $u_j$ is a neuron before its gate, $r_j = \max(u_j, 0)$, $n_o$ an output of the ReLU network $N$ and
$\tilde n_o$ the same with every gate replaced by $u\,\sigma(\beta u)$.
"""

from __future__ import annotations

from .lemmas_machine import ROUNDING
from .lemmas_routes import ROUTE_LEMMAS

LEMMAS: dict[str, tuple[str, str, str]] = {
    "range": (
        "Interval arithmetic",
        "An input lies in its interval of the box.  If terms lie in intervals, then their sum, product, maximum, "
        "minimum, absolute value, and reciprocal (if the interval does not contain zero) lie between the least "
        "and the largest value that the operation takes at the ends of the intervals.",
        "Each operation is monotone in each argument on the sign regions that the ends delimit, so its extremes "
        "over a product of intervals are taken at ends.",
    ),
    "range_near": (
        "Range of a neighbour",
        r"If $|s - t| \le b$ and $\ell \le t \le h$, then $\ell - b \le s \le h + b$.",
        "Triangle inequality.",
    ),
    "range_affine": (
        "Range of a combination",
        r"If $t = c + \sum_k w_k t_k$ as functions, and every $t_k$ lies in an interval, then $t$ lies in the sum "
        "of $c$ and the intervals times $w_k$.",
        "The sum of intervals encloses the sum.  Equality of the two sides is equality of affine forms in the "
        "inputs, the $u_j$ and the $r_j$, coefficient by coefficient.",
    ),
    "constant": (
        "Distance from a constant",
        r"If $\ell \le t \le h$, then $|t - c| \le \max(h - c, c - \ell)$.",
        "Immediate.",
    ),
    "affine": (
        "Distances add up",
        r"If $s - t = \sum_k w_k (s_k - t_k)$ as functions and $|s_k - t_k| \le b_k$, then $|s - t| \le \sum_k "
        "|w_k| b_k$.",
        "Triangle inequality.  Equality of the two sides is equality of polynomials in the inputs, the $u_j$ and "
        "the $r_j$.",
    ),
    "congruence": (
        "Operations on near terms",
        r"Let $|a_i - b_i| \le e_i$.  Sums of the $a_i$ and of the $b_i$ differ by at most $\sum e_i$; their "
        r"maxima, their minima, and $|a_1|$ and $|b_1|$ by at most $\max e_i$; their products by at most $\prod "
        r"(B_i + e_i) - \prod B_i$ where $|b_i| \le B_i$; and $1/a_1$ and $1/b_1$ by at most $e_1 / (m (m - e_1))$ "
        r"where $|b_1| \ge m > e_1$.",
        "Maximum, minimum and absolute value are $1$-Lipschitz in the sup norm.  The difference of the products "
        "expands into products in which at least one factor is $a_i - b_i$ and the others are at most $B_j$.  "
        "Finally $1/a - 1/b = (b - a)/(ab)$.",
    ),
    "reciprocal": (
        "Nearly a reciprocal",
        r"If $|a y - 1| \le b$ and $|a| \ge m > 0$, then $|y - 1/a| \le b/m$.",
        "$y - 1/a = (a y - 1)/a$.",
    ),
    "polynomial": (
        "Equal polynomials",
        "Two terms whose expansions over the inputs, the $u_j$, the $r_j$ and terms that are no sum or product agree "
        "coefficient by coefficient are equal.",
        "Equal normal forms are equal functions of their atoms.",
    ),
    "univariate": (
        "Bernstein form",
        r"If $s - t$ is a polynomial $p$ in a variable that lies in $[\ell, h]$, and this interval is cut into "
        "equal parts, then $|s - t|$ is at most the largest absolute Bernstein coefficient of $p$ over the parts.",
        "The Bernstein polynomials of an interval are nonnegative there and sum to $1$, so $p$ lies between its "
        "least and its largest coefficient on each part.",
    ),
    "sum": (
        "Chains",
        r"If $|t_0 - t_1| \le b_1, \dots, |t_{n-1} - t_n| \le b_n$, then $|t_0 - t_n| \le b_1 + \dots + b_n$.",
        "Triangle inequality.",
    ),
    "symmetry": (
        "Symmetry",
        r"If $|s - t| \le b$, then $|t - s| \le b$.",
        "The absolute value is even.",
    ),
    "sawtooth": (
        "The folded square",
        r"Let $t \in [0, 1]$, $v_0 = t$, $u_1 = 2 t - 1$, $u_{k+1} = 2 v_k - 1$ and $v_k = 2 \max(u_k, 0) - u_k$ "
        r"for $k \le m$.  Then \[ \Bigl| t - \sum_{k=1}^m 4^{-k} (1 - v_k) - 2^{-2m-3} - t^2 \Bigr| \le 2^{-2m-3} "
        r". \]",
        "$v_k = |u_k| = |2 v_{k-1} - 1|$.  Let $g(t) = 1 - |2t - 1|$, which maps $[0,1]$ to itself, and $s(t) = t "
        r"- t^2$.  Then $s(t) = g(t)/4 + s(g(t))/4$: for $t \le 1/2$ the right side is $t/2 + (2t - 4t^2)/4$, and "
        "both sides are symmetric about $1/2$.  Moreover $1 - v_k = g^k(t)$: this holds for $k = 1$, and $|2v - "
        r"1| = |2(1 - v) - 1|$ gives $1 - v_{k+1} = g(v_k) = g(1 - v_k)$.  By induction $t - \sum_{k \le m} 4^{-k} "
        r"g^k(t) - t^2 = 4^{-m} s(g^m(t)) \in [0, 4^{-m}/4]$, and subtracting half of that interval's length "
        "centres the error (after Yarotsky 2017).",
    ),
    "sawtooth_gated": (
        "The folded square with softmax gates",
        r"Let $h(u) = u \tanh(\beta u / 2)$, which is $2 u \sigma(\beta u) - u$, let $t \in [0, 1]$, $v_0 = t$ and "
        r"$v_k = h(2 v_{k-1} - 1)$ for $k \le m$.  Let $e(x) \ge e^{-\beta x}$, $0 < Y_0 < 1$, $A_0 = D_0 = 0$, "
        r"and for $r = 1, \dots, m$ with $c = Y_{r-1}$ let \[ D_r = \tfrac14 \max(A_{r-1}, 4 c^2 e(c) + D_{r-1}), "
        r"\quad A_r = \tfrac14 (4 e(1 - c) + A_{r-1}), \quad Y_r = \tfrac12 (Y_{r-1} - 2 e(1 - c)) . \] If $Y_r > "
        r"0$, $\beta c \ge 2$ and $(1 - e(c))\, 2^{1-r} \ge (1 + e(c))\, c$ at each $r$, then \[ \Bigl| t - "
        r"\sum_{k=1}^m 4^{-k} (1 - v_k) - 2^{-2m-3} - t^2 \Bigr| \le 2^{-2m-3} + D_m . \]",
        r"$h$ is even and $0 \le h(u) \le |u|$.  Let $F_m(t) = t - \sum_{k \le m} 4^{-k} (1 - v_k) - t^2$.  With "
        "$u = 2t - 1$, $F_0(t) = (1 - u^2)/4$ and $F_m(t) = (h(u)^2 - u^2)/4 + F_{m-1}(1 - h(u))/4$, and $F_m$ is "
        r"symmetric about $1/2$.  By induction $F_m \le 4^{-m}/4$.  Near the ends, $F_r(y) \ge y (2^{-r} - y) - "
        r"A_r$ for $0 \le y \le Y_r$: this holds for $r = 0$; else $1 - h(1 - 2y) = 2y + d$ with $0 \le d \le 2 "
        r"e(1 - Y_{r-1})$, so that $2y + d \le Y_{r-1}$, and the bound of $F_{r-1}$ there leaves $F_r(y) \ge y "
        r"(2^{-r} - y) - (d (2 - 2^{1-r}) + A_{r-1})/4$.  Everywhere, $F_r \ge -D_r$: put $\rho = 2^{1-r}$.  If "
        r"$|u| \le c$, then $F_{r-1}(1 - h) \ge h (\rho - h) - A_{r-1}$, so $F_r \ge (h \rho - u^2 - A_{r-1})/4$, "
        r"and $h \ge u^2 \tanh(\beta c / 2)/c \ge u^2/\rho$, as $\tanh$ is concave. If $|u| \ge c$, then $u^2 - "
        r"h(u)^2 = u^2 / \cosh(\beta u / 2)^2 \le 4 u^2 e^{-\beta |u|} \le 4 c^2 e(c)$, as $x^2 e^{-\beta x}$ "
        r"falls for $\beta x \ge 2$.  Subtracting $2^{-2m-3}$ centres the upper part.",
    ),
    "extremum": (
        "One gate for a maximum, a minimum or an absolute value",
        r"$a + \max(b - a, 0) = \max(a, b)$, $a - \max(a - b, 0) = \min(a, b)$ and $2 \max(a, 0) - a = |a|$.  If "
        r"$|a - s| \le e_1$ and $|b - t| \le e_2$, the first two are within $\max(e_1, e_2)$ of $\max(s, t)$ and "
        r"$\min(s, t)$, the third within $e_1$ of $|s|$.",
        "Maximum and minimum are $1$-Lipschitz in the sup norm, the absolute value in its argument.",
    ),
    "lattice": (
        "Nested extrema",
        "Nested maxima (or nested minima) of the same arguments are equal.",
        "They are associative, commutative and idempotent.",
    ),
    "pieces": (
        "Piece by piece",
        "Let $s$ and $t$ be built with sums, products and reciprocals from one variable, constants, and outputs "
        "of $N$ that depend on this variable alone; let knots cover its range, each neuron keep its sign between "
        "two knots, and no denominator vanish.  Then $s - t = P/Q$ on each piece, with polynomials $P$ and $Q$, "
        r"and $|s - t| \le b$ if $b |Q| - P \ge 0$ and $b |Q| + P \ge 0$ there.",
        r"A linear function with both ends $\ge 0$ (or $\le 0$) on a piece is so on all of it, so that $r_j = u_j$ "
        "(or $0$) and every output is linear there.  The inequalities are decided exactly up to degree $2$, "
        "beyond by nonnegative Bernstein coefficients.",
    ),
    "translation": (
        "The transformer is the gated network",
        r"Let every head of $T$ be \emph{linear}, that is $W_Q = 0$ or $W_K = 0$, or the \emph{gate head} of one "
        r"neuron $u_j$, of dimension $1$: its value is $u_j$, its key a constant $c$, and its query $\beta u_j / "
        r"c$; here each layer's coordinates are affine forms in $1$, the inputs, the $u_j$ and the $\tilde r_j = "
        r"u_j \sigma(\beta u_j)$ of earlier layers.  If the read-out is the form of $n_o$ with $\tilde r_j$ in "
        r"place of $r_j$, then $T = \tilde n_o$.",
        "The sink sees itself alone, so each of its updates is $W_O W_V 0 = 0$ and it stays zero.  Hence the data "
        r"token's attention gives the sink score $0$ and value $0$, and a head adds $\sigma(q \cdot k)\, W_O v$.  "
        r"A linear head has $q \cdot k = 0$ and adds half of $W_O v$; a gate head adds $\tilde r_j$ times a "
        "column.  By induction over the layers every coordinate equals its form.  Softmax normalises over the "
        "sink and the token itself, so no mass leaks.",
    ),
    "gate_error": (
        "The gates' error, backwards",
        r"Let $\kappa e^{1 + \kappa} \ge 1$.  With $c_{ij}$ and $d_{ij}$ the weights with which form $i$ reads "
        r"$u_j$ and $r_j$, let $A_{\mathrm{out}} = [1, 1]$, $A_j = \mathrm{hull}(\sum_i c_{ij} A_i, \sum_i (c_{ij} "
        r"+ d_{ij}) A_i)$ and $G_j = |\sum_i d_{ij} A_i|$.  Then $|\tilde n_o - n_o| \le \frac{\kappa}{\beta} "
        r"\sum_j G_j$.",
        r"The tangent of $\exp$ at $1 + \kappa$ lies below it, so $e^t \ge e^{1+\kappa}(t - \kappa)$ and $\kappa "
        r"(1 + e^t) \ge \kappa + (t - \kappa) = t$.  Hence $0 \le \max(u, 0) - u \sigma(\beta u) = |u|/(1 + "
        r"e^{\beta |u|}) \le \kappa/\beta$ for every real $u$.  Marking the gated network by a tilde, $\tilde r_j "
        r"- r_j = s_j (\tilde u_j - u_j) + \delta_j$ with $|\delta_j| \le \kappa/\beta$ and one mean slope $s_j "
        r"\in [0, 1]$ of $\max(\cdot, 0)$ for all readers of $j$.  Eliminating neurons from the last, the error is "
        r"$\sum_j (\sum_i d_{ij} a_i) \delta_j$, where $a_j = (1 - s_j) \sum_i c_{ij} a_i + s_j \sum_i (c_{ij} + "
        "d_{ij}) a_i$ lies in $A_j$ by induction.",
    ),
    "gate_error_forward": (
        "The gates' error, forwards",
        r"Let $\kappa e^{1 + \kappa} \ge 1$.  For a form that reads $u_j$ and $r_j$ with weights $c_j$ and $d_j$ "
        r"let $E = \sum_j \max(|c_j|, |c_j + d_j|) E_j + |d_j|$, where $E_j$ is that of $u_j$; a form $F + d\, "
        r"r_j$ that reads one gate may have $E = \max(E(F), E(F + d\, u_j)) + |d|$ instead.  Then $|\tilde n_o - "
        r"n_o| \le \frac{\kappa}{\beta} E$.",
        r"$0 \le \max(u, 0) - u \sigma(\beta u) = |u|/(1 + e^{\beta |u|}) \le \kappa/\beta$, because the tangent "
        r"of $\exp$ at $1 + \kappa$ gives $\kappa (1 + e^t) \ge \kappa + (t - \kappa) = t$.  In units of "
        r"$\kappa/\beta$, $|c \tilde u + d \tilde r - c u - d r| \le |c + s d|\,|\tilde u - u| + |d|$ for one "
        r"slope $s \in [0, 1]$.  And $F + d \max(u, 0)$ is $\max(F, F + d u)$ or $\min(F, F + d u)$, neither of "
        "which moves by more than its arguments do.",
    ),
    "rounding": ROUNDING,
    **ROUTE_LEMMAS,
}
