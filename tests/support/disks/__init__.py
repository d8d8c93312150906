"""Disks that are soon full, for tests of what is left then."""
