"""The report of a run at its end, and again at any time after it."""
