"""Pictures by matplotlib, which is an extra: the same data give the same bytes, SVG without dates and random names."""

from __future__ import annotations

import importlib
import io
from typing import Any

from ..exact.number import decimal_up, exact_text
from .compare import PARETO
from .records.compare import Comparison
from .records.plot import ErrorPicture
from .records.sweep import SweepCell, SweepReport

SIZE = (7.2, 5.4)
DOTS = 150
LONGEST_TITLE = 90
SETTINGS = {"svg.hashsalt": "relucert", "svg.fonttype": "path", "font.family": "DejaVu Sans", "font.size": 9.0}
PANELS = (("gates", "linear"), ("layers", "linear"), ("inverse_temperature", "log"))


def error_figure(found: ErrorPicture, form: str) -> bytes:
    """Return the picture of a certificate: curves of f, N, T and of the error, or a heat map of the error."""

    def draw(figure: Any) -> None:
        (_curves if len(found.axes) == 1 else _heat_map)(figure, found)
        figure.suptitle(_title(found), fontsize=8, x=0.02, ha="left")

    return _bytes(draw, form)


def _title(found: ErrorPicture) -> str:
    claim = found.statement if len(found.statement) <= LONGEST_TITLE else found.statement[: LONGEST_TITLE - 3] + "..."
    parts = [f"{name} = {exact_text(value)}" for name, value in found.fixed[:6]]
    if found.place:
        parts.append(found.place)
    if found.outputs > 1:
        parts.append(f"output {found.output} of {found.outputs}")
    where = "on the whole domain" if found.norm == "sup" else "for the integral over the domain, and not at any point"
    sampled = f"certified {where}; sampled at {found.points} points: an estimate"
    return "\n".join([_plain(claim), _plain(", ".join([*parts, sampled]))])


def _plain(text: str) -> str:
    return text.replace("$", r"\$")


def _curves(figure: Any, found: ErrorPicture) -> None:
    """Draw f, N and T above, and the errors within the certified envelope below."""
    ((name, x),) = found.axes
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
    above.plot(x, found.target, color="black", linewidth=2.4, label="f, the target")
    if found.network:
        above.plot(x, found.network, color="tab:orange", linewidth=1.2, label="N, the ReLU network")
    above.plot(x, found.transformer, color="tab:blue", linewidth=1.0, linestyle="--", label=found.subject)
    above.legend(loc="best", fontsize=8)
    height = float(found.bound if found.norm == "sup" else found.observed) or 1.0
    if found.norm == "sup":
        below.fill_between([x[0], x[-1]], -height, height, color="tab:green", alpha=0.15, linewidth=0)
        for sign in (-1, 1):
            label = f"certified: |T - f| <= {decimal_up(found.bound)}" if sign > 0 else None
            below.axhline(sign * height, color="tab:green", linewidth=1.2, label=label)
    if found.network:
        below.plot(x, found.network_error, color="tab:orange", linewidth=0.8, label="N - f")
    seen = f"T - f, at most {decimal_up(found.observed, 4)} at these samples"
    if found.norm != "sup":
        seen = f"{seen}; {_of_the_norm(found)}"
    below.plot(x, found.error, color="tab:blue", linewidth=0.8, label=seen)
    below.set_xlabel(name)
    below.set_ylabel("error")
    below.set_ylim(-1.6 * height, 1.6 * height)
    below.legend(loc="upper right", fontsize=7, ncols=3)


def _of_the_norm(found: ErrorPicture) -> str:
    return f"certified: its {found.norm} norm over the box <= {decimal_up(found.bound)}"


def _heat_map(figure: Any, found: ErrorPicture) -> None:
    """Draw the error over two inputs; the colours span the certified envelope, or what is sampled without one."""
    (name, x), (other, y) = found.axes
    axes = figure.subplots()
    rows = [found.error[k * len(x) : (k + 1) * len(x)] for k in range(len(y))]
    bound = float(found.bound if found.norm == "sup" else found.observed) or 1.0
    mesh = axes.pcolormesh(x, y, rows, cmap="RdBu_r", vmin=-bound, vmax=bound, shading="nearest", rasterized=True)
    bar = figure.colorbar(mesh, ax=axes)
    ends = f"the scale ends at the certified bound, {decimal_up(found.bound)}"
    bar.set_label(f"T - f; {ends}" if found.norm == "sup" else f"T - f; {_of_the_norm(found)}")
    places = dict(found.worst)
    seen = f"largest sampled error, {decimal_up(found.observed, 4)}"
    axes.plot([float(places[name])], [float(places[other])], "k+", markersize=9, clip_on=False, label=seen)
    axes.set_xlabel(name)
    axes.set_ylabel(other)
    axes.legend(loc="upper right", fontsize=7)


