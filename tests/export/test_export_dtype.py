from __future__ import annotations

import struct
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relucert.export.dtype import BFLOAT16, DTYPES, FLOAT16, FLOAT32, FLOAT64, Dtype, OverflowToInfinityError

CODES = {"float16": "<e", "float32": "<f", "float64": "<d"}
rationals = st.builds(
    lambda p, q, e: Fraction(p, q) * Fraction(2) ** e,
    st.integers(-(2**60), 2**60),
    st.integers(1, 2**60),
    st.integers(-170, 170),
)


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(sorted(CODES)))
@example(65519.99, "float16")
@example(2.0**-25, "float16")
@example(5e-324, "float64")
@example(3.4028235677973366e38, "float32")
def test_a_float_is_encoded_as_the_machine_encodes_it(value: float, name: str) -> None:
    dtype = DTYPES[name]
    try:
        expected = struct.pack(CODES[name], value)
    except OverflowError:
        with pytest.raises(OverflowToInfinityError):
            dtype.encode(Fraction(value))
        return
    if value or expected.strip(b"\0"):
        # minus zero is the one float that a rational cannot say
        assert dtype.encode(Fraction(value)).to_bytes(dtype.size, "little") in (expected, bytes(dtype.size))
        assert dtype.decode(dtype.encode(Fraction(value))) == Fraction(struct.unpack(CODES[name], expected)[0])


@given(rationals, st.sampled_from([FLOAT16, BFLOAT16, FLOAT32, FLOAT64]))
def test_no_float_is_nearer_than_the_nearest(value: Fraction, dtype: Dtype) -> None:
    try:
        nearest = dtype.nearest(value)
    except OverflowToInfinityError:
        assert abs(value) > dtype.largest
        return
    below, above = dtype.largest_below(value), dtype.least_above(value)
    assert below <= value <= above
    assert nearest in (below, above)
    assert abs(nearest - value) == min(value - below, above - value)


def test_a_tie_goes_to_the_even_significand() -> None:
    assert BFLOAT16.nearest(1 + Fraction(1, 256)) == 1
    assert BFLOAT16.nearest(1 + Fraction(3, 256)) == 1 + Fraction(4, 256)


def test_the_largest_numbers_are_those_of_ieee_754() -> None:
    assert FLOAT16.largest == 65504
    assert float(FLOAT32.largest) == 3.4028234663852886e38
    assert BFLOAT16.largest == Fraction(255, 128) * 2**127
    assert FLOAT16.encode(Fraction(65519)) == 0x7BFF
    with pytest.raises(OverflowToInfinityError):
        FLOAT16.encode(Fraction(65520))
