"""Share a tolerance among the nodes of an expression: which way to build each, and how many gates in every chain.

Every node offers *options*; an option has gates and an error that do not change, and chains of folds whose errors
weight * 4^-gates shrink by 4 with each gate.  The sum of all errors, each times the influence of its node, must fit an
allowance.  Floats plan only: what is built is certified.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from heapq import heapify, heapreplace
from typing import Any, NamedTuple

NEAR_PRICES = (-2, -1, 0, 1, 2)  # powers of 2, around the price at which the allowance is just met
MOST_POLISHED = 200  # chains; with more, nearly every choice is the one at the common price
PRICE_STEPS = 8

Real = Fraction | float


class Option(NamedTuple):
    """A way to build a node: fixed ``gates`` and ``error``, chains of these ``weights``, and what it is, ``shape``."""

    gates: int
    error: Real
    weights: tuple[Real, ...]
    shape: Any = None


class Node(NamedTuple):
    """A node to be approximated; an error there moves the output by ``influence`` times as much.

    The options come with growing gates.
    """

    influence: Real
    options: Sequence[Option]


class Choice(NamedTuple):
    """An option and the gates of its chains."""

    option: Option
    chains: tuple[int, ...]

    @property
    def gates(self) -> int:
        """All gates."""
        return self.option.gates + sum(self.chains)

    @property
    def error(self) -> float:
        """The planned error at the node itself."""
        errors = zip(self.option.weights, self.chains, strict=True)
        return float(self.option.error) + sum(float(w / 4**m) for w, m in errors)


def allocate(weights: Sequence[Real], allowance: Real, most: float = math.inf) -> list[int] | None:
    """Return gate counts of least total with sum_i weight_i * 4^-gates_i <= allowance; None if over ``most``.

    The error is separable and convex in the counts, so adding one gate at a time where it removes the most error
    is optimal; the start is a lower bound on every count.
    """
    if allowance < 0 or (weights and not allowance):
        return None
    counts, errors = [], []  # errors are relative to the allowance
    for weight in weights:
        count, error = _alone(weight / allowance)
        counts.append(count)
        errors.append(error)
    gates, total = sum(counts), math.fsum(errors)
    heap = [(-error, k) for k, error in enumerate(errors)]
    heapify(heap)
    while total > 1 and gates <= most:
        error, k = heap[0]
        counts[k] += 1
        gates += 1
        total += 0.75 * error
        heapreplace(heap, (error / 4, k))
        if total <= 1:
            total = math.fsum(-e for e, _ in heap)
    return counts if gates <= most else None


def _alone(ratio: Real) -> tuple[int, float]:
    """Return (m, ratio / 4^m) for the least m >= 0 that brings it to at most 1; the ratio may be beyond floats."""
    start = 0
    if isinstance(ratio, Fraction) and ratio > 1:
        start = max(0, (ratio.numerator.bit_length() - ratio.denominator.bit_length()) // 2 - 1)
        ratio /= 4**start
    value = float(ratio)
    count = max(0, math.ceil(math.log(value, 4))) if value > 1 else 0
    return start + count, value / 4.0**count


def share(nodes: Sequence[Node], allowance: Real) -> list[Choice] | None:
    """Return a choice for every node, of as few gates as is found, whose errors together fit the allowance.

    Where every node has one option that is the least total.  Else each node takes what is cheapest at a price on error
    that is common to all (a Lagrange multiplier), gates are then dealt out exactly, and with few chains every option of
    every node is tried in turn beside the others' choices.
    """
    if all(len(node.options) == 1 for node in nodes):
        return _dealt(nodes, [node.options[0] for node in nodes], allowance)
    best: list[Choice] | None = None
    for selection in _selections(nodes, allowance):
        best = _cheaper(best, _dealt(nodes, selection, allowance))
    if best is not None and sum(len(choice.chains) for choice in best) <= MOST_POLISHED:
        for k, node in enumerate(nodes):
            for option in node.options if len(node.options) > 1 else ():
                options = [option if i == k else choice.option for i, choice in enumerate(best)]
                least = sum(choice.gates for choice in best) - 1
                if sum(o.gates for o in options) > least:
                    break
                best = _dealt(nodes, options, allowance, least) or best
    return best


def even_split(nodes: Sequence[Node], allowance: Real) -> list[Choice] | None:
    """Return a choice for every node that makes the best of ``allowance``, divided by the node's influence, alone."""
    known: dict[tuple[Real, int], list[Choice] | None] = {}
    result = []
    for node in nodes:
        key = (node.influence, id(node.options))
        if key not in known:
            known[key] = share([node], allowance)
        alone = known[key]
        if alone is None:
            return None
        result += alone
    return result


def _cheaper(a: list[Choice] | None, b: list[Choice] | None) -> list[Choice] | None:
    if a is None or b is None:
        return a or b
    return b if sum(c.gates for c in b) < sum(c.gates for c in a) else a


def _dealt(
    nodes: Sequence[Node], options: Sequence[Option], allowance: Real, most: float = math.inf
) -> list[Choice] | None:
    """Return the choices of these options with the fewest gates in their chains; None if that makes over ``most``."""
    chosen = list(zip(nodes, options, strict=True))
    fixed = sum((node.influence * option.error for node, option in chosen if option.error), 0)
    weights = [node.influence * w for node, option in chosen for w in option.weights]
    counts = allocate(weights, allowance - fixed, most - sum(option.gates for option in options))
    if counts is None:
        return None
    at, result = 0, []
    for option in options:
        result.append(Choice(option, tuple(counts[at : at + len(option.weights)])))
        at += len(option.weights)
    return result


def _selections(nodes: Sequence[Node], allowance: Real) -> list[list[Option]]:
    """Return what every node would take at a few prices around that at which the allowance is just met."""
    influences = [float(node.influence / allowance) for node in nodes]
    distinct = {(influence, id(node.options)): node.options for influence, node in zip(influences, nodes, strict=True)}

    def at(exponent: float) -> tuple[float, list[Option]]:
        price = 2.0**exponent
        taken = {key: _cheapest(options, price * key[0]) for key, options in distinct.items()}
        found = [taken[influence, id(node.options)] for influence, node in zip(influences, nodes, strict=True)]
        errors = (error * influence for influence, (_, error) in zip(influences, found, strict=True))
        return math.fsum(errors), [option for option, _ in found]

    high = 1.0
    while at(high)[0] > 1 and high < 512:
        high *= 2
    low = high / 2 if high > 1 else -4.0
    for _ in range(PRICE_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if at(middle)[0] > 1 else (low, middle)
    return [at(high + step)[1] for step in NEAR_PRICES]


def _cheapest(options: Sequence[Option], price: float) -> tuple[Option, float]:
    """Return the option with the least gates + price * error, each chain at its best, and its error."""
    best, least, error = options[0], math.inf, 0.0
    for option in options:
        if option.gates >= least:
            break
        gates, found = option.gates, float(option.error)
        for weight in option.weights:
            value = 3 * price * float(weight)  # the m-th gate of a chain removes 3 weight 4^-m
            count = max(0, math.floor(math.log(value, 4))) if value > 1 else 0
            gates, found = gates + count, found + float(weight) / 4.0**count
        if gates + price * found < least:
            best, least, error = option, gates + price * found, found
    return best, error
