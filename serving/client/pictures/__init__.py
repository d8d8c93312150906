"""Makes of a picture file the digit that a model is asked about (no TensorFlow)."""
