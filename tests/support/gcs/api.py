"""What the stand-in for Google Cloud Storage understands of its JSON API.

As much as TensorFlow's and Beam's clients ask for. Anything else is answered with 501 and
remembered, so that a test can tell.
"""

import itertools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote

from support.gcs.messages import (
    Answer,
    Request,
    json_answer,
    read_batch,
    refuse,
    render_part,
)
from support.gcs.objects import NoSuchObjectError, ObjectStore, PreconditionError

_BUCKET = r"/storage/v1/b/(?P<bucket>[^/]+)"
_OBJECT = rf"{_BUCKET}/o/(?P<name>[^/]+)"
_DESTINATION = r"/b/(?P<to_bucket>[^/]+)/o/(?P<to_name>[^/]+)"
# Few, so that every client has to ask for a next page.
_MOST_IN_A_PAGE = 5
_RESUME_INCOMPLETE = 308
# Google promises no answer to every request, and its clients try again.
_BUSY_EVERY = 100
# All but for this question, whether there is a folder: TensorFlow's client takes what is no answer
# for no, and TensorFlow Transform then has nothing to rename. `modules/folders.py` asks again.
_ASKS_FOR_A_FOLDER = {"maxResults": "1"}.items()

REFRESH_TOKEN = "of the stand-in"  # noqa: S105 - opens nothing
_ACCESS_TOKEN = "good-for-an-hour"  # noqa: S105 - as above
_Route = tuple[str, str, Callable[..., Answer]]


@dataclass
class _Upload:
    """A resumable upload: nothing of it is to be seen before its last byte."""

    request: Request
    bucket: str
    name: str
    received: bytearray = field(default_factory=bytearray)


