"""The models that TensorFlow Serving is tested with, and others of kinds that it takes."""
