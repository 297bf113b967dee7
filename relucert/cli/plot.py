"""``relucert plot``: the target, the network, the transformer and the error within the certified envelope."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import UsageError
from ..report.printing import say
from .files import write_atomically
from .load import load_accepted
from .options import assignments, number, verbosity, whole_number
from .progress import counted

SUFFIXES = (".svg", ".png")


@click.command("plot")
@verbosity
@click.argument("certificate", type=click.Path(path_type=Path))
@click.option("-o", "output", required=True, type=click.Path(path_type=Path), help="The picture (.svg or .png).")
@click.option("--slice", "slices", multiple=True, metavar="y=0.3", help="Fix an input; may be repeated.")
@click.option("--output", "which", metavar="K", help="Which of several outputs to draw.  [default: 1]")
@click.pass_context
def command(ctx: click.Context, certificate: Path, output: Path, slices: tuple[str, ...], which: str | None) -> int:
    """Draw an accepted certificate: curves for one input, a heat map of the error for two, slices beyond.

    The envelope is certified; the curves are sampled, more finely near the kinks of the network, and are estimates.
    Of a float machine they are what NumPy returns; a bound in the norm L1 or L2 is one of no point, without envelope.
    Needs matplotlib: pip install 'relucert[plot]'.
    """
    if output.suffix not in SUFFIXES:
        raise UsageError(f"-o: expected a file ending in {' or '.join(SUFFIXES)}, not {output}")
    parts = tuple(part for text in slices for part in text.split(","))
    fixed = {name: number("--slice", text) for name, text in assignments("--slice", parts).items()}
    chosen = whole_number("--output", which) or 1
    from ..export.extras import require

    require("matplotlib", "plot")
    loaded = load_accepted(certificate)
    from ..report.figure import error_figure
    from ..study.plot.picture import picture

    with counted("evaluating", ctx.obj) as progress:
        found = picture(loaded, fixed, chosen, progress)
    write_atomically(output, error_figure(found, output.suffix[1:]))
    if not ctx.obj.quiet:
        from ..exact.number import decimal_up

        certified = f"certified {decimal_up(found.bound)}"
        if found.norm != "sup":
            certified = f"its {found.norm} norm over the box certified {decimal_up(found.bound)}"
        sampled = f"{found.points} samples, largest |T - f| {decimal_up(found.observed)} (an estimate)"
        say(f"wrote {output}: {sampled}, {certified}")
    return 0
