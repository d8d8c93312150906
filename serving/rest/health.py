"""What probes ask, without a token: does the process live, and may it be sent requests?"""

from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from serving.access import Gate

_ALIVE, _READY = "/healthz", "/readyz"
HEALTH_PATHS = (_ALIVE, _READY)
_METHODS = ("GET", "HEAD")


class HealthPages:
    """Answers /healthz and /readyz."""

    def __init__(self, find_why_unready: Callable[[], Sequence[str]]) -> None:
        """Makes the pages of a server that says what its clients must wait for, if anything."""
        self._find_why_unready = find_why_unready

    def render(self, request: Request, path: str, gate: Gate) -> Response:
        """Returns 200 or 503; only who may use the models reads their names."""
        if request.method not in _METHODS:
            return PlainTextResponse(status_code=405, headers={"Allow": ", ".join(_METHODS)})
        reasons = self._find_why_unready() if path == _READY else ()
        if not reasons:
            return PlainTextResponse("ok\n")
        if gate.is_open_to(request.headers.get("authorization")):
            return PlainTextResponse("".join(f"{reason}\n" for reason in reasons), 503)
        return PlainTextResponse(f"not ready for {len(reasons)} reasons\n", 503)
