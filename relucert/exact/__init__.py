"""Exact numbers: their text grammar, directed decimal rounding, and enclosures."""
