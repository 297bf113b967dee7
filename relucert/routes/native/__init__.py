"""Attention-native constructions: softmax itself is smooth, so a smooth target needs no ReLU network in between."""
