"""Makes of a picture file what a model is asked about (no TensorFlow)."""
