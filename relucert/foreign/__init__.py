"""Networks from elsewhere: reading ONNX, and the search for a partition of the box that proves their error."""
