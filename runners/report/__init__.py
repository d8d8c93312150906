"""Artifacts in Markdown, as a person wants to read them."""
