"""Writing files and folders, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import UsageError

GZIP_LEVEL = 6  # 9 takes four times as long for 1 percent


def writable(option: str, path: Path, known: Sequence[str]) -> None:
    """Refuse a file that could not be written afterwards: of no known suffix, or in no folder."""
    if path.suffix not in known:
        raise UsageError(f"{option}: expected a file ending in {' or '.join(known)}, not {path}")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{option}: there is no folder {path.parent}")


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: a unique temporary file in its folder, then one replacement.

    Links are followed, and devices and pipes are written to, not replaced.
    """
    import tempfile

    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            target.write_bytes(data)
            return
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(name, 0o666 & ~mask)
            os.replace(name, target)
        except BaseException:
            if os.path.exists(name):  # else an interrupt came just after the replacement
                os.unlink(name)
            raise
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None


def packed(data: bytes) -> bytes:
    """Return the bytes of a .gz file, the same at any time."""
    import gzip

    return gzip.compress(data, GZIP_LEVEL, mtime=0)


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder whole or not at all: a unique temporary sibling, then one rename.

    An existing folder is replaced only if it holds nothing but files of these names, other numbers in them allowed:
    what else is in it might be the user's.
    """
    import re
    import shutil
    import tempfile

    def shape(name: str) -> str:
        return re.sub("[0-9]+", "0", name)

    shapes = set(map(shape, files))
    try:
        if path.is_dir():
            for found in path.iterdir():
                if not found.is_file() or shape(found.name) not in shapes:
                    raise UsageError(f"cannot replace {path}: it holds {found.name!r}; name a new folder")
        parent = path.parent
        made = Path(tempfile.mkdtemp(dir=parent, prefix=f".{path.name}."))
        try:
            for name, data in files.items():
                (made / name).write_bytes(data)
            mask = os.umask(0)
            os.umask(mask)
            made.chmod(0o777 & ~mask)
            if path.is_dir():
                old = Path(tempfile.mkdtemp(dir=parent, prefix=f".{path.name}."))
                path.rename(old / "old")
                try:
                    made.rename(path)
                except OSError:
                    (old / "old").rename(path)
                    raise
                finally:
                    shutil.rmtree(old, ignore_errors=True)
            elif path.exists():
                raise UsageError(f"cannot write {path}: it is a file, and this format is a folder")
            else:
                made.rename(path)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None
