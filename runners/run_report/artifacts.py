"""Turns what ML Metadata knows of an artifact into TFX's own (TensorFlow comes with it)."""

from ml_metadata.proto.metadata_store_pb2 import Artifact as ArtifactRecord
from tfx.types import Artifact, standard_artifacts

_TYPES: dict[str, type[Artifact]] = {
    each.TYPE_NAME: each
    for each in (
        standard_artifacts.Examples,
        standard_artifacts.ExampleAnomalies,
        standard_artifacts.ExampleStatistics,
        standard_artifacts.InfraBlessing,
        standard_artifacts.Model,
        standard_artifacts.ModelEvaluation,
        standard_artifacts.ModelRun,
        standard_artifacts.Schema,
        standard_artifacts.TunerResults,
    )
}


def make_artifact(record: ArtifactRecord) -> Artifact:
    """Returns the artifact; `record` is of a type that RunReport takes."""
    artifact = _TYPES[record.type]()
    artifact.set_mlmd_artifact(record)
    return artifact
