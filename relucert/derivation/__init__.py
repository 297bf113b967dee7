"""Proofs in the making: judgements, steps, and the canonical certificate writer."""
