"""The grammar in which users write numbers, and decimals rounded in a stated direction."""

import math
import re
from fractions import Fraction

MAX_LENGTH = 1000
MAX_EXPONENT = 300
GRAMMAR = "a number such as 3, -0.25, 1e-3 or 22/7"

_DECIMAL = re.compile(r"[+-]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE]([+-]?[0-9]{1,4}))?", re.ASCII)
_RATIO = re.compile(r"[+-]?(?:0|[1-9][0-9]*)/([1-9][0-9]*)", re.ASCII)


def parse_number(text: str) -> Fraction:
    """Return the rational that ``text`` writes, exactly: ``1e-3`` is 1/1000 and never a float.

    Raises ValueError, with what was expected, for anything outside the grammar: leading zeros, hexadecimal,
    underscores, ``nan``, ``inf``, exponents beyond 300, more than 1000 characters.
    """
    text = text.strip(" ")
    if len(text) <= MAX_LENGTH:
        if _RATIO.fullmatch(text):
            return Fraction(text)
        match = _DECIMAL.fullmatch(text)
        if match and abs(int(match.group(1) or 0)) <= MAX_EXPONENT:
            return Fraction(text)
    shown = text if len(text) <= 30 else text[:27] + "..."
    raise ValueError(f"expected {GRAMMAR}, not {shown!r}{_advice(text)}")


def _advice(text: str) -> str:
    if re.fullmatch(r"[+-]?0[0-9]+(\.[0-9]*)?", text):
        return " (write it without the leading zero)"
    if re.fullmatch(r"[+-]?0[xXoObB].*", text):
        return " (write it in decimal)"
    if re.fullmatch(r"[+-]?(\.[0-9]+|[0-9]+\.)([eE].*)?", text):
        return " (write digits on both sides of the point)"
    if re.fullmatch(r"[+-]?[0-9.]+[eE][+-]?[0-9]+", text):
        return f" (exponents go from -{MAX_EXPONENT} to {MAX_EXPONENT})"
    return ""


def round_up(value: Fraction, digits: int = 12) -> Fraction:
    """Return the least decimal of ``digits`` significant digits that is >= ``value``."""
    unit = _unit(value, digits)
    return -(-value // unit) * unit


def round_down(value: Fraction, digits: int = 12) -> Fraction:
    """Return the largest decimal of ``digits`` significant digits that is <= ``value``."""
    unit = _unit(value, digits)
    return value // unit * unit


def _unit(value: Fraction, digits: int) -> Fraction:
    """Return the power of ten that is the last of ``digits`` significant digits of ``value``."""
    return Fraction(10) ** (decimal_exponent(value) - digits + 1) if value else Fraction(1)


def decimal_exponent(value: Fraction) -> int:
    """Return e with 10^e <= |value| < 10^(e+1), for a nonzero value."""
    size = abs(value)
    exponent = (size.numerator.bit_length() - size.denominator.bit_length()) * 30103 // 100000 - 1
    while size >= Fraction(10) ** (exponent + 1):
        exponent += 1
    return exponent


def decimal_up(value: Fraction, digits: int = 6) -> str:
    """Return a decimal text for ``value`` that is exact or rounded up."""
    return _decimal(round_up(value, digits), digits)


def decimal_down(value: Fraction, digits: int = 6) -> str:
    """Return a decimal text for ``value`` that is exact or rounded down."""
    return _decimal(round_down(value, digits), digits)


def decimal_nearest(value: Fraction, digits: int) -> str:
    """Return a decimal text for ``value`` rounded to nearest: for showing values, never bounds."""
    unit = _unit(value, digits)
    return _decimal(round(value / unit) * unit, digits)


def exact_text(value: Fraction) -> str:
    """Return ``value`` exactly: as a decimal where a short one exists, else as p/q."""
    if value.denominator == 1 and abs(value.numerator) < 10**15:
        return str(value.numerator)
    rounded = round_up(value, 15)
    short = rounded == value and (not value or abs(decimal_exponent(value)) < MAX_EXPONENT)
    return _decimal(rounded, 15) if short else write_rational(value)


def _decimal(value: Fraction, digits: int) -> str:
    """Return the text of a decimal of at most ``digits`` significant digits."""
    if not value:
        return "0"
    exponent = decimal_exponent(value)
    whole = abs(value) / Fraction(10) ** (exponent - digits + 1)
    text, sign = str(whole.numerator), "-" if value < 0 else ""
    if -4 <= exponent < digits:
        point = exponent + 1
        text = f"{text[:point]}.{text[point:]}" if point > 0 else "0." + "0" * -point + text
        return sign + text.rstrip("0").rstrip(".")
    return sign + f"{text[0]}.{text[1:]}".rstrip("0").rstrip(".") + f"e{exponent}"


def write_rational(value: Fraction) -> str:
    """Return the certificate's text for a rational: p or p/q in lowest terms."""
    return str(value.numerator) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"


def log2(value: Fraction) -> float:
    """Return the binary logarithm of a positive rational that may be beyond floats."""
    shift = value.numerator.bit_length() - value.denominator.bit_length()
    return shift + math.log2(value / Fraction(2) ** shift)
