"""HTTP as the stand-in for Google Cloud Storage sees it: requests, answers, and batches of both."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser, Parser
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_JSON = {"Content-Type": "application/json; charset=UTF-8"}


@dataclass(frozen=True)
class Request:
    """A request, or one part of a batch."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))

    @property
    def if_generation(self) -> int | None:
        wanted = self.query.get("ifGenerationMatch")
        return None if wanted is None else int(wanted)


@dataclass(frozen=True)
class Answer:
    """What the client gets."""

    status: int
    content: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def json_answer(content: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Answer:
    return Answer(status, json.dumps(content).encode(), _JSON)


def refuse(status: HTTPStatus, message: str) -> Answer:
    return json_answer({"error": {"code": status.value, "message": message}}, status)


def read_batch(request: Request) -> Iterator[Request]:
    """Yields the requests in a batch: each part is one, written out as HTTP."""
    header = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    for part in BytesParser().parsebytes(header + request.body).get_payload():
        line, _, rest = part.get_payload().lstrip().partition("\n")
        method, target, _ = line.split()
        message = Parser().parsestr(rest)
        yield Request(method, target, message, message.get_payload().encode())


def render_part(answer: Answer) -> bytes:
    status = HTTPStatus(answer.status)
    headers = {**answer.headers, "Content-Length": str(len(answer.content))}
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "Content-Type: application/http\r\n\r\n" + "\r\n".join(lines)
    return head.encode() + b"\r\n\r\n" + answer.content
