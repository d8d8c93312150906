"""Finds the statistics that the data are compared with: the last ones that were accepted."""
