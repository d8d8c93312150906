"""Writes a page on which a model answers in the browser, on any static host."""
