"""Cut the box into cells until the network is proved near its target on each, or a point refutes it.

The cell that looks worst comes first.  A cell is cut at a kink of the target, by a neuron whose sign is open, or in
half; its gates of both signs are relaxed meanwhile.  The tree of cuts is the certificate's hint: the checker goes
through it once and looks for nothing.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from ..relu.network import Network
from ..target.expression import Expression
from .cell import Cell, Interval, Line, Point, Reading, ScaledNetwork, box
from .margin import Target, UndecidedError
from .sample import Counterexample, Sampler

OPEN, LEAF = -1, 0
NOISE_SHARE = 0.1  # of the bound: with more noise than that a cell is cut by a neuron, and halved otherwise
REPORT_EVERY = 16
LOOSENINGS, LOOSER = 40, Fraction(9, 8)


@dataclass(slots=True)
class Node:
    """A cell of the tree: open, a leaf that is proved, or cut by a plane or a neuron into its children."""

    cut: tuple[str, int] | None = None
    proved: bool = False
    children: tuple[Node, Node] | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search is: the share of the tree that is proved, counted in halvings, and the cells in numbers."""

    share: float
    proved: int
    open: int


Report = Callable[[Progress], None]


class Search:
    """The search for one output.  ``run`` may be called again and goes on where it stopped."""

    def __init__(
        self, network: Network, expression: Expression, output: int, domain: Sequence[Interval], bound: Fraction
    ) -> None:
        self.output, self.domain, self.bound = output, domain, bound
        self.target = Target(expression, expression.roots[output], len(domain))
        self.scaled = ScaledNetwork(network, output)
        self.scale = self.scaled.scale[self.scaled.end]
        self.sampler = Sampler(network, expression, output, domain)
        self.worst: Counterexample | None = None  # the largest error met, a counterexample or not
        self.counterexample: Counterexample | None = None
        self.root = Node()
        self.planes: dict[tuple[Fraction, ...], int] = {}
        self.share, self.proved, self._count = 0.0, 0, 0
        self._open: list[tuple[float, int, int, Node, Cell]] = []
        self._push(0.0, 0, self.root, box(domain))

    def run(self, deadline: float, report: Report) -> bool:
        """Go on until everything is decided, and return True, or until the deadline, and return False."""
        if self.worst is None:
            self._look_at(self.sampler.look())
        turn = 0
        while self._open and self.counterexample is None:
            if time.monotonic() > deadline:
                return False
            if turn % REPORT_EVERY == 0:
                report(Progress(self.share, self.proved, len(self._open)))
            turn += 1
            self._next()
        return True

    def _push(self, estimate: float, depth: int, node: Node, cell: Cell) -> None:
        self._count += 1
        heapq.heappush(self._open, (-estimate, -self._count, depth, node, cell))

    def _look_at(self, found: Counterexample) -> None:
        if self.worst is None or found.error > self.worst.error:
            self.worst = found
        if found.error > self.bound:
            self.counterexample = self.sampler.shortened(found, self.bound)

    def _next(self) -> None:
        """Decide the cell that looks worst, or cut it; the tree and the queue agree whenever this is interrupted."""
        _, _, depth, node, cell = self._open[0]
        reading = self.scaled.read(cell)
        if self._within(cell, reading, self.bound):
            node.proved = True
            self.proved += 1
            self.share += 0.5**depth
            heapq.heappop(self._open)
            return
        estimate = self._estimate(cell, reading)
        if self.counterexample is None:
            cut, (above, below) = self._choose(cell, reading)
            heapq.heappop(self._open)
            self._set(node, cut, above, below, depth, estimate)

    def _set(self, node: Node, cut: tuple[str, int], above: Cell, below: Cell, depth: int, estimate: float) -> None:
        node.cut, node.children = cut, (Node(), Node())
        for child, part in zip(node.children, (above, below), strict=True):
            self._push(estimate, depth + 1, child, part)

    def _within(self, cell: Cell, reading: Reading, bound: Fraction, noise: bool = True) -> bool:
        try:
            return self.target.within(cell, reading.line, self.scale, reading.radius if noise else 0, bound)
        except UndecidedError:
            return False

    def _estimate(self, cell: Cell, reading: Reading) -> float:
        """Return about how large the error may be on the cell, and look for a counterexample at its points."""
        np = self.sampler.np
        exact = [_place(p) for p in cell.points]
        points = np.array([[float(v) for v in p] for p in exact])
        middle = points.mean(axis=0)
        points = np.concatenate((points, (points + np.roll(points, 1, axis=0)) / 2, middle[None]))
        errors = self.sampler.errors(points)
        top = int(errors.argmax())
        if errors[top] > float(self.bound) * (1 - 1e-9) or self.worst is None:
            point = exact[top] if top < len(exact) else self.sampler.inside([float(v) for v in points[top]], 96)
            self._look_at(self.sampler.exactly(point))
        return float(errors[top]) + float(Fraction(reading.radius, self.scale))

    def _choose(self, cell: Cell, reading: Reading) -> tuple[tuple[str, int], tuple[Cell, Cell]]:
        for row in self.target.kinks:
            line = _whole(row)
            if cell.crosses(line):
                return self._plane(row), cell.cut(line)
        places = len(self.domain) + 1
        noisy = [(abs(reading.line.get(places + j, 0)), -j) for j in reading.cuttable]
        if noisy and reading.radius:
            much = Fraction(reading.radius, self.scale) > self.bound * Fraction(NOISE_SHARE)
            if much or self._within(cell, reading, self.bound, noise=False):
                j = -max(noisy)[1]
                return ("neuron", j), self.scaled.halves(cell, j, reading.cuttable[j])
        row = self._halving([_place(p) for p in cell.points])
        return self._plane(row), cell.cut(_whole(row))

    def _plane(self, row: tuple[Fraction, ...]) -> tuple[str, int]:
        return "plane", self.planes.setdefault(row, len(self.planes))

    def _halving(self, points: Sequence[Sequence[Fraction]]) -> tuple[Fraction, ...]:
        """Return the plane x_i = c, with a short c near the middle, across the longest side relative to the box."""
        sides = [(min(c), max(c)) for c in zip(*points, strict=True)]
        i = max(
            range(len(sides)),
            key=lambda k: (
                (sides[k][1] - sides[k][0]) / (self.domain[k][1] - self.domain[k][0])
                if self.domain[k][0] < self.domain[k][1]
                else Fraction(0)
            ),
        )
        lo, hi = sides[i]
        unit = Fraction(1)
        while 8 * unit > hi - lo:
            unit /= 2
        while 16 * unit <= hi - lo:
            unit *= 2
        return tuple([-round((lo + hi) / 2 / unit) * unit] + [Fraction(k == i) for k in range(len(sides))])

    def codes(self) -> list[tuple[str, int]]:
        """Return the tree in pre-order: ("open", 0), ("leaf", 0), ("plane", k) or ("neuron", j)."""
        result: list[tuple[str, int]] = []
        stack = [self.root]
        while stack:
            node = stack.pop()
            if node.cut is None or node.children is None:
                result.append(("leaf" if node.proved else "open", 0))
            else:
                result.append(node.cut)
                stack += reversed(node.children)
        return result

    def cuts(self) -> tuple[int, ...]:
        """Return the tree as the checker reads it; an open cell counts as a leaf."""
        start = {"plane": 1, "neuron": 1 + len(self.planes)}
        return tuple(0 if kind in ("leaf", "open") else start[kind] + k for kind, k in self.codes())

    def restore(self, planes: Sequence[tuple[Fraction, ...]], codes: Sequence[tuple[str, int]]) -> None:
        """Take up the tree of an earlier search; ValueError if it does not fit.  Leaves are left to the checker."""
        self.planes = {row: k for k, row in enumerate(planes)}
        self._open, self.root, self.share, self.proved = [], Node(), 0.0, 0
        stack: list[tuple[int, Node, Cell]] = [(0, self.root, box(self.domain))]
        for kind, k in codes:
            if not stack:
                raise ValueError("the tree goes on after its last leaf")
            depth, node, cell = stack.pop()
            if kind == "leaf":
                node.proved = True
                self.proved += 1
                self.share += 0.5**depth
            elif kind == "open":
                self._push(1.0, depth, node, cell)
            else:
                parts = self._restored(cell, kind, k, planes)
                node.cut, node.children = (kind, k), (Node(), Node())
                stack += [(depth + 1, node.children[1], parts[1]), (depth + 1, node.children[0], parts[0])]
        if stack:
            raise ValueError("the tree ends before its last leaf")

    def _restored(self, cell: Cell, kind: str, k: int, planes: Sequence[tuple[Fraction, ...]]) -> tuple[Cell, Cell]:
        if kind == "plane" and k < len(planes):
            line = _whole(planes[k])
        else:
            line = self.scaled.read(cell).cuttable.get(k, {}) if kind == "neuron" else {}
        if not line or not cell.crosses(line):
            raise ValueError("a cut does not fit its cell")
        return cell.cut(line) if kind == "plane" else self.scaled.halves(cell, k, line)

    def best_bound(self) -> Fraction | None:
        """Return a bound that the tree proves, open cells included; None if none is found."""
        bound = self.bound
        for *_, cell in self._open:
            reading = self.scaled.read(cell)
            if not self._within(cell, reading, bound):
                bound = max(bound, Fraction(self._estimate(cell, reading)))
            for _ in range(LOOSENINGS):
                if self._within(cell, reading, bound):
                    break
                bound *= LOOSER
            else:
                return None
        return bound


def _place(point: Point) -> tuple[Fraction, ...]:
    return tuple(Fraction(c, point[0]) for c in point[1:])


def _whole(row: Sequence[Fraction]) -> Line:
    scale = lcm(*(c.denominator for c in row))
    return {i: int(c * scale) for i, c in enumerate(row)}
