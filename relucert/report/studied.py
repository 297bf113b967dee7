"""The result records of all other commands, apart from those of build so that it starts quickly."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from .record import BudgetRow


class PointResult(NamedTuple):
    """f and N exactly, T computed with ``working`` digits by plain softmax: an estimate, not a proof.

    Where the certificate is about a ReLU network, T is that network: exact, with ``working`` 0, and no other N.
    """

    point: tuple[tuple[str, Fraction], ...]
    digits: int
    working: int
    target: Fraction
    network: Fraction | None
    transformer: Fraction
    bound: Fraction
    arithmetic: str | None = None
    norm: str = "sup"


class RuntimeResult(NamedTuple):
    """A runtime beside the exact f and T.

    ``observed`` is the largest | machine - f | of the samples, exactly, found at ``worst`` in ``output``.
    ``certified`` is None where the certificate does not cover the arithmetic, and ``note`` says so; ``bound`` is the
    certified bound over the real numbers, None where the certificate speaks of machines.  ``rounding`` and
    ``t_error`` are the largest | machine - T | and | T - f | on ``t_samples`` of the samples, T to ``t_digits`` digits.
    """

    runtime: str
    version: str
    dtype: str
    kinds: tuple[tuple[str, int], ...]
    outside: tuple[str, ...]
    not_finite: int
    observed: Fraction | None
    certified: Fraction | None
    note: str
    bound: Fraction | None
    worst: tuple[tuple[str, Fraction], ...]
    output: int
    rounding: Fraction | None
    t_error: Fraction | None
    t_samples: int
    t_digits: int


class Witness(NamedTuple):
    """An exact point at which the error exceeds the tolerance: lo <= NET(x) <= hi, both equal for a ReLU network."""

    point: tuple[tuple[str, Fraction], ...]
    output: int
    lo: Fraction
    hi: Fraction
    target: Fraction
    error: Fraction


class CertifyReport(NamedTuple):
    """Everything that ``relucert certify`` shows.

    ``verdict`` is proved, refuted or undecided; undecided is final where the search is ``finished``.
    ``best_bound`` is the least bound that the checker accepted of an undecided search, ``largest_error`` the largest
    | N - f | met at a point, exactly, N being the ReLU network.  ``cells`` counts those proved and all, by output.
    """

    verdict: str
    finished: bool
    path: str
    subject: str
    target: str
    domain: tuple[tuple[str, Fraction, Fraction], ...]
    tolerance: Fraction
    statement: str
    resources: tuple[tuple[str, Fraction], ...]
    families: tuple[str, ...]
    sha256: str
    cells: tuple[tuple[int, int], ...]
    gates: Fraction | None
    witness: Witness | None
    best_bound: Fraction | None
    largest_error: Fraction | None
    largest_at: tuple[tuple[str, Fraction], ...]


class TargetEntry(NamedTuple):
    """A named target as ``relucert list`` shows it."""

    name: str
    summary: str
    inputs: str
    domain: str


class ConstructionEntry(NamedTuple):
    """A construction with its formulas; ``sensitivity`` times kappa / beta is its gate error."""

    name: str
    meaning: str
    resources: tuple[tuple[str, str], ...]
    error: str | None
    sensitivity: str | None


class Catalogue(NamedTuple):
    """Everything that ``relucert list`` shows."""

    targets: tuple[TargetEntry, ...]
    constructions: tuple[ConstructionEntry, ...]


class TraceStep(NamedTuple):
    """One step of a trace in words: its conclusion, rule, arguments, and premises by index."""

    number: int
    rule: str
    claim: str
    details: tuple[str, ...]
    conclusion: str
    premises: tuple[int, ...]


class Explanation(NamedTuple):
    """A whole trace: the statement, the definitions of its terms, its steps, and how the error is spent."""

    statement: str
    terms: tuple[tuple[str, str], ...]
    steps: tuple[TraceStep, ...]
    roots: tuple[int, ...]
    budget: tuple[BudgetRow, ...]


class ErrorPicture(NamedTuple):
    """f, N and T on a line or a grid through the domain, sampled: an estimate; ``bound`` is certified.

    ``axes`` are the free inputs with their values, one or two of them; the others are ``fixed``.  The arrays run over
    the first axis, or over the second and then the first.  ``network`` is empty where the certificate has none.  T is
    what ``subject`` says, at a ``place`` among the data tokens, empty if there is one; the others are held.  In another
    ``norm`` than sup the bound is one of no point.
    """

    statement: str
    axes: tuple[tuple[str, tuple[float, ...]], ...]
    fixed: tuple[tuple[str, Fraction], ...]
    output: int
    outputs: int
    target: tuple[float, ...]
    network: tuple[float, ...]
    transformer: tuple[float, ...]
    network_error: tuple[float, ...]
    error: tuple[float, ...]
    observed: Fraction
    worst: tuple[tuple[str, Fraction], ...]
    bound: Fraction
    points: int
    digits: int
    subject: str
    place: str
    norm: str


class SweepCell(NamedTuple):
    """One cell of a sweep: ``status`` is accepted, or why there is no certificate; counts are the checker's.

    ``sequence`` is the largest number of data tokens, ``shortest`` the least, ``budget`` the parts of the bound;
    ``route`` is the one asked for, ``dtype`` "real" without a machine.  ``seconds``, the time of building and checking,
    is the only number that differs from run to run.
    """

    tolerance: Fraction
    arity: int
    sequence: int
    status: str
    detail: str
    construction: str = ""
    error_bound: Fraction | None = None
    budget: tuple[tuple[str, Fraction], ...] = ()
    resources: tuple[tuple[str, Fraction], ...] = ()
    lower_bound: int | None = None
    sha256: str = ""
    seconds: float = 0.0
    shortest: int = 1
    route: str = "relu"
    dtype: str = "real"


class GrowthRow(NamedTuple):
    """How one count grows along one axis of a sweep, fitted by least squares: an estimate.

    ``slope`` is that of the straight line in ``against`` (log2(1/eps) and the like), ``fit`` the simplest formula that
    describes the cells; 1 + ``off`` is the largest factor between it and one of them.
    """

    quantity: str
    against: str
    slope: float
    fit: str
    off: float


class GrowthTable(NamedTuple):
    """The growth along ``axis`` from its first to its last value, the other axes ``held``."""

    axis: str
    first: str
    last: str
    held: tuple[tuple[str, str], ...]
    rows: tuple[GrowthRow, ...]


class Rate(NamedTuple):
    """A known rate, ``kind`` published or at least: ``slope`` per unit of log2(1/eps) where it has one."""

    kind: str
    quantity: str
    rate: str
    slope: Fraction | None
    source: str


class SweepReport(NamedTuple):
    """Everything that ``relucert sweep`` shows; ``axes`` are those that take several values."""

    target: str
    domain: tuple[tuple[str, str, str], ...]
    objective: str
    axes: tuple[str, ...]
    cells: tuple[SweepCell, ...]
    growth: tuple[GrowthTable, ...]
    rates: tuple[Rate, ...]


class Evidence(NamedTuple):
    """Why a finding holds.

    ``kind`` is proved (a closed form or an inequality, by symbols), certified (by the independent checker), confirmed
    (counted on built networks), witnessed (one point, with enclosures), or estimate.
    """

    kind: str
    text: str


class Finding(NamedTuple):
    """The answer to one question or the test of one claim; ``costs`` are what the answer hides."""

    question: str
    verdict: str
    answer: str
    evidence: tuple[Evidence, ...]
    costs: tuple[tuple[str, str], ...]
    numbers: tuple[tuple[str, str], ...]


class AuditReport(NamedTuple):
    """Everything that ``relucert audit`` shows; ``contradicted`` says that a built network is not as proved."""

    target: str
    domain: tuple[tuple[str, str, str], ...]
    eps: tuple[str, ...]
    networks: int
    findings: tuple[Finding, ...]
    contradicted: bool


class TheoremStep(NamedTuple):
    """One step of a proof: its fact and its reason in TeX, the rule whose lemma it uses, and earlier steps."""

    number: int
    rule: str
    fact: str
    reason: str
    premises: tuple[int, ...]


class Machine(NamedTuple):
    """The arithmetic of a statement: the formats of numbers and of sums, with their bits, and how softmax goes."""

    dtype: str
    precision: int
    emax: int
    accumulate: str
    fine_precision: int
    softmax: str
    exp_ulps: int
    subnormals: str


class Theorem(NamedTuple):
    """A certificate as a theorem with its proof; every text is TeX, in mathematics mode unless it is a sentence.

    ``tokens`` says of which tokens T is made, ``machine`` what computes it, None over the reals.  ``neurons`` are
    the definitions u_j = ..., ``outputs`` those of the network's outputs, ``definitions`` those of long terms.
    ``layers`` are the neurons whose gates stand in each layer where they fix the transformer; else it is None and
    ``weights`` lists every weight.
    """

    subject: str
    tokens: str
    machine: Machine | None
    has_feed_forward: bool
    places: str
    claims: tuple[str, ...]
    budget: tuple[tuple[str, str], ...]
    resources: tuple[tuple[str, str], ...]
    inverse_temperature: str
    largest_score: str
    has_network: bool
    neurons: tuple[str, ...]
    outputs: tuple[str, ...]
    layers: tuple[tuple[int, ...], ...] | None
    weights: tuple[str, ...]
    definitions: tuple[str, ...]
    steps: tuple[TheoremStep, ...]
    sha256: str
