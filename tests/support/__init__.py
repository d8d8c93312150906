"""Fixtures, stand-ins and drivers that several tests use."""
