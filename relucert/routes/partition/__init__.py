"""The route partition: local approximations by feed-forward parts, blended by softmax over blocks."""
