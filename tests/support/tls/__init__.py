"""Certificates of stand-ins that are asked over TLS."""
