"""A server that answers as Vertex AI's API does, and remembers what it was sent."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from support.json_server import JsonRequest, serve_json

_PROJECT_NUMBER = "1234567"


@dataclass
class VertexStandIn:
    """What the server was sent, and what it holds.

    Attributes:
      url: Of the API.
      requests: All of them, in order.
      schedules: As JSON, one for each page of a list.
      refusals: Status and message of the answer to every request of a method.
    """

    url: str = ""
    requests: list[JsonRequest] = field(default_factory=list)
    schedules: list[dict[str, Any]] = field(default_factory=list)
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def calls(self) -> list[str]:
        """Method and last part of the path of each request."""
        return [f"{each.method} {each.path.rpartition('/')[2]}" for each in self.requests]

    def answer(self, request: JsonRequest) -> tuple[int, Any]:
        """Returns the status and the body of the answer to a request."""
        self.requests.append(request)
        if request.method in self.refusals:
            status, message = self.refusals[request.method]
            return status, {"error": {"code": status, "message": message}}
        _, version, _, _, _, region, collection, *names = request.path.split("/")
        parent = f"projects/{_PROJECT_NUMBER}/locations/{region}"
        match version, request.method, collection, names:
            case "v1", "POST", "pipelineJobs", []:
                [run_id] = request.query["pipelineJobId"]
                return 200, request.body | {"name": f"{parent}/pipelineJobs/{run_id}"}
            case "v1", "GET", "schedules", []:
                return 200, self._list_schedules(int(request.query.get("pageToken", ["0"])[0]))
            case "v1", "POST", "schedules", []:
                return 200, self._add_schedule(parent, request.body)
            case "v1", "DELETE", "schedules", [name]:
                self.schedules = [
                    each for each in self.schedules if not each["name"].endswith(f"/{name}")
                ]
                return 200, {"name": f"{parent}/operations/9", "done": False}
        return 404, {"error": {"code": 404, "message": f"no such path: {request.path}"}}

    def _list_schedules(self, page: int) -> dict[str, Any]:
        is_last = page + 1 >= len(self.schedules)
        return {
            "schedules": self.schedules[page : page + 1],
            "nextPageToken": "" if is_last else str(page + 1),
        }

    def _add_schedule(self, parent: str, body: dict[str, Any]) -> dict[str, Any]:
        made = sum(call == "POST schedules" for call in self.calls)
        self.schedules.append(body | {"name": f"{parent}/schedules/{made}", "state": "ACTIVE"})
        return self.schedules[-1]


@contextlib.contextmanager
def run_stand_in() -> Iterator[VertexStandIn]:
    stand_in = VertexStandIn()
    with serve_json(stand_in.answer) as stand_in.url:
        yield stand_in
