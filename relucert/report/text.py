"""Results as text: readable at 80 columns, without colour, piped, and in ASCII.

Texts go through ``rich`` as ``Text`` objects and never as markup, which would swallow brackets such as [lo, hi].
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..exact.number import decimal_down, decimal_nearest, decimal_up, exact_text
from .printing import say
from .records.build import BuildReport, CheckRow, EvenRow

if TYPE_CHECKING:
    from .records.list import Catalogue
    from .records.run import PointResult, RuntimeResult

PIPED_WIDTH = 80
MOST_INPUTS_SHOWN = 6
LONGEST_STATEMENT = 4000
MOST_TOKENS_SHOWN = 8
EXACT_BELOW = 10**12
STYLES = {"accepted": "bold green", "declined": "yellow"}


def console(stderr: bool = False) -> Console:
    """Return a console: as wide as the terminal, or 80 columns when piped; no markup, no emoji, no guessing."""
    file = sys.stderr if stderr else sys.stdout
    width = None if file.isatty() else PIPED_WIDTH
    return Console(file=file, width=width, markup=False, emoji=False, highlight=False)


def show(renderable: RenderableType) -> None:
    """Print on standard output, without trailing spaces when piped."""
    target = console()
    if target.is_terminal:
        target.print(renderable)
        return
    with target.capture() as captured:
        target.print(renderable)
    for line in captured.get().splitlines():
        say(line.rstrip())


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> Table:
    """Return a plain table without rules; columns in ``right`` are right-aligned."""
    result = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_header=any(headers))
    for k, header in enumerate(headers):
        result.add_column(Text(header), justify="right" if k in right else "left", overflow="fold")
    for row in rows:
        result.add_row(*(Text(cell) for cell in row))
    return result


def section(title: str, body: RenderableType) -> Group:
    """Return a titled, indented block."""
    return Group(Text(title, style="bold"), Padding(body, (0, 0, 0, 2)))


def verdict_text(status: str, detail: str = "") -> Text:
    """Return the verdict, coloured where colour is on."""
    text = Text(status, style=STYLES.get(status, "bold red"))
    return text.append(f": {detail}", style="") if detail else text


def shortened(statement: str) -> str:
    """Return a statement whole, or where it is very long its two ends and what was left out."""
    if len(statement) <= LONGEST_STATEMENT:
        return statement
    start, end = statement[: LONGEST_STATEMENT // 2], statement[-LONGEST_STATEMENT // 4 :]
    return f"{start} [... {len(statement) - len(start) - len(end)} characters, all in --format json ...] {end}"


def real(value: Fraction) -> str:
    """Return a number for a table, rounded up; whole numbers of things are exact."""
    if value.denominator == 1 and abs(value) < EXACT_BELOW:
        return str(value.numerator)
    return decimal_up(value)


def build_report(report: BuildReport) -> Group:
    """Return the report of a build."""
    parameters = ", ".join(f"{name} = {value}" for name, value in report.parameters)
    limited = any(row.limit is not None for row in report.resources)
    resources = table(
        ["resource", "counted", "closed form", "value", *(["limit"] if limited else [])],
        (
            [
                row.name,
                real(row.counted),
                row.formula or "",
                "" if row.formula_value is None else real(row.formula_value),
                *([] if not limited else ["" if row.limit is None else decimal_down(row.limit)]),
            ]
            for row in report.resources
        ),
        right=(1, 3, 4),
    )
    budget = table(
        ["part of the error", "at most"],
        [
            *((row.row, real(row.bound)) for row in report.budget),
            ("error_bound (their sum)", real(report.error_bound)),
            ("tolerance", real(report.tolerance)),
            ("slack", decimal_down(report.tolerance - report.error_bound)),
        ],
        right=(1,),
    )
    comparison = []
    if report.lower_bound is not None:
        gates, reason = report.lower_bound
        comparison.append(["lower bound on ReLU gates", f"{gates}    {reason}"])
    if report.published is not None:
        comparison.append(["published", report.published])
    rules = ", ".join(f"{name} {count}" for name, count in report.rules)
    blocks: list[RenderableType] = [
        section("Statement", Text(shortened(report.statement))),
        Padding(Text(report.about), (0, 0, 0, 2)),
        section(f"Resources, counted from the matrices ({report.construction}: {parameters})", resources),
        section("Error budget", budget),
    ]
    if report.even_split:
        blocks.append(Padding(Text(_split(report.even_split)), (0, 0, 0, 2)))
    if comparison:
        blocks.append(section("Beside it", table(["", ""], comparison)))
    blocks.append(
        section(
            "Proof", Text(f"{report.steps} step{'s' * (report.steps != 1)}, each recomputed by the checker: {rules}")
        )
    )
    trust = f"rule families {', '.join(report.families)}; assumptions none\nsha256 {report.sha256}"
    blocks.append(Padding(Text(trust), (0, 0, 0, 2)))
    verdict = verdict_text(report.verdict).append(" by the independent checker", style="")
    if report.missed_limits:
        verdict = verdict_text("limit missed", "; ".join(report.missed_limits))
    blocks.append(section("Verdict", verdict))
    return Group(*blocks)


def _split(rows: Sequence[EvenRow]) -> str:
    """Return what an even split of the tolerance would need: gates, after what the objective puts before them."""
    shown = rows[: 1 + [row.name for row in rows].index("gates")]

    def counted(numbers: Iterable[Fraction]) -> str:
        pairs = zip(shown, numbers, strict=True)
        return ", ".join(f"{real(n)} {r.name}" if n.denominator == 1 else f"{r.name} {real(n)}" for r, n in pairs)

    built, even = counted(row.built for row in shown), counted(row.even for row in shown)
    return f"budget: {built}; an even split of the tolerance would need {'as much' if even == built else even}"


def check_rows(rows: Sequence[CheckRow]) -> Table:
    """Return one row for each file."""
    return table(
        ["file", "verdict", "bound", "gates", "heads", "layers", "seconds"],
        (
            [
                row.path,
                row.status + (f": {row.detail}" if row.detail else ""),
                "" if row.error_bound is None else real(row.error_bound),
                *(real(count[k]) if k in (count := dict(row.resources)) else "" for k in ("gates", "heads", "layers")),
                f"{row.seconds:.2f}",
            ]
            for row in rows
        ),
        right=(2, 3, 4, 5, 6),
    )


def check_detail(row: CheckRow) -> Group:
    """Return everything that is known of one checked file."""
    lines = []
    if row.status in ("accepted", "limit missed", "too weak"):
        lines += [["proved", shortened(row.statement)], ["assumptions", "none"]]
        if row.error_bound is not None:
            lines.append(["bound", real(row.error_bound)])
        lines.append(["resources", ", ".join(f"{name} {real(value)}" for name, value in row.resources)])
    if row.families:
        lines.append(["families", ", ".join(row.families)])
    if row.sha256:
        lines.append(["sha256", row.sha256])
    body = table(["", ""], lines)
    return Group(
        Text(row.path, style="bold"),
        Padding(body, (0, 0, 0, 2)),
        Padding(verdict_text(row.status, row.detail), (0, 0, 0, 2)),
    )


def point_text(results: Sequence[PointResult]) -> Group:
    """Return f, N and T at a point with their distances, for each output."""
    place = ", ".join(f"{name} = {exact_text(value)}" for name, value in results[0].point)
    blocks: list[RenderableType] = [Text(f"at {place}", style="bold")]
    for k, result in enumerate(results):
        rows = [["f", decimal_nearest(result.target, result.digits), "target, exact value rounded"]]
        if result.network is not None:
            rows.append(["N", decimal_nearest(result.network, result.digits), "ReLU network, exact value rounded"])
        exactly = "the network, exact value rounded"
        at = f"softmax at {result.working} digits, an estimate" if result.working else exactly
        rows.append(["T", decimal_nearest(result.transformer, result.digits), at])
        if result.network is not None:
            rows.append(["|N - f|", real(abs(result.network - result.target)), ""])
        kind = "the actual error, an estimate" if result.working else "the actual error, exact and rounded up"
        rows.append(["|T - f|", real(abs(result.transformer - result.target)), kind])
        whose = "" if result.arithmetic is None else f", for {result.arithmetic} machines"
        where = "certified on the whole domain"
        if result.norm != "sup":
            where = f"certified for the {result.norm} norm of T - f over the box, not at a point"
        rows.append(["bound", real(result.bound), where + whose])
        blocks.append(Padding(table([f"output {k + 1}" if len(results) > 1 else "", "value", ""], rows), (0, 0, 0, 2)))
    return Group(*blocks)


def tokens_text(results: Sequence[Sequence[PointResult]]) -> Group:
    """Return the actual error at the data tokens of a sequence, and f, N and T where it is largest."""
    errors = [max(abs(r.transformer - r.target) for r in outputs) for outputs in results]
    worst = max(range(len(errors)), key=errors.__getitem__)
    shown = range(len(results)) if len(results) <= MOST_TOKENS_SHOWN else range(MOST_TOKENS_SHOWN)
    rows = [
        [
            str(t + 1),
            ", ".join(f"{name} = {decimal_nearest(v, 6)}" for name, v in results[t][0].point[:MOST_INPUTS_SHOWN]),
            ", ".join(decimal_nearest(r.target, 9) for r in results[t][:MOST_INPUTS_SHOWN]),
            ", ".join(decimal_nearest(r.transformer, 9) for r in results[t][:MOST_INPUTS_SHOWN]),
            real(errors[t]),
        ]
        for t in shown
    ]
    more = [Text(f"and {len(results) - len(shown)} more tokens")] if len(shown) < len(results) else []
    bound = f"|T - f| <= {real(results[0][0].bound)} is certified at every data token"
    title = f"{len(results)} data tokens; the largest error, an estimate, is {real(errors[worst])} at token {worst + 1}"
    return Group(
        Text(title, style="bold"),
        Padding(table(["token", "inputs", "f", "T", "|T - f|"], rows, right=(0, 4)), (0, 0, 0, 2)),
        *(Padding(text, (0, 0, 0, 2)) for text in more),
        Text(bound),
        section(f"At token {worst + 1}", point_text(results[worst])),
    )


def runtime_text(result: RuntimeResult) -> Group:
    """Return what a runtime returned beside what is certified."""
    kinds = ", ".join(f"{count} {name}" for name, count in result.kinds)
    observed = "inf" if result.not_finite or result.observed is None else real(result.observed)
    rows = [["observed", observed, f"largest |machine - f|, f exact, at {kinds} points"]]
    if result.worst:
        place = ", ".join(f"{name} = {decimal_nearest(value, 9)}" for name, value in result.worst[:MOST_INPUTS_SHOWN])
        rows.append(["", "", f"at {place}" + (", ..." if len(result.worst) > MOST_INPUTS_SHOWN else "")])
    if result.not_finite:
        rows.append(["", "", f"{result.not_finite} outputs are infinite or not numbers"])
    rows.append(["certified", "none" if result.certified is None else real(result.certified), result.note])
    if result.bound is not None:
        rows.append(["certified bound", real(result.bound), "of |T - f| over the real numbers, exact weights"])
    if result.rounding is not None and result.t_error is not None:
        where = f"{result.t_samples} of these points, T to {result.t_digits} digits"
        rows.append(["|machine - T|", real(result.rounding), f"largest at {where}"])
        rows.append(["|T - f|", real(result.t_error), "largest at the same points"])
    if result.outside:
        rows.append(
            ["", "", f"no {result.dtype} lies in the domain of {', '.join(result.outside)}: the nearest is used"]
        )
    title = f"{result.version}, {result.dtype}"
    return Group(Text(title, style="bold"), Padding(table(["", "value", ""], rows), (0, 0, 0, 2)))


def catalogue_text(found: Catalogue) -> Group:
    """Return the targets, and each construction with its closed forms."""
    targets = table(
        ["target", "computes", "inputs", "default domain"],
        ([t.name, t.summary, t.inputs, t.domain] for t in found.targets),
    )
    blocks: list[RenderableType] = [section("Targets", targets)]
    for entry in found.constructions:
        rows = [[name, formula] for name, formula in entry.resources]
        rows += [["error", entry.error or "see the certificate"]]
        if entry.sensitivity is not None:
            rows.append(["sensitivity S", entry.sensitivity])
        blocks.append(section(f"{entry.name}: {entry.meaning}", table(["", ""], rows)))
    blocks.append(
        Text("inverse_temperature = kappa * S * (scale of the error) / (eps - error), kappa = W(1/e) = 0.278464543")
    )
    return Group(*blocks)
