"""Names files after runs (standard library only)."""

import hashlib
from urllib.parse import quote

_AS_IT_IS = " :+"
_MAX_LENGTH = 150


def name_file(run: str) -> str:
    """Returns a name for a file or folder of a run: one for each, and short enough.

    Args:
      run: The run's id, of whichever orchestrator, or what it is called.
    """
    name = quote(run, safe=_AS_IT_IS)
    if len(name) <= _MAX_LENGTH:
        return name
    digest = hashlib.sha256(run.encode()).hexdigest()[:16]
    return f"{name[:_MAX_LENGTH]}-{digest}"
