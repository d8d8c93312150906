"""Asks a model server over gRPC: this project's, or TensorFlow Serving itself."""

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import grpc  # type: ignore[import-untyped]
import tensorflow as tf
from google.protobuf.json_format import MessageToDict
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.client.answers import Classification, ClientError, Prediction, VersionState
from serving.client.authorization import make_authorization
from serving.client.metadata import parse_signatures
from serving.client.proxies import find_grpc_proxy
from serving.errors import Code
from serving.tensors import DEFAULT_SIGNATURE, Signature

_SIGNATURES = "signature_def"


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
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        self._address(request, version, label, signature_name)
        reply, milliseconds = self._time(self._predictions.Predict, request)
        outputs = {name: tf.make_ndarray(value) for name, value in reply.outputs.items()}
        return Prediction(outputs, reply.model_spec.version.value, milliseconds)

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
        request = classification_pb2.ClassificationRequest()
        for example in examples:
            features = request.input.example_list.examples.add().features
            for name, value in example.items():
                features.feature[name].bytes_list.value.append(value)
        self._address(request, version, label, signature_name)
        reply, milliseconds = self._time(self._predictions.Classify, request)
        classes = [
            [(entry.label, entry.score) for entry in classification.classes]
            for classification in reply.result.classifications
        ]
        return Classification(classes, reply.model_spec.version.value, milliseconds)

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
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=[_SIGNATURES])
        self._address(request, version, label)
        reply = self._call(self._predictions.GetModelMetadata, request)
        signature_map = get_model_metadata_pb2.SignatureDefMap()
        reply.metadata[_SIGNATURES].Unpack(signature_map)
        return parse_signatures(
            MessageToDict(
                signature_map,
                preserving_proto_field_name=True,
                always_print_fields_with_no_presence=True,
            )
        )

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

    def _address(
        self, request: Any, version: int | None, label: str | None, signature_name: str = ""
    ) -> None:
        """Writes into a request which version, and which signature of it, it is for."""
        request.model_spec.name = self._model_name
        request.model_spec.signature_name = signature_name
        if version is not None:
            request.model_spec.version.value = version
        elif label is not None:
            request.model_spec.version_label = label

    def _time(self, method: Any, request: Any) -> tuple[Any, float]:
        """Returns the reply to a call, and how many milliseconds it took."""
        started = time.perf_counter()
        reply = self._call(method, request)
        return reply, (time.perf_counter() - started) * 1000

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
