"""Writes the content of a report as one page of HTML that needs nothing else."""
