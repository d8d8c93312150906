"""An HTTP server that answers as Kubeflow's API does, and remembers what it was sent."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_API = "/apis/v2beta1"


@dataclass
class KubeflowStandIn:
    """What the server was sent, and what it holds."""

    url: str = ""
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    experiments: list[dict[str, Any]] = field(default_factory=list)
    schedules: list[dict[str, Any]] = field(default_factory=list)
    refuse_runs: bool = False

    def bodies(self, method: str, path: str) -> list[Any]:
        """Returns the bodies of the requests of one kind."""
        return [body for verb, where, body in self.requests if (verb, where) == (method, path)]

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Returns the status and the body of the answer to a request."""
        self.requests.append((method, path, body))
        _, resource, *names = path.split("/")
        return getattr(self, f"_{method.lower()}_{resource}")(body, *names)

    def _get_healthz(self, _: Any) -> tuple[int, Any]:
        return 200, {"multi_user": False}

    def _get_experiments(self, _: Any) -> tuple[int, Any]:
        return 200, {"experiments": self.experiments, "total_size": len(self.experiments)}

    def _post_experiments(self, body: Any) -> tuple[int, Any]:
        self.experiments.append(body | {"experiment_id": "experiment-1"})
        return 200, self.experiments[-1]

    def _post_runs(self, body: Any) -> tuple[int, Any]:
        if self.refuse_runs:
            return 403, {"error": "not yours"}
        return 200, body | {"run_id": "run-1"}

    def _get_recurringruns(self, _: Any) -> tuple[int, Any]:
        return 200, {"recurringRuns": self.schedules}

    def _post_recurringruns(self, body: Any) -> tuple[int, Any]:
        name = f"schedule-{len(self.bodies('POST', '/recurringruns'))}"
        self.schedules.append(body | {"recurring_run_id": name})
        return 200, self.schedules[-1]

    def _delete_recurringruns(self, _: Any, name: str) -> tuple[int, Any]:
        self.schedules = [each for each in self.schedules if each["recurring_run_id"] != name]
        return 200, {}


@contextlib.contextmanager
def run_stand_in() -> Iterator[KubeflowStandIn]:
    stand_in = KubeflowStandIn()

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            path = urlsplit(self.path).path
            stand_in.tokens.append(self.headers.get("authorization"))
            status, answer = stand_in.answer(self.command, path.removeprefix(_API), body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _handle  # noqa: N815 - http.server's names

        def log_message(self, *arguments: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        stand_in.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield stand_in
        finally:
            server.shutdown()
