"""Affine forms of networks, for the families of gates and of sequences: equality, and the adjoint sweep."""

from collections.abc import Callable
from fractions import Fraction
from heapq import heapify, heappop, heappush

from ..attention import add_scaled
from ..kernel import Context
from ..model import ONE, Form, Network
from ..number import ceil_to, cost, exp_enclosure, floor_to
from ..refusal import Rejected

EXP_BITS = 128


def equal(context: Context, network: Network, a: Form, b: Form) -> bool:
    """Return whether two forms are equal once every u_j in their difference is replaced by its defining form."""
    if a == b:
        return True
    difference = dict(a)
    add_scaled(difference, Fraction(-1), b, context.spend)
    pending = [-atom[1] for atom in difference if len(atom) == 2 and atom[0] == "u"]
    heapify(pending)
    while pending and difference:
        j = -heappop(pending)
        weight = difference.pop(("u", j), None)
        if weight is not None:
            form = network.neurons[j]
            add_scaled(difference, weight, form, context.spend)
            for atom in form:
                if len(atom) == 2 and atom[0] == "u":
                    heappush(pending, -atom[1])
    return not difference


def weights(form: Form) -> dict[int, tuple[Fraction, Fraction]]:
    """Return for every neuron that the form reads its weights (c, d) before and after the gate."""
    weights: dict[int, tuple[Fraction, Fraction]] = {}
    unread = (Fraction(0), Fraction(0))
    for atom, value in form.items():
        if len(atom) == 2 and atom[0] != "x":
            c, d = weights.get(atom[1], unread)
            weights[atom[1]] = (value, d) if atom[0] == "u" else (c, value)
    return weights


def gate_bound(context: Context, network: Network, kappa: Fraction, terms: int) -> Fraction:
    """Return kappa / beta if kappa exp(1 + kappa) >= 1, decided with ``terms`` Taylor terms; raise Rejected otherwise.

    Lemma.  For every u: 0 <= max(u, 0) - u sigma(beta u) <= kappa / beta.
    Proof.  For every t, exp(t) >= exp(1 + kappa) (t - kappa) because the tangent of exp at 1 + kappa lies below exp.
    So kappa (1 + exp(t)) >= kappa + (t - kappa) = t, that is t / (1 + exp(t)) <= kappa.  Hence
    max(u, 0) - u sigma(beta u) = |u| / (1 + exp(beta |u|)) <= kappa / beta.
    """
    if network.inverse_temperature is None:
        raise Rejected("the network has no inverse temperature")
    if not 0 < kappa < 1 or kappa * exp_enclosure(1 + kappa, terms, EXP_BITS)[0] < 1:
        raise Rejected("kappa exp(1 + kappa) >= 1 is not established")
    context.spend(terms)
    return kappa / network.inverse_temperature


def enclosures(
    context: Context, network: Network, box: list[tuple[int, int]], error: Callable[[int, int, int], int]
) -> list[tuple[int, int]]:
    """Return enclosures of every u_j in a perturbed network, in units of 2**-precision, by one sweep forward.

    ``box`` encloses the inputs; ``error(j, lo, hi)`` bounds |r_j - max(u_j, 0)| where u_j is in [lo, hi].
    Proof.  By induction over neurons: c u + d max(u, 0) is linear on either side of 0, so takes its extremes at the
    ends or at 0, and r_j is off by at most the error.
    """
    context.spend(len(network.neurons))
    bits, zero = context.precision, Fraction(0)
    inside: list[tuple[int, int]] = []
    errors: list[int] = []
    for form in network.neurons:
        lo, hi = floor_to(form.get(ONE, zero), bits), ceil_to(form.get(ONE, zero), bits)
        parts = [(*inside[j], c, d, errors[j]) for j, (c, d) in weights(form).items()]
        parts += [(*box[a[1]], v, zero, 0) for a, v in form.items() if len(a) == 2 and a[0] == "x"]
        for a, b, c, d, off in parts:
            context.spend(4 * cost(Fraction(a), Fraction(b), c, d))
            values = [c * u + d * max(u, 0) for u in (a, b, min(max(a, 0), b))]
            lo += floor_to(min(values) - abs(d) * off, 0)
            hi -= floor_to(-max(values) - abs(d) * off, 0)
        errors.append(error(len(inside), lo, hi))
        inside.append((lo, hi))
    return inside


def sensitivities(
    context: Context, network: Network, output: int, widening: Fraction = Fraction(0)
) -> tuple[list[int], list[int]]:
    """Return G_j for every neuron j and H_i for every input i, in units of 2**-precision rounded up, by one sweep back.

    With c_ij and d_ij the weights with which form i reads u_j and r_j, with w the ``widening`` and A_out = [1, 1]:
    A_j = hull(sum_i (c_ij - w d_ij) A_i, sum_i (c_ij + (1 + w) d_ij) A_i),  G_j = | sum_i d_ij A_i |, and H_k the same
    as G_j with the weights of x_k.
    Lemma.  Let r_j = g(u_j) with all mean slopes of g in [-w, 1 + w]; max(., 0) has w = 0.  Let every r_j be replaced
    by r~_j = g(u~_j) + delta_j and every x_k by x_k + eta_k.  Then the output changes by at most
    sum_j G_j |delta_j| + sum_k H_k |eta_k|.
    Proof.  r~_j - r_j = s_j (u~_j - u_j) + delta_j with s_j the mean slope of g between u_j and u~_j, one number for
    all readers of j.  Eliminating neurons from the last, the output's change is sum_j (sum_i d_ij a_i) delta_j, and
    likewise for inputs, where a_j = sum_i c_ij a_i + s_j sum_i d_ij a_i, a mean of its values at s_j = -w and at
    s_j = 1 + w, lies in A_j by induction.
    """
    one = 1 << context.precision
    count = len(network.neurons)
    context.spend(count + len(context.domain))
    least, most, gate = ([(0, 0)] * count for _ in range(3))
    entry = [(0, 0)] * len(context.domain)

    def push(form: Form, lo: int, hi: int) -> None:
        read = weights(form)
        context.spend(len(form) * (1 + max(lo.bit_length(), hi.bit_length()) // 512))
        reads = [(entry, atom[1], value) for atom, value in form.items() if len(atom) == 2 and atom[0] == "x"]
        for j, (c, d) in read.items():
            reads += [(least, j, c - widening * d), (most, j, c + (1 + widening) * d), (gate, j, d)]
        for table, j, weight in reads:
            if weight:
                n, q = weight.numerator, weight.denominator
                a, b = (n * lo, n * hi) if n > 0 else (n * hi, n * lo)
                table[j] = (table[j][0] + a // q, table[j][1] - (-b // q))

    push(network.outputs[output], one, one)
    for j in range(count - 1, -1, -1):
        lo, hi = min(least[j][0], most[j][0]), max(least[j][1], most[j][1])
        if lo or hi:
            push(network.neurons[j], lo, hi)
    return [max(-lo, hi) for lo, hi in gate], [max(-lo, hi) for lo, hi in entry]
