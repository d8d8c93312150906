"""Vertex AI: what runs a compiled pipeline here, and what stands in for its API."""
