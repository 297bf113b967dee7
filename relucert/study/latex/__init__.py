"""A certificate as a theorem with a proof for people, in TeX."""
