"""What Coq says of a certificate: accepted or not, the theorem as Coq prints it, the axioms it rests on, the time.

Three things keep an accepted result honest, whoever wrote the files.  The library must have the sha256 sums embedded
here.  Certificate.v must begin with the imports, the statement and the matrices that ``emit`` writes for the
certificate; a second file then asks Coq for the theorem by its full name, so that nothing later in Certificate.v
can stand in for it.  And every axiom that Coq reports must be on a fixed list.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import DeclinedError
from .emit import FILE, PROOF, Development, export, library
from .hashes import SHA256

INSTALL = "coqc is not installed; on Debian and Ubuntu: apt-get install --no-install-recommends coq"
SECONDS = 3600.0
# Those of the real numbers in Coq's standard library, classical logic and functional extensionality; and the kernel's
# own primitive integers, three operations on them, where large files pack numbers into them.
AXIOMS = frozenset(
    {
        "ClassicalDedekindReals.sig_forall_dec",
        "ClassicalDedekindReals.sig_not_dec",
        "FunctionalExtensionality.functional_extensionality_dep",
        "Classical_Prop.classic",
        "PrimInt63.int",
        "PrimInt63.land",
        "PrimInt63.lsr",
        "PrimInt63.eqb",
    }
)
UNREADABLE = "an answer of coqc that cannot be read"
AUDIT = "Audit.v"
_AUDIT_TEXT = """From Coq Require Import Reals List NArith QArith.
From Relucert Require Import Transformer.
Import ListNotations.
Open Scope R_scope.
Require Relucert.Certificate.
Print Relucert.Certificate.approximates.
Check (Relucert.Certificate.T_approximates : Relucert.Certificate.approximates Relucert.Certificate.T).
Print Assumptions Relucert.Certificate.T_approximates.
"""
_THEOREM = re.compile(r"fun T : model =>\s*(.*?)\s*: model -> Prop\s*Arguments ", re.DOTALL)
_AXIOM = re.compile(r"(?!\s)(\S+)(?: :|$)")


@dataclass(frozen=True, slots=True)
class KernelResult:
    """``accepted`` with the ``theorem`` and its ``axioms``, or not, with the ``reason``.

    ``seconds`` is the time for this certificate, ``library_seconds`` that for building the library before it.
    """

    accepted: bool
    reason: str
    theorem: str
    axioms: tuple[str, ...]
    seconds: float
    library_seconds: float


def check_with_coq(certificate: bytes, built: Path | None = None) -> KernelResult:
    """Return what Coq's kernel says of a certificate that the independent checker accepts.

    ``built`` is a folder filled by ``build_library``, to save its time.  Raises DeclinedError without coqc and for
    certificates that the Coq library does not cover, UsageError for those that the independent checker rejects.
    """
    coqc()
    development = export(certificate)
    return judge(development.files, development, built)


def coqc() -> str:
    """Return the path of coqc; DeclinedError says how to install it."""
    path = shutil.which("coqc")
    if path is None:
        raise DeclinedError(INSTALL)
    return path


def build_library(folder: Path) -> float:
    """Compile the library into a folder and return the seconds that it took."""
    start = time.monotonic()
    for name, text in library().items():
        (folder / name).write_text(text, "ascii")
        failure = _compile(folder, name)[1]
        if failure:
            raise DeclinedError(f"the installed coqc does not compile the library: {failure}")
    return time.monotonic() - start


def judge(files: Mapping[str, str], wanted: Development, built: Path | None = None) -> KernelResult:
    """Return what Coq says of the ``files`` as a proof of the ``wanted`` statement; they may come from anywhere."""
    refusal = _refusal(files, wanted)
    if refusal:
        return KernelResult(False, refusal, "", (), 0.0, 0.0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        library_seconds = build_library(folder) if built is None else _copy(built, folder)
        start = time.monotonic()
        for file, text in ((FILE, files[FILE]), (AUDIT, _AUDIT_TEXT)):
            (folder / file).write_text(text, "ascii")
            output, failure = _compile(folder, file)
            if failure:
                seconds = time.monotonic() - start
                return KernelResult(False, f"Coq refuses {file}: {failure}", "", (), seconds, library_seconds)
        theorem, axioms = _parsed(output)
        strange = [axiom for axiom in axioms if axiom not in AXIOMS]
        reason = f"the proof rests on {', '.join(strange)}" if strange else ""
        return KernelResult(not strange, reason, theorem, axioms, time.monotonic() - start, library_seconds)


def _refusal(files: Mapping[str, str], wanted: Development) -> str:
    """Return why the files are not even compiled, or nothing."""
    for name, digest in SHA256.items():
        if hashlib.sha256(files.get(name, "").encode()).hexdigest() != digest:
            return f"{name} is not the library's"
    if not files.get(FILE, "").startswith(wanted.statement + PROOF):
        return "the statement or the matrices are not the certificate's"
    return ""


def _copy(built: Path, folder: Path) -> float:
    for name in SHA256:
        for file in (name, f"{name}o"):
            shutil.copy(built / file, folder / file)
    return 0.0


def _compile(folder: Path, name: str) -> tuple[str, str]:
    """Return coqc's output, and the first lines of its complaint if it refuses the file."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COQ")}
    try:
        done = subprocess.run(  # noqa: S603 - coqc from the path, on files written here
            [coqc(), "-q", "-Q", ".", "Relucert", name],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DeclinedError(f"coqc took more than {SECONDS:.0f} seconds on {name}") from None
    complaint = " ".join((done.stderr or done.stdout).split())[:400]
    return done.stdout, "" if done.returncode == 0 else complaint or f"exit status {done.returncode}"


def _parsed(output: str) -> tuple[str, tuple[str, ...]]:
    """Return the theorem and the axioms from the output of the audit file."""
    found = _THEOREM.search(output)
    if found is None:
        return "", (UNREADABLE,)
    theorem, rest = found.group(1), output[found.end() :]
    if "Closed under the global context" in rest:
        return theorem, ()
    _, listed, listing = rest.partition("\nAxioms:\n")
    if not listed:
        return theorem, (UNREADABLE,)
    names = (_AXIOM.match(line) for line in listing.splitlines() if line and not line[0].isspace())
    return theorem, tuple(match.group(1) if match else UNREADABLE for match in names)
