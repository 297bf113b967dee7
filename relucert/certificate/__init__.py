"""The file format: the canonical certificate writer and its JSON Schema."""
