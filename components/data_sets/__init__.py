"""Finds and reads labelled images, whatever format they are in."""
