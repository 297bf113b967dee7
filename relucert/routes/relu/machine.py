"""The ``relu`` route for a float machine: choose a network and its layout, and prove what the machine returns.

All weights are rounded to the format, and the inverse temperature is a power of two, so that scores are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from ...arithmetic.model import Arithmetic
from ...certificate.write import Proved
from ...derivation import prove
from ...derivation.judgement import In
from ...errors import UnreachableError
from ...exact.enclosure import Enclosure
from ...exact.number import decimal_up, round_up
from ...relu.gate import gate_constant
from ...relu.network import Atom, Network
from ...relu.plan import Outline, Plan
from ...spec.problem import Problem
from .layout import Laid, lay_out
from .rounding import Machine, Share, UnfitError
from .route import BITS, RESERVE, Candidate, candidates

ONE_COORDINATE = 0
LEAST_BITS = 256
MARGIN = 1 + Fraction(1, 2**40)
FINER = 4  # each round of the search asks for an approximation this much better
NEGLIGIBLE = 64
MOST_ROUNDS = 60
WEAKEST = -8  # least exponent of an inverse temperature that is tried: a normal number in every format
Progress = Callable[[str], None]
Entries = dict[tuple[int, int], Fraction]
Terms = dict[Atom, Fraction]


@dataclass(frozen=True, slots=True)
class Run:
    """A candidate on the machine: its transformer, and for each output the parts of its distance from the network."""

    candidate: Candidate
    exponent: int
    laid: Laid
    shares: tuple[tuple[Share, ...], ...]

    @property
    def bounds(self) -> tuple[Fraction, ...]:
        """For each output, a bound on the machine's distance from the target."""
        return tuple(a + b for a, b in zip(self.approximations, self.distances, strict=True))

    @property
    def approximations(self) -> tuple[Fraction, ...]:
        """For each output, a bound on the network's distance from the target."""
        return tuple(value.near.bound for value in self.candidate.values)

    @property
    def distances(self) -> tuple[Fraction, ...]:
        """For each output, a bound on the machine's distance from the network."""
        return tuple(round_up(sum((s.bound for s in parts), Fraction(0)) * MARGIN) for parts in self.shares)


def build(problem: Problem, progress: Progress) -> tuple[Proved, Plan]:
    """Return the cheapest network whose approximation, gates and rounding together stay within the tolerance.

    Ever finer networks are tried, the cheapest of each first; more gates make the approximation better and, as a rule,
    the rounding worse.  The inverse temperature is the least power of two that fits.
    Raises UnreachableError, with the least bound found and what limits it, where none fits.
    """
    best: Run | None = None
    unfit = ""
    wanted = problem.tolerance * (1 - RESERVE)
    allowance, outline = problem.tolerance, Outline.of(problem)
    for _ in range(MOST_ROUNDS):
        progress(f"building within {decimal_up(allowance, 3)}")
        found = sorted(candidates(outline, allowance, direct=False), key=lambda c: _key(problem, c))
        for candidate in found:
            try:
                run = _sharpest(problem, candidate)
            except UnfitError as error:
                unfit = str(error)
                continue
            if max(run.bounds) <= wanted:
                progress("proving")
                run = _least_temperature(problem, run, wanted)
                return _prove(problem, run), run.candidate.plan
            if best is None or max(run.bounds) < max(best.bounds):
                best = run
        if not found or (best is not None and allowance < max(best.bounds) / NEGLIGIBLE):
            break
        allowance /= FINER
    progress("looking for what is reachable")
    raise UnreachableError(_obstacle(problem, _reachable(problem, best), unfit))


def _reachable(problem: Problem, best: Run | None) -> Run | None:
    """Return the run of least bound over networks coarser than the tolerance asks, and ``best``."""
    if best is None:
        return None
    loose = replace(problem, tolerance=max(best.bounds))
    outline, allowance = Outline.of(loose), loose.tolerance / 2
    while allowance > problem.tolerance:
        for candidate in candidates(outline, allowance, direct=False):
            try:
                run = _sharpest(loose, candidate)
            except UnfitError:
                continue
            if max(run.bounds) < max(best.bounds):
                best = run
        allowance /= FINER
    return best


def _key(problem: Problem, candidate: Candidate) -> tuple[int, ...]:
    gates, layers = len(candidate.network.gated), candidate.layers
    return (layers, gates) if problem.objective == "layers" else (gates, layers)


def _obstacle(problem: Problem, best: Run | None, unfit: str) -> str:
    """Return what is reachable and what limits it."""
    arithmetic = _arithmetic(problem)
    asked = f"no construction of {problem.target} reaches {decimal_up(problem.tolerance)} in {arithmetic.dtype}"
    if best is None:
        return f"{asked}: {unfit}" if unfit else asked
    k = max(range(len(best.bounds)), key=best.bounds.__getitem__)
    worst = max(best.shares[k], key=lambda share: share.bound)
    return (
        f"{asked}; reachable is --eps {decimal_up(best.bounds[k] * (1 + 2 * RESERVE), 3)}, limited by rounding: "
        f"{decimal_up(best.distances[k], 3)} beside an approximation error of {decimal_up(best.approximations[k], 3)}, "
        f"most of it, {decimal_up(worst.bound, 3)}, at {worst.source}"
    )


