"""ReLU gates by interpolation on anchor tokens, after arXiv 2504.15956."""
