"""Loads the exported model in a fresh process, sends it real requests and judges the answers."""

import json
import logging
import math
import tempfile
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from tfx.dsl.components.base import base_executor
from tfx.types import Artifact, artifact_utils
from tfx.utils import io_utils, path_utils

from components.servability_validator import replay, verdict
from components.servability_validator.artifact import (
    LATENCY_PERCENTILES,
    REASONS_PROPERTY,
    latency_property,
)
from components.servability_validator.requests import (
    WARMUP_PATH,
    Rows,
    make_request,
    read_rows,
    serialize_images,
    write_warmup_file,
)
from components.servability_validator.serving_process import (
    CannotServeError,
    read_signatures,
    replay_warmup_file,
)
from modules.data_spec import DATA_SPEC_KEY, DataSpec
from modules.training.reference_predictions import read_reference_predictions

MODEL_KEY = "model"
MODEL_RUN_KEY = "model_run"
EXAMPLES_KEY = "examples"
BLESSING_KEY = "blessing"
EXAMPLE_SPLIT_KEY = "example_split"
MAX_P99_LATENCY_KEY = "max_p99_latency_ms"

# The properties of TFX's InfraBlessing that its Pusher reads.
_BLESSED_PROPERTY = "blessed"
_HAS_MODEL_PROPERTY = "has_model"

_LARGE_BATCH = 256
# A pushed version carries its requests with it, once for each signature.
_LARGE_BATCH_BYTES = 2**22
_REFERENCE = "the images that the trained model answered"
_TIMED_CALLS = 200

logger = logging.getLogger(__name__)


class _Batch(NamedTuple):
    """What a signature is asked about in one request."""

    name: str
    rows: Rows


class Executor(base_executor.BaseExecutor):
    """Executor of ServabilityValidator."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Blesses the model, or says in the blessing's custom property `reasons` why not.

        Every signature is asked about one image and 256 images, fewer if these are large; those
        that give probabilities also about the images whose answers the trainer kept. A model that
        can't be loaded is not blessed. TFX caches that verdict, so a fault of this machine fails
        the node instead.

        Raises:
          ValueError: The split of examples to ask about is empty.
          HostFaultError: This machine kept the model from being served.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        model = artifact_utils.get_single_instance(input_dict[MODEL_KEY])
        blessing = artifact_utils.get_single_instance(output_dict[BLESSING_KEY])
        reference = read_reference_predictions(
            artifact_utils.get_single_uri(input_dict[MODEL_RUN_KEY])
        )
        examples = artifact_utils.get_single_instance(input_dict[EXAMPLES_KEY])
        batches = _make_batches(
            f"{examples.path(split=exec_properties[EXAMPLE_SPLIT_KEY])}/*",
            DataSpec.model_validate_json(exec_properties[DATA_SPEC_KEY]),
            reference.images,
        )
        model_path = path_utils.serving_model_path(model.uri)
        measured: list[npt.NDArray[np.float64]] = []
        with tempfile.TemporaryDirectory() as folder:
            # Served from this machine: a fault of a remote storage is no fault of the model.
            local_path = f"{folder}/model"
            io_utils.copy_dir(model_path, local_path)
            reasons = [
                reason.replace(local_path, model_path)
                for reason in _find_reasons(
                    local_path,
                    batches,
                    reference.probabilities,
                    exec_properties[MAX_P99_LATENCY_KEY],
                    measured,
                )
            ]
            if not reasons:
                io_utils.copy_dir(local_path, path_utils.stamped_model_path(blessing.uri))
        _mark(blessing, reasons)
        _note_latencies(blessing, measured)


def _make_batches(
    file_pattern: str, data: DataSpec, reference_images: npt.NDArray[np.uint8]
) -> list[_Batch]:
    fitting = max(2, _LARGE_BATCH_BYTES // math.prod(data.image_shape))
    rows = read_rows(file_pattern, min(_LARGE_BATCH, fitting), data)
    if not rows.records:
        raise ValueError(f"{file_pattern}: expected examples to build requests from, found none")
    return [
        _Batch("one image", Rows(rows.records[:1], rows.images[:1])),
        _Batch(f"{len(rows.records)} images", rows),
        # As clients send them: with nothing but the image.
        _Batch(_REFERENCE, Rows(serialize_images(reference_images), reference_images)),
    ]


def _find_reasons(
    model_path: str,
    batches: list[_Batch],
    reference: npt.NDArray[np.float32],
    max_p99_latency_ms: float,
    measured: list[npt.NDArray[np.float64]],
) -> Iterator[str]:
    """Serves the model and yields every reason not to bless it; leaves the warmup file in it.

    What was measured of its latency is added to `measured`.
    """
    try:
        signatures = read_signatures(model_path)
        asked = [
            (name, batch)
            for (name, signature), batch in product(signatures.items(), batches)
            if batch.name != _REFERENCE or verdict.find_probabilities(signature.outputs)
        ]
        requests = [
            make_request("model", name, signatures[name].input, batch.rows) for name, batch in asked
        ]
        write_warmup_file(f"{model_path}/{WARMUP_PATH}", requests)
        answers = replay_warmup_file(model_path, _TIMED_CALLS)
    except CannotServeError as error:
        yield str(error)
        return
    by_request = [_answer(answers, number) for number in range(len(asked))]
    for (signature, batch), answer in zip(asked, by_request, strict=True):
        for problem in verdict.find_malformed(answer, len(batch.rows.images)):
            yield f"signature {signature}, {batch.name}: {problem}"
        if batch.name == _REFERENCE and (output := verdict.find_probabilities(answer)):
            yield from verdict.find_disagreement(
                answer[output],
                reference,
                f"signature {signature} and the model as it was trained",
            )
    measured.append(answers[replay.LATENCIES])
    yield from verdict.find_slowness(_measure_twice(model_path, measured), max_p99_latency_ms)


def _measure_twice(
    model_path: str, measured: list[npt.NDArray[np.float64]]
) -> Iterator[npt.NDArray[np.float64]]:
    """Yields what is measured and, if asked again, what another process takes later."""
    yield measured[0]
    measured.append(replay_warmup_file(model_path, _TIMED_CALLS)[replay.LATENCIES])
    yield measured[1]


def _answer(answers: Mapping[str, npt.NDArray[Any]], number: int) -> verdict.Answer:
    prefix = replay.answer_key(number, "")
    return {
        key.removeprefix(prefix): value for key, value in answers.items() if key.startswith(prefix)
    }


def _mark(blessing: Artifact, reasons: list[str]) -> None:
    """Writes the verdict as TFX's InfraValidator does, and the reasons for a refusal."""
    if reasons:
        logger.error("The model is not servable:\n%s", "\n".join(reasons))
    io_utils.write_string_file(
        f"{blessing.uri}/{'INFRA_NOT_BLESSED' if reasons else 'INFRA_BLESSED'}", "\n".join(reasons)
    )
    blessing.set_int_custom_property(_BLESSED_PROPERTY, int(not reasons))
    blessing.set_int_custom_property(_HAS_MODEL_PROPERTY, int(not reasons))
    blessing.set_string_custom_property(REASONS_PROPERTY, json.dumps(reasons))


def _note_latencies(blessing: Artifact, measured: list[npt.NDArray[np.float64]]) -> None:
    """Writes down the measurement that decided; none if the model did not get as far."""
    for latencies in measured[-1:]:
        for percentile in LATENCY_PERCENTILES:
            blessing.set_float_custom_property(
                latency_property(percentile), float(np.percentile(latencies, percentile))
            )
