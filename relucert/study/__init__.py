"""Looking at what was built: evaluation at points, and later sweeps and comparisons."""
