"""A request in, an answer out; knows no protocol and no format (no TensorFlow)."""
