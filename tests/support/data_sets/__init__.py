"""Data sets that tests make: other sizes, other classes, other formats."""
