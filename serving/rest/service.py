"""TF Serving's REST API as an ASGI application."""

import re
import time
from dataclasses import dataclass, replace

import orjson
from google.protobuf import json_format

from serving import metrics as metrics_page
from serving.access import Gate
from serving.call_meter import CallMeter
from serving.errors import Code, ServingError
from serving.inference.inference import Inference
from serving.json_messages.document import render_error
from serving.proto_messages.metadata import make_metadata_reply
from serving.rest.body import read_body
from serving.rest.exchange import Receive, Reply, Request, Scope, Send
from serving.rest.health import HEALTH_PATHS, HealthPages
from serving.rest.methods import JsonMethods
from serving.rest.page import Page
from serving.rest.path import RestCall, parse_path

_API_PATH = re.compile(r"/v1/", re.IGNORECASE)
_CORS_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, GET",
    "Access-Control-Allow-Headers": "Content-Type",
}


@dataclass(frozen=True, kw_only=True)
class RestOptions:
    """What the REST service offers.

    Attributes:
      timeout_seconds: How long a call may take, and its body to arrive.
      max_request_bytes: The largest body.
      enable_cors: Let pages of other origins call the API.
      metrics_path: Path of the Prometheus page, None for none.
      page: The page to try a model, None for none.
      health: What probes ask for, None for nothing.
    """

    timeout_seconds: float = 30.0
    max_request_bytes: int = 64 * 2**20
    enable_cors: bool = False
    metrics_path: str | None = None
    page: Page | None = None
    health: HealthPages | None = None


class RestService:
    """Answers HTTP requests; an ASGI application."""

    def __init__(
        self, inference: Inference, meter: CallMeter, gate: Gate, options: RestOptions
    ) -> None:
        self._inference = inference
        self._meter = meter
        self._gate = gate
        self._options = options
        methods = JsonMethods(inference)
        self._methods = {
            "predict": methods.predict,
            "classify": methods.classify,
            "regress": methods.regress,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, as ASGI demands."""
        if scope["type"] == "http":
            reply = await self._respond(Request(scope, receive))
            await reply.send(send)

    async def _respond(self, request: Request) -> Reply:
        path, page = request.path, self._options.page
        if page and path == "/" and request.method in ("GET", "HEAD"):
            may_know = self._gate.is_open_to(request.find_header("authorization"))
            return page.render(self._inference.manager.model_names if may_know else [])
        if self._options.health and path in HEALTH_PATHS:
            return self._options.health.render(request, self._gate)
        if path == self._options.metrics_path:
            return self._render_metrics(request)
        if not _API_PATH.match(path):
            return Reply(404, render_error(f"Not Found: {path}"))
        reply = await self._respond_to_api(request)
        if self._options.enable_cors:
            reply = replace(reply, headers={**reply.headers, **_CORS_HEADERS})
        return reply

    async def _respond_to_api(self, request: Request) -> Reply:
        arrived = time.monotonic()
        if request.method == "OPTIONS":
            return _preflight(request)
        target = request.target
        try:
            with self._meter.measure("REST", f"{request.method} {target}") as measured:
                self._gate.check(request.find_header("authorization"))
                call = parse_path(request.method, target)
                measured.model_name = call.model.name
                measured.api = call.method if call.method in self._methods else ""
                return Reply(200, await self._answer(call, request, arrived))
        except ServingError as error:
            return _refuse(error)

    async def _answer(self, call: RestCall, request: Request, arrived: float) -> bytes:
        if call.method == "status":
            return self._render_status(call)
        if call.method == "metadata":
            return self._render_metadata(call)
        timeout_seconds = self._options.timeout_seconds
        with self._inference.admit():
            body = await read_body(
                request,
                max_bytes=self._options.max_request_bytes,
                timeout_seconds=timeout_seconds,
            )
            return await self._methods[call.method](call.model, body, arrived + timeout_seconds)

    def _render_status(self, call: RestCall) -> bytes:
        """Renders the status of versions; TF Serving pays no heed to a label here."""
        statuses = self._inference.manager.read_status(call.model.name, call.model.version)
        entries = [
            {
                "version": str(status.version),
                "state": status.state.name,
                "status": {
                    "error_code": status.error.code.name if status.error else "OK",
                    "error_message": status.error.message if status.error else "",
                },
            }
            for status in statuses
        ]
        return orjson.dumps({"model_version_status": entries})

    def _render_metadata(self, call: RestCall) -> bytes:
        version, signature_defs = self._inference.read_signature_defs(call.model)
        reply, signature_map = make_metadata_reply(call.model.name, version, signature_defs)
        signature_def = json_format.MessageToDict(
            signature_map,
            preserving_proto_field_name=True,
            always_print_fields_with_no_presence=True,
        )
        model_spec = json_format.MessageToDict(
            reply.model_spec,
            preserving_proto_field_name=True,
            always_print_fields_with_no_presence=True,
        )
        return orjson.dumps(
            {"model_spec": model_spec, "metadata": {"signature_def": signature_def}}
        )

    def _render_metrics(self, request: Request) -> Reply:
        try:
            self._gate.check(request.find_header("authorization"))
        except ServingError as error:
            return _refuse(error)
        page = self._inference.metrics.render()
        return Reply(200, page.encode(), f"{metrics_page.CONTENT_TYPE}; charset=utf-8")


def _preflight(request: Request) -> Reply:
    if re.match(r"https?://", request.find_header("origin") or ""):
        return Reply(200)
    return Reply(400, render_error("Origin header is missing in CORS preflight"))


def _refuse(error: ServingError) -> Reply:
    needs_token = error.code is Code.UNAUTHENTICATED
    headers = {"WWW-Authenticate": "Bearer"} if needs_token else {}
    return Reply(error.http_status, render_error(error.message), headers=headers)
