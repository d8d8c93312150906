"""Measures speed; nothing here is a test. Numbers and commands: README.md in this folder."""
