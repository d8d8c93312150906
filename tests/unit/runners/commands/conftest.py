"""Commands that look at a versioned directory."""

from support.versioned_directories import names_in, push, write_model

__all__ = ["names_in", "push", "write_model"]
