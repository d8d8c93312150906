"""Asks a model server over gRPC: this project's, or TensorFlow Serving itself."""

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import grpc  # type: ignore[import-untyped]
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.client.answers import ClientError, Prediction, VersionState
from serving.client.authorization import make_authorization
from serving.client.proxies import find_grpc_proxy
from serving.errors import Code
from serving.tensors import DEFAULT_SIGNATURE


class GrpcClient:
    """Talks to the gRPC API; the methods are those of `serving.client.rest.RestClient`."""

    def __init__(
        self,
        address: str,
        model_name: str,
        *,
        token: str | None = None,
        timeout_seconds: float = 30.0,
        encrypted: bool = False,
        ca_certificate: bytes | None = None,
    ) -> None:
        """Makes a client; it connects when it is used.

        Args:
          address: Where the server is, such as "localhost:8500".
          model_name: The model to ask.
          token: The server's bearer token, if it wants one.
          timeout_seconds: How long to wait for an answer.
          encrypted: Use TLS.
          ca_certificate: Who signed the server's certificate (PEM), if that is nobody known to
            all; goes with TLS.

        Raises:
          ClientError: The token can't be sent, or a proxy that the environment names can't be used.
        """
        self._metadata = list(make_authorization(token).items())
        self._proxy = find_grpc_proxy(address)
        # gRPC would ask a proxy for this machine, too.
        options = [
            ("grpc.http_proxy", self._proxy.url) if self._proxy else ("grpc.enable_http_proxy", 0)
        ]
        if not encrypted and ca_certificate is None:
            self._channel = grpc.insecure_channel(address, options)
        else:
            self._channel = grpc.secure_channel(
                address, grpc.ssl_channel_credentials(ca_certificate), options
            )
        self._timeout_seconds = timeout_seconds
        self._model_name = model_name
        self._predictions = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)

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
          inputs: Arrays by name; of Python's numbers TensorFlow makes float and int32.
          signature_name: The signature to call.
          version: The version to ask, None for the newest.
          label: The version to ask, by label.

        Raises:
          ClientError: The server refused, or did not answer.
        """
        request = predict_pb2.PredictRequest()
        request.model_spec.name = self._model_name
        request.model_spec.signature_name = signature_name
        if version is not None:
            request.model_spec.version.value = version
        elif label is not None:
            request.model_spec.version_label = label
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        started = time.perf_counter()
        reply = self._call(self._predictions.Predict, request)
        milliseconds = (time.perf_counter() - started) * 1000
        outputs = {name: tf.make_ndarray(value) for name, value in reply.outputs.items()}
        return Prediction(outputs, reply.model_spec.version.value, milliseconds)

    def read_versions(self) -> list[VersionState]:
        """Returns the versions that the server knows, newest first.

        Raises:
          ClientError: There is no such model, or no server.
        """
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = self._model_name
        states = get_model_status_pb2.ModelVersionStatus.State
        return [
            VersionState(entry.version, states.Name(entry.state), entry.status.error_message)
            for entry in self._call(self._models.GetModelStatus, request).model_version_status
        ]

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _call(self, method: Any, request: Any) -> Any:
        try:
            return method(request, timeout=self._timeout_seconds, metadata=self._metadata)
        except grpc.RpcError as error:
            code = Code[error.code().name]
            message = (
                f"through {self._proxy}: {error.details()}. {self._proxy.advice}"
                if self._proxy and code in (Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED)
                else error.details()
            )
            raise ClientError(code, message) from error
