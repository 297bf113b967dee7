"""Looking for a counterexample: floats say where to look, exact rationals decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..export.extras import require
from ..relu.network import Network, evaluate_exactly
from ..target.expression import Expression, evaluate
from .cell import Interval

SEED = 20260428
GRID = 20_000
ROUNDS, KEPT, TRIES = 12, 16, 64
BITS = (4, 8, 12, 16, 24, 32, 48, 64, 96)  # of the counterexample's denominator, short ones first


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A point of the domain where output ``output`` is further than the tolerance from its target, all exact."""

    point: tuple[Fraction, ...]
    output: int
    network: Fraction
    target: Fraction

    @property
    def error(self) -> Fraction:
        """The distance at the point."""
        return abs(self.network - self.target)


class Sampler:
    """One output of a network beside its target, over a box: in floats for many points, exactly for one."""

    def __init__(self, network: Network, expression: Expression, output: int, domain: Sequence[Interval]) -> None:
        self.np = require("numpy", "onnx")
        self.network, self.output, self.domain = network.pruned([output])[0], output, domain
        self.expression = Expression(expression.nodes, (expression.roots[output],))
        self.lo, self.hi = (self.np.array([float(side[k]) for side in domain]) for k in (0, 1))

    def errors(self, points: Any) -> Any:
        """Return |network - target| at points (samples, inputs) in floats; not a number counts as zero."""
        np = self.np
        with np.errstate(all="ignore"):
            known: dict[tuple[str, int], Any] = {("1", 0): np.ones(len(points))}
            known |= {("x", k): points[:, k] for k in range(points.shape[1])}
            forms = (*self.network.neurons, self.network.outputs[0])
            value = known["1", 0]
            for j, form in enumerate(forms):
                value = sum((float(c) * known[a] for a, c in form.terms.items()), np.zeros(len(points)))
                known["u", j], known["r", j] = value, np.maximum(value, 0.0)
            return np.nan_to_num(np.abs(value - self._target(points)), nan=0.0, posinf=0.0)

    def _target(self, points: Any) -> Any:
        np = self.np
        values: list[Any] = []
        for node in self.expression.nodes:
            if node.op == "input":
                values.append(points[:, node.children[0]])
                continue
            parts = [values[c] for c in node.children]
            if node.value is not None:
                values.append(np.full(len(points), float(node.value)))
            elif node.op == "inv":
                values.append(1.0 / parts[0])
            elif node.op == "abs":
                values.append(np.abs(parts[0]))
            else:
                step = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}[node.op]
                values.append(step.reduce(parts))
        return values[self.expression.roots[0]]

    def exactly(self, point: tuple[Fraction, ...]) -> Counterexample:
        """Return both values at an exact point; ``error`` tells whether it is a counterexample."""
        (network,) = evaluate_exactly(self.network, point)
        return Counterexample(point, self.output, network, evaluate(self.expression, point)[0])

    def look(self) -> Counterexample:
        """Return the worst of a grid, random points and climbs from the worst ones, exactly."""
        np, random = self.np, self.np.random.default_rng(SEED)
        side = max(2, int(GRID ** (1 / len(self.lo))))
        axes = [np.linspace(a, b, side) if a < b else np.array([a]) for a, b in zip(self.lo, self.hi, strict=True)]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(self.lo))[: 4 * GRID]
        points = np.concatenate((grid, random.uniform(self.lo, self.hi, (GRID, len(self.lo)))))
        reach = (self.hi - self.lo) / side
        errors = self.errors(points)
        best = points[np.argsort(-errors, kind="stable")[:KEPT]]
        for _ in range(ROUNDS):
            moves = random.uniform(-1.0, 1.0, (TRIES, *best.shape)) * reach
            near = np.clip(best + moves, self.lo, self.hi)
            near = np.concatenate((best[None], near))
            errors = self.errors(near.reshape(-1, len(self.lo))).reshape(near.shape[:2])
            best = near[errors.argmax(axis=0), np.arange(len(best))]
            reach = reach / 2
        return self.exactly(self.inside([float(v) for v in best[self.errors(best).argmax()]], BITS[-1]))

    def inside(self, point: Sequence[float | Fraction], bits: int) -> tuple[Fraction, ...]:
        """Return the point rounded to this many binary places, and moved into the box."""
        unit = Fraction(1, 1 << bits)
        rounded = [round(Fraction(v) / unit) * unit for v in point]
        return tuple(min(max(v, lo), hi) for v, (lo, hi) in zip(rounded, self.domain, strict=True))

    def shortened(self, found: Counterexample, bound: Fraction) -> Counterexample:
        """Return a counterexample near ``found`` with a short point, ``found`` itself if there is none."""
        for bits in BITS:
            near = self.exactly(self.inside(found.point, bits))
            if near.error > bound:
                return near
        return found
