"""Reads IDX data sets, wherever they are: finds, opens, checks and digests their files."""
