"""Where a server is, as somebody types it (standard library only)."""

from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit


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
        else:
            return parts
    except ValueError as error:  # of the port, or of an IPv6 address
        reason = f": {error}"
    *others, last = (f"{scheme}://" for scheme in schemes)
    raise UrlError(
        f"expected {', '.join(others)} or {last}HOST:PORT, received {url!r}{reason}. "
        "Name the host and the port at which the server listens."
    )
