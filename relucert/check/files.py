"""Reading certificate files, plain or gzipped, with a cap on what they may unpack to."""

import gzip
import os
import zlib

from .decode import MAX_BYTES
from .refusal import Declined, Rejected


def read(path: str | os.PathLike[str]) -> bytes:
    """Return the certificate bytes of a ``.json`` or ``.json.gz`` file.

    Raises OSError if the file cannot be read, Rejected if a gzip file is damaged, Declined beyond the cap.
    """
    with open(path, "rb") as file:
        if not os.fspath(path).endswith(".gz"):
            data = file.read(MAX_BYTES + 1)
        else:
            try:
                with gzip.GzipFile(fileobj=file) as unpacked:
                    data = unpacked.read(MAX_BYTES + 1)
            except (gzip.BadGzipFile, EOFError, zlib.error):
                raise Rejected("not a whole gzip file") from None
    if len(data) > MAX_BYTES:
        raise Declined(f"more than {MAX_BYTES} bytes unpacked")
    return data
