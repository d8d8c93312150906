"""Reads the model card that a fork edits (no TensorFlow)."""

from components.file_content import read_bytes


def read_card(path: str) -> str:
    """Returns the card's Markdown; of one that cannot be read, a sentence that says so.

    The sentence is the same wherever the file is not: nodes compare what they read.

    Args:
      path: Local or remote; "" if there is none.
    """
    try:
        return read_bytes(path).decode(errors="replace") if path else ""
    except OSError as error:
        return f"The model card cannot be read: {error.strerror or type(error).__name__}"
