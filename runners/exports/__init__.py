"""What a pushed version is exported from outside of a run: its model, and images of its data."""
