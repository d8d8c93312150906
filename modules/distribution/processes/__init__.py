"""Starts the processes of a training, watches them and ends them."""
