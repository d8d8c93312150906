"""Reads where a model comes from, from the artifacts that a push is given."""

from collections.abc import Mapping, Sequence
from typing import Any

from tfx.types import Artifact, artifact_utils, standard_component_specs

from components.custom_properties import read_strings
from components.evaluation.result import read_metrics
from components.idx_example_gen.source_files import source_files
from components.tuner.results import read_best_values
from components.versioned_directory.model_files import combine_digests
from components.versioned_directory.push_record import PushOrigin
from modules.data_spec import DataSpec

MODEL_CODE_DIGEST_KEY = "model_code_digest"

_INPUT_FINGERPRINT = "input_fingerprint"


def read_origin(
    input_dict: Mapping[str, Sequence[Artifact]],
    *,
    pipeline_name: str,
    run_id: str,
    code_digest: str,
    data: DataSpec,
) -> PushOrigin:
    """Returns what the inputs of a push tell of the model; an input that is not there, nothing.

    Args:
      input_dict: Artifacts by the names of AtomicPusher's inputs.
      pipeline_name: The pipeline that pushes.
      run_id: The run that pushes.
      code_digest: Digest of the code that trained the model.
      data: How classes are called.
    """
    model = _single(input_dict, standard_component_specs.MODEL_KEY) or _single(
        input_dict, standard_component_specs.INFRA_BLESSING_KEY
    )
    evaluation = _single(input_dict, standard_component_specs.EVALUATION_KEY)
    examples = _single(input_dict, standard_component_specs.EXAMPLES_KEY)
    data_files = source_files(read_strings(examples)) if examples else {}
    return PushOrigin(
        pipeline_name=pipeline_name,
        run_id=run_id,
        model_id=model.id if model else 0,
        model_uri=model.uri if model else "",
        metrics=read_metrics(evaluation.uri) if evaluation else {},
        data_files=data_files,
        data_fingerprint=_fingerprint(examples, data_files) if examples else "",
        code_digest=code_digest,
        tuned=_read_tuned(input_dict),
        class_names=data.class_names,
    )


def _read_tuned(input_dict: Mapping[str, Sequence[Artifact]]) -> dict[str, Any]:
    best = _single(input_dict, standard_component_specs.BEST_HYPERPARAMETERS_KEY)
    return read_best_values(best.uri) if best else {}


def _fingerprint(examples: Artifact, data_files: Mapping[str, str]) -> str:
    """Digests the source files; another ExampleGen tells only TFX's fingerprint of its input."""
    if data_files:
        return combine_digests(data_files)
    return examples.get_string_custom_property(_INPUT_FINGERPRINT)


def _single(input_dict: Mapping[str, Sequence[Artifact]], key: str) -> Artifact | None:
    artifacts = input_dict.get(key)
    return artifact_utils.get_single_instance(list(artifacts)) if artifacts else None
