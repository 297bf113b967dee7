"""A grid of problems, built and checked, and how their cost grows."""