def _arithmetic(problem: Problem) -> Arithmetic:
    if problem.arithmetic is None:
        raise ValueError("this route needs an arithmetic")
    return problem.arithmetic


def _run(problem: Problem, candidate: Candidate, exponent: int, reverse: frozenset[int]) -> Run:
    arithmetic, network = _arithmetic(problem), candidate.network
    laid = lay_out(network, Fraction(2) ** exponent, arithmetic.format, reverse)
    bits = max(LEAST_BITS, candidate.precision)
    kappa = gate_constant().kappa
    ranges = [(candidate.draft.outputs[o], known.lo, known.hi) for known, o in _ranges(candidate)]
    machine = Machine(
        laid.transformer, network, laid.names, laid.spelled, problem.domain, arithmetic, kappa, bits, ranges
    )
    shares = tuple(tuple(machine.shares(o, form)) for o, form in enumerate(network.outputs))
    return Run(candidate, exponent, laid, shares)


def _ranges(candidate: Candidate) -> list[tuple[In, int]]:
    """Return the ranges of network outputs that the draft has proved, and those outputs."""
    d = candidate.draft.derivation
    found: list[tuple[In, int]] = []
    for step, made in enumerate(d.steps):
        kind, term, *ends = made.conclusion
        node = d.nodes[term] if kind == "in" and isinstance(term, int) else None
        lo, hi = (end if isinstance(end, Fraction) else Fraction(0) for end in (ends[0], ends[-1]))
        if node is not None and node.op == "net" and isinstance(term, int):
            found.append((In(term, lo, hi, step), node.children[1]))
    return found


def _sharpest(problem: Problem, candidate: Candidate) -> Run:
    """Return the run of least bound, over the layouts, with an inverse temperature as large as scores allow."""
    runs: list[tuple[Fraction, int, Run]] = []
    unfit = UnfitError("no inverse temperature fits")
    for reverse in _orientations(candidate.network):
        fit: Run | None = None
        low, high = WEAKEST, _arithmetic(problem).format.emax - 1
        middle = high - high // 8  # beyond that nothing is gained, so this is tried first
        while low <= high:
            try:
                fit = _run(problem, candidate, middle, reverse)
                low = middle + 1
                if high == _arithmetic(problem).format.emax - 1:
                    break
            except UnfitError as error:
                unfit, high = error, middle - 1
            middle = (low + high) // 2
        if fit is not None:
            runs.append((max(fit.bounds), len(runs), fit))
    if not runs:
        raise unfit
    return min(runs, key=lambda run: run[:2])[2]


def _least_temperature(problem: Problem, run: Run, wanted: Fraction) -> Run:
    """Return the run of least inverse temperature within ``wanted``, from what exact arithmetic needs upward."""
    exact = run.candidate.inverse_temperature
    exponent = max(WEAKEST, exact.numerator.bit_length() - exact.denominator.bit_length())
    while exponent < run.exponent:
        other = _run(problem, run.candidate, exponent, frozenset(run.laid.spelled))
        if max(other.bounds) <= wanted:
            return other
        exponent += 1
    return run


def _orientations(network: Network) -> Iterator[frozenset[int]]:
    """Yield sets of gates to reverse: none, and those on the inputs that are read as r_j alone, as chords are.

    A convex function that falls over its domain is a line plus slopes times max(u, 0), large numbers that cancel; with
    max(-u, 0) nothing cancels.
    """
    yield frozenset()
    depths = network.depths
    linear = {j for form in network.neurons + network.outputs for kind, j in form.terms if kind == "u"}
    chords = frozenset(j for j in network.gated if depths[j] == 0 and j not in linear)
    if chords:
        yield chords


def _prove(problem: Problem, run: Run) -> Proved:
    """Return the transformer and the proof: the machine is near the network, and the network near the target.

    The distance of the exact gates is stated beside it: it is that part of the first distance which is not rounding.
    """
    candidate, constant = run.candidate, gate_constant()
    d, beta = candidate.draft.derivation, Fraction(2) ** run.exponent
    chains = []
    found = _ranges(candidate)
    for k, (value, gates) in enumerate(zip(candidate.values, candidate.sensitivities, strict=True)):
        output = d.nodes[value.term].children[1]
        machine, gated = d.term("machine", k), d.term("gated", 0, output)
        bound = Enclosure.of(gates.bound, BITS) * Enclosure.of(constant.kappa, BITS) / Enclosure.of(beta, BITS)
        d.claim_near(
            gates.rule,
            (),
            gated,
            value.term,
            round_up(bound.upper * MARGIN),
            gated=gated,
            net=value.term,
            kappa=constant.kappa,
            terms=constant.terms,
        )
        near = d.claim_near(
            "rounding",
            tuple(known for known, _ in found),
            machine,
            value.term,
            run.distances[k],
            machine=machine,
            net=value.term,
            names=run.laid.names,
            spelled=run.laid.spelled,
            kappa=constant.kappa,
            terms=constant.terms,
        )
        chains.append((near, value.near))
    for chain in chains:
        prove.total(d, *chain)
    bits = max(LEAST_BITS, candidate.precision)
    network = candidate.draft.network()
    return Proved(run.laid.transformer, ((network, beta),), tuple(d.nodes), tuple(d.steps), bits)
