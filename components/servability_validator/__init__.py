"""Proves that a model can be served before it is pushed, without Docker."""
