"""Beam's own job service."""
