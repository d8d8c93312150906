"""Photographs of digits, and of none, in whatever light."""
