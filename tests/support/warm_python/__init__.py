"""A Python that has TensorFlow and TFX loaded, and runs each program in a fork of itself."""
