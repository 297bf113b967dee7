"""Points at which a runtime is tried: random ones, a grid with the corners, and breakpoints of the ReLU network.

All are numbers of the runtime's format inside the domain.  At a breakpoint some pre-activation u is about 0; two more
points, where beta*u is about +-1.28, are where that gate is furthest from max(u, 0).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from ...export.dtype import BFLOAT16, Dtype
from ...export.extras import require
from ...relu.network import Network

Interval = tuple[Fraction, Fraction]

SEED = 20260428
MOST_SEGMENTS = 1024
SEGMENT_POINTS = 513
WORST_GATE_SCORE = 1.2784645  # t maximising t / (1 + e^t): 1 + W(1/e)


class Samples(NamedTuple):
    """Points (samples, inputs), how many there are of each kind, and which inputs' domains hold no float."""

    points: Any
    kinds: tuple[tuple[str, int], ...]
    outside: tuple[int, ...]


def samples(domain: Sequence[Interval], network: Network | None, beta: float, dtype: Dtype, count: int) -> Samples:
    """Return ``count`` points, the same ones for the same arguments."""
    np = require("numpy", "numpy")
    random = np.random.default_rng(SEED)
    lo, hi = (np.array([float(interval[k]) for interval in domain]) for k in (0, 1))
    grid = _grid(lo, hi, count // 4, random)
    near = _breakpoints(network, lo, hi, beta, count // 4, random)
    free = random.uniform(lo, hi, (count - len(grid) - len(near), len(domain)))
    points, outside = represented(np.concatenate((free, grid, near)), domain, dtype)
    kinds = (("random", len(free)), ("grid", len(grid)), ("breakpoint", len(near)))
    return Samples(points, kinds, outside)


def _grid(lo: Any, hi: Any, most: int, random: Any) -> Any:
    """Return a grid with the corners; corners at random where even two points a side are too many."""
    np = require("numpy", "numpy")
    moving = int((lo < hi).sum())
    side = int(most ** (1 / moving) + 1e-9) if moving else 1
    if side < 2 and moving:
        return np.where(random.integers(0, 2, (most, len(lo))) == 1, hi, lo)
    axes = [np.linspace(a, b, side) if a < b else np.array([a]) for a, b in zip(lo, hi, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(lo))[:most]


def _breakpoints(network: Network | None, lo: Any, hi: Any, beta: float, most: int, random: Any) -> Any:
    """Return points on random segments where some beta*u is about -1.28, 0 or 1.28, found by linear interpolation."""
    np = require("numpy", "numpy")
    nothing = np.empty((0, len(lo)))
    if network is None or not network.gated or not most or not (lo < hi).any():
        return nothing
    found = [nothing]
    for segment in range(MOST_SEGMENTS if len(lo) > 1 else 4):
        if sum(map(len, found)) >= most:
            break
        # the first segment is the whole domain if there is one input, else its diagonal
        start, end = (lo, hi) if segment == 0 else (random.uniform(lo, hi), random.uniform(lo, hi))
        found.append(crossings(network, start, end, beta, (-WORST_GATE_SCORE, 0.0, WORST_GATE_SCORE)))
    points = np.concatenate(found)
    return points[random.permutation(len(points))[:most]]


def crossings(network: Network, start: Any, end: Any, beta: float, levels: Sequence[float]) -> Any:
    """Return points of a segment where some beta*u is about one of the levels, found by linear interpolation."""
    np = require("numpy", "numpy")
    found = [np.empty((0, len(start)))]
    steps = np.linspace(0.0, 1.0, SEGMENT_POINTS)
    for u in _pre_activations(network, start + steps[:, None] * (end - start)):
        change = np.nonzero((u[:-1] < 0) != (u[1:] < 0))[0]
        slope = u[change + 1] - u[change]
        for level in levels:
            part = (level / beta - u[change]) / slope if beta else -u[change] / slope
            place = np.clip(steps[change] + part * (steps[1] - steps[0]), 0.0, 1.0)
            found.append(start + place[:, None] * (end - start))
    return np.concatenate(found)


def _pre_activations(network: Network, points: Any) -> list[Any]:
    """Return u of every gated neuron at all points, in floats."""
    np = require("numpy", "numpy")
    known: dict[tuple[str, int], Any] = {("1", 0): np.ones(len(points))}
    known |= {("x", k): points[:, k] for k in range(points.shape[1])}
    for j, form in enumerate(network.neurons):
        u = sum((float(weight) * known[a] for a, weight in form.terms.items()), np.zeros(len(points)))
        known["u", j], known["r", j] = u, np.maximum(u, 0.0)
    return [known["u", j] for j in network.gated]


def represented(points: Any, domain: Sequence[Interval], dtype: Dtype) -> tuple[Any, tuple[int, ...]]:
    """Return the points as numbers of the format, kept inside the domain where it holds any."""
    np = require("numpy", "numpy")
    if dtype is BFLOAT16:  # the upper half of a float32, with the dropped half rounded into it
        pattern = points.astype("float32").view("uint32")
        rounded = ((pattern + 0x8000) & np.uint32(0xFFFF0000)).view("float32").astype("float64")
    else:
        rounded = points.astype(dtype.name).astype("float64")
    outside = []
    for k, (lo, hi) in enumerate(domain):
        least, most = dtype.least_above(lo), dtype.largest_below(hi)
        if least > most:
            outside.append(k)
            least = most = dtype.nearest(lo)
        rounded[:, k] = np.clip(rounded[:, k], float(least), float(most))
    return rounded, tuple(outside)
