"""``relucert run``: evaluate a certificate's target, network and transformer, at a point or in a runtime."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import UsageError
from ..report.printing import say
from .load import load_accepted
from .options import assignments, float_format, named, number, verbosity, whole_number
from .progress import stages

if TYPE_CHECKING:
    from ..loaded import Loaded

DTYPE = "float32"
SAMPLES = 100_000
MOST_SAMPLES = 10_000_000


@click.command("run")
@verbosity
@click.argument("certificate", type=click.Path(path_type=Path))
@click.argument("point", nargs=-1, metavar="[x=0.3 y=-7/10]")
@click.option("--tokens", metavar="N", help="Evaluate N data tokens with random inputs, of a certificate of sequences.")
@click.option("--runtime", metavar="torch|onnx|numpy", help="Compare this runtime with f and T on many points.")
@click.option("--dtype", metavar="FORMAT", help=f"Float format of the runtime.  [default: {DTYPE}]")
@click.option("--samples", metavar="COUNT", help=f"Number of points.  [default: {SAMPLES}]")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the result.")
@click.pass_context
def command(
    ctx: click.Context,
    certificate: Path,
    point: tuple[str, ...],
    tokens: str | None,
    runtime: str | None,
    dtype: str | None,
    samples: str | None,
    form: str,
) -> int:
    """Evaluate f, N and T at a point, with the actual error beside the certified bound.

    For a certificate about sequences, give each input once for every data token (x=1/3,0,-1), or --tokens 16 for
    random ones; the error is shown at every token.

    With --runtime, compare what that runtime returns in a float format with f and T on random, grid and breakpoint
    inputs: ``observed`` beside ``certified``.
    """
    if runtime is not None:
        if point or tokens:
            raise UsageError("--runtime chooses its own points; leave out the point")
        return _compare(ctx, certificate, runtime, dtype or DTYPE, _count(samples), form)
    if dtype is not None or samples is not None:
        raise UsageError("--dtype and --samples need --runtime; try --runtime torch")
    loaded = load_accepted(certificate)
    from ..study.run.sequence import is_about_sequences

    if is_about_sequences(loaded):
        return _tokens(loaded, point, tokens, form)
    if tokens is not None:
        raise UsageError("--tokens is for certificates about sequences whose tokens each carry all inputs")
    values = {name: number(name, text) for name, text in assignments("the point", point).items()}
    from ..study.run.point import evaluate_at

    result = evaluate_at(loaded, values)
    if form == "json":
        from ..report.json import point_json

        say(point_json(result))
    else:
        from ..report.text import point_text, show

        show(point_text(result))
    return 0


def _tokens(loaded: Loaded, point: tuple[str, ...], tokens: str | None, form: str) -> int:
    """Show f, N and T at every data token of a sequence that is given or random."""
    from ..study.run.sequence import evaluate_tokens, random_rows, rows_of

    if tokens is not None and point:
        raise UsageError("--tokens chooses its own inputs; leave out the point")
    count = whole_number("--tokens", tokens)
    if count is not None:
        rows = random_rows(loaded, count)
    else:
        lists = assignments("the point", point)
        rows = rows_of(loaded, {name: [number(name, part) for part in text.split(",")] for name, text in lists.items()})
    results = evaluate_tokens(loaded, rows)
    if form == "json":
        from ..report.json import tokens_json

        say(tokens_json(results))
    else:
        from ..report.text import show, tokens_text

        show(tokens_text(results))
    return 0


def _count(samples: str | None) -> int:
    count = whole_number("--samples", samples) or SAMPLES
    if count > MOST_SAMPLES:
        raise UsageError(f"--samples: at most {MOST_SAMPLES}, not {count}")
    return count


def _compare(ctx: click.Context, certificate: Path, runtime: str, dtype: str, samples: int, form: str) -> int:
    from ..study.run.runtime import RUNTIMES, observe

    chosen, kind = named("--runtime", runtime, RUNTIMES), float_format(dtype)
    loaded = load_accepted(certificate)
    with stages("running", ctx.obj) as progress:
        result = observe(loaded, chosen, kind, samples, progress)
    if form == "json":
        from ..report.json import runtime_json

        say(runtime_json(result))
    elif not ctx.obj.quiet:
        from ..report.text import runtime_text, show

        show(runtime_text(result))
    return 0
