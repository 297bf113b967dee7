"""The attention-only softmax transformer: its matrices, its evaluation, its cost."""
