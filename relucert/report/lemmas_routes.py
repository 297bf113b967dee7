r"""The lemmas of elementary functions and of the routes beside the ReLU networks, in LaTeX; see ``lemmas``."""

from __future__ import annotations

ROUTE_LEMMAS: dict[str, tuple[str, str, str]] = {
    "range_function": (
        "Ranges of elementary functions",
        r"Let $f$ be $\exp$, $\log$, $\sin$, $\cos$, $\operatorname{erf}$ or a power, defined on an interval that "
        r"holds $a$ (positive for $\log$ and for powers with an exponent $\le 0$, not negative for other powers).  "
        r"Then $f(a)$ lies between the least and the largest value of $f$ at its ends; for $\sin$ and $\cos$, "
        "between $-1$ and $1$ on the sides on which the interval may hold an extremum.",
        r"$\exp$, $\log$, $\operatorname{erf}$ and powers are monotone where they are defined.  On an interval "
        r"$\sin$ takes its extremes at its ends or where it is $\pm 1$, and $\cos x = \sin(x + \pi/2)$.  The ends "
        "are computed in exact integer arithmetic and rounded outward.",
    ),
    "lipschitz": (
        "Elementary functions of near arguments",
        r"Let $f$ be $\exp$, $\log$, $\sin$, $\cos$, $\operatorname{erf}$ or a power, and $|a - b| \le e$.  If "
        r"$|f'| \le L$ on an interval that holds $a$ and $b$, then $|f(a) - f(b)| \le L e$; here $L$ is $1$ for "
        r"$\sin$ and $\cos$, $2/\sqrt\pi$ for $\operatorname{erf}$, the value at the upper end for $\exp$, "
        r"$1/\ell$ for $\log$ with $\ell > 0$ the lower end, and $|p|\, x^{p-1}$ at the end where that is larger "
        r"for powers.  If $f(x) = x^p$ with $0 < p < 1$ and $a, b \ge 0$, then $|f(a) - f(b)| \le e^p$.",
        r"Mean value theorem, between $a$ and $b$.  For $0 < p < 1$ and $a \ge b \ge 0$, $a^p \le b^p + (a - "
        "b)^p$, as $x^p$ is subadditive.",
    ),
    "powers": (
        "Products of powers",
        "Let $s$ and $t$ be built with products, reciprocals and rational powers from numbers that are enclosed "
        "above zero, each of which has the same exponent in both.  Then $s = t$.",
        r"For positive numbers $(ab)^p = a^p b^p$, $(a^p)^q = a^{pq}$, $1/a = a^{-1}$ and $a^p a^q = a^{p+q}$.",
    ),
    "smooth": (
        "Taylor expansion cell by cell",
        "Let $D = s - t$ be a function of one variable that lies between the first and the last of increasing "
        "knots, smooth on each closed cell between two of them.  On a cell with midpoint $m$ and half-width $h$ "
        r"let $c_k = D^{(k)}(m) h^k / k!$ for $k \le n$, and let $R \ge |D^{(n+1)}(y)| h^{n+1} / (n+1)!$ for all "
        r"$y$ of the cell.  Then $|s - t|$ is at most the largest, over the cells, of $\max_{|z| \le 1} |c_0 + c_1 "
        r"z + c_2 z^2| + |c_3| + \dots + |c_n| + R$.",
        r"Taylor's theorem with Lagrange's remainder: for $x = m + h z$ with $|z| \le 1$ there is a $y$ in the "
        r"cell with $D(x) = \sum_{k \le n} c_k z^k + D^{(n+1)}(y) h^{n+1} z^{n+1} / (n+1)!$.  The $c_k$ and $R$ "
        "are enclosed by the recurrences of power series, which hold coefficient by coefficient at every point, "
        "in exact integer arithmetic rounded outward (Moore 1966).  On each cell every denominator stays away "
        r"from zero, logarithms and powers are of positive numbers, and neurons with gates $\max(u, 0)$ keep their "
        "signs, so that they are linear.",
    ),
    "analytic": (
        "A polynomial against an analytic function",
        "On each cell between two knots, with midpoint $c$ and half-width $h$, let $s$ be a polynomial in one "
        "variable and let $t$ be analytic and real on the ellipse $E$ with foci at the cell's ends and half-axes "
        r"$(\rho \pm 1/\rho) h/2$, $\rho > 1$, with $|t| \le A$ there.  Let $T = 2 A \rho^{-n}/(\rho - 1)$, let "
        r"$d$ be the larger of $n$ and the degree of $s$, and let $|s - t| \le W$ at $c + h \cos(j \pi / M)$ for "
        r"$j = 0, \dots, M$.  If $11 d < 7 \sqrt 2\, M$, then $|s - t| \le (W + T)/(1 - (11 d/(7 M))^2/2) + T$ on "
        "the cell.",
        r"The Chebyshev coefficients of $t$ on the cell are at most $2 A \rho^{-k}$ in size, so its Chebyshev sum "
        r"$p$ up to $k = n$ is within $T$ of it.  Then $q(\theta) = (s - p)(c + h \cos\theta)$ is a trigonometric "
        r"polynomial of degree at most $d$.  Let $m$ be the largest $|q|$, taken at $\theta_0$.  Then "
        r"$q'(\theta_0) = 0$, $|q''| \le d^2 m$ by Bernstein's inequality, twice, and some node is within "
        r"$\pi/(2M)$ of $\theta_0$, so that $|q| \ge m (1 - (\pi d/(2M))^2/2)$ there, and $\pi < 22/7$.  At the "
        r"nodes $|q| \le W + T$.  That $t$ is analytic on $E$, and $A$ and $W$, are found by interval arithmetic: "
        "rectangles that cover the upper half of $E$, and the nodes.",
    ),
    "softmax": (
        "The transformer is an expression in exponentials",
        "Let there be one data token, and, if there are anchors and several layers, let the mask be causal and "
        r"let every anchor's scores be zero in every layer but the last.  In each head let $e_s$ be $\exp$ of the "
        r"data token's score against token $s$, for the anchors and for itself.  Then the head adds $W_O \sum_s "
        r"e_s v_s / (1 + \sum_s e_s)$ to the data token, with $v_s$ the values, and $T$ equals the expression that "
        "follows from this layer by layer.",
        "The sink sees itself alone, so each of its updates is $W_O W_V 0 = 0$ and it stays zero: its score is "
        "$0$, its power $1$, and its value $0$.  The denominator is at least $1$.  In the first layer the anchors "
        r"are the constants given.  Under a causal mask anchor $k$ sees the sink and anchors $1, \dots, k$ alone; "
        r"where its scores are zero each has weight $1/(k+1)$, so that a head adds $W_O (v_1 + \dots + v_k)/(k+1)$ "
        "to it, again a constant.  What the last layer adds to anchors nobody reads.  The read-out and the "
        "expression agree as polynomials in the inputs, the $e_s$ and the reciprocals of the sums.",
    ),
    "anchor_gates": (
        "Gates by interpolation on anchors",
        "Let there be one data token and $P - 1$ anchors, and two coordinates that no head writes and that hold "
        "$k$ and $k^2$ on anchor $k$, $P$ and $P^2$ on the data token.  Let the head of the neuron $u_j$ have the "
        r"key $(k, k^2)$, the value $k$ and the query $(2 b u_j / D_j, -b)$, with $1 \le b$ and $P D_j \ge u_j$ "
        "throughout; what it reads, times $D_j$, takes the place of $r_j$.  Let $A(y)$ be the mean of $k = 0, "
        r"\dots, P$ under the weights $e^{b (2 k y - k^2)}$, and let $|A(y) - \min(\max(y, 0), P)| \le c$ for all "
        "real $y$.  With $c_{ij}$ and $d_{ij}$ the weights with which form $i$ reads $u_j$ and $r_j$, let "
        r"$A_{\mathrm{out}} = [1, 1]$, $A_j = \mathrm{hull}(\sum_i c_{ij} A_i, \sum_i (c_{ij} + d_{ij}) A_i)$ and "
        r"$G_j = |\sum_i d_{ij} A_i|$.  Then $|T - n_o| \le c \sum_j G_j D_j$.",
        "The data token sees the sink, the anchors and itself.  With $y = u_j/D_j$ its scores against them are $b "
        r"(2 k y - k^2)$ for $k = 0$ (the sink, which stays zero), $1, \dots, P$, and the values are $k$.  So the "
        r"head reads $A(y)$, and $D_j A(y)$ is within $c D_j$ of $\max(u_j, 0)$, as $u_j \le P D_j$; the last is "
        "found by a sweep of intervals over the neurons with these errors.  For $c$: $A' $ is $2 b$ times a "
        r"variance, so $A$ increases, and $A(P - y) = P - A(y)$, so that $0 \le y \le P$ is enough.  Let $n$ be "
        "the whole number nearest to $y$ and $f = y - n$; with $k = n + j$ the weights are proportional to $w_j = "
        r"e^{b (2 j f - j^2)}$ and the error is their mean of $j$ less $f$.  By symmetry $0 \le f \le 1/2$.  A "
        "mean increases when its least number goes or one above all others joins, so it lies between its values "
        r"over $j \le 1$ and over $j \ge 0$, which increase in $f$; they are enclosed at the ends of equal cells "
        "of $[0, 1/2]$, where beyond four neighbours $j w_j$ falls at least by half from each $j$ to the next.  "
        r"Finally, as each error enters with one mean slope in $[0, 1]$ of $\max(\cdot, 0)$, eliminating neurons "
        "from the last gives the weights $G_j$.",
    ),
    "anchor_gates_stated": (
        "Gates by interpolation on anchors, as published",
        "Let there be one data token and $P - 1$ anchors, and two coordinates that no head writes and that hold "
        "$k$ and $k^2$ on anchor $k$, $P$ and $P^2$ on the data token.  Let the head of the neuron $u_j$ have the "
        r"key $(k, k^2)$, the value $k$ and the query $(2 b u_j / D_j, -b)$, with $1 \le b$ and $P D_j \ge u_j$ "
        r"throughout; what it reads, times $D_j$, takes the place of $r_j$.  Let $e \ge e^{-b}/(1 - e^{-3b})$.  "
        r"With $c_{ij}$ and $d_{ij}$ the weights with which form $i$ reads $u_j$ and $r_j$, let $A_{\mathrm{out}} "
        r"= [1, 1]$, $A_j = \mathrm{hull}(\sum_i c_{ij} A_i, \sum_i (c_{ij} + d_{ij}) A_i)$ and $G_j = |\sum_i "
        r"d_{ij} A_i|$.  Then $|T - n_o| \le \sum_j G_j (P D_j e + D_j)$.",
        "The data token's scores against the sink, the anchors and itself are $b (2 k y - k^2)$ for $k = 0, "
        r"\dots, P$, with $y = u_j/D_j$, and the values are $k$, so the head reads their mean $A(y)$.  It "
        r"increases, and $A(P - y) = P - A(y)$, so that for $|A(y) - \min(\max(y, 0), P)| \le 1 + P e$ it is "
        r"enough that $0 \le y \le P$.  Let $n \le y \le n + 1$.  The score of $n + 1 + i$, $i \ge 1$, is below "
        r"that of $n + 1$ by at least $b i^2$, and likewise that of $n - i$ below that of $n$.  As $i^2 \ge 1 + 3 "
        "(i - 1)$, the mass beyond these two is at most $e$.  And $A(y) - y$ is the mean of $k - y$, which is at "
        "most $1$ in size on $n$ and $n + 1$ and at most $P$ elsewhere.  As each error enters with one mean slope "
        r"in $[0, 1]$ of $\max(\cdot, 0)$, eliminating neurons from the last gives the weights $G_j$.",
    ),
    "mirror": (
        "A token and its mirror compute the gated network",
        "Let the data token and its mirror see themselves and each other alone, and let the mirror start as minus "
        "the data token.  Let each head have dimension $1$, a constant key $c$, the value $u_j$ of its neuron and "
        r"the query $\beta u_j/(2 c)$, where each coordinate is an affine form in $1$, the inputs, the $u_j$ and "
        r"the $\tilde r_j = u_j \sigma(\beta u_j)$ of earlier layers and what a head reads is $2 \tilde r_j - "
        r"u_j$.  If the read-out is the form of $n_o$ with $\tilde r_j$ in place of $r_j$, then $T = \tilde n_o$.",
        r"Let the mirror be minus the data token $X$ before a layer, and let $s = (W_Q X) \cdot (W_K X)$.  The "
        "data token scores $s$ against itself and $-s$ against the mirror, whose value is $-W_V X$; so it reads "
        r"$(e^s - e^{-s})/(e^s + e^{-s})\, W_V X = \tanh(s)\, W_V X$.  The mirror scores $s$ against itself, where "
        "its value is $-W_V X$, and $-s$ against the data token: it reads minus that.  So the mirror is minus the "
        r"data token after the layer too. With $s = \beta u_j/2$ and $\tanh(z/2) = 2 \sigma(z) - 1$ a head reads "
        r"$2 \tilde r_j - u_j$.  By induction over the layers every coordinate equals its form.  No other token is "
        "seen, so no mass leaks.",
    ),
    "grid_head": (
        "One head on a grid",
        r"Let $f$ have a modulus of continuity on the box: $|f(x) - f(y)| \le \sum_i H_i |x_i - y_i|^\alpha$ and "
        r"$\le H |x - y|^\alpha$.  Let the box be cut into $m_i$ equal parts of width $h_i$ in each input, with "
        "one anchor for each cell, in lexicographic order, and centre $c$.  Let one head in one layer have the "
        r"score $S + \sum_i b\, h_i^{-2} (2 c_i x_i - c_i^2)$, $b \ge 2$, against the anchor of $c$, and let its "
        "value, read out, be $v_c$; let key, value and read-out of the data token be zero.  With $q = 2 e^{d b/4 "
        r"- S}$, $d$ the number of inputs, $r = \max |v_c - f(c)|$ and $s^2 = 1/4 + 2 e^{-b}$, \[ |T - f| \le q "
        r"\max |v_c| + r + \min\Bigl(\sum_i H_i (s h_i)^\alpha,\; H (s |h|)^\alpha\Bigr) . \]",
        r"Sink and data token have score $0$ and value $0$.  The score of the cell of $x$ is $S + \sum_i b\, "
        r"h_i^{-2} (x_i^2 - (x_i - c_i)^2) \ge S - d b/4$, so their mass is at most $q$, and $T$ is within $q \max "
        r"|v_c| + r$ of the mean of $f(c)$ under weights proportional to $\prod_i e^{-b (x_i - c_i)^2/h_i^2}$: the "
        r"coordinates of $c$ are independent.  In units of $h_i$ let $g \le 1/2$ be the distance of $x_i$ to the "
        "nearest centre and $z = 1 - 2 g$.  The mean of $(x_i - c_i)^2$ is $g^2$ plus the excess over $g^2$ of "
        "each other centre times its share.  The nearest one has excess $z$ and share at most $1/(1 + e^{b z}) "
        r"\le 1/2 - z/4$, as this is convex, $1/2$ at $0$ and at most $1/4$ at $1$; and $g^2 + z (1/2 - z/4) = "
        r"1/4$.  The others have excesses at least $k^2$ on one side and $k (k - 1)$, $k \ge 2$, on the other, and "
        "together make at most $2 e^{-b}$.  So the mean square is at most $(s h_i)^2$, and by concavity the means "
        r"of $|x_i - c_i|^\alpha$ and $|x - c|^\alpha$ are at most $(s h_i)^\alpha$ and $(s |h|)^\alpha$.  A "
        "modulus of $f$ follows from its formula: sums add moduli; a product moves by the moves of its factors "
        "times the largest sizes of the others; extrema and absolute values move by at most the largest move of "
        r"an argument; a function of slope at most $L$ by at most $L$ times as much; and $|a^p - b^p| \le |a - "
        "b|^p$ for $0 < p < 1$ (after arXiv 2504.19901).",
    ),
    "grid_norm": (
        "One head on a grid, in the mean",
        "Let head, grid, $q$, $v_c$, $s$ and $b$ be those of a head whose score against the anchor of the centre "
        r"$c$ is $S + \sum_i b\, h_i^{-2} (2 c_i x_i - c_i^2)$ and whose value there, read out, is $v_c$, with "
        "zero key, value and read-out of the data token, $q = 2 e^{d b/4 - S}$ and $s^2 = 1/4 + 2 e^{-b}$, where "
        "$d$ is the number of inputs and the grid's cells have widths $h_i$.  Let $f$ have a modulus of "
        r"continuity $(H_i, H)$ of exponent $\alpha$ on each convex part of the box on which no condition of its "
        r"branches changes sign, let $|v_c - f| \le W$ everywhere, and let $\omega = \min(\sum_i H_i (s "
        r"h_i)^\alpha, H (s |h|)^\alpha)$.  The neighbours of a cell $C$ are the cells that touch it, $C$ among "
        r"them.  If each condition is $\ge 0$ on all of them or $< 0$ on all, let $I_C = (r + \omega + 2 d e^{-2b} "
        r"W)^p$ with $r = \max |v_c - f(c)|$ over the neighbours.  Else let $I_C = \sum_c (7/(20 b))^{k} e_c^p + d "
        "e^{-2b} W^p / b$ over the neighbours $c$, with $k$ the number of coordinates in which $c$ differs from "
        r"$C$ and $e_c \ge |v_c - f|$ almost everywhere on $C$.  With $V$ the volume of the box, \[ \Bigl(\int_B "
        r"|T - f|^p\Bigr)^{1/p} \le \Bigl(|C| \sum_C I_C\Bigr)^{1/p} + q \max |v_c|\, V^{1/p} . \]",
        "Sink and data token have score $0$ and value $0$ and together a mass of at most $q$, as the score of the "
        "cell of $x$ is at least $S - d b/4$; by Minkowski they make the last part.  What is left is the norm of "
        r"$g = \sum_c w_c (v_c - f)$ with $w_c$ proportional to $\prod_i e^{-b (x_i - c_i)^2/h_i^2}$.  Let $x$ be "
        r"in $C$, at $u h_i$ from its centre, $|u| \le 1/2$.  The centre $j$ cells on has the excess $j^2 - 2 j u$ "
        r"against that of $C$, so those with $|j| \ge 2$ have a share of at most $\sum_{j \ge 2} (e^{-b j (j-1)} + "
        r"e^{-b j^2}) \le 2 e^{-2b}$ in each coordinate.  If the conditions keep their signs, $f$ has its modulus "
        r"on the hull of the neighbours, where $|v_c - f(x)| \le r + |f(c) - f(x)|$; the mean of $(x_i - c_i)^2$ "
        "is at most $(s h_i)^2$: in units of $h_i$ it is $g^2 + z (1/2 - z/4) = 1/4$ for the two nearest centres, "
        "at distances $g$ and $1 - g$ with $z = 1 - 2 g$, and at most $2 e^{-b}$ for all others.  By concavity "
        r"the mean of $|f(c) - f(x)|$ is at most $\omega$, and farther cells add $2 d e^{-2b} W$.  Else $|g|^p \le "
        r"\sum_c w_c |v_c - f|^p$ by convexity, and the mean of $w_c$ over $C$ is a product over coordinates: for "
        r"$j = \pm 1$ at most $\int_0^{2b} dt/(1 + e^t)/(2b) < \ln 2/(2b) < 7/(20 b)$, and for $|j| \ge 2$ "
        r"together at most $2 \sum_{j \ge 2} e^{-b j (j-1)}/(2 b j) \le e^{-2b}/b$.  Zero sets of nonzero "
        "polynomials do not count.",
    ),
    "partition_of_unity": (
        "Local approximations, blended",
        r"Let $f$ have a modulus of continuity on the box: $|f(x) - f(y)| \le \sum_i H_i |x_i - y_i|^\alpha$ and "
        r"$\le H |x - y|^\alpha$.  Let every token but the sink see all tokens, let the box be cut into $n_i$ "
        "equal parts of width $h_i$ in each input, with one anchor for each block, in lexicographic order, and "
        "centre $c$.  Block $1$: a head with zero scores adds the same affine $u(x_a)$, increasing and at most "
        "zero on the box, in one coordinate to every token but the sink; the units read that coordinate and a "
        "coordinate that is $1$ on anchors and $0$ on the data token, and give each anchor a value $G_c(x_a)$, "
        r"piecewise linear.  Block $2$: the head's score against the anchor of $c$ is $S + \sum_i b_i h_i^{-2} (2 "
        r"c_i x_i - c_i^2)$ over the inputs with $n_i > 1$, $b_i \ge 2$, its value $G_c(x_a)$; key and value of "
        "the data token are zero; and its units cut the output off at two constants that enclose the range of "
        r"$f$.  Let $V = \max |G_c|$ and $F = \max |f|$.  On the points of the box with $x_a$ at most $\mu h_a$ "
        r"beyond the block of $c$, $0 < \mu \le 1/2$, let the pieces of $G_c$ be no longer than $w$ and let $G_c$ "
        "at their ends differ from $f$, at the other coordinates of $c$, by at most $r$.  Let $w_a = w/2$, $w_i = "
        r"s_i h_i$ with $s_i^2 = 1/4 + 2 e^{-b_i}$, or $1/4$ if $n_i = 1$, $q = 2 e^{\sum_i b_i/4 - S}$, and $g = "
        r"3 e^{-2 \mu b_a}$, or $0$ if $n_a = 1$.  Then \[ |T - f| \le q V + g (V + F) + r + \min\Bigl(\sum_i H_i "
        r"w_i^\alpha,\; H \bigl(\sum_i w_i^2\bigr)^{\alpha/2}\Bigr) . \]",
        "Softmax of zeros is uniform, so block $1$ adds $u$ exactly.  On the data token no unit is active, and "
        "the sink stays zero.  In block $2$ sink and data token have score and value $0$, and the block of $x$ "
        r"has a score of at least $S - \sum_i b_i/4$: their mass is at most $q$, so that what is read is within $q "
        r"V$ of the mean of $G_c(x_a)$ with shares proportional to $\prod_i e^{-b_i (x_i - c_i)^2/h_i^2}$.  In "
        r"units of $h_i$, with $y \le 1/2$ the distance to the nearest centre and $z = 1 - 2 y$, the mean of $(x_i "
        "- c_i)^2$ is $y^2$ plus the excess of each other centre times its share: the nearest one has excess $z$ "
        r"and share at most $1/(1 + e^{b z}) \le 1/2 - z/4$, where $y^2 + z (1/2 - z/4) = 1/4$, and all others "
        r"make at most $2 e^{-b}$.  So it is at most $w_i^2$.  Call $c$ good if $x_a$ is at most $\mu h_a$ beyond "
        r"its block.  If it is not, its excess is at least $2 \mu$ for the next centre and $k (k - 1)$ or $k^2$ "
        r"for those beyond, so that the shares of these add to less than $e^{-2 \mu b} + e^{-b} (1 + 2 e^{-b}) + 2 "
        r"e^{-2 b} \le 3 e^{-2 \mu b}$, and each is off by at most $V + F$.  For good $c$, $G_c(x_a)$ is a mean of "
        "the values at the ends $t$ of a piece, within $r$ of the mean of $f$ at $t$ and the other coordinates of "
        r"$c$, and the mean of $(t - x_a)^2$ is $(t_1 - x_a)(x_a - t_0) \le w_a^2$.  All weights together are a "
        "mean over points of the box, and by concavity the modulus gives the last part.  Cutting off moves "
        "nothing away from $f$.  A modulus of $f$ follows from its formula: sums add moduli; a product moves by "
        "the moves of its factors times the largest sizes of the others; extrema and absolute values move by at "
        "most the largest move of an argument; a function of slope at most $L$ by at most $L$ times as much; and "
        r"$|a^p - b^p| \le |a - b|^p$ for $0 < p < 1$ (after arXiv 2605.08811).",
    ),
    "tokens": (
        "Every data token computes the gated network",
        r"Let there be no anchors, and let $\kappa e^{1 + \kappa} \ge 1$.  Let the position codes $\gamma(t)$ be "
        r"binary, of $L$ columns with at most $2^L$ data tokens, or quadratic, and let $P(s, t) = M (\gamma(s) "
        r"\cdot \gamma(t) - L)$ or $P(s, t) = -M (s - t)^2$, $M > 0$.  Let the head of the neuron $u_j$ have at "
        r"token $t$ the score $\beta u_j(t) + P(s, t)$ against data token $s$, and the value $u_j$, where each "
        "layer's coordinates are affine forms in $1$, the inputs, the code, the $u_j$ and what the heads of "
        r"earlier layers read, which takes the place of $\tilde r_j$.  If every token carries one input $x_i$ "
        "alone, let the last one gather them: either by heads without scores, whose average, times $n + 1$, is "
        "$x_i$; or by heads whose score at every token against token $s$ is $A + P(s, i)$ and whose value is a "
        r"combination $\sum_k v_k x_k$ with $v_i \ne 0$, where token $k$ alone holds $x_k$.  Let the read-out be "
        r"the form of $n_o$ with $\tilde r_j$ in place of $r_j$.  Let $q = (1 + e^{-2M})^L - 1$ or $q = 2 "
        r"e^{-M}/(1 - e^{-3M})$, $R_j \ge |u_j|$ at every data token, $W_i \ge \max_k |v_k x_k|/|v_i|$, and $e = "
        "e^{-A}$.  With $c_{ij}$ and $d_{ij}$ the weights with which form $i$ reads $u_j$ and $r_j$, let "
        r"$A_{\mathrm{out}} = [1, 1]$, $A_j = \mathrm{hull}(\sum_i (c_{ij} - \kappa d_{ij}) A_i, \sum_i (c_{ij} + "
        r"(1 + \kappa) d_{ij}) A_i)$, $G_j = |\sum_i d_{ij} A_i|$, and $H_i$ likewise the weight of the input "
        r"$x_i$.  Then $|T - \tilde n_o| \le 2 q \sum_j G_j R_j + 2 (q + e) \sum_i H_i W_i$, where the second sum "
        "is over inputs that heads with scores gather.",
        r"With $a = \beta u_j$ the weights of the sink, of the token $t$ itself, and of another token $s$ that it "
        "sees are $1$, $e^a$ and $e^a e^{P(s, t)}$ over their sum, so the mass on other data tokens is at most "
        "the sum of their $e^{P(s,t)}$.  Binary: codes that differ in $k$ places give $P = -2 M k$, and distinct "
        r"tokens have distinct codes, so it is at most $\sum_{k \ge 1} \binom{L}{k} e^{-2 M k} = q$.  Quadratic: "
        r"two tokens at most stand at each distance $k$, and $k^2 \ge 1 + 3 (k - 1)$.  The sink stays zero, so "
        r"with $g = u_j \sigma(a)$ the head reads $(1 - p) g + p v$ with $p \le q$ and $v$ an average of $u_j$ "
        r"over other tokens, which is within $2 q R_j$ of $g$.  That $|u_j| \le R_j$ holds by induction over the "
        r"neurons, by a sweep of intervals with these errors, as $g$ is within $\kappa/\beta$ of $\max(u_j, 0)$: "
        r"the tangent of $\exp$ at $1 + \kappa$ gives $\kappa (1 + e^z) \ge z$.  A head without scores averages "
        "over the sink and the data tokens seen.  A head that gathers reads $v_i x_i$ at the last token but for a "
        "mass of at most $e$ on the sink and $q$ on others, whose values are at most $W_i |v_i|$.  Finally the "
        r"slope of $g$ in $u_j$ lies in $[-\kappa, 1 + \kappa]$, so that eliminating neurons from the last weighs "
        "the errors by $G_j$ and $H_i$.",
    ),
    "token_extremum": (
        "Softmax as a soft maximum",
        r"Let one head in one layer have dimension $1$, a constant query, the score $S \ge 0$ affine in the inputs "
        "of the token that is seen, and as value a multiple of $S$; let the read-out be a constant plus $w$ times "
        r"the average of $S$, $z = F + w S$ with that constant $F$.  Let $c e^{1 + c} \ge n$ for every number $n$ "
        "of data tokens.  Then $T$ is within $|w| c$ of the maximum of $z$ over the data tokens seen if $w > 0$, "
        "of the minimum if $w < 0$.",
        "The sink has $S = 0$, and so the largest $S$ of the data tokens seen is the largest of all.  Let $t_i "
        r"\ge 0$ be how far the others, at most $n$ with the sink, lie below it.  The average lies below it by "
        r"$\sum t_i e^{-t_i}/(1 + \sum e^{-t_i})$, which is at most $c$ if $\sum (t_i - c) e^{-t_i} \le c$; and "
        r"each $(t - c) e^{-t} \le e^{-c-1}$, its value at $t = c + 1$, so that $n e^{-c-1} \le c$ suffices.",
    ),
    "regions": (
        "Cell by cell",
        "Let $f$ be built with sums, products, reciprocals, absolute values, maxima and minima from the inputs "
        "and constants, and let the box be cut into cells, each by the sign of an affine function on a cell "
        r"before, which may be a neuron that is affine there.  On a cell, let $\ell$ be affine and $\nu \ge 0$ a "
        r"constant with $|n_o - \ell| \le \nu$, and let $f$ be at each point one of a few quotients $P/Q$ of "
        r"polynomials with $Q > 0$.  If $b Q - \nu Q \mp (\ell Q - P) \ge 0$ for each of them on each cell, then "
        r"$|n_o - f| \le b$.",
        "The two sides of a cut cover the cell, and an affine function is at least its least value at the "
        "corners.  A neuron that keeps its sign on the cell is gated exactly: $r_j$ is $u_j$ or $0$.  For others "
        r"$\max(u, 0) - s u$, $s \in [0, 1]$, is convex in $u$ and $0$ at $0$, hence in $[0, 2m]$ where $2m$ is at "
        "least its value at both ends of the range of $u$; so $r_j$ is within $m$ of $s u_j + m$, and these "
        r"errors, carried along, make $\nu$.  Where $\max(a, b)$ is either $a$ or $b$ and $|a|$ is $a$ or $-a$, "
        r"each choice that is possible on the cell is tested.  A polynomial $p$ of degree $k$ is $p(x) = \pi(x, "
        r"\dots, x)$ with $\pi$ affine in each of $k$ arguments; where $x$ is a mean of the cell's corners $v_i$, "
        r"it is a mean of the $\pi(v_{i_1}, \dots, v_{i_k})$, so that $p \ge 0$ on the cell if these are; up to "
        r"degree $2$ in at most two inputs $p \ge 0$ is decided exactly.",
    ),
}
