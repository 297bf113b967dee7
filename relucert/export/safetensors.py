"""The safetensors format, written from its specification: a JSON header and the raw floats, without any library.

Eight bytes give the header's length, little-endian; the header names each tensor's dtype, shape and place, and under
``__metadata__`` the statement and the certificate's hash.  Nothing in such a file can be executed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from .dtype import Dtype
from .subject import Export, Subject
from .tensors import Tensor, rounding, tensors

NAMES = {"float16": "F16", "bfloat16": "BF16", "float32": "F32", "float64": "F64"}
ALIGNMENT = 8


def export(subject: Subject, dtype: Dtype) -> Export:
    """Return the file of the transformer's tensors in the layout of ``tensors.py``."""
    found = tensors(subject.transformer)
    return Export(write(found, dtype, subject.metadata(dtype)), (rounding(found, dtype).note(dtype),))


def write(found: Sequence[Tensor], dtype: Dtype, metadata: Mapping[str, str]) -> bytes:
    """Return the bytes of a safetensors file: the same input gives the same bytes."""
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    end = 0
    for tensor in found:
        start, end = end, end + tensor.size * dtype.size
        header[tensor.name] = {"dtype": NAMES[dtype.name], "shape": tensor.shape, "data_offsets": (start, end)}
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % ALIGNMENT)
    return b"".join((len(text).to_bytes(8, "little"), text, *(tensor.data(dtype) for tensor in found)))
