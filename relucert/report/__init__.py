"""Turning results into text, JSON, XML and trees: formatters never compute."""
