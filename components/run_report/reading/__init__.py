"""Reads what artifacts hold into the content of a report."""
