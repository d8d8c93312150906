"""An HTTP server that answers as Kubeflow's API does, and remembers what it was sent."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from support.json_server import JsonRequest, serve_json

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
    refuse_all: int | None = None

    def bodies(self, method: str, path: str) -> list[Any]:
        """Returns the bodies of the requests of one kind."""
        return [body for verb, where, body in self.requests if (verb, where) == (method, path)]

    def answer(self, request: JsonRequest) -> tuple[int, Any]:
        """Returns the status and the body of the answer to a request."""
        path = request.path.removeprefix(_API)
        self.requests.append((request.method, path, request.body))
        self.tokens.append(request.token)
        if self.refuse_all:
            return self.refuse_all, {"error": "who are you?"}
        _, resource, *names = path.split("/")
        return getattr(self, f"_{request.method.lower()}_{resource}")(request.body, *names)

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
    with serve_json(stand_in.answer) as stand_in.url:
        yield stand_in
