"""Kubernetes: the schemas of its objects, and what stands in for a cluster."""
