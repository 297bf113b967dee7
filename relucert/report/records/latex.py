"""What ``export --to latex`` shows."""

from __future__ import annotations

from typing import NamedTuple


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
