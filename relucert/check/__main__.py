"""Check certificates with nothing but the standard library: ``python -m relucert.check CERT.json ...``."""

import gc
import os
import sys
import traceback
from fractions import Fraction

from . import check, files, rules
from .refusal import Declined, Rejected
from .statement import short

USAGE = """usage: python -m relucert.check [--only FAMILY,FAMILY...] CERT.json[.gz] ...

Re-verify certificates and print what they prove.  Rule families: {families}.
Exit: 0 all accepted, 1 one rejected, 2 usage or unreadable file, 3 one declined, 70 internal error,
130 interrupted.  Over several files the worst wins, in the order 70, 1, 3, 0."""

SEVERITY = {"accepted": 0, "declined": 3, "rejected": 1}


def main(arguments: list[str]) -> int:
    """Check the files named and return the exit code."""
    only = None
    paths: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word in ("-h", "--help"):
            _say(USAGE.format(families=", ".join(sorted(rules.FAMILIES))))
            return 0
        if word == "--only" and rest:
            only = frozenset(rest.pop(0).split(","))
            if only - rules.FAMILIES:
                return _usage(f"unknown rule family {sorted(only - rules.FAMILIES)[0]!r}")
        elif word.startswith("-"):
            return _usage(f"unknown option {word!r}")
        else:
            paths.append(word)
    if not paths:
        return _usage("no certificate named")
    codes = {_one(path, only) for path in paths}
    return next(code for code in (1, 2, 3, 0) if code in codes)


def _say(text: str) -> None:
    """Print, and go on in silence once the reader of standard output has left, so that the exit code still counts."""
    try:
        print(text, flush=True)  # noqa: T201
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _usage(text: str) -> int:
    print(f"relucert.check: {text}", file=sys.stderr)  # noqa: T201
    print(USAGE.format(families=", ".join(sorted(rules.FAMILIES))), file=sys.stderr)  # noqa: T201
    return 2


def _one(path: str, only: frozenset[str] | None) -> int:
    try:
        verdict = check(files.read(path), only)
    except OSError as error:
        print(f"relucert.check: {path}: {error.strerror or error}", file=sys.stderr)  # noqa: T201
        return 2
    except (Rejected, Declined) as refusal:
        status = "rejected" if isinstance(refusal, Rejected) else "declined"
        _say(f"{path}\n  verdict      {status} at step decode: {refusal}")
        return SEVERITY[status]
    lines = [path]
    if verdict.status == "accepted" and verdict.error_bound is not None:
        lines += [f"  proved       {verdict.statement}", "  assumptions  none"]
        lines += [f"  bound        {short(verdict.error_bound)}"]
        counts = ", ".join(f"{name} {short(Fraction(value))}" for name, value in verdict.resources.items())
        lines += [f"  resources    {counts}"]
    lines += [f"  families     {', '.join(verdict.families)}", f"  sha256       {verdict.sha256}"]
    where = f" at step {verdict.step}" + (f" ({verdict.rule})" if verdict.rule else "") if verdict.reason else ""
    lines += [f"  verdict      {verdict.status}{where}{': ' + verdict.reason if verdict.reason else ''}"]
    _say("\n".join(lines))
    return SEVERITY[verdict.status]


if __name__ == "__main__":
    gc.set_threshold(100_000, 20, 100)  # rarely: a certificate is a large tree of objects without cycles
    try:
        CODE = main(sys.argv[1:])
    except KeyboardInterrupt:
        CODE = 130
    except Exception:
        traceback.print_exc()
        CODE = 70
    sys.exit(CODE)
