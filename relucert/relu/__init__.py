"""Residual ReLU networks: the IR, its sensitivities, and constructions that come with their proofs."""
