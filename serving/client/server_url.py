"""Where a server is, as somebody types it (standard library only)."""

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

_WITHOUT_PATH = ("grpc", "grpcs")


class UrlError(ValueError):
    """Expected the URL of a server, received something else."""


def split_url(url: str, schemes: Sequence[str]) -> SplitResult:
    """Returns the parts of a server's URL.

    Args:
      url: Such as "http://localhost:8501".
      schemes: What it may begin with.

    Raises:
      UrlError: It begins otherwise, or names no host or no port that there can be.
    """
    try:
        parts = urlsplit(url)
        if parts.scheme not in schemes:
            reason = ""
        elif not parts.hostname or any(not sign.isprintable() or sign == " " for sign in url):
            reason = ", which names no host"
        elif parts.port == 0:
            reason = ", whose port is 0"
        elif parts.query or parts.fragment or "@" in parts.netloc:
            reason = ", which has more to it: a token goes into a file"
        elif parts.scheme in _WITHOUT_PATH and parts.path.strip("/"):
            reason = ", which has a path"
        else:
            return parts
    except ValueError as error:  # of the port, or of an IPv6 address
        reason = f": {error}"
    *others, last = (f"{scheme}://" for scheme in schemes)
    raise UrlError(
        f"expected {', '.join(others)} or {last}HOST:PORT, received "
        f"{_hide_user(url)!r}{reason}. "
        "Name the host and the port at which the server listens."
    )


def _hide_user(url: str) -> str:
    """Returns the URL without name and password, which are nobody else's to read."""
    return re.sub("//[^/]*@", "//...@", url)
