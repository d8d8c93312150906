"""Who may call: whoever knows the token, everybody if there is none."""

import hmac

from serving.errors import Code, ServingError

_SCHEME = "bearer"


class Gate:
    """Checks the Authorization header of HTTP, and the metadata of that name of gRPC."""

    def __init__(self, token: str | None = None) -> None:
        """Makes a gate; without a token it is open."""
        self._token = token.encode() if token else None

    def is_open_to(self, authorization: str | None) -> bool:
        """Returns whether a request may pass."""
        try:
            self.check(authorization)
        except ServingError:
            return False
        return True

    def check(self, authorization: str | None) -> None:
        """Lets a request pass, or raises a ServingError."""
        if self._token is None:
            return
        scheme, _, token = (authorization or "").partition(" ")
        # Compared in a time that says nothing about where the two differ.
        matches = hmac.compare_digest(token.strip().encode("utf-8", "replace"), self._token)
        if scheme.lower() != _SCHEME or not matches:
            raise ServingError(
                Code.UNAUTHENTICATED, "expected the header Authorization: Bearer with the token"
            )
