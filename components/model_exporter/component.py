"""The component ModelExporter; see its executor for what it does."""

import json
from collections.abc import Sequence

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts
from tfx.types.standard_component_specs import (
    EXAMPLES_KEY,
    INFRA_BLESSING_KEY,
    MODEL_BLESSING_KEY,
    MODEL_KEY,
)

from components.atomic_pusher.origin import MODEL_CODE_DIGEST_KEY
from components.code_digest import code_digest
from components.model_exporter.artifact import EXPORTS_KEY
from components.model_exporter.conversion import converting
from components.model_exporter.executor import (
    FORMATS_KEY,
    REQUIRED_KEY,
    TEST_SPLIT_KEY,
    TRAIN_SPLIT_KEY,
    Executor,
)
from components.model_exporter.formats import ExportFormat
from components.model_exporter.proof import asking
from modules.data_spec import DATA_SPEC_KEY, MNIST, DataSpec

_CODE_DIGEST_KEY = "code_digest"


class ModelExporterSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of ModelExporter."""

    PARAMETERS = {  # noqa: RUF012 - TFX reads it as it stands
        FORMATS_KEY: component_spec.ExecutionParameter(type=str),
        REQUIRED_KEY: component_spec.ExecutionParameter(type=int),
        TEST_SPLIT_KEY: component_spec.ExecutionParameter(type=str),
        TRAIN_SPLIT_KEY: component_spec.ExecutionParameter(type=str),
        DATA_SPEC_KEY: component_spec.ExecutionParameter(type=str),
        MODEL_CODE_DIGEST_KEY: component_spec.ExecutionParameter(type=str),
        _CODE_DIGEST_KEY: component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        MODEL_KEY: component_spec.ChannelParameter(type=standard_artifacts.Model),
        MODEL_BLESSING_KEY: component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
        INFRA_BLESSING_KEY: component_spec.ChannelParameter(type=standard_artifacts.InfraBlessing),
        EXAMPLES_KEY: component_spec.ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS = {  # noqa: RUF012
        EXPORTS_KEY: component_spec.ChannelParameter(type=standard_artifacts.Model),
    }


class ModelExporter(base_component.BaseComponent):
    """Converts a blessed model to other formats, and has each answer as the model does.

    Conversions go wrong in silence. So a file counts once it has answered on real images, in a
    process without TensorFlow, within the bounds of `formats.py`.

    Component `outputs` contains:
      - `exports`: Channel of type `standard_artifacts.Model`: a folder for each format, and
        exports.json.
    """

    SPEC_CLASS = ModelExporterSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(  # noqa: PLR0913 - what is exported, by which leave, and on which data
        self,
        *,
        model: BaseChannel,
        model_blessing: BaseChannel,
        infra_blessing: BaseChannel,
        examples: BaseChannel,
        data: DataSpec = MNIST,
        formats: Sequence[ExportFormat],
        required: bool = True,
        test_split: str = "test",
        train_split: str = "train",
        model_code_digest: str = "",
    ) -> None:
        """Constructs the component.

        Args:
          model: The trained model.
          model_blessing: Unless it is blessed, nothing is exported.
          infra_blessing: Unless it is blessed, nothing is exported. It must hold the model.
          examples: Where test and calibration images are drawn from.
          data: What their images are, and how classes are called.
          formats: What the model is exported to.
          required: Whether a format that fails its gate keeps the model from being published;
            if not, it is left out.
          test_split: The split that exports are compared on.
          train_split: The split that int8 models are calibrated with.
          model_code_digest: Digest of the code that trained the model, for what files say.
        """
        super().__init__(
            spec=ModelExporterSpec(
                model=model,
                model_blessing=model_blessing,
                infra_blessing=infra_blessing,
                examples=examples,
                data=data.model_dump_json(),
                formats=json.dumps(list(formats)),
                required=int(required),
                test_split=test_split,
                train_split=train_split,
                model_code_digest=model_code_digest,
                code_digest=code_digest(
                    Executor.__module__,
                    *converting.PROGRAMS,
                    *asking.PROGRAMS,
                    files=[asking.TENSORFLOW_JS_PROGRAM],
                ),
                exports=Channel(type=standard_artifacts.Model),
            )
        )
