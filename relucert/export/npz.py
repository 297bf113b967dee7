"""NumPy's npz archive, written from its specification: arrays of floats and one of text, without NumPy.

``metadata`` is an array of text with one row (key, value) for each entry; no array needs ``allow_pickle``.  NumPy has
no bfloat16, so such weights are stored as the float32 numbers equal to them.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping
from fractions import Fraction

from .dtype import BFLOAT16, FLOAT32, Dtype
from .subject import Export, Subject
from .tensors import Tensor, rounding, tensors

TYPES = {"float16": "<f2", "float32": "<f4", "float64": "<f8"}
ALIGNMENT = 64
EPOCH = (1980, 1, 1, 0, 0, 0)  # the zip format's first date, so that equal content gives equal bytes


def export(subject: Subject, dtype: Dtype) -> Export:
    """Return the archive of the transformer's tensors in the layout of ``tensors.py``, and its metadata."""
    found = tensors(subject.transformer)
    arrays = {"metadata": _text_array(subject.metadata(dtype))}
    notes = [rounding(found, dtype).note(dtype)]
    if dtype is BFLOAT16:
        notes.append("NumPy has no bfloat16: the bfloat16 weights are stored as the float32 numbers equal to them")
    for tensor in found:
        stored, kind = _storable(tensor, dtype)
        arrays[tensor.name] = _array(TYPES[kind.name], tensor.shape, stored.data(kind))
    return Export(_archive(arrays), tuple(notes))


def _storable(tensor: Tensor, dtype: Dtype) -> tuple[Tensor, Dtype]:
    if dtype is not BFLOAT16:
        return tensor, dtype
    tensor.data(dtype)  # so that an overflow is found in the format that was asked for
    rounded = ((place, dtype.nearest(value)) for place, value in tensor.entries)
    return Tensor(tensor.name, tensor.shape, tuple((p, v) for p, v in rounded if v != Fraction(0))), FLOAT32


def _text_array(metadata: Mapping[str, str]) -> bytes:
    cells = [cell for pair in sorted(metadata.items()) for cell in pair]
    width = max(map(len, cells))
    data = "".join(cell.ljust(width, "\0") for cell in cells).encode("utf-32-le")
    return _array(f"<U{width}", (len(metadata), 2), data)


def _array(kind: str, shape: tuple[int, ...], data: bytes) -> bytes:
    """Return a version 1.0 npy file, whose header is padded to 64 bytes and ends with a newline."""
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape!r}, }}"
    header += " " * (-(len(header) + 11) % ALIGNMENT) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode("ascii") + data


def _archive(arrays: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in arrays.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", EPOCH), data)
    return buffer.getvalue()
