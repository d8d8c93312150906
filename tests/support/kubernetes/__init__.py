"""Kubernetes: the fields of its objects, and what stands in for a cluster."""
