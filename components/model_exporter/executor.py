"""Exports a blessed model to other formats, and refuses it if a format does not answer alike."""

import functools
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tfx.components.util import model_utils
from tfx.dsl.components.base import base_executor
from tfx.types import Artifact, artifact_utils
from tfx.types.standard_component_specs import (
    EXAMPLES_KEY,
    INFRA_BLESSING_KEY,
    MODEL_BLESSING_KEY,
)
from tfx.utils import io_utils, path_utils

from components.atomic_pusher.origin import MODEL_CODE_DIGEST_KEY, read_origin
from components.model_exporter.artifact import BLESSED_PROPERTY, EXPORTS_KEY, REASONS_PROPERTY
from components.model_exporter.description import describe_model
from components.model_exporter.exporting import Images, export_model
from components.model_exporter.formats import ExportFormat
from components.model_exporter.images import (
    NUM_CALIBRATION_IMAGES,
    NUM_TEST_IMAGES,
    draw_images,
    read_images,
)
from components.versioned_directory.exports import MANIFEST_NAME, ExportManifest
from components.versioned_directory.model_files import digest_files, digest_model
from modules.data_spec import DATA_SPEC_KEY, DataSpec

FORMATS_KEY = "formats"
REQUIRED_KEY = "required"
TEST_SPLIT_KEY = "test_split"
TRAIN_SPLIT_KEY = "train_split"


class Executor(base_executor.BaseExecutor):
    """Executor of ModelExporter."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes a folder for each format that passes its gate, and the manifest.

        A model without both blessings is not exported.

        Args:
          input_dict: `model`, its two blessings and `examples`; the model is taken from the infra
            blessing, where it has its warm-up requests.
          output_dict: `exports`, one artifact. Its custom properties tell whether the model may
            be published, and why not.
          exec_properties: Those of ModelExporterSpec.

        Raises:
          ValueError: A split of the examples is empty.
          HostFaultError: This machine kept a converter or a runtime from its work.
          NodeMissingError: A graph model of TensorFlow.js was asked for, and there is no Node.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        exports = artifact_utils.get_single_instance(output_dict[EXPORTS_KEY])
        missing = list(_find_missing_blessings(input_dict))
        if missing:
            io_utils.write_string_file(
                f"{exports.uri}/{MANIFEST_NAME}", ExportManifest(faults={}).render()
            )
            _mark(exports, missing, is_blessed=False)
            return
        manifest = self._export(input_dict, exports, exec_properties)
        is_blessed = not (manifest.faults and exec_properties[REQUIRED_KEY])
        _mark(exports, list(manifest.reasons), is_blessed=is_blessed)

    def _export(
        self,
        input_dict: dict[str, list[Artifact]],
        exports: Artifact,
        exec_properties: dict[str, Any],
    ) -> ExportManifest:
        blessing = artifact_utils.get_single_instance(input_dict[INFRA_BLESSING_KEY])
        formats = [ExportFormat(name) for name in json.loads(exec_properties[FORMATS_KEY])]
        data = DataSpec.model_validate_json(exec_properties[DATA_SPEC_KEY])
        images = _draw(
            artifact_utils.get_single_instance(input_dict[EXAMPLES_KEY]),
            formats,
            data.image_shape,
            exec_properties,
        )
        context = self._context
        origin = read_origin(
            input_dict,
            pipeline_name=context.pipeline_info.id if context and context.pipeline_info else "",
            run_id=(context.pipeline_run_id if context else "") or "",
            code_digest=exec_properties[MODEL_CODE_DIGEST_KEY],
            data=data,
        )
        with tempfile.TemporaryDirectory() as folder:
            # Converted from this machine: a fault of a remote storage is no fault of the model.
            local_model, local_exports = Path(folder) / "model", Path(folder) / "exports"
            io_utils.copy_dir(path_utils.stamped_model_path(blessing.uri), str(local_model))
            digest = digest_model(digest_files(local_model))
            manifest = export_model(
                local_model,
                local_exports,
                formats,
                images,
                describe_model(origin, digest),
                class_names=data.labels,
            )
            io_utils.copy_dir(str(local_exports), exports.uri)
        return manifest


def _find_missing_blessings(input_dict: dict[str, list[Artifact]]) -> Iterator[str]:
    model_blessing = artifact_utils.get_single_instance(input_dict[MODEL_BLESSING_KEY])
    infra_blessing = artifact_utils.get_single_instance(input_dict[INFRA_BLESSING_KEY])
    if not model_utils.is_model_blessed(model_blessing):
        yield "nothing was exported, since the model is not blessed"
    if not model_utils.is_infra_validated(infra_blessing):
        yield "nothing was exported, since the model is not servable"


def _draw(
    examples: Artifact,
    formats: list[ExportFormat],
    image_shape: Sequence[int],
    exec_properties: dict[str, Any],
) -> Images:
    test_split, train_split = exec_properties[TEST_SPLIT_KEY], exec_properties[TRAIN_SPLIT_KEY]
    read = functools.partial(read_images, image_shape=image_shape)
    draw = functools.partial(draw_images, image_shape=image_shape)
    test = draw(read(f"{examples.path(split=test_split)}/*"), NUM_TEST_IMAGES)
    if not len(test):
        raise ValueError(
            f"{examples.uri}: split {test_split!r} has no examples to compare exports on"
        )
    if ExportFormat.TFLITE_INT8 not in formats:
        return Images(test=test, calibration=np.empty_like(test[:0]))
    train = read(f"{examples.path(split=train_split)}/*")
    return Images(test=test, calibration=draw(train, NUM_CALIBRATION_IMAGES))


def _mark(exports: Artifact, reasons: list[str], *, is_blessed: bool) -> None:
    exports.set_int_custom_property(BLESSED_PROPERTY, int(is_blessed))
    exports.set_string_custom_property(REASONS_PROPERTY, json.dumps(reasons))
