"""Which versions there are, and which are in memory (no TensorFlow)."""
