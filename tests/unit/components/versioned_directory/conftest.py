"""Versioned directories, with what reads and changes them."""

from support.versioned_directories import is_whole, names_in, push, write_model

__all__ = ["is_whole", "names_in", "push", "write_model"]
