"""Proofs in the making: judgements, steps, and one function for each basic rule."""
