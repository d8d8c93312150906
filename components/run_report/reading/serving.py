"""Reads how a model answers: its signatures, and what ServabilityValidator said of it."""

import json
from collections.abc import Iterator, Mapping

import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2
from tfx.types import Artifact
from tfx.utils import path_utils

from components.run_report.content.serving import Serving, Signature, Tensor
from components.servability_validator.artifact import (
    LATENCY_PERCENTILES,
    REASONS_PROPERTY,
    latency_property,
)
from components.signature_defs import read_signature_defs


def read_serving(model: Artifact, infra_blessing: Artifact, max_p99_latency_ms: float) -> Serving:
    """Returns how a model answers.

    Args:
      model: The exported model.
      infra_blessing: What ServabilityValidator said of it.
      max_p99_latency_ms: The most that 99 of 100 requests of one image may take.
    """
    latencies = {
        f"p{percentile}": infra_blessing.get_float_custom_property(latency_property(percentile))
        for percentile in LATENCY_PERCENTILES
        if infra_blessing.has_custom_property(latency_property(percentile))
    }
    reasons = json.loads(infra_blessing.get_string_custom_property(REASONS_PROPERTY) or "[]")
    return Serving(
        signatures=tuple(_read_signatures(path_utils.serving_model_path(model.uri))),
        latencies_ms=latencies,
        max_p99_latency_ms=max_p99_latency_ms,
        reasons=tuple(reasons),
    )


def _read_signatures(saved_model: str) -> Iterator[Signature]:
    for name, signature in read_signature_defs(saved_model).items():
        yield Signature(
            name=name,
            inputs=tuple(_describe(signature.inputs)),
            outputs=tuple(_describe(signature.outputs)),
        )


def _describe(tensors: Mapping[str, meta_graph_pb2.TensorInfo]) -> Iterator[Tensor]:
    for name, info in sorted(tensors.items()):
        sizes = ["?" if dim.size < 0 else str(dim.size) for dim in info.tensor_shape.dim]
        shape = "any" if info.tensor_shape.unknown_rank else " x ".join(sizes)
        yield Tensor(name=name, dtype=tf.as_dtype(info.dtype).name, shape=shape)
