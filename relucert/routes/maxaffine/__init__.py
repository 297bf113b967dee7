"""One head that parts the box by a maximum of affine functions and gives each cell a value, after arXiv 2504.19901."""
