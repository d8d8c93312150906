"""What probes ask, without a token: does the process live, and may it be sent requests?"""

from collections.abc import Callable, Sequence

from serving.access import Gate
from serving.rest.exchange import Reply, Request

_ALIVE, _READY = "/healthz", "/readyz"
HEALTH_PATHS = (_ALIVE, _READY)
_METHODS = ("GET", "HEAD")
_TEXT = "text/plain; charset=utf-8"


class HealthPages:
    """Answers /healthz and /readyz."""

    def __init__(self, find_why_unready: Callable[[], Sequence[str]]) -> None:
        """Makes the pages of a server that says what its clients must wait for, if anything."""
        self._find_why_unready = find_why_unready

    def render(self, request: Request, gate: Gate) -> Reply:
        """Returns 200 or 503; only who may use the models reads their names."""
        if request.method not in _METHODS:
            return Reply(405, content_type=_TEXT, headers={"Allow": ", ".join(_METHODS)})
        reasons = self._find_why_unready() if request.path == _READY else ()
        if not reasons:
            return Reply(200, b"ok\n", _TEXT)
        if gate.is_open_to(request.find_header("authorization")):
            return Reply(503, "".join(f"{reason}\n" for reason in reasons).encode(), _TEXT)
        return Reply(503, f"not ready for {len(reasons)} reasons\n".encode(), _TEXT)
