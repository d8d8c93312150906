"""TF Serving's gRPC services: predictions, and the state of the models."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.call_meter import CallMeter
from serving.errors import invalid_argument
from serving.grpc.handlers import answers, infers
from serving.inference.calls import Task
from serving.inference.classification import CLASSIFY_METHOD
from serving.inference.inference import Inference
from serving.models.config import ModelConfig, read_model_configs
from serving.off_loop import LARGE_MESSAGE, LARGE_REPLY, run_in_thread_if
from serving.proto_messages.examples import serialize_input
from serving.proto_messages.fields import read_model, write_classes, write_spec, write_values
from serving.proto_messages.metadata import SIGNATURE_DEF, make_metadata_reply
from serving.proto_messages.tensors import Limits, make_tensor_protos, parse_tensor_protos
from serving.tensors import Array, count_values


def _model_of(request: Any) -> str:
    return str(request.model_spec.name)


def _model_of_tasks(request: Any) -> str:
    return str(request.tasks[0].model_spec.name) if request.tasks else ""


def _no_model(_: Any) -> str:
    return ""


class PredictionService:
    """tensorflow.serving.PredictionService."""

    name = "tensorflow.serving.PredictionService"
    methods = ("Predict", "Classify", "Regress", "MultiInference", "GetModelMetadata")

    def __init__(
        self, inference: Inference, meter: CallMeter, *, limits: Limits, as_content: bool = False
    ) -> None:
        """Makes a service.

        Args:
          inference: Answers the requests.
          meter: Measures them.
          limits: The most that the tensors of a request may claim.
          as_content: Write packed bytes into replies, not the typed fields.
        """
        self.inference = inference
        self.meter = meter
        self._limits = limits
        self._as_content = as_content

    @infers(predict_pb2.PredictRequest, _model_of)
    async def Predict(self, request: Any, deadline: float | None) -> Any:  # noqa: N802 - gRPC's name
        """Returns the outputs of a signature for the tensors in the request."""
        spec = request.model_spec
        parse = partial(parse_tensor_protos, request.inputs, self._limits)
        arrays = await run_in_thread_if(request.ByteSize() > LARGE_MESSAGE, parse, deadline)
        prediction = await self.inference.predict(
            read_model(request),
            spec.signature_name,
            arrays,
            list(request.output_filter),
            deadline=deadline,
        )
        reply = predict_pb2.PredictResponse()
        write_spec(reply, spec, prediction.version, prediction.signature_name)
        outputs = prediction.outputs
        write = partial(make_tensor_protos, outputs, reply.outputs, as_content=self._as_content)
        await run_in_thread_if(count_values(outputs) > LARGE_REPLY, write, deadline)
        return reply

    @infers(classification_pb2.ClassificationRequest, _model_of)
    async def Classify(self, request: Any, deadline: float | None) -> Any:  # noqa: N802
        """Returns the classes of each example in the request."""
        spec = request.model_spec
        version, rows = await self.inference.classify(
            read_model(request),
            spec.signature_name,
            await self._read_examples(request, deadline),
            deadline=deadline,
        )
        reply = classification_pb2.ClassificationResponse()
        write_spec(reply, spec, version)
        write_classes(rows, reply.result)
        return reply

    @infers(regression_pb2.RegressionRequest, _model_of)
    async def Regress(self, request: Any, deadline: float | None) -> Any:  # noqa: N802
        """Returns a number for each example in the request."""
        spec = request.model_spec
        version, values = await self.inference.regress(
            read_model(request),
            spec.signature_name,
            await self._read_examples(request, deadline),
            deadline=deadline,
        )
        reply = regression_pb2.RegressionResponse()
        write_spec(reply, spec, version)
        write_values(values, reply.result)
        return reply

    @infers(inference_pb2.MultiInferenceRequest, _model_of_tasks)
    async def MultiInference(self, request: Any, deadline: float | None) -> Any:  # noqa: N802
        """Answers several classify and regress requests about the same examples."""
        names = {task.model_spec.name for task in request.tasks}
        if "" in names or not names:
            raise invalid_argument("Found ModelSpec with an empty model name.")
        if len(names) > 1:
            raise invalid_argument(
                "All ModelSpecs in a MultiInferenceRequest must access the same model name."
            )
        tasks = [Task(task.model_spec.signature_name, task.method_name) for task in request.tasks]
        version, answers = await self.inference.multi_inference(
            read_model(request.tasks[0]),
            tasks,
            await self._read_examples(request, deadline),
            deadline=deadline,
        )
        reply = inference_pb2.MultiInferenceResponse()
        for task, answer in zip(request.tasks, answers, strict=True):
            result = reply.results.add()
            write_spec(result, task.model_spec, version)
            if task.method_name == CLASSIFY_METHOD:
                write_classes(answer, result.classification_result)  # type: ignore[arg-type]
            else:
                write_values(answer, result.regression_result)  # type: ignore[arg-type]
        return reply

    @answers(get_model_metadata_pb2.GetModelMetadataRequest, _model_of)
    async def GetModelMetadata(self, request: Any, _: float | None) -> Any:  # noqa: N802
        """Returns the signatures of a model."""
        model = read_model(request)
        if not request.metadata_field:
            raise invalid_argument(
                "GetModelMetadataRequest must specify at least one metadata_field"
            )
        for field in request.metadata_field:
            if field != SIGNATURE_DEF:
                raise invalid_argument(f"Metadata field {field} is not supported")
        version, signature_defs = self.inference.read_signature_defs(model)
        reply, _ = make_metadata_reply(model.name, version, signature_defs)
        return reply

    async def _read_examples(self, request: Any, deadline: float | None) -> Array:
        serialize = partial(
            serialize_input, request.input, max_examples=self.inference.max_request_values
        )
        return await run_in_thread_if(request.ByteSize() > LARGE_MESSAGE, serialize, deadline)


class ModelService:
    """tensorflow.serving.ModelService."""

    name = "tensorflow.serving.ModelService"
    methods = ("GetModelStatus", "HandleReloadConfigRequest")

    def __init__(
        self,
        inference: Inference,
        meter: CallMeter,
        reload: Callable[[list[ModelConfig]], Awaitable[None]],
    ) -> None:
        """Makes a service.

        Args:
          inference: Knows the models.
          meter: Measures the requests.
          reload: Serves other models and returns when they are loaded.
        """
        self.inference = inference
        self.meter = meter
        self._reload = reload
        # One after the other, as in TF Serving.
        self._reloading = asyncio.Lock()

    @answers(get_model_status_pb2.GetModelStatusRequest, _model_of)
    async def GetModelStatus(self, request: Any, _: float | None) -> Any:  # noqa: N802
        """Returns the state of one version, or of all."""
        spec = read_model(request)
        reply = get_model_status_pb2.GetModelStatusResponse()
        for status in self.inference.manager.read_status(spec.name, spec.version):
            entry = reply.model_version_status.add(version=status.version, state=status.state.value)
            entry.status.error_code = status.error.code.value if status.error else 0
            entry.status.error_message = status.error.message if status.error else ""
        return reply

    @answers(model_management_pb2.ReloadConfigRequest, _no_model)
    async def HandleReloadConfigRequest(self, request: Any, _: float | None) -> Any:  # noqa: N802
        """Serves the models that the request lists, and no others."""
        metrics = self.inference.metrics
        before = {name: metrics.read_counter(name) for name in request.metric_names}
        reply = model_management_pb2.ReloadConfigResponse()
        if request.config.WhichOneof("config") != "model_config_list":
            raise invalid_argument(
                "ServerModelConfig type not supported by HandleReloadConfigRequest. "
                "Only ModelConfigList is currently supported"
            )
        models = read_model_configs(request.config)
        async with self._reloading:
            await self._reload(models)
        for name, value in before.items():
            reply.metric.add(name=name, int64_value_increase=metrics.read_counter(name) - value)
        return reply
