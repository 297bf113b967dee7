"""``relucert export``: the transformer of a certificate as files for other programs."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from ..report.printing import say
from .files import write_atomically, write_folder
from .load import load_accepted
from .options import float_format, named, verbosity

# format -> the module of relucert.export whose function ``export`` writes it; coq and latex have rooms of their own
FORMATS = {
    "coq": "",
    "latex": "",
    "npz": "npz",
    "onnx": "onnx",
    "safetensors": "safetensors",
    "torch": "torch",
    "vnnlib": "vnnlib",
}


@click.command("export")
@verbosity
@click.argument("certificate", type=click.Path(path_type=Path))
@click.option("--to", "form", required=True, metavar="|".join(FORMATS), help="The format.")
@click.option(
    "-o", "output", required=True, type=click.Path(path_type=Path), help="File or, for coq, torch, vnnlib, folder."
)
@click.option("--dtype", default="float32", show_default=True, help="float32, float64, bfloat16 or float16.")
@click.pass_context
def command(ctx: click.Context, certificate: Path, form: str, output: Path, dtype: str) -> int:
    """Write the transformer of an accepted certificate, its weights rounded to nearest, for another runtime.

    The file carries the certified statement and the certificate's SHA-256.  The statement is about the exact weights
    over the real numbers; what rounding changed is printed.  With --to coq the folder holds a Coq development whose
    theorem is the statement itself; nothing is rounded.  With --to latex the file holds the theorem with its constants
    and a proof to be read, assembled from the trace.
    """
    chosen = named("--to", form, FORMATS)
    kind = float_format(dtype)
    loaded = load_accepted(certificate)
    if chosen == "coq":
        from ..coq import emit

        files = emit.development(loaded.certificate).files
        write_folder(output, {name: text.encode("ascii") for name, text in files.items()})
        if not ctx.obj.quiet:
            say(f"wrote {output} (coq, exact weights); compile it there in the order of _CoqProject")
        return 0
    if chosen == "latex":
        from ..report.latex import theorem_latex
        from ..study.latex.theorem import theorem

        write_atomically(output, theorem_latex(theorem(loaded)).encode("ascii"))
        if not ctx.obj.quiet:
            say(f"wrote {output} (latex, exact weights); it compiles with amsmath and amsthm")
        return 0
    from ..export.activations import refuse_overflow
    from ..study.export import subject_of

    subject = subject_of(loaded)
    refuse_overflow(subject, kind)
    result = importlib.import_module(f"..export.{FORMATS[chosen]}", __package__).export(subject, kind)
    if isinstance(result.content, bytes):
        write_atomically(output, result.content)
    else:
        write_folder(output, result.content)
    if not ctx.obj.quiet:
        for line in (f"wrote {output} ({chosen}, {kind.name})", *result.notes):
            say(line)
    return 0
