"""Asks a model server over REST: this project's, or TensorFlow Serving itself (no TensorFlow).

    with RestClient("http://localhost:8501", "tfx-mnist") as client:
        prediction = client.predict({"images": images}, signature_name="serve_images")

`serving.client.grpc.GrpcClient` has the same methods over gRPC.
"""

import base64
import json
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx
import numpy as np
import orjson

from serving.client.answers import Classification, ClientError, Prediction, VersionState
from serving.client.http_client import make_http_client
from serving.client.metadata import parse_signatures
from serving.errors import Code
from serving.tensors import DEFAULT_SIGNATURE, Array, Signature

_CODES = {code.http_status: code for code in reversed(Code) if code is not Code.OK}


class RestClient:
    """Talks to the REST API."""

    def __init__(
        self,
        url: str,
        model_name: str,
        *,
        token: str | None = None,
        timeout_seconds: float = 30.0,
        ca_file: str | None = None,
    ) -> None:
        """Makes a client; it connects when it is used.

        Args:
          url: Where the server is, such as "http://localhost:8501".
          model_name: The model to ask.
          token: The server's bearer token, if it wants one.
          timeout_seconds: How long to wait for an answer.
          ca_file: Who signed the server's certificate, if that is nobody known to all.

        Raises:
          ClientError: The URL is none, the token can't be sent, or a proxy or a certificate that is
            named here or in the environment can't be used.
        """
        self._model = f"/v1/models/{quote(model_name, safe='', errors='surrogateescape')}"
        self._outputs: dict[tuple[int | None, str], str] = {}
        self._http, self._proxy = make_http_client(url, token, timeout_seconds, ca_file)

    def predict(
        self,
        inputs: Mapping[str, Any],
        *,
        signature_name: str = DEFAULT_SIGNATURE,
        version: int | None = None,
        label: str | None = None,
    ) -> Prediction:
        """Calls a signature.

        Args:
          inputs: Arrays, or what numpy makes arrays of, by name; bytes are sent as base64.
          signature_name: The signature to call.
          version: The version to ask, None for the newest.
          label: The version to ask, by label.

        Raises:
          ClientError: The server refused, or did not answer.
        """
        body = orjson.dumps(
            {
                "signature_name": signature_name,
                "inputs": {name: _to_json(_to_array(value)) for name, value in inputs.items()},
            },
            option=orjson.OPT_SERIALIZE_NUMPY,
        )
        path = f"{self._model}{_version_path(version, label)}"
        started = time.perf_counter()
        outputs = self._request("POST", f"{path}:predict", body)["outputs"]
        milliseconds = (time.perf_counter() - started) * 1000
        # A lone output goes without its name; several never do, and {"b64": ...} is one value.
        several = isinstance(outputs, dict) and len(outputs) > 1
        named = (
            outputs
            if several
            else {self._find_output(signature_name, version=version, label=label): outputs}
        )
        return Prediction(
            {name: _from_json(value) for name, value in named.items()}, version, milliseconds
        )

    def classify(
        self,
        examples: Sequence[Mapping[str, bytes]],
        *,
        signature_name: str = DEFAULT_SIGNATURE,
        version: int | None = None,
        label: str | None = None,
    ) -> Classification:
        """Asks for the classes of examples, and how probable each is.

        Args:
          examples: For each the values of its features, by name.
          signature_name: The signature to ask.
          version: The version to ask, None for the newest.
          label: The version to ask, by label.

        Raises:
          ClientError: The server refused, or did not answer.
        """
        features = [
            {name: _strings_to_json(value) for name, value in example.items()}
            for example in examples
        ]
        body = orjson.dumps({"signature_name": signature_name, "examples": features})
        started = time.perf_counter()
        path = f"{self._model}{_version_path(version, label)}:classify"
        results = self._request("POST", path, body)["results"]
        milliseconds = (time.perf_counter() - started) * 1000
        classes = [[(name, score) for name, score in result] for result in results]
        return Classification(classes, version, milliseconds)

    def read_signatures(
        self, *, version: int | None = None, label: str | None = None
    ) -> dict[str, Signature]:
        """Returns what the model can be asked for, by name.

        Args:
          version: The version to ask, None for the newest.
          label: The version to ask, by label.

        Raises:
          ClientError: There is no such version, or no server.
        """
        path = f"{self._model}{_version_path(version, label)}/metadata"
        return parse_signatures(self._request("GET", path)["metadata"]["signature_def"])

    def read_versions(self) -> list[VersionState]:
        """Returns the versions that the server knows, newest first.

        Raises:
          ClientError: There is no such model, or no server.
        """
        reply = self._request("GET", self._model)
        return [
            VersionState(
                int(entry["version"]), entry["state"], entry["status"].get("error_message", "")
            )
            for entry in reply["model_version_status"]
        ]

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _find_output(self, signature_name: str, *, version: int | None, label: str | None) -> str:
        """Returns the name of the only output of a signature."""
        known = self._outputs.get((version, signature_name))
        if known is not None:
            return known
        [name] = self.read_signatures(version=version, label=label)[signature_name].outputs
        if version is not None:  # what a label or the newest is may change
            self._outputs[version, signature_name] = name
        return name

    @property
    def _way(self) -> str:
        return f" through {self._proxy}" if self._proxy else ""

    @property
    def _advice(self) -> str:
        return f". {self._proxy.advice}" if self._proxy else ""

    def _request(self, method: str, path: str, body: bytes | None = None) -> Any:
        try:
            response = self._http.request(method, path, content=body)
        except httpx.TimeoutException as error:
            raise ClientError(
                Code.DEADLINE_EXCEEDED, f"{self._http.base_url}{self._way} did not answer in time"
            ) from error
        except httpx.HTTPError as error:
            raise ClientError(
                Code.UNAVAILABLE,
                f"{self._http.base_url} can't be reached{self._way}: {error}{self._advice}",
            ) from error
        try:
            # Replies of a model may hold NaN, which the standard library reads.
            content = json.loads(response.content)
        except ValueError as error:
            raise ClientError(
                Code.UNKNOWN,
                f"{response.url}: expected JSON of a model server, received{self._way} HTTP "
                f"{response.status_code} with {response.headers.get('content-type')}",
            ) from error
        if response.is_success:
            return content
        message = content.get("error", content) if isinstance(content, dict) else content
        raise ClientError(_CODES.get(response.status_code, Code.UNKNOWN), str(message))


def _version_path(version: int | None, label: str | None) -> str:
    if version is not None:
        return f"/versions/{version}"
    return f"/labels/{quote(label, safe='', errors='surrogateescape')}" if label is not None else ""


def _to_array(value: Any) -> Array:
    array = np.asarray(value)
    # numpy's own strings lose the NUL bytes that they end in.
    return np.asarray(value, object) if array.dtype.kind in "SU" else array


def _to_json(array: Array) -> Any:
    if array.dtype.kind == "O":
        return _strings_to_json(array.tolist())
    return np.ascontiguousarray(array) if array.ndim else array[()]


def _strings_to_json(value: Any) -> Any:
    if isinstance(value, list):
        return [_strings_to_json(element) for element in value]
    return {"b64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _from_json(value: Any) -> Array:
    def decode(element: Any) -> Any:
        if isinstance(element, list):
            return [decode(child) for child in element]
        return base64.b64decode(element["b64"]) if isinstance(element, dict) else element

    return _to_array(decode(value))