class StorageApi:
    """Answers requests from an ObjectStore.

    Attributes:
      not_understood: Method and target of the requests that were answered with 501.
      is_busy: Whether a request is answered with 503.
    """

    is_busy: Callable[[Request], bool]

    def __init__(self, store: ObjectStore) -> None:
        self.not_understood: list[str] = []
        self._store = store
        self._uploads: dict[str, _Upload] = {}
        self._upload_numbers = itertools.count(1)
        self._request_numbers = itertools.count(1)
        self.is_busy = self._is_busy_at_every_hundredth
        self._routes: list[_Route] = [
            ("GET", _BUCKET, self._describe_bucket),
            ("GET", rf"{_BUCKET}/storageLayout", self._describe_layout),
            ("GET", rf"{_BUCKET}/o", self._list),
            ("GET", _OBJECT, self._describe),
            ("GET", rf"/download{_OBJECT}", self._download),
            ("DELETE", _OBJECT, self._delete),
            ("POST", rf"{_OBJECT}/(?P<verb>copyTo|rewriteTo){_DESTINATION}", self._copy),
            ("POST", rf"/upload{_BUCKET}/o", self._upload),
            ("PUT", rf"/upload{_BUCKET}/o", self._go_on_uploading),
            ("POST", r"/batch/storage/v1", self._batch),
            # TensorFlow and Google's Python client each ask for it in another place.
            ("POST", r"/oauth2/v3/token|/token", self._give_token),
            # TensorFlow reads by the XML API.
            ("GET", r"/(?!storage/v1/)(?P<bucket>[^/]+)/(?P<name>.+)", self._download),
        ]

    def answer(self, request: Request) -> Answer:
        """Answers a request that was sent by itself; who sends it must have asked for a token."""
        if request.path.endswith("/token"):
            return self._respond(request)
        if request.headers.get("Authorization") != f"Bearer {_ACCESS_TOKEN}":
            return refuse(HTTPStatus.UNAUTHORIZED, "expected the access token")
        if self.is_busy(request):
            return refuse(HTTPStatus.SERVICE_UNAVAILABLE, "busy; try again")
        return self._respond(request)

    def _respond(self, request: Request) -> Answer:
        for method, pattern, respond in self._routes:
            match = re.fullmatch(pattern, request.path)
            if match and method == request.method:
                names = {key: unquote(value) for key, value in match.groupdict().items()}
                try:
                    return respond(request, **names)
                except NoSuchObjectError as error:
                    return refuse(HTTPStatus.NOT_FOUND, str(error))
                except PreconditionError as error:
                    return refuse(HTTPStatus.PRECONDITION_FAILED, str(error))
        return self._not_understood(request)

    def _is_busy_at_every_hundredth(self, request: Request) -> bool:
        number = next(self._request_numbers)
        return number % _BUSY_EVERY == 0 and not request.query.items() >= _ASKS_FOR_A_FOLDER

    def _give_token(self, request: Request) -> Answer:
        if dict(parse_qsl(request.body.decode())).get("refresh_token") != REFRESH_TOKEN:
            return refuse(HTTPStatus.UNAUTHORIZED, "expected the refresh token")
        return json_answer(
            {"access_token": _ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 3600}
        )

    def _not_understood(self, request: Request) -> Answer:
        self.not_understood.append(f"{request.method} {request.target} {dict(request.headers)}")
        return Answer(HTTPStatus.NOT_IMPLEMENTED)

    def _describe_bucket(self, request: Request, bucket: str) -> Answer:  # noqa: ARG002 - a route's form
        self._store.check_bucket(bucket)
        return json_answer({"kind": "storage#bucket", "name": bucket, "location": "US"})

    def _describe_layout(self, request: Request, bucket: str) -> Answer:  # noqa: ARG002 - as above
        layout = {"bucket": bucket, "hierarchicalNamespace": {"enabled": False}}
        return json_answer({"kind": "storage#storageLayout", **layout})

    def _list(self, request: Request, bucket: str) -> Answer:
        query = request.query
        page = self._store.list_page(
            bucket,
            prefix=query.get("prefix", ""),
            delimiter=query.get("delimiter", ""),
            token=query.get("pageToken", ""),
            size=min(int(query.get("maxResults", _MOST_IN_A_PAGE)), _MOST_IN_A_PAGE),
        )
        content = {
            "items": [stored.describe() for stored in page.objects],
            "prefixes": page.prefixes,
            "nextPageToken": page.next_token,
        }
        return json_answer({key: value for key, value in content.items() if value})

    def _describe(self, request: Request, bucket: str, name: str) -> Answer:  # noqa: ARG002 - as above
        return json_answer(self._store.get(bucket, name).describe())

    def _download(self, request: Request, bucket: str, name: str) -> Answer:
        content = self._store.get(bucket, name).content
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
        if wanted is None:
            return self._not_understood(request)
        first, size = int(wanted[1]), len(content)
        if first >= size:
            return Answer(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        last = min(int(wanted[2] or size), size - 1)
        content_range = {"Content-Range": f"bytes {first}-{last}/{size}"}
        return Answer(HTTPStatus.PARTIAL_CONTENT, content[first : last + 1], content_range)

    def _delete(self, request: Request, bucket: str, name: str) -> Answer:
        self._store.delete(bucket, name, if_generation=request.if_generation)
        return Answer(HTTPStatus.NO_CONTENT)

    def _copy(self, request: Request, verb: str, **names: str) -> Answer:
        content = self._store.get(names["bucket"], names["name"]).content
        copied = self._store.put(
            names["to_bucket"], names["to_name"], content, if_generation=request.if_generation
        ).describe()
        if verb == "copyTo":
            return json_answer(copied)
        sizes = {"objectSize": copied["size"], "totalBytesRewritten": copied["size"]}
        return json_answer(
            {"kind": "storage#rewriteResponse", "done": True, "resource": copied, **sizes}
        )

    def _upload(self, request: Request, bucket: str) -> Answer:
        kind = request.query.get("uploadType")
        if kind == "media":
            return self._store_object(request, bucket, request.query["name"], request.body)
        if kind != "resumable":
            return self._not_understood(request)
        self._store.check_bucket(bucket)
        name = request.query.get("name") or json.loads(request.body)["name"]
        upload_id = f"upload-{next(self._upload_numbers)}"
        self._uploads[upload_id] = _Upload(request, bucket, name)
        host = request.headers["Host"]
        location = f"https://{host}{request.path}?uploadType=resumable&upload_id={upload_id}"
        return Answer(HTTPStatus.OK, headers={"Location": location})

    def _go_on_uploading(self, request: Request, bucket: str) -> Answer:  # noqa: ARG002 - as above
        upload_id = request.query["upload_id"]
        upload = self._uploads.get(upload_id)
        content_range = request.headers.get("Content-Range", f"bytes */{len(request.body)}")
        sent = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", content_range)
        if upload is None or sent is None or sent[1] not in (None, str(len(upload.received))):
            return self._not_understood(request)
        upload.received += request.body
        received = len(upload.received)
        if sent[2] == "*" or int(sent[2]) > received:
            so_far = {"Range": f"bytes=0-{received - 1}"} if received else {}
            return Answer(_RESUME_INCOMPLETE, headers=so_far)
        del self._uploads[upload_id]
        content = bytes(upload.received)
        return self._store_object(upload.request, upload.bucket, upload.name, content)

    def _store_object(self, request: Request, bucket: str, name: str, content: bytes) -> Answer:
        stored = self._store.put(bucket, name, content, if_generation=request.if_generation)
        return json_answer(stored.describe())

    def _batch(self, request: Request) -> Answer:
        boundary = "part-of-the-answer"
        parts = [render_part(self._respond(part)) for part in read_batch(request)]
        content = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), part) for part in parts)
        return Answer(
            HTTPStatus.OK,
            content + f"--{boundary}--\r\n".encode(),
            {"Content-Type": f'multipart/mixed; boundary="{boundary}"'},
        )
