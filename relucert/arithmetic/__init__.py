"""Named float arithmetics: what a certificate may assume of the machine that runs its transformer."""
