"""Trains in pods of Kubernetes, which the Trainer's own pod makes, watches and removes."""
