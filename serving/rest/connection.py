"""An HTTP connection on which a client can neither fill the memory nor stay for ever."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from serving.errors import Code
from serving.json_messages.document import render_error
from serving.rest.exchange import TARGET, WHOLE, Receive, Reply, Scope, Send

MAX_HEAD_BYTES = 64 * 2**10
"""The most that method, URL and headers of a request may take."""

_PROBE_SECONDS = 1.0
_INTERIM_RESPONSE = STATUS_LINE[100] + b"\r\n"


class HttpConnection(HttpToolsProtocol):
    """uvicorn's connection, with limits on all that a request is besides its body.

    The application sees a request when its headers are complete, and checks the body itself. It is
    cancelled when the client hangs up.
    """

    def __init__(self, *arguments: Any, timeout_seconds: float, **named_arguments: Any) -> None:
        """Makes a connection.

        Args:
          arguments: As uvicorn makes it.
          timeout_seconds: How long the headers of a request may take to arrive, and a body that
            nobody waits for any more.
          named_arguments: As uvicorn makes it.
        """
        super().__init__(*arguments, **named_arguments)
        self._application = self.app
        self.app = self._run_application
        self._answering: asyncio.Task[Any] | None = None
        self._is_lost = False
        self._timeout_seconds = timeout_seconds
        self._timer: asyncio.TimerHandle | None = None
        # Received since the last request or the last piece of a body: headers, or trailers.
        self._num_bytes = 0
        self._is_between_requests = True
        self._is_reading_head = False
        self._client_has_finished = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Waits for the first request."""
        super().connection_made(transport)
        self._begin_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits no more, and lets nobody else work in vain."""
        self._stop_timer()
        super().connection_lost(exc)
        self._is_lost = True
        if self._answering:
            self._answering.cancel()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answers requests that have come as a whole, though the client sends no more.

        The end of TLS closes both directions, so there nobody could read an answer.
        """
        is_whole = self._owes_response() and not (self.cycle.more_body and not self.pipeline)
        self._client_has_finished = is_whole and self.scheme == "http"
        if self._client_has_finished:
            self._begin_to_probe()
        return self._client_has_finished

    def _probe(self) -> None:
        """Finds out whether a client that sends no more still reads, and goes on asking.

        TCP tells of both alike. To one that has gone, writing fails, from the second time on; one
        that is there takes no notice of an interim response (RFC 9110, 15.2).
        """
        if self.transport.is_closing() or not self._owes_response():
            return
        is_next = not (self.pipeline or self.cycle.response_started)
        if is_next and self.cycle.scope["http_version"] == "1.1":  # others know no such response
            self.transport.write(_INTERIM_RESPONSE)
        self._begin_to_probe()

    def _begin_to_probe(self) -> None:
        self.loop.call_later(_PROBE_SECONDS, self._probe)

    def data_received(self, data: bytes) -> None:
        """Takes a part of a request, or some of them."""
        if self._is_between_requests:
            self._begin_request()
        self._num_bytes += len(data)
        super().data_received(data)
        if self._num_bytes > MAX_HEAD_BYTES:
            self._refuse(431, f"The headers are larger than {MAX_HEAD_BYTES} bytes")

    def on_message_begin(self) -> None:
        """Is told that a request begins, perhaps right behind another one."""
        super().on_message_begin()
        if self._is_between_requests:
            self._begin_request()

    def on_headers_complete(self) -> None:
        """Hands the request to the application."""
        self._stop_timer()
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > MAX_HEAD_BYTES:
            self._refuse(431, f"The headers are larger than {MAX_HEAD_BYTES} bytes")
            raise ValueError(size)  # ends the parsing
        self._num_bytes = 0
        self._is_reading_head = False
        scope = cast("Scope", self.scope)
        scope[TARGET] = self.url
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Is told a part of the body."""
        self._num_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Is told that the request is there as a whole."""
        scope = cast("Scope", self.scope)
        scope[WHOLE] = True
        self._stop_timer()
        self._num_bytes = 0
        self._is_between_requests = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Is told that the request is answered, perhaps before all of it has come."""
        super().on_response_complete()
        if self._client_has_finished and not self._owes_response():
            self.transport.close()
        if not self._is_between_requests and self._timer is None:
            self._start_timer()

    def send_400_response(self, msg: str) -> None:
        """Answers what is no HTTP."""
        self._refuse(400, msg)

    async def _run_application(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the application answer a request, for as long as there is a client."""
        self._answering = asyncio.current_task()
        if self._is_lost and self._answering:
            self._answering.cancel()
        try:
            await self._application(scope, receive, send)
        except asyncio.CancelledError:
            if not self._is_lost:
                raise
            await Reply(Code.CANCELLED.http_status).send(send)  # to nobody; uvicorn wants one
        finally:
            self._answering = None

    def _begin_request(self) -> None:
        self._is_between_requests = False
        self._is_reading_head = True
        self._num_bytes = 0
        self._start_timer()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(self._timeout_seconds, self._run_out)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _run_out(self) -> None:
        self._timer = None
        if self._owes_response():  # to an earlier request; meanwhile nothing may be read
            self._start_timer()
        elif self._is_reading_head and self._num_bytes:
            self._refuse(408, f"The headers did not arrive within {self._timeout_seconds:g} s")
        else:
            self.transport.close()

    def _owes_response(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _may_answer(self) -> bool:
        """Returns whether what is written now is the answer to the request that is being read."""
        if self._is_reading_head:
            return not self._owes_response()
        return not (self.cycle.response_started or self.pipeline)

    def _refuse(self, status: int, message: str) -> None:
        """Answers, unless another answer is under way or was given, and hangs up."""
        if self.transport.is_closing():
            return
        self._stop_timer()
        if self._may_answer():
            content = render_error(message)
            head = f"content-type: application/json\r\ncontent-length: {len(content)}\r\n"
            self.transport.write(
                STATUS_LINE[status] + f"{head}connection: close\r\n\r\n".encode() + content
            )
        self.transport.close()
