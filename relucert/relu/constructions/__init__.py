"""Constructions: each file builds one kind of target and proves what it built."""
