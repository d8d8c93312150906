"""TF Serving's REST API as an ASGI application."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any

import orjson
from google.protobuf import json_format
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from serving import metrics as metrics_page
from serving.access import Gate
from serving.call_meter import CallMeter
from serving.errors import Code, ServingError
from serving.inference.inference import Inference
from serving.json_messages.document import render_error
from serving.proto_messages.metadata import make_metadata_reply
from serving.rest.body import read_body
from serving.rest.health import HEALTH_PATHS, HealthPages
from serving.rest.methods import JsonMethods
from serving.rest.page import Page
from serving.rest.path import RestCall, parse_path

_API_PATH = re.compile(r"/v1/.*", re.IGNORECASE | re.DOTALL)
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

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers one request, as ASGI demands."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        response = await self._respond(request)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        path = request.scope["raw_path"].decode("latin-1").partition("?")[0]
        page = self._options.page
        if page and path == "/" and request.method in ("GET", "HEAD"):
            may_know = self._gate.is_open_to(request.headers.get("authorization"))
            return page.render(self._inference.manager.model_names if may_know else [])
        if self._options.health and path in HEALTH_PATHS:
            return self._options.health.render(request, path, self._gate)
        if path == self._options.metrics_path:
            return self._render_metrics(request)
        if not _API_PATH.fullmatch(path):
            return _json(404, render_error(f"Not Found: {path}"))
        response = await self._respond_to_api(request, path)
        if self._options.enable_cors:
            response.headers.update(_CORS_HEADERS)
        return response

    async def _respond_to_api(self, request: Request, path: str) -> Response:
        if request.method == "OPTIONS":
            return _preflight(request)
        try:
            with self._meter.measure("REST", f"{request.method} {path}") as measured:
                self._gate.check(request.headers.get("authorization"))
                call = parse_path(request.method, path)
                measured.model_name = call.model.name
                measured.api = call.method if call.method in self._methods else ""
                return _json(200, await self._answer(call, request))
        except ServingError as error:
            return _json(error.http_status, render_error(error.message))

    async def _answer(self, call: RestCall, request: Request) -> bytes:
        if call.method == "status":
            return self._render_status(call)
        if call.method == "metadata":
            return self._render_metadata(call)
        with self._inference.admit():
            body = await read_body(
                request,
                max_bytes=self._options.max_request_bytes,
                timeout_seconds=self._options.timeout_seconds,
            )
            try:
                async with asyncio.timeout(self._options.timeout_seconds):
                    return await self._methods[call.method](call.model, body)
            except TimeoutError as error:
                raise ServingError(
                    Code.DEADLINE_EXCEEDED, "Timed out waiting for notification"
                ) from error

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

    def _render_metrics(self, request: Request) -> Response:
        try:
            self._gate.check(request.headers.get("authorization"))
        except ServingError as error:
            return _json(error.http_status, render_error(error.message))
        return PlainTextResponse(
            self._inference.metrics.render(), media_type=metrics_page.CONTENT_TYPE
        )


def _preflight(request: Request) -> Response:
    if re.match(r"https?://", request.headers.get("origin", "")):
        return Response(status_code=200)
    return _json(400, render_error("Origin header is missing in CORS preflight"))


def _json(status: int, content: bytes) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == Code.UNAUTHENTICATED.http_status else None
    return Response(content, status, headers, "application/json")
