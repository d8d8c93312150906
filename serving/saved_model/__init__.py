"""A version in TensorFlow: the only part that loads a model."""