def growth_figure(report: SweepReport, form: str) -> bytes:
    """Return the picture of a sweep: counts against 1/eps, or against the size if only that varies."""

    def draw(figure: Any) -> None:
        measured = [axis for axis in ("eps", "arity", "length") if axis in report.axes]
        along = measured[0] if measured else "eps"
        groups: dict[str, list[SweepCell]] = {}
        for cell in report.cells:
            if cell.resources:
                groups.setdefault(_held(report, along, cell), []).append(cell)
        panels = figure.subplots(len(PANELS), 1, sharex=True)
        for panel, (quantity, scale) in zip(panels, PANELS, strict=True):
            for label, cells in groups.items():
                x = [_place(along, cell) for cell in cells]
                panel.plot(x, [float(dict(cell.resources)[quantity]) for cell in cells], marker=".", label=label)
            if quantity == "gates" and along == "eps":
                _lower_bound(panel, report)
            panel.set_ylabel(quantity)
            panel.set_yscale(scale)
            panel.grid(alpha=0.3)
        panels[-1].set_xscale("log", base=10 if along == "eps" else 2)
        panels[-1].set_xlabel({"eps": "1/eps", "arity": "inputs", "length": "tokens"}[along])
        if panels[0].get_legend_handles_labels()[1]:
            panels[0].legend(fontsize=7)
        figure.suptitle(_plain(f"{report.target[:LONGEST_TITLE]}, objective {report.objective}"), fontsize=9)

    return _bytes(draw, form)


def _held(report: SweepReport, along: str, cell: SweepCell) -> str:
    values = {"eps": exact_text(cell.tolerance), "arity": str(cell.arity), "length": str(cell.sequence)}
    values |= {"route": cell.route, "dtype": cell.dtype}
    return ", ".join(f"{axis} {values[axis]}" for axis in report.axes if axis != along) or "_"


def _place(along: str, cell: SweepCell) -> float:
    return float({"eps": 1 / cell.tolerance, "arity": cell.arity, "length": cell.sequence}[along])


def _lower_bound(panel: Any, report: SweepReport) -> None:
    known = [cell for cell in report.cells if cell.lower_bound is not None]
    if known:
        x = [_place("eps", cell) for cell in known]
        label = "lower bound for ReLU gates"
        panel.plot(x, [cell.lower_bound for cell in known], color="gray", linestyle=":", label=label)


def pareto_figure(comparison: Comparison, form: str) -> bytes:
    """Return the picture of a comparison: counts against the inverse temperature, those that none beats joined."""

    def draw(figure: Any) -> None:
        rows = [row for row in comparison.rows if not row.reason]
        panels = figure.subplots(len(PARETO), 1, sharex=True)
        for panel, column in zip(panels, PARETO, strict=True):
            places = {
                row.route: (float(dict(row.resources)["inverse_temperature"]), float(dict(row.resources)[column]))
                for row in rows
            }
            front = comparison.front("inverse_temperature", column)
            line = sorted(places[name] for name in front)
            panel.plot(*zip(*line, strict=True), color="gray", linewidth=0.8, drawstyle="steps-post", label="front")
            for k, (name, (x, y)) in enumerate(places.items()):
                face = f"C{k}" if name in front else "none"
                label = name if name in front else f"{name}, beaten"
                panel.plot([x], [y], "o", markeredgecolor=f"C{k}", markerfacecolor=face, label=label)
            panel.set_ylabel(column)
            panel.set_yscale("log")
            panel.grid(alpha=0.3)
            panel.legend(fontsize=7)
        hottest = [dict(row.resources)["inverse_temperature"] for row in rows]
        panels[-1].set_xscale("log" if min(hottest) > 0 else "linear")
        panels[-1].set_xlabel("inverse temperature")
        title = f"{comparison.target[:LONGEST_TITLE]} within {exact_text(comparison.tolerance)}, certified, by route"
        figure.suptitle(_plain(title), fontsize=9)

    return _bytes(draw, form)


def _bytes(draw: Any, form: str) -> bytes:
    """Return a drawn figure as svg or png."""
    matplotlib: Any = importlib.import_module("matplotlib")
    figure: Any = importlib.import_module("matplotlib.figure")
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # no file of the user's changes the picture
        matplotlib.rcParams.update(SETTINGS)
        canvas = figure.Figure(figsize=SIZE, layout="constrained")
        draw(canvas)
        data = io.BytesIO()
        metadata = {"Date": None} if form == "svg" else {"Software": None}
        canvas.savefig(data, format=form, dpi=DOTS, metadata=metadata)
    return data.getvalue()
