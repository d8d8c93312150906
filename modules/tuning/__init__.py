"""Searches for hyperparameters: what is tried, trying it, and what came of it."""
