"""Reads the model card that a fork edits (no TensorFlow).

TFX, with which it comes, is loaded where the card is remote.
"""

import logging
from pathlib import Path

logger = logging.getLogger(__name__)


def read_card(path: str) -> str:
    """Returns the card's Markdown; of one that cannot be read, a sentence that says so.

    Args:
      path: Local or remote; "" if there is none.
    """
    if not path:
        return ""
    try:
        if "://" not in path:
            return Path(path).read_text(encoding="utf-8", errors="replace")
        from tfx.dsl.io import fileio  # noqa: PLC0415 - TensorFlow comes with it

        with fileio.open(path, "rb") as file:
            return bytes(file.read()).decode(errors="replace")
    except Exception as error:  # of any file system
        logger.debug("Where that was raised", exc_info=True)
        return f"The model card cannot be read: {error}"
