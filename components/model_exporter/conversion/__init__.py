"""Conversions of a SavedModel's signature `serve_images`, each in a process of its own."""
