"""ML Metadata: where it is, and what it remembers."""
