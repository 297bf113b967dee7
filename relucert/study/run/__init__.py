"""A certificate at points: exactly, by softmax at many digits, or as a runtime returns it."""
