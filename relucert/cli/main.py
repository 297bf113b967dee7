"""Entry point of the ``relucert`` command: lazy commands, one place where errors become exit codes."""

from __future__ import annotations

import gc
import importlib
import os
import sys

import click

from ..errors import RelucertError
from ..version import VERSION
from .options import Verbosity, verbosity

COMMANDS = (
    *("audit", "build", "certify", "check", "compare", "explain", "export", "list", "plot", "run", "schema", "sweep"),
)
INTERNAL = 70
INTERRUPTED = 130
USAGE = 2
LONGEST = 80  # characters of a complaint that quotes an option
COLLECTIONS = (100_000, 20, 100)  # rarely: networks and proofs are large trees of objects without cycles

EXIT_CODES = """\b
Exit codes:
  0    accepted, built, proved
  1    rejected, refuted, a limit missed, or no construction reaches the tolerance
  2    usage, bad specification, path missing or unreadable
  3    declined (unknown version, size or work limit, rule not allowed) or undecided
  70   internal error
  130  interrupted
Over several files the worst wins, in the order 70, 1, 3, 0."""


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = importlib.import_module(f".{name}", __package__).command
        if not isinstance(command, click.Command):
            raise TypeError(f"cli/{name}.py defines no command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from ..errors import nearest

            raise click.UsageError(f"no command {args[0]!r}{nearest(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_LazyGroup, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="relucert")
@verbosity
def relucert() -> None:
    """Explicit attention-only transformers with error bounds that an independent checker has verified."""


def main() -> None:
    """Run the command line and exit with its code."""
    gc.set_threshold(*COLLECTIONS)
    code = _run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # the reader left early, as in ``| head``
        _discard_stdout()
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    try:
        code = relucert.main(arguments, prog_name="relucert", standalone_mode=False, obj=Verbosity())
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return USAGE
    except click.NoSuchOption as error:
        advice = "" if error.possibilities else " An expression that begins with a minus goes in parentheses: '(-x)'."
        _complain(f"{_shortened(error.format_message())}{advice}")
        return USAGE
    except click.ClickException as error:
        _complain(error.format_message())
        return USAGE
    except RelucertError as error:
        _complain(str(error))
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        _discard_stdout()
        return 0
    except Exception as error:
        _complain(f"internal error: {type(error).__name__}: {error} (run with -v for the traceback)")
        if "-v" in arguments or "--verbose" in arguments:
            import traceback

            traceback.print_exc()
        return INTERNAL


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _complain(text: str) -> None:
    line = " ".join(text.split())
    print(f"relucert: {line}", file=sys.stderr)  # noqa: T201


def _discard_stdout() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
