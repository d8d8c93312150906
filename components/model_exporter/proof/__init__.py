"""Answers of exported files, from processes that never load TensorFlow."""
